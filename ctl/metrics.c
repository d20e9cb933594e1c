/* See metrics.h. A family is its HELP, its TYPE and all of its samples; which there are
 * stands in tables. */
#include "ctl/metrics.h"

#include "ctl/exact.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

struct page {
	FILE *out;
	const cJSON *rows; /* the processes */
	const cJSON *health;
	const cJSON *connmgr; /* what they said; NULL: nothing */
	const cJSON *elector;
	const cJSON *peer;
};

static const cJSON *
get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* ---- the form ---- */

static void
begin(const struct page *p, const char *name, const char *type, const char *help)
{
	fprintf(p->out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

struct label { /* the last of a list has no name */
	const char *name;
	const char *value;
};

/* Labels are escaped as the format wants it. */
static void
sample(const struct page *p, const char *metric, const struct label *labels,
       const char *value)
{
	fputs(metric, p->out);
	for (const struct label *l = labels; l && l->name; l++) {
		fprintf(p->out, "%c%s=\"", l == labels ? '{' : ',', l->name);
		for (const char *at = l->value; *at; at++) {
			if (*at == '"' || *at == '\\' || *at == '\n')
				fputc('\\', p->out);
			fputc(*at == '\n' ? 'n' : *at, p->out);
		}
		fputc('"', p->out);
	}
	fprintf(p->out, "%s %s\n", labels && labels->name ? "}" : "", value);
}

static void
sample_i64(const struct page *p, const char *metric, const struct label *labels,
           int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	sample(p, metric, labels, text);
}

/* In units of 1/`parts` of the base unit. */
static void
sample_part(const struct page *p, const char *metric, const struct label *labels,
            int64_t value, int64_t parts)
{
	char text[64];

	if (parts == 1)
		snprintf(text, sizeof(text), "%" PRId64, value);
	else
		snprintf(text, sizeof(text), "%" PRId64 ".%0*" PRId64, value / parts,
		         parts == 1000 ? 3 : 6, value % parts);
	sample(p, metric, labels, text);
}

/* ---- the server ---- */

static void
put_verdict(const struct page *p)
{
	static const char *const verdicts[] = {"healthy", "degraded", "failing"};

	begin(p, "conclave_verdict", "gauge",
	      "Health of this server: 0 healthy, 1 degraded, 2 failing");
	for (int i = 0; i < 3; i++)
		if (strcmp(exact_string(p->health, "verdict"), verdicts[i]) == 0)
			sample_i64(p, "conclave_verdict", NULL, i);
}

static void
put_role(const struct page *p)
{
	static const char *const states[] = {"looking", "following", "leading",
	                                     "observing"};
	static const struct {
		const char *key;
		const char *metric;
		const char *help;
	} numbers[] = {
	    {"epoch", "conclave_epoch", "Epoch of the last established leader"},
	    {"round", "conclave_round", "Round of the last decided vote"},
	};
	const char *state = exact_string(p->peer, "state");
	char leader[32];
	int64_t value;

	if (!p->peer)
		return;
	begin(p, "conclave_state", "gauge", "1 for the state that this server is in");
	for (unsigned i = 0; i < 4; i++) {
		const struct label labels[] = {{"state", states[i]}, {0}};

		sample_i64(p, "conclave_state", labels, strcmp(state, states[i]) == 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		if (!exact_i64(get(p->peer, numbers[i].key), &value))
			continue;
		begin(p, numbers[i].metric, "gauge", numbers[i].help);
		sample_i64(p, numbers[i].metric, NULL, value);
	}
	begin(p, "conclave_leader_info", "gauge", "The established leader, by its id");
	if (exact_i64(get(p->peer, "leader"), &value))
		sample_i64(
		    p, "conclave_leader_info",
		    (struct label[]){
			{"leader", exact_text(p->peer, "leader", leader, sizeof(leader))},
			{0}},
		    1);
}

static void
put_links(const struct page *p)
{
	const cJSON *row;
	char text[32];

	if (!p->connmgr)
		return;
	begin(p, "conclave_link_up", "gauge", "Whether the link to a remote is up");
	cJSON_ArrayForEach(row, get(p->connmgr, "remotes"))
	{
		const struct label labels[] = {
		    {"remote", exact_text(row, "id", text, sizeof(text))},
		    {"lane", exact_string(row, "lane")},
		    {0}};

		sample_i64(p, "conclave_link_up", labels,
		           strcmp(exact_string(row, "link"), "up") == 0);
	}
	begin(p, "conclave_listener_open", "gauge", "Whether a port of ours is open");
	cJSON_ArrayForEach(row, get(p->connmgr, "listeners"))
	{
		const struct label labels[] = {{"address", exact_string(row, "address")},
		                               {"lane", exact_string(row, "lane")},
		                               {0}};

		sample_i64(p, "conclave_listener_open", labels,
		           strcmp(exact_string(row, "state"), "open") == 0);
	}
}

/* ---- counters ---- */

static const struct counter { /* rows of one metric stand together */
	const char *who;
	const char *key;
	const char *metric;
	const char *lane; /* NULL: no label */
	const char *help;
} counters[] = {
    {"connmgr", "election_frames_in", "conclave_frames_received_total", "election",
     "Frames from remotes"},
    {"connmgr", "learner_frames_in", "conclave_frames_received_total", "learner", NULL},
    {"connmgr", "election_frames_out", "conclave_frames_sent_total", "election",
     "Frames to remotes"},
    {"connmgr", "learner_frames_out", "conclave_frames_sent_total", "learner", NULL},
    {"connmgr", "election_accepted", "conclave_connections_accepted_total", "election",
     "Connections that came in"},
    {"connmgr", "learner_accepted", "conclave_connections_accepted_total", "learner",
     NULL},
    {"connmgr", "activations", "conclave_activations_total", NULL,
     "Workers that became the ones that count"},
    {"connmgr", "links_lost", "conclave_worker_links_lost_total", NULL,
     "Links between connmgr and a worker that were lost"},
    {"elector", "elections", "conclave_elections_total", NULL,
     "Elections that the elector was asked for"},
    {"elector", "rounds", "conclave_rounds_total", NULL, "Rounds that our votes were in"},
    {"elector", "decided", "conclave_decisions_total", NULL,
     "Answers of the elector to the peer"},
    {"elector", "doubts", "conclave_doubts_total", NULL,
     "Times that the leader was found to be looking itself"},
    {"peer", "looks", "conclave_looks_total", NULL,
     "Times that the peer asked for an election"},
    {"peer", "leader_changes", "conclave_leader_changes_total", NULL,
     "Times that a leader other than the last was established"},
    {"peer", "writes", "conclave_epoch_writes_total", NULL, "Writes of an epoch"},
    {"peer", "writes_failed", "conclave_epoch_write_failures_total", NULL,
     "Writes of an epoch that failed"},
};

static const cJSON *
answer_of(const struct page *p, const char *who)
{
	return strcmp(who, "connmgr") == 0   ? p->connmgr
	       : strcmp(who, "elector") == 0 ? p->elector
	                                     : p->peer;
}

static void
put_counters(const struct page *p)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		const struct counter *c = &counters[i];
		const struct label labels[] = {{c->lane ? "lane" : NULL, c->lane}, {0}};
		int64_t value;

		if (!exact_i64(get(get(answer_of(p, c->who), "counters"), c->key),
		               &value))
			continue;
		if (c->help)
			begin(p, c->metric, "counter", c->help);
		sample_i64(p, c->metric, labels, value);
	}
}

static void
put_histogram(const struct page *p, const cJSON *h, const char *name, const char *help)
{
	const cJSON *bound = get(h, "bounds_us") ? get(h, "bounds_us")->child : NULL;
	char metric[128], text[64];
	const cJSON *count;
	int64_t sum = 0, total = 0;

	if (!bound || !exact_i64(get(h, "sum_us"), &sum))
		return;
	begin(p, name, "histogram", help);
	snprintf(metric, sizeof(metric), "%s_bucket", name);
	cJSON_ArrayForEach(count, get(h, "counts"))
	{
		int64_t value = 0, us = 0;

		exact_i64(count, &value);
		exact_i64(bound, &us);
		total += value;
		snprintf(text, sizeof(text), "%g", (double)us / 1e6);
		sample_i64(p, metric,
		           (struct label[]){{"le", bound ? text : "+Inf"}, {0}}, total);
		bound = bound ? bound->next : NULL;
	}
	snprintf(metric, sizeof(metric), "%s_sum", name);
	sample_part(p, metric, NULL, sum, 1000000);
	snprintf(metric, sizeof(metric), "%s_count", name);
	sample_i64(p, metric, NULL, total);
}

/* ---- each process ---- */

static const char *
process_name(const cJSON *row)
{
	const char *name = exact_string(row, "name");

	/* there may be several */
	return strcmp(name, "elector-shadow") == 0 ? exact_string(row, "folder") : name;
}

/* The next row after `row` (NULL: the first) whose name no row before it has: conclaved's
 * waits for a successor of one that somebody has started by hand. */
static const cJSON *
next_row(const struct page *p, const cJSON *row)
{
	const cJSON *other;

	for (row = row       ? row->next
	           : p->rows ? p->rows->child
	                     : NULL;
	     row; row = row->next) {
		for (other = p->rows->child; other != row; other = other->next)
			if (strcmp(process_name(other), process_name(row)) == 0)
				break;
		if (other == row)
			return row;
	}
	return NULL;
}

static void
put_up(const struct page *p)
{
	const cJSON *row = NULL;

	begin(p, "conclave_process_up", "gauge",
	      "Whether a process is ready and answers");
	while ((row = next_row(p, row))) {
		const struct label labels[] = {{"process", process_name(row)}, {0}};

		sample_i64(p, "conclave_process_up", labels,
		           strcmp(exact_string(row, "state"), "ready") == 0);
	}
	begin(p, "conclave_process_info", "gauge",
	      "What a process is: version and program");
	while ((row = next_row(p, row))) {
		const struct label labels[] = {{"process", process_name(row)},
		                               {"version", exact_string(row, "version")},
		                               {"program", exact_string(row, "program")},
		                               {0}};

		sample_i64(p, "conclave_process_info", labels, 1);
	}
}

static void
put_numbers(const struct page *p)
{
	static const struct {
		const char *key;
		const char *metric;
		const char *type;
		int64_t factor, parts;
		const char *help;
	} list[] = {
	    {"uptime_ms", "conclave_process_uptime_seconds", "gauge", 1, 1000,
	     "Since the process was started"},
	    {"rss_kb", "conclave_process_resident_memory_bytes", "gauge", 1024, 1,
	     "Resident memory"},
	    {"cpu_ms", "conclave_process_cpu_seconds_total", "counter", 1, 1000,
	     "Processor time, user and system"},
	    {"threads", "conclave_process_threads", "gauge", 1, 1, "Threads"},
	    {"descriptors", "conclave_process_open_fds", "gauge", 1, 1,
	     "Open descriptors"},
	    {"lag_ms", "conclave_process_loop_lag_seconds", "gauge", 1, 1000,
	     "How late the loop was, the worst of the last minute"},
	    {"beat_age_ms", "conclave_process_beat_age_seconds", "gauge", 1, 1000,
	     "Since the last sign of life"},
	    {"generation", "conclave_process_generation", "gauge", 1, 1,
	     "Which process of its role it is; 0 for none"},
	    {"restarts", "conclave_process_restarts_total", "counter", 1, 1,
	     "Processes that were started after the first"},
	    {"failures", "conclave_process_failures", "gauge", 1, 1, "Deaths in a row"},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		const cJSON *row = NULL;
		int64_t value;

		begin(p, list[i].metric, list[i].type, list[i].help);
		while ((row = next_row(p, row))) {
			const struct label labels[] = {{"process", process_name(row)},
			                               {0}};

			if (exact_i64(get(row, list[i].key), &value))
				sample_part(p, list[i].metric, labels,
				            value * list[i].factor, list[i].parts);
		}
	}
}

/* A sample for each member of the object `key` of each row. */
static void
put_object(const struct page *p, const char *key, const char *metric, const char *help)
{
	const cJSON *row = NULL, *node;
	int64_t value;

	begin(p, metric, "counter", help);
	while ((row = next_row(p, row))) {
		cJSON_ArrayForEach(node, get(row, key))
		{
			const struct label labels[] = {{"process", process_name(row)},
			                               {"reason", node->string},
			                               {0}};

			if (exact_i64(node, &value))
				sample_i64(p, metric, labels, value);
		}
	}
}

/* A sample for each element of the array `array` of each row. */
static void
put_queues(const struct page *p, const char *array, const char *key, const char *metric,
           const char *type, const char *help)
{
	const cJSON *row = NULL, *queue;
	int64_t value;

	begin(p, metric, type, help);
	while ((row = next_row(p, row))) {
		cJSON_ArrayForEach(queue, get(row, array))
		{
			const struct label labels[] = {
			    {"process", process_name(row)},
			    {"queue", exact_string(queue, "name")},
			    {0}};

			if (exact_i64(get(queue, key), &value))
				sample_i64(p, metric, labels, value);
		}
	}
}

void
metrics_print(const cJSON *health, const struct asks *asks, FILE *out)
{
	struct page p = {.out = out, .health = health, .rows = get(health, "processes")};

	for (unsigned i = 0; i < asks->count; i++) {
		const cJSON *a = asks->list[i].answer;
		const char *who = exact_string(a, "who");

		if (strcmp(who, "connmgr") == 0)
			p.connmgr = a;
		else if (strcmp(who, "peer") == 0)
			p.peer = a;
		else if (strcmp(who, "elector") == 0 && cJSON_IsTrue(get(a, "active")))
			p.elector = a;
	}
	put_verdict(&p);
	put_role(&p);
	put_links(&p);
	put_counters(&p);
	put_histogram(&p, get(p.elector, "decide"), "conclave_decide_seconds",
	              "From a look to the election's answer");
	put_histogram(&p, get(p.peer, "establish"), "conclave_establish_seconds",
	              "From beginning to look to an established leader");
	put_up(&p);
	put_numbers(&p);
	put_object(&p, "restarts_by", "conclave_process_ends_total",
	           "Ends of a process, by cause");
	put_object(&p, "drops", "conclave_drops_total",
	           "What was refused, replaced or thrown away, by reason");
	put_queues(&p, "queues", "length", "conclave_queue_messages", "gauge",
	           "What waits between two processes");
	put_queues(&p, "queues", "bound", "conclave_queue_bound_messages", "gauge",
	           "What may wait there");
	put_queues(&p, "queues", "drops", "conclave_queue_drops_total", "counter",
	           "What was dropped there");
	put_queues(&p, "outboxes", "length", "conclave_outbox_bytes", "gauge",
	           "What waits for remotes");
	fputs("# EOF\n", out);
}
