/* One child's life under any sequence of events that the supervisor can have: SPAWN is
 * answered at once, an exit belongs to a process, time never goes back. Datagrams of the
 * child are any bytes. */
#include "base/exit.h"
#include "supervisor/child.h"
#include "supervisor/child_notice.h"
#include "tests/fuzz/feed.h"

#include <signal.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
	struct feed feed;
	struct child child;
	uint64_t now_ms;
	int pid; /* of the living process; 0: there is none */
	int pids;
	bool wanted;
	bool killed;
};

static void
check_text(const struct child *c, const struct child_note *n)
{
	char text[CHILD_TEXT_MAX];

	memset(text, 'x', sizeof(text));
	child_note_text(n, text, sizeof(text));
	must(memchr(text, '\0', sizeof(text)) != NULL, "a note's text ends");
	must((n->why == CHILD_WHY_NONE) == (text[0] == '\0'), "each note has words");
	must(child_state_name(c)[0] != '\0', "each state has a name");
}

static void
check_state(const struct model *m)
{
	const struct child *c = &m->child;
	bool alive = c->state == CHILD_STARTING || c->state == CHILD_READY ||
	             c->state == CHILD_HUNG || c->state == CHILD_STOPPING;

	must((unsigned)c->state <= CHILD_STOPPED, "the state is one");
	must(c->pid == m->pid, "the process is the one that was started");
	must(alive == (m->pid > 0), "a process, and a state that has one");
	must(c->wanted == m->wanted, "wanted until somebody asks for the end");
	must(!c->wanted || c->state != CHILD_DOWN, "it is never given up");
	must(c->state != CHILD_WAITING || c->due_ms != UINT64_MAX,
	     "who waits has a time");
	must((c->state != CHILD_STARTING && c->state != CHILD_READY) ||
	         c->due_ms != UINT64_MAX,
	     "who must show that it is alive has a time");
	must((c->state != CHILD_HUNG && c->state != CHILD_STOPPING) ||
	         c->due_ms != UINT64_MAX || m->killed,
	     "who has to end is killed in the end");
	must(c->state != CHILD_READY || c->last.why == CHILD_WHY_NONE,
	     "a ready one has no reason not to be");
	check_text(c, &c->last);
	check_text(c, &c->death);
}

static void step(struct model *m, struct child_event *ev);

static void
spawn(struct model *m)
{
	struct child_event ev = {.type = CHILD_EV_SPAWN_FAILED, .code = 11};

	must(m->pid == 0 && m->wanted, "SPAWN: there is none, and one is wanted");
	if (feed_below(&m->feed, 8) > 0) {
		ev.type = CHILD_EV_SPAWNED;
		ev.pid = m->pid = ++m->pids;
	}
	m->killed = false;
	step(m, &ev);
}

static void
step(struct model *m, struct child_event *ev)
{
	struct child_actions todo;
	bool spawns = false;

	ev->now_ms = m->now_ms;
	child_step(&m->child, ev, &todo);
	must(todo.count <= CHILD_ACTIONS_MAX, "the list of actions holds them");
	for (unsigned i = 0; i < todo.count; i++) {
		const struct child_action *a = &todo.list[i];

		if (a->type == CHILD_ACT_NOTE) {
			must(a->note.why != CHILD_WHY_NONE, "a note says why");
			must(a->note.delay_ms == UINT64_MAX ||
			         a->note.delay_ms <= m->child.policy.restart_max_ms,
			     "a successor comes within restart_max_ms");
			check_text(&m->child, &a->note);
		} else if (a->type == CHILD_ACT_SIGNAL) {
			must(m->pid > 0, "a signal goes to a process");
			must(a->signal == SIGTERM || a->signal == SIGABRT ||
			         a->signal == SIGCONT || a->signal == SIGKILL,
			     "the signal is one");
			m->killed |= a->signal == SIGKILL;
		} else {
			must(a->type == CHILD_ACT_SPAWN && !spawns, "SPAWN once");
			spawns = true;
		}
	}
	if (spawns)
		spawn(m);
}

static void
notice(struct model *m)
{
	struct child_notice n;
	size_t len;
	const uint8_t *bytes = feed_bytes(&m->feed, 1 + feed_below(&m->feed, 128), &len);

	if (child_notice_parse((const char *)bytes, len, &n) != 0)
		return;
	must(memchr(n.status, '\0', sizeof(n.status)) != NULL, "STATUS ends");
	must(memchr(n.version, '\0', sizeof(n.version)) != NULL, "the version ends");
	for (const char *at = n.status; *at; at++)
		must((unsigned char)*at >= 0x20 && *at != 0x7f, "STATUS is one line");
	if (n.ready)
		step(m, &(struct child_event){.type = CHILD_EV_READY});
	if (n.beat)
		step(m, &(struct child_event){.type = CHILD_EV_BEAT});
}

static void
exited(struct model *m)
{
	static const int codes[] = {0, 1, EXIT_CONFIG, 85, 6, 9, 11, 255};
	struct child_event ev = {.type = CHILD_EV_EXITED};

	if (m->pid == 0)
		return;
	ev.code = codes[feed_below(&m->feed, 8)];
	ev.by_signal = feed_below(&m->feed, 2) == 1 && ev.code > 0;
	ev.dumped = ev.by_signal && ev.code == 6;
	ev.memory = ev.by_signal && ev.code == 9;
	m->pid = 0;
	step(m, &ev);
	must(m->child.death.cause != CHILD_CAUSE_NONE &&
	         m->child.causes[m->child.death.cause] > 0,
	     "a death has a cause, and is counted");
	must(!m->child.death.dumped || m->child.death.why != CHILD_WHY_EXITED,
	     "who exits leaves no core");
}

static void
due(struct model *m)
{
	bool come = m->now_ms >= child_due_ms(&m->child);

	step(m, &(struct child_event){.type = CHILD_EV_DUE});
	must(!come || child_due_ms(&m->child) > m->now_ms,
	     "a deadline that was seen is no deadline any more");
}

static void
something(struct model *m)
{
	static const enum child_event_type plain[] = {
	    CHILD_EV_READY,   CHILD_EV_BEAT, CHILD_EV_NEEDS,   CHILD_EV_RESTART,
	    CHILD_EV_CHANGED, CHILD_EV_STOP, CHILD_EV_UNWANTED};
	unsigned b = feed_byte(&m->feed);
	struct child_event ev = {.met = b >= 128};

	m->now_ms = feed_time(&m->feed, m->now_ms, child_due_ms(&m->child));
	if (b % 16 < 5) {
		ev.type = plain[b % 16];
		step(m, &ev);
	} else if (b % 16 == 5 && b >= 192) { /* rarely: else most lives end early */
		ev.type = plain[5 + b / 32 % 2];
		m->wanted = false;
		step(m, &ev);
	} else if (b % 16 == 5) {
		ev.type = CHILD_EV_WANTED;
		m->wanted = true;
		step(m, &ev);
	} else if (b % 16 < 10) {
		exited(m);
	} else if (b % 16 < 14) {
		due(m);
	} else {
		notice(m);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = {.feed = {.data = data, .len = size}};
	struct child_policy policy = {
	    .ready_ms = 50 + 10 * (uint64_t)feed_byte(&m.feed),
	    .watchdog_ms = 50 + 10 * (uint64_t)feed_byte(&m.feed),
	    .abort_ms = 10 + (uint64_t)feed_byte(&m.feed),
	    .stop_ms = 10 + (uint64_t)feed_byte(&m.feed),
	    .restart_min_ms = 1 + (uint64_t)feed_byte(&m.feed) % 64,
	    .restart_reset_ms = 1 + 50 * (uint64_t)feed_byte(&m.feed),
	};

	policy.restart_max_ms = policy.restart_min_ms + 20 * (uint64_t)feed_byte(&m.feed);
	m.now_ms = 1 + feed_byte(&m.feed);
	child_init(&m.child, &policy);
	must(child_due_ms(&m.child) == UINT64_MAX, "nothing is due before the start");
	m.wanted = true;
	step(&m, &(struct child_event){.type = CHILD_EV_START});
	check_state(&m);
	while (!feed_end(&m.feed)) {
		something(&m);
		check_state(&m);
	}
	return 0;
}
