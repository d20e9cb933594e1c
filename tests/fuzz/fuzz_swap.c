/* A swap under any sequence of events that a shell can have. The model has two seats with
 * processes, and a connmgr that promotes a living elector at once, late or never, whether
 * its answer arrives or not. DIED comes for a process without a successor, START is
 * answered at once, an answer belongs to the newest question of its kind, time never goes
 * back. */
#include "swap/swap.h"
#include "tests/fuzz/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUIET_STEPS 400 /* enough for the longest way to the end of a swap */

struct model {
	struct feed feed;
	struct swap swap;
	uint64_t now_ms;
	bool alive[2];
	/* by seat: a dead process gets a successor; STOP was said */
	bool kept[2];
	bool ended[2];
	/* somebody waits for an answer */
	bool waiting;
	/* the seat that connmgr's record names, and the one that the core was told last
	 */
	unsigned record;
	unsigned told;
	/* a promotion was told since the one who waits has asked */
	bool told_promoted;
	/* asked for, and not answered yet */
	bool describe, look, read, accept;
	/* connmgr still has to promote, and to answer; what it did */
	bool promote;
	bool answer, promise;
	unsigned whom;
};

static void step(struct model *m, struct swap_event *ev);

static void
answered(struct model *m, const struct swap_action *a, bool asks)
{
	must(a->ok == (a->why == SWAP_WHY_NONE), "a refusal has a reason");
	if (asks) {
		must(!a->ok, "nobody is answered yes at once");
		return;
	}
	must(m->waiting, "who waits is answered once");
	must(!a->ok || m->told_promoted, "yes means promoted");
	m->waiting = false;
}

static void
stop(struct model *m, unsigned seat)
{
	must(seat != m->told, "the one in use is not stopped");
	m->ended[seat] = m->alive[seat];
	m->kept[seat] = false;
}

static void
keep(struct model *m, unsigned seat)
{
	must(seat == m->told, "the one in use is kept");
	m->kept[seat] = m->alive[seat] = true;
	m->ended[seat] = false;
}

static void
apply(struct model *m, const struct swap_action *a, bool asks)
{
	must(a->seat < 2, "the seat is one");
	must((unsigned)a->why <= SWAP_WHY_STOPPED, "the reason is one");
	must(swap_why_text(a->why) != NULL, "each reason has words");
	switch (a->type) {
	case SWAP_DO_START:
		must(!m->alive[a->seat], "a seat has one process");
		must(a->seat != m->told, "the candidate is started");
		break;
	case SWAP_DO_STOP:
		stop(m, a->seat);
		break;
	case SWAP_DO_KEEP:
		keep(m, a->seat);
		break;
	case SWAP_DO_WATCH:
		m->kept[a->seat] = false;
		break;
	case SWAP_DO_DESCRIBE:
		m->describe = true;
		break;
	case SWAP_DO_LOOK:
		m->look = true;
		break;
	case SWAP_DO_PROMOTE:
		must(a->seat != m->told, "the candidate is promoted");
		m->promote = true;
		m->answer = false;
		m->whom = a->seat;
		break;
	case SWAP_DO_READ:
		m->read = true;
		break;
	case SWAP_DO_ACCEPT:
		must(a->seat == m->told, "the one in use is accepted");
		m->accept = true;
		break;
	case SWAP_DO_ANSWER:
		answered(m, a, asks);
		break;
	case SWAP_DO_NOTE:
		must((unsigned)a->note <= SWAP_NOTE_ACCEPTED, "the note is one");
		break;
	}
}

static bool
stuck(const struct model *m)
{
	bool ends = m->ended[0] || m->ended[1];

	return swap_due_ms(&m->swap) == UINT64_MAX && !m->read && !m->answer &&
	       !m->promote && !ends;
}

static void
check_state(const struct model *m)
{
	const struct swap *s = &m->swap;

	must((unsigned)s->phase <= SWAP_ACCEPTING, "the phase is one");
	must(swap_phase_name(s->phase)[0] != '\0', "each phase has a name");
	must(s->active == m->told, "the one in use is whom the record names");
	must(s->asked == m->waiting, "who waits is remembered");
	for (unsigned i = 0; i < 2; i++)
		must(!m->alive[i] || s->seated[i] || m->kept[i],
		     "no process is forgotten");
	must((s->phase != SWAP_PROBATION && s->phase != SWAP_ACCEPTING) ||
	         m->alive[m->told],
	     "who is dead is in no probation");
	if (s->phase == SWAP_IDLE) {
		must(!m->waiting, "nobody waits for nothing");
		must(swap_due_ms(s) == UINT64_MAX, "nothing is due");
		must(s->stopping || m->kept[m->told], "the one in use is kept");
	} else {
		must(!s->stopping, "it stops at once");
		must(!stuck(m), "there is a deadline, or something to come");
	}
}

static void
step(struct model *m, struct swap_event *ev)
{
	bool asks = ev->type == SWAP_EV_ASK || ev->type == SWAP_EV_UNDO, turned = false;
	struct swap_event spawned = {.type = SWAP_EV_SPAWNED};
	const struct swap_action *last;
	struct swap_actions todo;

	ev->now_ms = m->now_ms;
	swap_step(&m->swap, ev, &todo);
	must(todo.count <= SWAP_ACTIONS_MAX, "the list of actions holds them");
	for (unsigned i = 0; i < todo.count; i++) {
		must(i + 1 == todo.count || todo.list[i].type != SWAP_DO_START,
		     "START is the last");
		turned |= todo.list[i].type == SWAP_DO_ANSWER;
		apply(m, &todo.list[i], asks);
	}
	if (asks && !turned) {
		must(!m->waiting, "one swap at a time");
		m->waiting = true;
		m->told_promoted = false;
	}
	last = todo.count > 0 ? &todo.list[todo.count - 1] : NULL;
	if (last && last->type == SWAP_DO_START) {
		spawned.ok = m->alive[last->seat] = feed_below(&m->feed, 8) > 0;
		spawned.seat = last->seat;
		step(m, &spawned);
	}
}

static void
ask(struct model *m, bool undo)
{
	struct swap_event ev = {.type = undo ? SWAP_EV_UNDO : SWAP_EV_ASK};
	unsigned b = feed_byte(&m->feed);

	ev.has_before = b & 1;
	ev.force = b & 2;
	ev.shadow_ms = b & 4 ? 100u * b : 0;
	step(m, &ev);
}

/* connmgr does what it was asked to do, or refuses it. */
static void
do_promote(struct model *m)
{
	if (!m->promote)
		return;
	m->promote = false;
	m->answer = true;
	m->promise = m->alive[m->whom] && feed_below(&m->feed, 8) > 0;
	if (m->promise)
		m->record = m->whom;
}

/* A process ends, by itself or because it was told to. */
static void
die(struct model *m, unsigned seat)
{
	if (!m->alive[seat] || m->kept[seat])
		return; /* a successor takes its place without an event */
	m->alive[seat] = m->ended[seat] = false;
	if (m->promote && m->whom == seat) /* connmgr never promotes a dead elector */
		do_promote(m);
	step(m, &(struct swap_event){.type = SWAP_EV_DIED, .seat = seat});
}

static void
say_promoted(struct model *m, bool lost)
{
	struct swap_event ev = {.type = SWAP_EV_PROMOTED};
	bool waits = m->swap.phase == SWAP_PROMOTING;

	if (lost && (m->promote || m->answer)) { /* connmgr may still promote it */
		m->answer = false;
		ev.silent = true;
	} else if (m->answer) {
		m->answer = false;
		ev.ok = m->promise;
	} else {
		return;
	}
	if (waits && ev.ok) {
		m->told = m->whom;
		m->told_promoted = true;
	}
	step(m, &ev);
}

static void
say_record(struct model *m, bool readable)
{
	struct swap_event ev = {.type = SWAP_EV_RECORD, .ok = readable};

	if (!m->read)
		return;
	m->read = false;
	ev.seat = m->record;
	if (readable && !m->swap.stopping) {
		m->told_promoted |= m->told != m->record;
		m->told = m->record;
	}
	step(m, &ev);
}

static void
say_looked(struct model *m, unsigned b)
{
	struct swap_event ev = {.type = SWAP_EV_LOOKED,
	                        .ok = b & 3,
	                        .attached = b & 12,
	                        .synced = b & 48,
	                        .differs = (b & 192) == 0,
	                        .sick = b % 11 == 0};

	if (!m->look)
		return;
	m->look = false;
	step(m, &ev);
}

/* DESCRIBED or ACCEPTED */
static void
say_done(struct model *m, bool *asked, enum swap_event_type type, bool ok)
{
	if (!*asked)
		return;
	*asked = false;
	step(m, &(struct swap_event){.type = type, .ok = ok});
}

static void
due(struct model *m)
{
	bool come = m->now_ms >= swap_due_ms(&m->swap);

	step(m, &(struct swap_event){.type = SWAP_EV_DUE});
	must(!come || swap_due_ms(&m->swap) > m->now_ms,
	     "a deadline that was seen is no deadline any more");
}

static void
something(struct model *m)
{
	unsigned b = feed_byte(&m->feed), seat = b / 16 % 2;

	m->now_ms = feed_time(&m->feed, m->now_ms, swap_due_ms(&m->swap));
	switch (b % 16) {
	case 0:
		ask(m, false);
		break;
	case 1:
		ask(m, true);
		break;
	case 2:
		say_done(m, &m->describe, SWAP_EV_DESCRIBED, b < 192);
		break;
	case 3:
	case 4:
		if (m->alive[seat])
			step(m,
			     &(struct swap_event){.type = SWAP_EV_READY, .seat = seat});
		break;
	case 5:
		die(m, seat);
		break;
	case 6:
	case 7:
		say_looked(m, feed_byte(&m->feed));
		break;
	case 8:
		do_promote(m);
		break;
	case 9:
		do_promote(m);
		say_promoted(m, false);
		break;
	case 10:
		say_promoted(m, true);
		break;
	case 11:
		say_record(m, b < 192);
		break;
	case 12:
		say_done(m, &m->accept, SWAP_EV_ACCEPTED, b < 192);
		break;
	case 13:
		if (b == 253)
			step(m, &(struct swap_event){.type = SWAP_EV_STOP});
		break;
	default:
		due(m);
		break;
	}
}

/* From now on nothing fails: every question is answered, and STOP ends the process. */
static void
come_to_rest(struct model *m)
{
	for (unsigned i = 0; m->swap.phase != SWAP_IDLE; i++) {
		must(i < QUIET_STEPS, "it comes to an end");
		if (m->ended[0] || m->ended[1])
			die(m, m->ended[1]);
		say_record(m, true);
		say_done(m, &m->accept, SWAP_EV_ACCEPTED, true);
		if (swap_due_ms(&m->swap) < UINT64_MAX) {
			m->now_ms = swap_due_ms(&m->swap);
			due(m);
		}
		check_state(m);
	}
	must(!m->waiting, "who asked was answered");
	must(m->swap.stopping || m->told == m->record, "the record is known");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = {.feed = {.data = data, .len = size}};
	struct swap_policy policy = {
	    .describe_ms = 1 + 10 * (uint64_t)feed_byte(&m.feed),
	    .start_ms = 1 + 50 * (uint64_t)feed_byte(&m.feed),
	    .promote_ms = 1 + 10 * (uint64_t)feed_byte(&m.feed),
	    .look_ms = 1 + (uint64_t)feed_byte(&m.feed),
	    .probation_ms = 1 + 100 * (uint64_t)feed_byte(&m.feed),
	};
	unsigned b = feed_byte(&m.feed);

	m.now_ms = 1 + feed_byte(&m.feed);
	m.alive[0] = m.kept[0] = true;
	swap_init(&m.swap, &policy);
	check_state(&m);
	if (b & 1)
		step(&m,
		     &(struct swap_event){.type = SWAP_EV_RESUME, .has_before = b & 2});
	while (!feed_end(&m.feed)) {
		check_state(&m);
		something(&m);
	}
	check_state(&m);
	come_to_rest(&m);
	return 0;
}
