/* See membership.h. A text that is read must be what would be written, byte by byte: so
 * each number has one form, and nothing stands in it that is passed over. */
#include "peer/membership.h"

#include "base/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_ROOM      (MEMBERS_HINT_MAX + 64)
#define SERVER_MAX     160 /* of a line about a server, with the longest numbers */
#define HEAD_MAX       512 /* of all other lines but the addresses */
#define HEX_LEN        (2 * sizeof(struct members_instance))
#define FORMAT         "conclave membership 1"
#define ADDRESS_FORMAT "address %" PRId64 " %s\n"

static_assert(2 * MEMBERS_MAX * SERVER_MAX + HEAD_MAX < SLOTS_BODY_MAX(MEMBERSHIP_SLOT),
              "two memberships fit");

/* ---- writing ---- */

static void
put_instance(struct buf_out *out, const struct members_instance *i)
{
	for (size_t at = 0; at < sizeof(i->bytes); at++)
		buf_put_text(out, "%02x", i->bytes[at]);
	buf_put_u8(out, '\n');
}

static void
put_member(struct buf_out *out, const struct member *m)
{
	buf_put_text(out, "server %" PRId64, m->sid);
	if (m->observer) {
		buf_put_text(out, " observer\n");
		return;
	}
	buf_put_text(out, " participant weight %" PRId64, m->weight);
	if (m->has_group)
		buf_put_text(out, " group %" PRId64, m->group);
	if (m->priority != 0)
		buf_put_text(out, " priority %" PRId64, m->priority);
	buf_put_text(out, " instance ");
	put_instance(out, &m->instance);
}

static void
put_members(struct buf_out *out, const char *which, const struct members *m)
{
	if (m->version == 0)
		return;
	buf_put_text(out, "%s version %" PRId64 " servers %u%s\n", which, m->version,
	             m->count, m->hierarchical ? " in groups" : "");
	for (unsigned i = 0; i < m->count; i++)
		put_member(out, &m->list[i]);
}

static size_t
hint_len(const struct members_hint *h)
{
	return (size_t)snprintf(NULL, 0, ADDRESS_FORMAT, h->sid, h->text);
}

static void
put_hints(struct buf_out *out, const struct members_hints *hints)
{
	size_t room = SLOTS_BODY_MAX(MEMBERSHIP_SLOT) - out->len;
	unsigned first = hints->count;

	while (first > 0 && hint_len(&hints->list[first - 1]) <= room)
		room -= hint_len(&hints->list[--first]);
	for (; first < hints->count; first++)
		buf_put_text(out, ADDRESS_FORMAT, hints->list[first].sid,
		             hints->list[first].text);
}

size_t
membership_put(const struct membership *m, const struct members_hints *hints,
               char text[MEMBERSHIP_SLOT])
{
	struct buf_out out;

	buf_out_init(&out, text, MEMBERSHIP_SLOT);
	buf_put_text(&out,
	             FORMAT "\nnumber %" PRIu64 "\nfolder inode %" PRIu64 " born %" PRId64
	                    ".%09" PRIu32 "\ninstance ",
	             m->number, m->folder.inode, m->folder.born_s, m->folder.born_ns);
	put_instance(&out, &m->instance);
	buf_put_text(&out, "may_found %s\nepoch %" PRId64 "\n",
	             m->may_found ? "yes" : "no", m->record.epoch);
	put_members(&out, "old", &m->record.old);
	put_members(&out, "new", &m->record.new);
	put_hints(&out, hints);
	assert(!out.bad);
	return out.len;
}

/* ---- reading ---- */

/* The lines that are left, and the next one of them. */
struct lines {
	const char *text;
	size_t len;
	char line[LINE_ROOM];
};

static bool
next(struct lines *l)
{
	const char *end = memchr(l->text, '\n', l->len);
	size_t len = end ? (size_t)(end - l->text) : 0;

	l->line[0] = '\0';
	if (!end || len >= sizeof(l->line))
		return false;
	memcpy(l->line, l->text, len);
	l->line[len] = '\0';
	l->text += len + 1;
	l->len -= len + 1;
	return true;
}

static bool
take_instance(const char *hex, struct members_instance *out)
{
	for (size_t i = 0; i < sizeof(out->bytes); i++)
		if (sscanf(hex + 2 * i, "%2hhx", &out->bytes[i]) != 1)
			return false;
	return true;
}

/* ` NAME NUMBER`, from `*at` on. */
static bool
take_number(const char **at, const char *name, int64_t *out)
{
	size_t len = strlen(name);
	int digits = 0;

	if (**at != ' ' || strncmp(*at + 1, name, len) != 0 ||
	    sscanf(*at + 1 + len, " %" SCNd64 "%n", out, &digits) != 1)
		return false;
	*at += 1 + len + (size_t)digits;
	return true;
}

static bool
take_member(const char *line, bool grouped, struct member *out)
{
	char hex[HEX_LEN + 1], role[16];
	int at = 0;

	if (sscanf(line, "server %" SCNd64 " %15s%n", &out->sid, role, &at) != 2 ||
	    at == 0)
		return false;
	out->observer = strcmp(role, "observer") == 0;
	if (out->observer)
		return true;
	line += at;
	out->has_group = grouped;
	if (!take_number(&line, "weight", &out->weight) ||
	    (grouped && !take_number(&line, "group", &out->group)))
		return false;
	(void)take_number(&line, "priority", &out->priority);
	if (sscanf(line, " instance %32[0-9a-f]", hex) != 1)
		return false;
	return strlen(hex) == HEX_LEN && take_instance(hex, &out->instance);
}

/* The line that names a membership is the next one. */
static bool
take_members(struct lines *l, struct members *out)
{
	int64_t last = -1;
	char in[3] = "";

	if (sscanf(l->line, "%*s version %" SCNd64 " servers %u %2s", &out->version,
	           &out->count, in) < 2 ||
	    out->version < 1 || out->version > MEMBERS_VERSION_MAX || out->count == 0 ||
	    out->count > MEMBERS_MAX)
		return false;
	out->hierarchical = *in != '\0';
	for (unsigned i = 0; i < out->count; i++) {
		struct member *m = &out->list[i];

		if (!next(l) || !take_member(l->line, out->hierarchical, m) ||
		    m->sid <= last || m->weight < 0 || m->group < 0 || m->priority < 0 ||
		    m->priority > MEMBERS_PRIORITY_MAX)
			return false;
		last = m->sid;
	}
	next(l);
	return true;
}

static bool
take_record(struct lines *l, struct members_record *out)
{
	if (strncmp(l->line, "old ", 4) == 0 && !take_members(l, &out->old))
		return false;
	if (strncmp(l->line, "new ", 4) == 0 && !take_members(l, &out->new))
		return false;
	return (out->epoch > 0) == (out->new.version > 0) &&
	       (out->old.version == 0 || out->new.version > 0);
}

static bool
take_hints(struct lines *l, struct members_hints *out)
{
	int64_t sid;
	int at;

	for (; *l->line; next(l)) {
		at = 0;
		if (sscanf(l->line, "address %" SCNd64 " %n", &sid, &at) != 1 ||
		    at == 0 || !members_hint_put(out, sid, l->line + at))
			return false;
	}
	return l->len == 0;
}

static bool
take_head(struct lines *l, struct membership *out)
{
	char hex[HEX_LEN + 1], word[4];

	if (!next(l) || strcmp(l->line, FORMAT) != 0 || !next(l) ||
	    sscanf(l->line, "number %" SCNu64, &out->number) != 1 || !next(l) ||
	    sscanf(l->line, "folder inode %" SCNu64 " born %" SCNd64 ".%" SCNu32,
	           &out->folder.inode, &out->folder.born_s, &out->folder.born_ns) != 3)
		return false;
	if (!next(l) || sscanf(l->line, "instance %32[0-9a-f]", hex) != 1 ||
	    strlen(hex) != HEX_LEN || !take_instance(hex, &out->instance) || !next(l) ||
	    sscanf(l->line, "may_found %3s", word) != 1 || !next(l) ||
	    sscanf(l->line, "epoch %" SCNd64, &out->record.epoch) != 1)
		return false;
	out->may_found = strcmp(word, "yes") == 0;
	next(l);
	return out->number > 0 && out->record.epoch >= 0 &&
	       !members_instance_none(&out->instance);
}

bool
membership_take(const char *text, size_t len, struct membership *out,
                struct members_hints *hints)
{
	struct lines l = {.text = text, .len = len};
	char again[MEMBERSHIP_SLOT];

	memset(out, 0, sizeof(*out));
	hints->count = 0;
	if (!take_head(&l, out) || !take_record(&l, &out->record) ||
	    !take_hints(&l, hints))
		return false;
	return membership_put(out, hints, again) == len && memcmp(again, text, len) == 0;
}
