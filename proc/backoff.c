/* See backoff.h. */
#include "proc/backoff.h"

#include "base/clock.h"
#include "base/delay.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define PATH_ROOM (CONF_RUN_DIR_MAX + 160)
#define READY_MS  30000

/* The deaths in a row, that of the last process included. */
static unsigned
deaths_before(const char *path, const struct conf *c)
{
	uint64_t now_ms = clock_ms(), started_ms;
	char text[64];
	unsigned deaths;
	size_t len;

	if (file_read(path, text, sizeof(text), &len) < 0 ||
	    sscanf(text, "%u %" SCNu64, &deaths, &started_ms) != 2)
		return 0;
	if (started_ms > now_ms) /* of an earlier boot, or not written by us */
		return 0;
	if (now_ms - started_ms < c->supervisor.restart_reset_ms && deaths < UINT_MAX)
		return deaths + 1;
	return 1;
}

void
backoff_wait(const struct conf *c, const char *folder)
{
	char path[PATH_ROOM], text[64];
	unsigned deaths;
	uint64_t wait_ms;
	int len, r;

	if (!getenv("NOTIFY_SOCKET") || getenv("CONCLAVE_PARENT"))
		return;
	paths_below(path, sizeof(path), c->run_dir, folder, "starts");
	deaths = deaths_before(path, c);
	wait_ms = delay_after(deaths, c->supervisor.restart_min_ms,
	                      c->supervisor.restart_max_ms);
	if (wait_ms > 0) {
		const struct timespec wait = {.tv_sec = (time_t)(wait_ms / 1000),
		                              .tv_nsec =
		                                  (long)(wait_ms % 1000) * 1000000};

		log_notice("%u deaths in a row: waiting %" PRIu64 " ms", deaths, wait_ms);
		/* the time to become ready begins after the wait */
		sd_notifyf(0,
		           "STATUS=waiting %" PRIu64 " ms after %u deaths in a row\n"
		           "EXTEND_TIMEOUT_USEC=%" PRIu64,
		           wait_ms, deaths, (wait_ms + READY_MS) * 1000);
		clock_nanosleep(CLOCK_BOOTTIME, 0, &wait, NULL);
	}
	len = snprintf(text, sizeof(text), "%u %" PRIu64 "\n", deaths, clock_ms());
	r = file_write(path, text, (size_t)len, false);
	if (r < 0 && r != -ENOENT) /* the first start: the folder is made later */
		log_warning("%s: %s", path, strerror(-r));
}

void
backoff_forget(const struct conf *c, const char *folder)
{
	char path[PATH_ROOM];

	paths_below(path, sizeof(path), c->run_dir, folder, "starts");
	unlink(path);
}
