/* connmgr's record of a role: who counts. Text lines in data_dir/connmgr, written by
 * connmgr alone (design.md, section 4); conclaved and `conclave swap` read it, to know
 * which elector to start. Pure.
 *
 *     conclave record 1
 *     generation 12
 *     name e2
 *     path /opt/conclave/elector       (electors only; missing: the installed one)
 *     before main /usr/libexec/...     (the one to go back to; a path may be missing)
 *     accepted no                      (missing: yes)
 *     end
 *
 * Lines that are not known are passed over: later versions may have more. */
#ifndef SWAP_RECORD_H
#define SWAP_RECORD_H

#include "base/paths.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_PATH_MAX       1024 /* the same */
#define RECORD_TEXT_MAX       4096
#define RECORD_GENERATION_MAX INT64_MAX

struct record_program {
	char name[PATHS_NAME_MAX];  /* "": none */
	char path[RECORD_PATH_MAX]; /* "": the installed one */
};

struct record {
	uint64_t generation; /* 0: there is none */
	struct record_program now;
	struct record_program before;
	bool accepted;
};

/* Absolute, of printable characters, short enough; "" is not. */
bool record_path_ok(const char *path);

/* `text` is scratch afterwards. False: not a whole record; `out` is untouched. */
bool record_parse(char *text, struct record *out);
/* The length (NUL-terminated), 0 where it does not fit. */
size_t record_print(const struct record *r, char *out, size_t cap);

enum record_turn {
	RECORD_FORWARD,
	RECORD_BACK, /* the new one failed: nobody is to go back to that one */
	RECORD_UNDO, /* a person wants the old one, and may want the new one again */
};

/* `name` (with `path`, "" for the installed one) takes the place of the one in use, which
 * becomes the one before. One that comes back was in use already: it needs no probation.
 */
void record_promote(struct record *r, const char *name, const char *path,
                    enum record_turn turn);

#endif
