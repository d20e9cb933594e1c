/* Which version of a file it is, and news when there is another: a worker that refused
 * the configuration is tried again with the next one only. */
#ifndef SUPERVISOR_STAMP_H
#define SUPERVISOR_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct stamp { /* all zero: there is no such file */
	uint64_t device;
	uint64_t inode;
	int64_t size;
	int64_t mtime_s;
	int64_t mtime_ns;
};

struct stamp stamp_take(const char *path);
bool stamp_same(const struct stamp *a, const struct stamp *b);

struct stamp_watch;

/* Calls `on_touched` when something happened to a file of that name in its folder,
 * changed or not. What a symbolic link leads to elsewhere is not seen. 0 or -errno. */
int stamp_watch_open(struct stamp_watch **out, sd_event *loop, const char *path,
                     void (*on_touched)(void *user), void *user);
void stamp_watch_close(struct stamp_watch *w); /* NULL ok */

#endif
