/* What the benchmarks share; see bench.h. */
#include "tests/bench/bench.h"

#include "base/clock.h"
#include "ipc/door.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 20000

struct lab *
bench_ensemble(const struct bench *b, const char *ipc, unsigned count, const char *extra)
{
	struct lab_options options = {.count = count,
	                              .dir = "build/bench",
	                              .ipc = ipc ? ipc : b->ipc,
	                              .extra = extra,
	                              .wake_fd = -1,
	                              .in_memory = true};
	struct lab *l;

	if (lab_new(&l, &options) < 0)
		return NULL;
	for (unsigned id = 1; id <= count; id++)
		if (lab_start(l, id) < 0)
			goto bad;
	if (lab_wait_leader(l, clock_ms() + WAIT_MS))
		return l;
	fprintf(stderr, "bench: no leader among %u servers\n", count);
bad:
	lab_free(l);
	return NULL;
}

uint64_t
bench_wait_epoch(struct lab *l, unsigned not_id, int64_t epoch)
{
	uint64_t until = clock_ms() + WAIT_MS;
	unsigned id = 0;

	while (clock_ms() < until) {
		const struct lab_state *s;

		if (lab_next(l, until, &id) != LAB_EVENT || id == not_id)
			continue;
		s = lab_state(l, id);
		if (s->active && s->epoch > epoch)
			return s->at_us;
	}
	return 0;
}

/* The process `name` of conclaved's status; NULL where there is no answer. */
static json_t *
ask_process(struct lab *l, unsigned id, const char *name, json_t **root)
{
	size_t at;
	json_t *process;

	*root = lab_ask(l, id, "conclaved");
	json_array_foreach (json_object_get(*root, "processes"), at, process) {
		const char *has = json_string_value(json_object_get(process, "name"));

		if (has && strcmp(has, name) == 0)
			return process;
	}
	return NULL;
}

uint64_t
bench_wait_ready(struct lab *l, unsigned id, const char *worker, pid_t old)
{
	uint64_t until = clock_ms() + WAIT_MS, ready_us = 0;

	while (ready_us == 0 && clock_ms() < until) {
		json_t *root, *p = ask_process(l, id, worker, &root);
		const char *state = json_string_value(json_object_get(p, "state"));
		const json_t *pid = json_object_get(p, "pid");

		if (state && pid && json_integer_value(pid) != old &&
		    strcmp(state, "ready") == 0)
			ready_us =
			    (uint64_t)json_number_value(json_object_get(p, "ready_us"));
		json_decref(root);
		usleep(2000); /* between two looks; the time itself is conclaved's */
	}
	return ready_us;
}

int64_t
bench_epoch(struct lab *l, unsigned id)
{
	return lab_state(l, id)->epoch;
}

int
bench_connect(struct lab *l, unsigned id, const char *port_key)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	FILE *f = fopen(lab_config(l, id), "re");
	char line[1024], want[32];
	int fd = -1;

	snprintf(want, sizeof(want), "id = %u;", id);
	while (f && fgets(line, sizeof(line), f)) {
		const char *port = strstr(line, port_key);

		if (!strchr(line, '{') || !strstr(line, want) || !port)
			continue;
		to.sin_port =
		    htons((uint16_t)atoi(port + strlen(port_key) + strlen(" = ")));
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		break;
	}
	if (f)
		fclose(f);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}
