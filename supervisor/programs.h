/* Which program belongs to the name of an elector: conclaved's own list, in
 * data_dir/conclaved/programs. A name gets its program when an administrator asks for a
 * swap, and in no other way: connmgr's record, which a worker writes, says only which
 * name is in use.
 *
 *     conclave programs 1
 *     e2 /opt/conclave/elector
 *     end */
#ifndef SUPERVISOR_PROGRAMS_H
#define SUPERVISOR_PROGRAMS_H

#include "config/conf.h"
#include "swap/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

/* This name has always the installed program. */
#define PROGRAMS_MAIN "main"
/* The one in use, the one before, the one before that, and a candidate. */
#define PROGRAMS_MAX      4
#define PROGRAMS_TEXT_MAX (PROGRAMS_MAX * (RECORD_PATH_MAX + PATHS_NAME_MAX + 2) + 64)

struct programs {
	unsigned count;
	/* the newest is the last */
	struct record_program list[PROGRAMS_MAX];
};

/* The path, "" for the installed program; NULL: the name is not known. */
const char *programs_find(const struct programs *p, const char *name);
/* The name gets this program. If there is no room, the oldest goes that is neither `now`
 * nor `before`. */
void programs_put(struct programs *p, const struct record_program *fresh, const char *now,
                  const char *before);

/* Overwrites `text`. False: this is no whole list; `out` is untouched. */
bool programs_parse(char *text, struct programs *out);
/* The length (NUL-terminated), 0 where it does not fit. */
size_t programs_print(const struct programs *p, char *out, size_t cap);

/* Reads the list from conclaved's folder below data_dir. 0 (a list that is missing is
 * empty), 1: it is damaged; -errno (-EPERM: others may write there). `path` is the
 * file's.
 */
int programs_load(const char *data_dir, struct programs *out, char path[CONF_PATH_MAX]);

/* Writes a list beside the loop, since a disk may be slow, and makes the folder. */
struct programs_writer;

/* Calls on_written from the loop, once, when the list is on the disk (0) or with -errno.
 * 0 or -errno. */
int programs_write(struct programs_writer **out, sd_event *loop, const char *path,
                   const struct programs *p, void (*on_written)(void *user, int error),
                   void *user);
/* Never waits: what a disk that hangs may still need stays allocated. on_written is not
 * called any more. NULL is allowed. */
void programs_writer_close(struct programs_writer *w);

#endif
