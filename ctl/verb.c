/* What all verbs need; see verb.h. */
#include "ctl/verb.h"

#include "base/paths.h"
#include "client/door.h"
#include "proc/procfs.h"
#include "view/member.h"
#include "view/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 4096

int
verb_failed(const struct ctl *c, int status, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (c->json)
		verb_print_json(json_pack("{s:i, s:b, s:o}", "schema", STATUS_SCHEMA,
		                          "ok", false, "error", member_of_bytes(text)));
	else
		fprintf(stderr, "conclave: %s\n", text);
	return status;
}

const char *
verb_option(const struct ctl *c, const char *name)
{
	for (unsigned i = 0; c->verb->options[i].name; i++) {
		if (strcmp(c->verb->options[i].name, name) == 0)
			return c->values[i];
	}
	return NULL;
}

void
verb_print_usage(const struct verb *v, FILE *out)
{
	const char *words = v->usage ? v->usage : v->arguments;

	fprintf(out, "%s%s", words ? " " : "", words ? words : "");
	for (const struct verb_option *o = v->options; o->name; o++) {
		if (o->about && !v->usage)
			fprintf(out, " [--%s%s%s]", o->name, o->value ? " " : "",
			        o->value ? o->value : "");
	}
}

int
verb_misused(const struct ctl *c, const char *format, ...)
{
	char text[TEXT_MAX], usage[256] = "";
	FILE *out = fmemopen(usage, sizeof(usage), "w");
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (out) {
		verb_print_usage(c->verb, out);
		fclose(out);
	}
	return verb_failed(c, EXIT_USAGE, "%s: %s\nwrite: conclave [-c FILE] %s%s%s",
	                   c->verb->name, text, c->verb->name, usage,
	                   c->verb->without_json ? "" : " [--json]");
}

/* Anybody may enter run_dir, but not the folders in it. */
bool
verb_may_ask(const struct ctl *c)
{
	const char *run_dir = c->conf->run_dir;
	char folder[CONF_PATH_MAX + 16];

	snprintf(folder, sizeof(folder), "%s/connmgr", run_dir);
	return (access(run_dir, X_OK) == 0 && access(folder, X_OK) == 0) ||
	       errno != EACCES;
}

/* True: conclaved listens, whether it answers or not. */
static bool
is_started(const struct ctl *c)
{
	char path[ASK_PATH_MAX];
	struct client client;
	bool started;

	(void)paths_below(path, sizeof(path), c->conf->run_dir, PATHS_CONCLAVED,
	                  PATHS_DOOR);
	started = client_begin(&client, path, "status", 0, 0) == 0;
	client_end(&client);
	return started;
}

int
verb_no_answer(const struct ctl *c, const char *who)
{
	const char *advice = "start it with: conclaved -c ", *file = c->file;

	if (!verb_may_ask(c)) {
		advice = "only root and the user of these processes may ask them, and "
			 "members of the group that control_group names";
		file = "";
	} else if (is_started(c)) {
		advice = "conclaved runs; to see what is wrong: conclave health -c ";
	} else if (ask_finds_units(c->conf->run_dir)) {
		advice =
		    "each process is a unit of systemd: systemctl status 'conclave*'";
		file = "";
	}
	return verb_failed(c, EXIT_NO_ANSWER,
	                   "no answer from %s of server %lld (%s); %s%s", who,
	                   (long long)c->conf->id, c->conf->run_dir, advice, file);
}

int
verb_demand(const struct ctl *c, const char *folder, const char *request,
            uint64_t patience_ms, const char *unsure, json_t **answer)
{
	static char reply[DOOR_REPLY_MAX + 1];
	char path[ASK_PATH_MAX];
	size_t len;
	int r;

	(void)paths_below(path, sizeof(path), c->conf->run_dir, folder, PATHS_DOOR);
	r = ask_door(path, request, patience_ms, reply, sizeof(reply), &len);
	if (r == -ENOENT || r == -ECONNREFUSED || r == -EACCES)
		return verb_no_answer(c, folder);
	if (r < 0)
		return verb_failed(c, EXIT_NO_ANSWER, "%s: no answer (%s); %s",
		                   c->verb->name, strerror(-r), unsure);
	*answer = json_loads(reply, 0, NULL);
	member_make_plain(*answer);
	if (json_is_object(*answer))
		return 0;
	json_decref(*answer);
	return verb_failed(c, EXIT_FAILED, "%s: the answer is no JSON object; %s",
	                   c->verb->name, unsure);
}

static void
fill(json_t *row, const char *key, int64_t value)
{
	if (value >= 0 && json_is_null(json_object_get(row, key)))
		json_object_set_new(row, key, json_integer(value));
}

void
verb_fill_usage(json_t *processes)
{
	size_t at;
	json_t *row;

	json_array_foreach (processes, at, row) {
		struct procfs_use use;
		int64_t pid;

		if (!member_i64(row, "pid", &pid))
			continue;
		use = procfs_read((pid_t)pid);
		fill(row, "rss_kb", use.rss_kb);
		fill(row, "cpu_ms", use.cpu_ms);
		fill(row, "threads", use.threads);
		fill(row, "descriptors", use.descriptors);
	}
}

int
verb_flush(void)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	clearerr(stdout); /* report it once */
	return errno ? -errno : -EIO;
}

int
verb_flushed(int error, int status)
{
	if (error == 0 || error == -EPIPE)
		return status;
	fprintf(stderr, "conclave: standard output cannot be written: %s\n",
	        strerror(-error));
	return VERB_UNWRITTEN;
}

/* Each program has one writer of JSON: here it is jansson's, which also reads it. The
 * workers, which must not allocate, write their answers with base/json. */
void
verb_print_json(json_t *object)
{
	if (!json_object_get(object, "schema")) { /* the answer of a process */
		json_t *whole = json_pack("{s:i}", "schema", STATUS_SCHEMA);

		json_object_update(whole, object);
		json_decref(object);
		object = whole;
	}
	json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(object);
}

int
verb_file_done(const struct ctl *c, const char *file, int status, const char *key,
               const char *text)
{
	if (c->json)
		verb_print_json(json_pack("{s:i, s:o, s:b, s:o}", "schema", STATUS_SCHEMA,
		                          "file", member_of_bytes(file), "ok",
		                          status == EXIT_OK, key, member_of_bytes(text)));
	else if (status == EXIT_OK)
		fputs(text, stdout);
	else
		fprintf(stderr, "conclave: %s\n", text);
	return status;
}

void
verb_print_time(int64_t ago_us)
{
	struct timespec now;
	struct tm local;
	char text[16];
	int64_t us;
	time_t seconds;

	clock_gettime(CLOCK_REALTIME, &now);
	us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - ago_us;
	seconds = (time_t)(us / 1000000);
	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%H:%M:%S", &local);
	printf("%s.%03d", text, (int)(us / 1000 % 1000));
}
