/* view/verdict: one case for each reason, alone in a server that is well otherwise. */
#include "view/verdict.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct asks asks;

enum { CONCLAVED, CONNMGR, ELECTOR, PEER };

enum { PROCESSES_MAX = 24, LISTENERS_MAX = 32, QUEUES_MAX = 48 };

struct process {
	const char *name;
	int64_t pid;
	const char *state;
	const char *why;
	bool idle;
	int64_t lag_ms;
	int64_t failures, uptime_ms;
	const char *last_death;
	const char *last_error; /* NULL: none */
	bool doorless;
	/* "": it is not */
	const char *refused;
};

/* A port that is not open. */
struct listener {
	const char *lane;
	const char *address;
	const char *why;
};

struct queue {
	const char *process;
	const char *name;
	int64_t length;
	int64_t bound;
};

/* What the answers and the rows are made of. */
static struct facts {
	unsigned process_count;
	struct process processes[PROCESSES_MAX];
	unsigned listener_count;
	struct listener listeners[LISTENERS_MAX];
	unsigned queue_count;
	struct queue queues[QUEUES_MAX];
	const char *connmgr_degraded;
	const char *peer_reason;
	const char *lease;
	bool clocks_differ;
	bool has_leader;
	bool orphaned;
} facts;

static struct {
	enum verdict_kind kind;
	size_t reason_count;
	char reasons[VERDICT_REASONS_MAX][VERDICT_REASON_MAX];
} verdict;

static json_t *
make_row(const struct process *p)
{
	json_t *queues = json_array();

	for (unsigned i = 0; i < facts.queue_count; i++) {
		const struct queue *q = &facts.queues[i];

		if (strcmp(q->process, p->name) == 0)
			json_array_append_new(
			    queues, json_pack("{s:s, s:I, s:I}", "name", q->name,
			                      "length", (json_int_t)q->length, "bound",
			                      (json_int_t)q->bound));
	}
	return json_pack("{s:s, s:b, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:o}",
	                 "last_error", p->last_error ? p->last_error : "", "door",
	                 !p->doorless, "name", p->name, "pid", (json_int_t)p->pid,
	                 "state", p->state, "reason", p->why, "lag_ms",
	                 (json_int_t)p->lag_ms, "failures", (json_int_t)p->failures,
	                 "uptime_ms", (json_int_t)p->uptime_ms, "last_death",
	                 p->last_death, "refused", p->refused, "queues", queues);
}

static struct ask *
add_ask(const char *folder, int64_t pid, json_t *answer)
{
	struct ask *a = &asks.list[asks.count++];

	strcpy(a->folder, folder);
	a->pid = pid;
	a->answer = answer;
	a->result = 0;
	return a;
}

/* What connmgr and the peer say of themselves; then the idle ones' doors. */
static void
make_asks(void)
{
	json_t *listeners = json_pack("[{s:s}]", "state", "open");

	asks_deinit(&asks);
	for (unsigned i = 0; i < facts.listener_count; i++) {
		const struct listener *l = &facts.listeners[i];

		json_array_append_new(listeners,
		                      json_pack("{s:s, s:s, s:s, s:s}", "lane", l->lane,
		                                "address", l->address, "state", "failed",
		                                "reason", l->why));
	}
	add_ask("connmgr", 0,
	        json_pack("{s:s, s:o}", "degraded", facts.connmgr_degraded, "listeners",
	                  listeners));
	add_ask("peer", 0,
	        json_pack("{s:s, s:o, s:{s:b, s:s}}", "reason", facts.peer_reason,
	                  "leader", facts.has_leader ? json_integer(1) : json_null(),
	                  "lease", "clocks_differ", facts.clocks_differ, "text",
	                  facts.lease));
	if (facts.orphaned)
		add_ask("conclaved", 0, NULL)->result = -ECONNREFUSED;
	for (unsigned i = 0; i < facts.process_count && asks.count < ASK_MAX; i++) {
		const struct process *p = &facts.processes[i];
		bool peer = strcmp(p->name, "peer") == 0;

		add_ask(p->name, p->pid,
		        json_pack("{s:s, s:i}", "who", peer ? "peer" : "elector",
		                  "generation", p->idle ? 0 : 3));
	}
}

static void
judge(void)
{
	static const struct conf conf = {
	    .supervisor = {.watchdog_ms = 2000, .restart_reset_ms = 10000}};
	json_t *rows = json_array(), *reasons = json_array(), *one;
	size_t i;

	make_asks();
	for (unsigned k = 0; k < facts.process_count; k++)
		json_array_append_new(rows, make_row(&facts.processes[k]));
	verdict.kind = verdict_judge(&conf, &asks, rows, reasons);
	verdict.reason_count = json_array_size(reasons);
	json_array_foreach (reasons, i, one)
		strcpy(verdict.reasons[i], json_string_value(one));
	json_decref(reasons);
	json_decref(rows);
}

static struct process
process(const char *name, int64_t pid)
{
	return (struct process){.name = name,
	                        .pid = pid,
	                        .state = "ready",
	                        .why = "",
	                        .uptime_ms = 5000,
	                        .last_death = "",
	                        .refused = ""};
}

static void
be_well(void)
{
	facts =
	    (struct facts){.process_count = 4,
	                   .processes = {process("conclaved", 1), process("connmgr", 2),
	                                 process("elector", 3), process("peer", 4)},
	                   .connmgr_degraded = "",
	                   .peer_reason = "",
	                   .lease = ""};
}

/* Judges, and is well again. `want` NULL: no reason. */
static void
expect(enum verdict_kind kind, const char *want)
{
	judge();
	if (want && verdict.reason_count > 0 && strcmp(verdict.reasons[0], want) != 0)
		fail_msg("`%s`, want `%s`", verdict.reasons[0], want);
	assert_int_equal(verdict.reason_count, want ? 1 : 0);
	assert_string_equal(verdict_name(verdict.kind), verdict_name(kind));
	be_well();
}

static void
remove_process(unsigned which)
{
	facts.process_count--;
	for (unsigned i = which; i < facts.process_count; i++)
		facts.processes[i] = facts.processes[i + 1];
}

static void
well(void **state)
{
	(void)state;
	be_well();
	facts.has_leader = true;
	expect(VERDICT_HEALTHY, NULL);
	expect(VERDICT_HEALTHY, NULL); /* an election that lasts */
	remove_process(CONCLAVED);
	expect(VERDICT_HEALTHY, NULL); /* one unit for each worker */
}

static void
a_worker_is_missing(void **state)
{
	(void)state;
	be_well();
	remove_process(CONNMGR);
	expect(VERDICT_FAILING, "there is no connmgr");
	remove_process(ELECTOR);
	expect(VERDICT_FAILING, "there is no elector");
	remove_process(PEER);
	expect(VERDICT_FAILING, "there is no peer");
	remove_process(ELECTOR);
	facts.processes[facts.process_count++] = process("elector-shadow", 9);
	expect(VERDICT_FAILING, "there is no elector");
}

static void
states(void **state)
{
	static const struct {
		unsigned which;
		const char *name;
		const char *state;
		const char *why;
		enum verdict_kind kind;
		const char *want;
	} cases[] = {
	    {PEER, "peer", "failing", "exited with status 1", VERDICT_FAILING,
	     "peer (pid 7) is failing: exited with status 1"},
	    {PEER, "peer", "stopped", "refused the configuration", VERDICT_FAILING,
	     "peer (pid 7) is stopped: refused the configuration"},
	    {PEER, "peer", "waiting", "", VERDICT_FAILING, "peer (pid 7) is waiting"},
	    {PEER, "peer", "hung", "hung: no sign of life", VERDICT_FAILING,
	     "peer (pid 7) is hung: no sign of life"},
	    {PEER, "peer", "starting", "", VERDICT_DEGRADED, "peer (pid 7) is starting"},
	    {PEER, "peer", "stopping", "asked to stop", VERDICT_DEGRADED,
	     "peer (pid 7) is stopping: asked to stop"},
	    {CONNMGR, "connmgr", "silent", "", VERDICT_FAILING,
	     "connmgr (pid 7) does not answer within 200 ms"},
	    {ELECTOR, "elector", "silent", "", VERDICT_FAILING,
	     "elector (pid 7) does not answer within 200 ms"},
	    {CONCLAVED, "conclaved", "silent", "", VERDICT_DEGRADED,
	     "conclaved (pid 7) does not answer within 200 ms"},
	    {CONCLAVED, "conclaved", "starting", "", VERDICT_HEALTHY, NULL},
	    {4, "elector-shadow", "silent", "", VERDICT_DEGRADED,
	     "elector-shadow (pid 7) does not answer within 200 ms"},
	    {4, "elector-shadow", "failing", "it died", VERDICT_DEGRADED,
	     "elector-shadow (pid 7) is failing: it died"},
	};

	(void)state;
	be_well();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct process *p = &facts.processes[cases[i].which];

		*p = process(cases[i].name, 7);
		p->state = cases[i].state;
		p->why = cases[i].why;
		if (cases[i].which == facts.process_count)
			facts.process_count++;
		expect(cases[i].kind, cases[i].want);
	}
	facts.processes[PEER] = process("peer", 0);
	facts.processes[PEER].state = "waiting";
	expect(VERDICT_FAILING, "peer is waiting");
}

static void
a_worker_does_not_count(void **state)
{
	(void)state;
	be_well();
	facts.processes[PEER].idle = true;
	expect(VERDICT_FAILING,
	       "peer (pid 4) does not count: connmgr has not made it active");
	facts.processes[facts.process_count] = process("elector-shadow", 9);
	facts.processes[facts.process_count++].idle = true;
	expect(VERDICT_HEALTHY, NULL);
}

static void
a_loop_is_late(void **state)
{
	(void)state;
	be_well();
	facts.processes[CONNMGR].lag_ms = 1000;
	expect(VERDICT_HEALTHY, NULL);
	facts.processes[CONNMGR].lag_ms = 1001;
	expect(VERDICT_DEGRADED,
	       "the loop of connmgr (pid 2) was late by 1001 ms in the last minute");
}

static void
a_worker_dies_again_and_again(void **state)
{
	(void)state;
	be_well();
	facts.processes[PEER].failures = 1; /* once, and it is back */
	expect(VERDICT_HEALTHY, NULL);
	facts.processes[PEER].failures = 2;
	facts.processes[PEER].uptime_ms = 10000; /* it has recovered */
	expect(VERDICT_HEALTHY, NULL);
	facts.processes[PEER].failures = 2;
	facts.processes[PEER].last_death = "killed by signal 9";
	expect(VERDICT_DEGRADED,
	       "peer (pid 4) has died 2 times in a row, last: killed by "
	       "signal 9");
	facts.processes[PEER].failures = 7;
	facts.processes[PEER].state = "failing"; /* says it already */
	expect(VERDICT_FAILING, "peer (pid 4) is failing");
}

static void
a_last_error_and_a_lost_door(void **state)
{
	(void)state;
	be_well();
	facts.processes[PEER].last_error =
	    "the folder x cannot be used"; /* it is well now */
	expect(VERDICT_HEALTHY, NULL);
	facts.processes[PEER].last_error = "the folder x cannot be used";
	facts.processes[PEER].state = "failing";
	facts.processes[PEER].why = "exit status 73";
	expect(VERDICT_FAILING,
	       "peer (pid 4) is failing: exit status 73; its last error: "
	       "the folder x cannot be used");
	facts.processes[ELECTOR].doorless = true;
	expect(
	    VERDICT_DEGRADED,
	    "the control socket of elector (pid 3) is gone, and nobody can ask it; make "
	    "it anew with conclave restart elector");
}

static void
a_program_is_refused(void **state)
{
	(void)state;
	be_well();
	facts.processes[ELECTOR].refused = "/opt/e is writable by others; chmod go-w it";
	expect(VERDICT_DEGRADED, "elector (pid 3) runs the installed program: /opt/e is "
	                         "writable by others; chmod go-w it");
}

static void
conclaved_has_died(void **state)
{
	(void)state;
	be_well();
	remove_process(CONCLAVED);
	facts.orphaned = true;
	expect(VERDICT_DEGRADED,
	       "conclaved has died: nobody restarts the other processes");
}

static void
ports_queues_and_what_they_say_themselves(void **state)
{
	(void)state;
	be_well();
	facts.listeners[facts.listener_count++] =
	    (struct listener){"election", "a:1", "Address already in use"};
	expect(VERDICT_DEGRADED,
	       "connmgr cannot open the election port a:1: Address already in use");
	facts.listeners[facts.listener_count++] = (struct listener){"learner", "a:2", ""};
	expect(VERDICT_DEGRADED, "connmgr cannot open the learner port a:2");

	facts.queues[facts.queue_count++] =
	    (struct queue){"connmgr", "elector-main frames", 50, 100};
	expect(VERDICT_DEGRADED,
	       "the queue elector-main frames of connmgr holds 50 of 100 messages");
	facts.queues[facts.queue_count++] =
	    (struct queue){"connmgr", "elector-main frames", 49, 100};
	facts.queues[facts.queue_count++] = (struct queue){"peer", "x", 0, 0};
	expect(VERDICT_HEALTHY, NULL);

	facts.connmgr_degraded = "the disk is full";
	expect(VERDICT_DEGRADED, "connmgr is degraded: the disk is full");
	facts.peer_reason = "the file is damaged";
	expect(VERDICT_FAILING, "peer cannot lead: the file is damaged");
	facts.peer_reason = "the disk hangs";
	facts.has_leader = true;
	expect(VERDICT_DEGRADED, "peer cannot lead: the disk hangs");
}

/* Clocks that drift are for a person to mend; what a lease waits for ends by itself. */
static void
clocks_that_differ(void **state)
{
	(void)state;
	be_well();
	facts.lease = "this server waits 130 ms for the lease of server 2 to end";
	judge();
	assert_int_equal(verdict.kind, VERDICT_HEALTHY);
	facts.lease = "this server promises nothing";
	facts.clocks_differ = true;
	expect(VERDICT_DEGRADED, "this server promises nothing");
}

static void
the_gravest_counts_and_all_are_said(void **state)
{
	(void)state;
	be_well();
	remove_process(PEER);
	facts.connmgr_degraded = "full";
	facts.processes[ELECTOR].lag_ms = 5000;
	judge();
	assert_int_equal(verdict.kind, VERDICT_FAILING);
	assert_int_equal(verdict.reason_count, 3);
	facts = (struct facts){.connmgr_degraded = "", .peer_reason = "", .lease = ""};
	judge();
	assert_int_equal(verdict.kind, VERDICT_FAILING);
	assert_int_equal(verdict.reason_count, 3);
}

/* More than there is room for: what is left out changes no verdict. */
static void
too_many_reasons(void **state)
{
	(void)state;
	be_well();
	facts.process_count = PROCESSES_MAX;
	for (unsigned i = 0; i < PROCESSES_MAX; i++) {
		facts.processes[i] = process("elector-shadow", 9);
		facts.processes[i].state = "silent";
		facts.processes[i].lag_ms = 9999;
	}
	facts.listener_count = LISTENERS_MAX;
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		facts.listeners[i] = (struct listener){"election", "a", ""};
	facts.queue_count = QUEUES_MAX;
	for (unsigned i = 0; i < QUEUES_MAX; i++)
		facts.queues[i] = (struct queue){"elector-shadow", "q", 9, 9};
	facts.peer_reason = "the file is damaged";
	judge();
	assert_int_equal(verdict.kind, VERDICT_FAILING);
	assert_int_equal(verdict.reason_count, VERDICT_REASONS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(well),
	    cmocka_unit_test(a_worker_is_missing),
	    cmocka_unit_test(states),
	    cmocka_unit_test(a_worker_does_not_count),
	    cmocka_unit_test(a_loop_is_late),
	    cmocka_unit_test(a_worker_dies_again_and_again),
	    cmocka_unit_test(a_last_error_and_a_lost_door),
	    cmocka_unit_test(a_program_is_refused),
	    cmocka_unit_test(conclaved_has_died),
	    cmocka_unit_test(ports_queues_and_what_they_say_themselves),
	    cmocka_unit_test(the_gravest_counts_and_all_are_said),
	    cmocka_unit_test(clocks_that_differ),
	    cmocka_unit_test(too_many_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
