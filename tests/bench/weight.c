/* What one server weighs: memory (PSS) and threads of its whole tree, processor time when
 * nothing happens. */
#include "tests/bench/bench.h"
#include "tests/bench/series.h"

#include "base/clock.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MS 10000

static const char *const names[] = {"conclaved", "connmgr", "elector", "peer"};

/* The number behind `key` in /proc/PID/FILE. */
static double
proc_number(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	double value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = atof(line + strlen(key));
	if (f)
		fclose(f);
	return value;
}

/* Nanoseconds on a processor, all threads. */
static double
cpu_ns(pid_t pid)
{
	char path[64], file[384];
	double sum = 0, ns;
	struct dirent *entry;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	while (d && (entry = readdir(d))) {
		FILE *f;

		snprintf(file, sizeof(file), "%s/%s/schedstat", path, entry->d_name);
		f = entry->d_name[0] == '.' ? NULL : fopen(file, "re");
		if (f && fscanf(f, "%lf", &ns) == 1)
			sum += ns;
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return sum;
}

int
bench_weight(const struct bench *b, const char *ipc)
{
	struct series *pss =
	    series_new("KiB", "memory of one server's tree (PSS), %s", ipc);
	struct series *threads =
	    series_new("threads", "  threads of one server's tree, %s", ipc);
	struct series *cpu =
	    series_new("% of a core", "  idle CPU of one server's tree, 10 s, %s", ipc);
	struct lab *l = bench_ensemble(b, ipc, 3, NULL);
	double before[4] = {0}, busy;
	uint64_t until, start;
	unsigned id;

	if (!l)
		return 1;
	until = clock_ms() + 2000; /* the election's own work is not idle */
	while (lab_next(l, until, &id) != LAB_LATE)
		;
	for (id = 1; id <= 3; id++) {
		pid_t pids[4];
		double kib = 0, count = 0;

		lab_pids(l, id, names, 4, pids);
		for (int i = 0; i < 4; i++) {
			kib += proc_number(pids[i], "smaps_rollup", "Pss:");
			count += proc_number(pids[i], "status", "Threads:");
			before[id] += cpu_ns(pids[i]);
		}
		series_add(pss, kib);
		series_add(threads, count);
	}
	start = clock_us();
	until = clock_ms() + IDLE_MS;
	while (lab_next(l, until, &id) != LAB_LATE)
		;
	for (id = 1; id <= 3; id++) {
		pid_t pids[4];

		lab_pids(l, id, names, 4, pids);
		busy = -before[id];
		for (int i = 0; i < 4; i++)
			busy += cpu_ns(pids[i]);
		series_add(cpu, 100 * busy / 1000 / (double)(clock_us() - start));
	}
	lab_stop_all(l, 20000);
	lab_free(l);
	series_print(pss, stdout);
	series_print(threads, stdout);
	series_print(cpu, stdout);
	return 0;
}
