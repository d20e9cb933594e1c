/* connmgr's record of who is active, as text lines in run_dir/connmgr, with a copy of the
 * elector's in data_dir/connmgr. connmgr alone writes both (docs/DESIGN.md, section Rules
 * that make crashes cheap); conclaved and `conclave swap` read them to learn which
 * elector to start. Pure.
 *
 *     conclave record 2
 *     generation 12
 *     name e2
 *     before main                      (the elector to go back to; may be missing)
 *     accepted no                      (missing: yes)
 *     end
 *
 * It has no paths: which program belongs to a name is known to who starts it
 * (supervisor/programs.h, or systemd), since connmgr must not choose what is executed.
 * What follows the name in a line of record 1 is passed over, and so are unknown lines,
 * since later versions may write more. */
#ifndef SWAP_RECORD_H
#define SWAP_RECORD_H

#include "base/paths.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_PATH_MAX       1024 /* with the final NUL */
#define RECORD_TEXT_MAX       4096
#define RECORD_GENERATION_MAX INT64_MAX

struct record_program {
	/* "": there is none */
	char name[PATHS_NAME_MAX];
	/* "": the installed one; not in the record, but filled in by who reads it */
	char path[RECORD_PATH_MAX];
};

struct record {
	/* 0: there is no record */
	uint64_t generation;
	struct record_program now;
	struct record_program before;
	bool accepted;
};

/* May it be the path of a program? It is absolute, without control characters, and fits
 * in RECORD_PATH_MAX. */
bool record_path_ok(const char *path);

/* Overwrites `text`. False: this is no whole record; `out` is untouched. */
bool record_parse(char *text, struct record *out);
/* The length (NUL-terminated), 0 where it does not fit. */
size_t record_print(const struct record *r, char *out, size_t cap);

enum record_turn {
	RECORD_FORWARD,
	/* The new program failed: it must not be the one to go back to. */
	RECORD_BACK,
	/* A person wants the old program, and may want the new one again. */
	RECORD_UNDO,
};

/* `name` takes the place of the program in use, which becomes the one before. A program
 * that comes back needs no probation. */
void record_promote(struct record *r, const char *name, enum record_turn turn);

#endif
