/* Disks: writes, crashes, and disks that are lost or replaced by an old copy. */
#include "tests/model/bug.h"
#include "tests/model/model.h"

#include <string.h>

/* How many disks a server may have had. */
#define INSTANCES_MAX 3

static const struct model_core *
core_of(const struct model_world *w, uint8_t sid)
{
	return model_core_of(w, sid);
}

uint16_t
model_first_disk(uint8_t sid, uint8_t instance)
{
	struct role_record record;

	memset(&record, 0, sizeof(record));
	record.instance = model_instance(sid, instance);
	if (model.c->grown && (model.c->files[0].sids & 1u << sid)) {
		record.accepted = record.current = record.members.epoch = 1;
		model_members_of_file(&model.c->files[0], &record.members.new);
		for (unsigned i = 0; i < record.members.new.count; i++) {
			struct member *e = &record.members.new.list[i];

			e->instance = model_instance((uint8_t)e->sid, 1);
		}
	}
	return model_keep_record(&record);
}

void
model_boot(struct model_world *w, uint8_t sid, enum model_found found)
{
	struct model_server *s = &w->servers[sid - 1];
	struct model_event boot = {.type = MODEL_EV_BOOT};
	struct role_record record = *model_record(s->disk);

	model_bug_boot(&record);
	s->disk = model_keep_record(&record);
	boot.packet.body = s->disk;
	boot.packet.extra = s->file;
	boot.number = (unsigned)found & 15u;
	if (model_bug_resumes())
		boot.packet.epoch = (int8_t)s->lease.released;
	model_step_server(w, sid, &boot);
}

void
model_finish_write(struct model_world *w, uint8_t sid)
{
	const struct model_event ev = {.type = MODEL_EV_WRITTEN};
	struct model_server *s = &w->servers[sid - 1];

	s->disk = s->writing;
	s->writing = 0;
	if (!model_bug_no_sync())
		model_step_server(w, sid, &ev);
}

void
model_start_write(struct model_world *w, uint8_t sid, uint16_t record)
{
	const struct model_event ev = {.type = MODEL_EV_WRITTEN};

	w->servers[sid - 1].writing = record;
	if (model_bug_no_sync())
		model_step_server(w, sid, &ev);
	else if (!model.c->slow_learners && core_of(w, sid)->mode != ROLE_MODE_LEAD)
		model_finish_write(w, sid);
}

/* Of the two files of the record that of the memberships is written first, and only if
 * they have changed. */
static uint16_t
half_written(const struct model_server *s)
{
	struct role_record half = *model_record(s->disk);
	const struct role_record *whole = model_record(s->writing);

	if (whole->members.epoch > 0 &&
	    !members_same_record(&half.members, &whole->members)) {
		memcpy(&half.members, &whole->members, sizeof(half.members));
		half.may_found = whole->may_found;
	}
	return model_keep_record(&half);
}

void
model_crash(struct model_world *w, const struct model_action *a)
{
	struct model_server *s = &w->servers[a->server - 1];

	w->budget[MODEL_CRASHES]--;
	if (a->kind == MODEL_CRASH_KEPT)
		s->disk = s->writing;
	else if (a->kind == MODEL_CRASH_HALF)
		s->disk = half_written(s);
	s->writing = 0;
	model_lease_gone(w, a->server, true);
	model_links_drop(w, a->server);
	model_boot(w, a->server, MODEL_FOUND_REBOOT);
}

void
model_fail_write(struct model_world *w, uint8_t sid, bool kept)
{
	const struct model_event failed = {.type = MODEL_EV_FAILED};
	struct model_server *s = &w->servers[sid - 1];

	w->budget[MODEL_FAILURES]--;
	if (kept)
		s->disk = s->writing;
	s->writing = 0;
	model_step_server(w, sid, &failed);
}

/* ---- disks that are lost ---- */

static bool
is_minority(const struct model_world *w, const struct members *m, uint8_t sid)
{
	bool is_in = false;
	unsigned others = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];
		uint8_t now = w->servers[e->sid - 1].instance;

		is_in |= e->sid == sid;
		others += e->sid != sid && model_instance_number(&e->instance) == now;
	}
	return !is_in || 2 * others > m->count;
}

static bool
is_minority_of_both(const struct model_world *w, const struct members_record *record,
                    uint8_t sid)
{
	return is_minority(w, &record->old, sid) && is_minority(w, &record->new, sid);
}

/* Of the memberships that this server has on its disk, or works with. */
static bool
is_minority_at(const struct model_world *w, uint8_t at, uint8_t sid)
{
	const struct model_server *s = &w->servers[at - 1];
	const struct model_core *r = core_of(w, at);
	const struct role_record *disk = model_record(s->disk);
	const struct role_record *writing = s->writing ? model_record(s->writing) : disk;

	if (disk->members.epoch >= w->largest &&
	    !is_minority_of_both(w, &disk->members, sid))
		return false;
	if (writing->members.epoch >= w->largest &&
	    !is_minority_of_both(w, &writing->members, sid))
		return false;
	return r->mode != ROLE_MODE_LEAD || r->proposal <= w->largest ||
	       is_minority_of_both(w, model_pair(r->adopted), sid);
}

/* Of those that are on their way to a follower. */
static bool
is_minority_on(const struct model_world *w, const struct model_link *k, uint8_t sid)
{
	for (unsigned i = 0; i < k->down_count; i++)
		if (k->down[i].type == QPACKET_NEWLEADER &&
		    k->down[i].epoch > w->largest &&
		    !is_minority_of_both(w, model_pair(k->down[i].body), sid))
			return false;
	return true;
}

bool
model_may_wipe(const struct model_world *w, uint8_t sid)
{
	const struct model_server *s = &w->servers[sid - 1];
	const struct role_record *disk = model_record(s->disk);

	if (s->instance == INSTANCES_MAX ||
	    (disk->accepted == 0 && disk->members.epoch == 0 && !s->writing))
		return false;
	if (w->members > 0 && !is_minority_of_both(w, model_pair(w->members), sid))
		return false;
	for (uint8_t i = 1; i <= model.c->servers; i++)
		if (!is_minority_at(w, i, sid) ||
		    !is_minority_on(w, &w->links[i - 1][0], sid))
			return false;
	return true;
}

/* N10: the start of a copy that was put back is noticed, so that it is another disk,
 * which keeps what it had accepted. */
void
model_wipe(struct model_world *w, uint8_t sid, bool restore)
{
	struct model_server *s = &w->servers[sid - 1];
	struct role_record record = *model_record(model_first_disk(sid, 1));

	w->budget[restore ? MODEL_RESTORES : MODEL_WIPES]--;
	model_links_drop(w, sid);
	s->writing = 0;
	if (!restore || !model_bug_restore()) {
		s->instance++;
		s->seen = 0;
		memset(s->promised, 0, sizeof(s->promised));
		memset(&record.members, 0, sizeof(record.members));
		record.instance = model_instance(sid, s->instance);
	}
	if (!restore)
		record.accepted = record.current = 0;
	s->disk = model_keep_record(&record);
	model_boot(w, sid, MODEL_FOUND_REBOOT);
}
