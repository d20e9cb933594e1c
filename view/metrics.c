/* See metrics.h. A metric is one row of `metrics`: a HELP and a TYPE line, and the
 * samples that its function finds in the answers. */
#include "view/metrics.h"

#include "view/member.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct page {
	struct buf_out *out;
	const json_t *health;
	/* the processes of `health` */
	const json_t *rows;
	/* what each said, NULL: nothing */
	const json_t *said[3];
};

enum who { CONNMGR, ELECTOR, PEER };

struct metric {
	const char *name;
	const char *type;
	/* NULL: one more sample of the row before */
	const char *help;
	/* puts all of it, or what one process says of it */
	void (*put)(const struct page *p, const struct metric *m);
	void (*put_row)(const struct page *p, const struct metric *m, const json_t *row);
	/* What `put` reads: the member `key` of what `who` said, or of each process; or
	 * of each element of the array `array` of that. */
	const char *key;
	enum who who;
	const char *array;
	/* of the only label */
	const char *lane;
	/* The member is in units of 1/`parts` (1000 or 1000000) of the metric's unit, or
	 * of `factor` of them. 0 means 1. */
	int64_t parts;
	int64_t factor;
};

/* The last label of a list has no name. */
struct label {
	const char *name;
	const char *value;
};

/* ---- the form ---- */

static void
begin(const struct page *p, const struct metric *m)
{
	if (m->help)
		buf_put_text(p->out, "# HELP %s %s.\n# TYPE %s %s\n", m->name, m->help,
		             m->name, m->type);
}

/* `suffix` goes behind the metric's name. Labels are escaped as the format demands. */
static void
sample(const struct page *p, const struct metric *m, const char *suffix,
       const struct label *labels, int64_t value)
{
	int64_t parts = m->parts && strcmp(suffix, "_count") ? m->parts : 1;

	buf_put_text(p->out, "%s%s", m->name, suffix);
	for (const struct label *l = labels; l && l->name; l++) {
		buf_put_text(p->out, "%c%s=\"", l == labels ? '{' : ',', l->name);
		for (const char *at = l->value; *at; at++) {
			if (*at == '"' || *at == '\\' || *at == '\n')
				buf_put_u8(p->out, '\\');
			buf_put_u8(p->out, *at == '\n' ? 'n' : (unsigned char)*at);
		}
		buf_put_u8(p->out, '"');
	}
	buf_put_text(p->out, "%s %" PRId64, labels && labels->name ? "}" : "",
	             value / parts);
	if (parts > 1)
		buf_put_text(p->out, ".%0*" PRId64, parts == 1000 ? 3 : 6, value % parts);
	buf_put_u8(p->out, '\n');
}

/* ---- the server ---- */

static void
put_verdict(const struct page *p, const struct metric *m)
{
	static const char *const verdicts[] = {"healthy", "degraded", "failing"};

	begin(p, m);
	for (int i = 0; i < 3; i++)
		if (strcmp(member_string(p->health, "verdict"), verdicts[i]) == 0)
			sample(p, m, "", NULL, i);
}

static void
put_state(const struct page *p, const struct metric *m)
{
	static const char *const states[] = {"looking", "following", "leading",
	                                     "observing"};

	if (!p->said[PEER])
		return;
	begin(p, m);
	for (unsigned i = 0; i < 4; i++)
		sample(p, m, "", (struct label[]){{"state", states[i]}, {0}},
		       strcmp(member_string(p->said[PEER], "state"), states[i]) == 0);
}

static void
put_leader(const struct page *p, const struct metric *m)
{
	char leader[32];
	int64_t value;

	if (!p->said[PEER])
		return;
	begin(p, m);
	member_text(p->said[PEER], "leader", leader, sizeof(leader));
	if (member_i64(p->said[PEER], "leader", &value))
		sample(p, m, "", (struct label[]){{"leader", leader}, {0}}, 1);
}

/* A sample for each link, or for each port: 1 where its state is `key`. */
static void
put_links(const struct page *p, const struct metric *m)
{
	bool links = strcmp(m->array, "remotes") == 0;
	const json_t *row;
	char text[256];
	size_t i;

	if (!p->said[CONNMGR])
		return;
	begin(p, m);
	json_array_foreach (json_object_get(p->said[CONNMGR], m->array), i, row) {
		const char *state = member_string(row, links ? "link" : "state");
		struct label labels[] = {{links ? "remote" : "address", NULL},
		                         {"lane", member_string(row, "lane")},
		                         {0}};

		labels[0].value = links ? member_text(row, "id", text, sizeof(text))
		                        : member_string(row, "address");
		sample(p, m, "", labels, strcmp(state, m->key) == 0);
	}
}

/* The member `key` of what one process said. */
static void
put_number(const struct page *p, const struct metric *m)
{
	const struct label labels[] = {{m->lane ? "lane" : NULL, m->lane}, {0}};
	const json_t *from = p->said[m->who];
	int64_t value;

	if (!member_i64(m->array ? json_object_get(from, m->array) : from, m->key,
	                &value))
		return;
	begin(p, m);
	sample(p, m, "", labels, value);
}

static void
put_histogram(const struct page *p, const struct metric *m)
{
	const json_t *h = json_object_get(p->said[m->who], m->key), *count;
	const json_t *bounds = json_object_get(h, "bounds_us");
	int64_t sum = 0, total = 0;
	char text[64];
	size_t i;

	if (json_array_size(bounds) == 0 || !member_i64(h, "sum_us", &sum))
		return;
	begin(p, m);
	json_array_foreach (json_object_get(h, "counts"), i, count) {
		const json_t *bound = json_array_get(bounds, i);

		total += json_integer_value(count);
		snprintf(text, sizeof(text), "%g",
		         (double)json_integer_value(bound) / 1e6);
		sample(p, &(struct metric){.name = m->name}, "_bucket",
		       (struct label[]){{"le", bound ? text : "+Inf"}, {0}}, total);
	}
	sample(p, m, "_sum", NULL, sum);
	sample(p, m, "_count", NULL, total);
}

/* ---- each process ---- */

static const char *
process_name(const json_t *row)
{
	const char *name = member_string(row, "name");

	/* there may be several */
	return strcmp(name, "elector-shadow") == 0 ? member_string(row, "folder") : name;
}

static void
put_up(const struct page *p, const struct metric *m, const json_t *row)
{
	sample(p, m, "", (struct label[]){{"process", process_name(row)}, {0}},
	       strcmp(member_string(row, "state"), "ready") == 0);
}

static void
put_info(const struct page *p, const struct metric *m, const json_t *row)
{
	const struct label labels[] = {{"process", process_name(row)},
	                               {"version", member_string(row, "version")},
	                               {"program", member_string(row, "program")},
	                               {0}};

	sample(p, m, "", labels, 1);
}

/* The member `key`. */
static void
put_process(const struct page *p, const struct metric *m, const json_t *row)
{
	const struct label labels[] = {{"process", process_name(row)}, {0}};
	int64_t value;

	if (member_i64(row, m->key, &value))
		sample(p, m, "", labels, value * (m->factor ? m->factor : 1));
}

/* Each member of the object `key`. */
static void
put_members(const struct page *p, const struct metric *m, const json_t *row)
{
	const char *reason;
	json_t *node;

	json_object_foreach (json_object_get(row, m->key), reason, node) {
		const struct label labels[] = {
		    {"process", process_name(row)}, {"reason", reason}, {0}};

		if (json_is_integer(node))
			sample(p, m, "", labels, json_integer_value(node));
	}
}

/* The member `key` of each element of the array `array`. */
static void
put_queues(const struct page *p, const struct metric *m, const json_t *row)
{
	const json_t *queue;
	int64_t value;
	size_t i;

	json_array_foreach (json_object_get(row, m->array), i, queue) {
		const struct label labels[] = {{"process", process_name(row)},
		                               {"queue", member_string(queue, "name")},
		                               {0}};

		if (member_i64(queue, m->key, &value))
			sample(p, m, "", labels, value);
	}
}

/* Of two processes of one name only the first counts: conclaved's own may wait while
 * somebody has started one by hand. */
static void
put_processes(const struct page *p, const struct metric *m)
{
	const json_t *row, *other;
	size_t i, k;

	begin(p, m);
	json_array_foreach (p->rows, i, row) {
		json_array_foreach (p->rows, k, other) {
			if (strcmp(process_name(other), process_name(row)) == 0)
				break;
		}
		if (k == i)
			m->put_row(p, m, row);
	}
}

/* ---- the table ---- */

static const struct metric metrics[] = {
    {"conclave_verdict", "gauge",
     "Health of this server: 0 healthy, 1 degraded, 2 failing", .put = put_verdict},
    {"conclave_state", "gauge", "1 for the state that this server is in",
     .put = put_state},
    {"conclave_epoch", "gauge", "Epoch of the last established leader", .put = put_number,
     .key = "epoch", .who = PEER},
    {"conclave_round", "gauge", "Round of the last decided vote", .put = put_number,
     .key = "round", .who = PEER},
    {"conclave_leader_info", "gauge", "The established leader, by its id",
     .put = put_leader},
    {"conclave_link_up", "gauge", "Whether the link to a remote is up", .put = put_links,
     .key = "up", .array = "remotes"},
    {"conclave_listener_open", "gauge", "Whether a port of ours is open",
     .put = put_links, .key = "open", .array = "listeners"},
    {"conclave_frames_received_total", "counter", "Frames from remotes",
     .put = put_number, .key = "election_frames_in", .who = CONNMGR, .array = "counters",
     .lane = "election"},
    {"conclave_frames_received_total", "counter", NULL, .put = put_number,
     .key = "learner_frames_in", .who = CONNMGR, .array = "counters", .lane = "learner"},
    {"conclave_frames_sent_total", "counter", "Frames to remotes", .put = put_number,
     .key = "election_frames_out", .who = CONNMGR, .array = "counters",
     .lane = "election"},
    {"conclave_frames_sent_total", "counter", NULL, .put = put_number,
     .key = "learner_frames_out", .who = CONNMGR, .array = "counters", .lane = "learner"},
    {"conclave_connections_accepted_total", "counter", "Connections that came in",
     .put = put_number, .key = "election_accepted", .who = CONNMGR, .array = "counters",
     .lane = "election"},
    {"conclave_connections_accepted_total", "counter", NULL, .put = put_number,
     .key = "learner_accepted", .who = CONNMGR, .array = "counters", .lane = "learner"},
    {"conclave_activations_total", "counter", "Workers that became the ones that count",
     .put = put_number, .key = "activations", .who = CONNMGR, .array = "counters"},
    {"conclave_worker_links_lost_total", "counter",
     "Links between connmgr and a worker that were lost", .put = put_number,
     .key = "links_lost", .who = CONNMGR, .array = "counters"},
    {"conclave_elections_total", "counter", "Elections that the elector was asked for",
     .put = put_number, .key = "elections", .who = ELECTOR, .array = "counters"},
    {"conclave_rounds_total", "counter", "Rounds that our votes were in",
     .put = put_number, .key = "rounds", .who = ELECTOR, .array = "counters"},
    {"conclave_decisions_total", "counter", "Answers of the elector to the peer",
     .put = put_number, .key = "decided", .who = ELECTOR, .array = "counters"},
    {"conclave_doubts_total", "counter",
     "Times that the leader was found to be looking itself", .put = put_number,
     .key = "doubts", .who = ELECTOR, .array = "counters"},
    {"conclave_looks_total", "counter", "Times that the peer asked for an election",
     .put = put_number, .key = "looks", .who = PEER, .array = "counters"},
    {"conclave_leader_changes_total", "counter",
     "Times that a leader other than the last was established", .put = put_number,
     .key = "leader_changes", .who = PEER, .array = "counters"},
    {"conclave_epoch_writes_total", "counter", "Writes of an epoch", .put = put_number,
     .key = "writes", .who = PEER, .array = "counters"},
    {"conclave_epoch_write_failures_total", "counter", "Writes of an epoch that failed",
     .put = put_number, .key = "writes_failed", .who = PEER, .array = "counters"},
    {"conclave_decide_seconds", "histogram", "From a look to the election's answer",
     .put = put_histogram, .key = "decide", .who = ELECTOR, .parts = 1000000},
    {"conclave_establish_seconds", "histogram",
     "From beginning to look to an established leader", .put = put_histogram,
     .key = "establish", .who = PEER, .parts = 1000000},
    {"conclave_process_up", "gauge", "Whether a process is ready and answers",
     .put_row = put_up},
    {"conclave_process_info", "gauge", "What a process is: version and program",
     .put_row = put_info},
    {"conclave_process_uptime_seconds", "gauge", "Since the process was started",
     .put_row = put_process, .key = "uptime_ms", .parts = 1000},
    {"conclave_process_resident_memory_bytes", "gauge", "Resident memory",
     .put_row = put_process, .key = "rss_kb", .factor = 1024},
    {"conclave_process_cpu_seconds_total", "counter", "Processor time, user and system",
     .put_row = put_process, .key = "cpu_ms", .parts = 1000},
    {"conclave_process_threads", "gauge", "Threads", .put_row = put_process,
     .key = "threads"},
    {"conclave_process_open_fds", "gauge", "Open descriptors", .put_row = put_process,
     .key = "descriptors"},
    {"conclave_process_loop_lag_seconds", "gauge",
     "How late the loop was, the worst of the last minute", .put_row = put_process,
     .key = "lag_ms", .parts = 1000},
    {"conclave_process_beat_age_seconds", "gauge", "Since the last sign of life",
     .put_row = put_process, .key = "beat_age_ms", .parts = 1000},
    {"conclave_process_generation", "gauge",
     "Which process of its role it is; 0 for none", .put_row = put_process,
     .key = "generation"},
    {"conclave_process_restarts_total", "counter",
     "Processes that were started after the first", .put_row = put_process,
     .key = "restarts"},
    {"conclave_process_failures", "gauge", "Deaths in a row", .put_row = put_process,
     .key = "failures"},
    {"conclave_process_ends_total", "counter", "Ends of a process, by cause",
     .put_row = put_members, .key = "restarts_by"},
    {"conclave_drops_total", "counter",
     "What was refused, replaced or thrown away, by reason", .put_row = put_members,
     .key = "drops"},
    {"conclave_queue_messages", "gauge", "What waits between two processes",
     .put_row = put_queues, .key = "length", .array = "queues"},
    {"conclave_queue_bound_messages", "gauge", "What may wait there",
     .put_row = put_queues, .key = "bound", .array = "queues"},
    {"conclave_queue_drops_total", "counter", "What was dropped there",
     .put_row = put_queues, .key = "drops", .array = "queues"},
    {"conclave_outbox_bytes", "gauge", "What waits for remotes", .put_row = put_queues,
     .key = "length", .array = "outboxes"},
};

void
metrics_put(const json_t *health, const struct asks *asks, struct buf_out *out)
{
	struct page p = {.out = out,
	                 .health = health,
	                 .rows = json_object_get(health, "processes"),
	                 .said[ELECTOR] = asks_elector(asks)};

	for (unsigned i = 0; i < asks->count; i++) {
		const char *who = member_string(asks->list[i].answer, "who");

		if (strcmp(who, "connmgr") == 0)
			p.said[CONNMGR] = asks->list[i].answer;
		else if (strcmp(who, "peer") == 0)
			p.said[PEER] = asks->list[i].answer;
	}
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		(metrics[i].put ? metrics[i].put : put_processes)(&p, &metrics[i]);
	buf_put_text(out, "# EOF\n");
}
