/* See metrics.h. A metric is one row of `metrics`: a HELP and a TYPE line, and the
 * samples that its function finds in the answers. */
#include "view/metrics.h"

#include "view/member.h"
#include "view/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum who { CONNMGR, ELECTOR, PEER, SERVER, EACH };

struct page {
	struct buf_out *out;
	/* what each said, NULL: nothing; of SERVER the health object */
	const json_t *said[EACH];
};

struct metric {
	/* behind `conclave_`; of a counter it ends with _total */
	const char *name;
	/* NULL: one more sample of the row before */
	const char *help;
	enum who who;
	/* `from`: what `who` said; of EACH the row of one process */
	void (*put)(const struct page *p, const struct metric *m, const json_t *from);
	/* what `put` reads of `from` */
	const char *key;
};

/* The last label of a list has no name. */
struct label {
	const char *name;
	const char *value;
};

/* ---- the form ---- */

/* `type` NULL: counter or gauge, by the name. */
static void
begin(const struct page *p, const struct metric *m, const char *type)
{
	size_t len = strlen(m->name);
	bool total = len > 6 && strcmp(m->name + len - 6, "_total") == 0;

	if (m->help)
		buf_put_text(p->out, "# HELP conclave_%s %s.\n# TYPE conclave_%s %s\n",
		             m->name, m->help, m->name,
		             type    ? type
		             : total ? "counter"
		                     : "gauge");
}

/* `suffix` goes behind the metric's name. Labels are escaped as the format demands. The
 * value is in units of 1/`parts` (1, 1000 or 1000000). */
static void
sample(const struct page *p, const struct metric *m, const char *suffix,
       const struct label *labels, int64_t value, int64_t parts)
{
	buf_put_text(p->out, "conclave_%s%s", m->name, suffix);
	for (const struct label *l = labels; l && l->name; l++) {
		buf_put_text(p->out, "%c%s=\"", l == labels ? '{' : ',', l->name);
		for (const char *at = l->value; *at; at++) {
			if (*at == '"' || *at == '\\' || *at == '\n')
				buf_put_u8(p->out, '\\');
			buf_put_u8(p->out, *at == '\n' ? 'n' : (unsigned char)*at);
		}
		buf_put_u8(p->out, '"');
	}
	buf_put_text(p->out, "%s %" PRId64, labels ? "}" : "", value / parts);
	if (parts > 1)
		buf_put_text(p->out, ".%0*" PRId64, parts == 1000 ? 3 : 6, value % parts);
	buf_put_u8(p->out, '\n');
}

/* ---- the server ---- */

static void
put_verdict(const struct page *p, const struct metric *m, const json_t *from)
{
	begin(p, m, NULL);
	for (unsigned i = 0; i <= VERDICT_FAILING; i++)
		if (strcmp(member_string(from, "verdict"), verdict_name(i)) == 0)
			sample(p, m, "", NULL, i, 1);
}

static void
put_state(const struct page *p, const struct metric *m, const json_t *from)
{
	static const char *const states[] = {"looking", "following", "leading",
	                                     "observing"};

	begin(p, m, NULL);
	for (unsigned i = 0; i < 4; i++)
		sample(p, m, "", (struct label[]){{"state", states[i]}, {0}},
		       strcmp(member_string(from, "state"), states[i]) == 0, 1);
}

static void
put_leader(const struct page *p, const struct metric *m, const json_t *from)
{
	char leader[32];
	int64_t value;

	begin(p, m, NULL);
	member_text(from, "leader", leader, sizeof(leader));
	if (member_i64(from, "leader", &value))
		sample(p, m, "", (struct label[]){{"leader", leader}, {0}}, 1, 1);
}

/* A sample for each link, or for each port: 1 where it is up, or open. */
static void
put_links(const struct page *p, const struct metric *m, const json_t *from)
{
	bool links = strcmp(m->key, "remotes") == 0;
	const json_t *row;
	char id[32];
	size_t i;

	begin(p, m, NULL);
	json_array_foreach (json_object_get(from, m->key), i, row) {
		const char *address = member_string(row, "address");
		const char *state = member_string(row, links ? "link" : "state");
		struct label labels[] = {
		    {links ? "remote" : "address",
		     links ? member_text(row, "id", id, sizeof(id)) : address},
		    {"lane", member_string(row, "lane")},
		    {0}};

		sample(p, m, "", labels, strcmp(state, links ? "up" : "open") == 0, 1);
	}
}

/* Handshakes and refusals, by how they ended. */
static void
put_handshakes(const struct page *p, const struct metric *m, const json_t *from)
{
	static const char *const results[] = {"opened", "refused", "plain", "others"};
	const json_t *tls = json_object_get(from, m->key);

	if (!tls) /* of a release before TLS */
		return;
	begin(p, m, NULL);
	for (unsigned i = 0; i < 4; i++)
		sample(p, m, "", (struct label[]){{"result", results[i]}, {0}},
		       json_integer_value(json_object_get(tls, results[i])), 1);
}

/* Links that stand, by what they prove. */
static void
put_tls_links(const struct page *p, const struct metric *m, const json_t *from)
{
	int64_t plain = 0, secure = 0;
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(from, m->key), i, row) {
		const char *tls = member_string(row, "tls");

		plain += strcmp(tls, "plain") == 0;
		secure += *tls && strcmp(tls, "plain") != 0;
	}
	begin(p, m, NULL);
	sample(p, m, "", (struct label[]){{"kind", "psk"}, {0}}, secure, 1);
	sample(p, m, "", (struct label[]){{"kind", "plain"}, {0}}, plain, 1);
}

/* 1 where the last reload of the keys failed. */
static void
put_tls_error(const struct page *p, const struct metric *m, const json_t *from)
{
	const json_t *tls = json_object_get(from, m->key);

	if (!tls) /* of a release before TLS */
		return;
	begin(p, m, NULL);
	sample(p, m, "", NULL, *member_string(tls, "error") != '\0', 1);
}

static void
put_member(const struct page *p, const struct metric *m, const json_t *from,
           const struct label *labels)
{
	int64_t value;

	if (!member_i64(from, m->key, &value))
		return;
	begin(p, m, NULL);
	sample(p, m, "", labels, value, 1);
}

static void
put_number(const struct page *p, const struct metric *m, const json_t *from)
{
	put_member(p, m, from, NULL);
}

/* Of a list how long it is; `parts` as in `sample`. */
static void
put_node(const struct page *p, const struct metric *m, const json_t *node, int64_t parts)
{
	if (!json_is_integer(node) && !json_is_boolean(node) && !json_is_array(node))
		return;
	begin(p, m, NULL);
	sample(p, m, "", NULL,
	       json_is_integer(node) ? json_integer_value(node)
	       : json_is_array(node) ? (int64_t)json_array_size(node)
	                             : json_is_true(node),
	       parts);
}

/* Of what the peer says of memberships. */
static void
put_membership(const struct page *p, const struct metric *m, const json_t *from)
{
	put_node(p, m, json_object_get(json_object_get(from, "members"), m->key), 1);
}

/* Of what the peer says of leases, where a key that ends with _ms becomes seconds. */
static void
put_lease(const struct page *p, const struct metric *m, const json_t *from)
{
	bool ms = strlen(m->key) > 3 && strcmp(m->key + strlen(m->key) - 3, "_ms") == 0;

	put_node(p, m, json_object_get(json_object_get(from, "lease"), m->key),
	         ms ? 1000 : 1);
}

/* Where the key begins with a lane, the lane is a label. */
static void
put_counter(const struct page *p, const struct metric *m, const json_t *from)
{
	bool election = strncmp(m->key, "election_", 9) == 0;
	bool learner = strncmp(m->key, "learner_", 8) == 0;
	const struct label lane[] = {{"lane", election ? "election" : "learner"}, {0}};

	put_member(p, m, json_object_get(from, "counters"),
	           election || learner ? lane : NULL);
}

static void
put_histogram(const struct page *p, const struct metric *m, const json_t *from)
{
	const json_t *h = json_object_get(from, m->key), *count;
	const json_t *bounds = json_object_get(h, "bounds_us");
	uint64_t total = 0; /* wraps where an answer is nonsense */
	int64_t sum = 0;
	char text[64];
	size_t i;

	if (json_array_size(bounds) == 0 || !member_i64(h, "sum_us", &sum))
		return;
	begin(p, m, "histogram");
	json_array_foreach (json_object_get(h, "counts"), i, count) {
		const json_t *bound = json_array_get(bounds, i);

		total += (uint64_t)json_integer_value(count);
		snprintf(text, sizeof(text), "%g",
		         (double)json_integer_value(bound) / 1e6);
		sample(p, m, "_bucket",
		       (struct label[]){{"le", bound ? text : "+Inf"}, {0}},
		       (int64_t)total, 1);
	}
	sample(p, m, "_sum", NULL, sum, 1000000);
	sample(p, m, "_count", NULL, (int64_t)total, 1);
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
	       strcmp(member_string(row, "state"), "ready") == 0, 1);
}

static void
put_info(const struct page *p, const struct metric *m, const json_t *row)
{
	const struct label labels[] = {{"process", process_name(row)},
	                               {"version", member_string(row, "version")},
	                               {"program", member_string(row, "program")},
	                               {0}};

	sample(p, m, "", labels, 1, 1);
}

/* Of a duration in ms the page has seconds, of a size in kB bytes. */
static void
put_process(const struct page *p, const struct metric *m, const json_t *row)
{
	const struct label labels[] = {{"process", process_name(row)}, {0}};
	const char *unit = strrchr(m->key, '_');
	bool ms = unit && strcmp(unit, "_ms") == 0, kb = unit && strcmp(unit, "_kb") == 0;
	int64_t value;

	if (member_i64(row, m->key, &value))
		sample(p, m, "", labels, kb ? (int64_t)((uint64_t)value * 1024) : value,
		       ms ? 1000 : 1);
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
			sample(p, m, "", labels, json_integer_value(node), 1);
	}
}

/* A sample for each of the queues or outboxes, after which the metric is named. */
static void
put_queues(const struct page *p, const struct metric *m, const json_t *row)
{
	bool outboxes = strncmp(m->name, "outbox", 6) == 0;
	const json_t *queue;
	int64_t value;
	size_t i;

	json_array_foreach (json_object_get(row, outboxes ? "outboxes" : "queues"), i,
	                    queue) {
		const struct label labels[] = {{"process", process_name(row)},
		                               {"queue", member_string(queue, "name")},
		                               {0}};

		if (member_i64(queue, m->key, &value))
			sample(p, m, "", labels, value, 1);
	}
}

/* Of two processes of one name only the first counts: conclaved's own may wait while
 * somebody has started one by hand. */
static void
put_processes(const struct page *p, const struct metric *m)
{
	const json_t *rows = json_object_get(p->said[SERVER], "processes"), *row, *other;
	size_t i, k;

	begin(p, m, NULL);
	json_array_foreach (rows, i, row) {
		json_array_foreach (rows, k, other) {
			if (strcmp(process_name(other), process_name(row)) == 0)
				break;
		}
		if (k == i)
			m->put(p, m, row);
	}
}

/* ---- the table ---- */

static const struct metric metrics[] = {
    {"verdict", "Health of this server: 0 healthy, 1 degraded, 2 failing", SERVER,
     put_verdict, NULL},
    {"state", "1 for the state that this server is in", PEER, put_state, NULL},
    {"epoch", "Epoch of the last established leader", PEER, put_number, "epoch"},
    {"round", "Round of the last decided vote", PEER, put_number, "round"},
    {"members_version", "Version of the membership in force", PEER, put_membership,
     "version"},
    {"members_wished", "Version of the membership that the file wishes", PEER,
     put_membership, "wished"},
    {"members_joint", "1 while two memberships count, in a change", PEER, put_membership,
     "joint"},
    {"members_missing", "Servers that a change or a founding waits for", PEER,
     put_membership, "missing"},
    {"lease_seconds", "What is left of the lease of this server as the leader", PEER,
     put_lease, "ends_ms"},
    {"lease_wanted", "Whether this server asks for a lease", PEER, put_lease, "wanted"},
    {"lease_promises", "Servers that have promised this leader", PEER, put_lease,
     "promised"},
    {"lease_holds", "Programs on this machine that hold the leadership", PEER, put_lease,
     "holds"},
    {"lease_withheld_seconds", "How long a leader waits yet for the end of a lease", PEER,
     put_lease, "withheld_ms"},
    {"lease_patient_seconds", "How long the same leader is waited for yet", PEER,
     put_lease, "patient_ms"},
    {"lease_clocks_differ", "Whether the drift of the clock forbids leases", PEER,
     put_lease, "clocks_differ"},
    {"terms_resumed_total", "Terms that were taken up again after a restart of the peer",
     PEER, put_lease, "resumed"},
    {"leader_info", "The established leader, by its id", PEER, put_leader, NULL},
    {"link_up", "Whether the link to a remote is up", CONNMGR, put_links, "remotes"},
    {"listener_open", "Whether a port of ours is open", CONNMGR, put_links, "listeners"},
    {"tls_links", "Links that stand, by what they prove", CONNMGR, put_tls_links,
     "remotes"},
    {"tls_handshakes_total", "Connections by how they proved who is there", CONNMGR,
     put_handshakes, "tls"},
    {"tls_reload_failed", "Whether the keys could not be read anew", CONNMGR,
     put_tls_error, "tls"},
    {"frames_received_total", "Frames from remotes", CONNMGR, put_counter,
     "election_frames_in"},
    {"frames_received_total", NULL, CONNMGR, put_counter, "learner_frames_in"},
    {"frames_sent_total", "Frames to remotes", CONNMGR, put_counter,
     "election_frames_out"},
    {"frames_sent_total", NULL, CONNMGR, put_counter, "learner_frames_out"},
    {"connections_accepted_total", "Connections that came in", CONNMGR, put_counter,
     "election_accepted"},
    {"connections_accepted_total", NULL, CONNMGR, put_counter, "learner_accepted"},
    {"activations_total", "Workers that became the ones that count", CONNMGR, put_counter,
     "activations"},
    {"worker_links_lost_total", "Links between connmgr and a worker that were lost",
     CONNMGR, put_counter, "links_lost"},
    {"elections_total", "Elections that the elector was asked for", ELECTOR, put_counter,
     "elections"},
    {"rounds_total", "Rounds that our votes were in", ELECTOR, put_counter, "rounds"},
    {"decisions_total", "Answers of the elector to the peer", ELECTOR, put_counter,
     "decided"},
    {"doubts_total", "Times that the leader was found to be looking itself", ELECTOR,
     put_counter, "doubts"},
    {"looks_total", "Times that the peer asked for an election", PEER, put_counter,
     "looks"},
    {"leader_changes_total", "Times that a leader other than the last was established",
     PEER, put_counter, "leader_changes"},
    {"epoch_writes_total", "Writes of an epoch", PEER, put_counter, "writes"},
    {"epoch_write_failures_total", "Writes of an epoch that failed", PEER, put_counter,
     "writes_failed"},
    {"decide_seconds", "From a look to the election's answer", ELECTOR, put_histogram,
     "decide"},
    {"establish_seconds", "From beginning to look to an established leader", PEER,
     put_histogram, "establish"},
    {"process_up", "Whether a process is ready and answers", EACH, put_up, NULL},
    {"process_info", "What a process is: version and program", EACH, put_info, NULL},
    {"process_uptime_seconds", "Since the process was started", EACH, put_process,
     "uptime_ms"},
    {"process_resident_memory_bytes", "Resident memory", EACH, put_process, "rss_kb"},
    {"process_cpu_seconds_total", "Processor time, user and system", EACH, put_process,
     "cpu_ms"},
    {"process_threads", "Threads", EACH, put_process, "threads"},
    {"process_open_fds", "Open descriptors", EACH, put_process, "descriptors"},
    {"process_loop_lag_seconds", "How late the loop was, the worst of the last minute",
     EACH, put_process, "lag_ms"},
    {"process_beat_age_seconds", "Since the last sign of life", EACH, put_process,
     "beat_age_ms"},
    {"process_generation", "Which process of its role it is; 0 for none", EACH,
     put_process, "generation"},
    {"process_restarts_total", "Processes that were started after the first", EACH,
     put_process, "restarts"},
    {"process_failures", "Deaths in a row", EACH, put_process, "failures"},
    {"process_ends_total", "Ends of a process, by cause", EACH, put_members,
     "restarts_by"},
    {"drops_total", "What was refused, replaced or thrown away, by reason", EACH,
     put_members, "drops"},
    {"queue_messages", "What waits between two processes", EACH, put_queues, "length"},
    {"queue_bound_messages", "What may wait there", EACH, put_queues, "bound"},
    {"queue_drops_total", "What was dropped there", EACH, put_queues, "drops"},
    {"outbox_bytes", "What waits for remotes", EACH, put_queues, "length"},
};

void
metrics_put(const json_t *health, const struct asks *asks, struct buf_out *out)
{
	struct page p = {
	    .out = out, .said[SERVER] = health, .said[ELECTOR] = asks_elector(asks)};

	for (unsigned i = 0; i < asks->count; i++) {
		const char *who = member_string(asks->list[i].answer, "who");

		if (strcmp(who, "connmgr") == 0)
			p.said[CONNMGR] = asks->list[i].answer;
		else if (strcmp(who, "peer") == 0)
			p.said[PEER] = asks->list[i].answer;
	}
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *m = &metrics[i];

		if (m->who == EACH)
			put_processes(&p, m);
		else if (p.said[m->who])
			m->put(&p, m, p.said[m->who]);
	}
	buf_put_text(out, "# EOF\n");
}
