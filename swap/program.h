/* A program that may become an elector: is its file fit to be run, and what does it say
 * of itself? Everything that can be refused is refused before anything happens. */
#ifndef SWAP_PROGRAM_H
#define SWAP_PROGRAM_H

#include "swap/record.h"

#include <stddef.h>

#define PROGRAM_VERSION_MAX 32
#define PROGRAM_WHY_MAX     512
#define PROGRAM_SAYS_MAX    1024 /* bytes of a self-description */

/* `path` is made absolute and free of links, so that what is recorded stays what it was.
 * 0; 1: `why` says what is wrong with the file, and what to do: not there, no program,
 * not executable, for another architecture, writable by others. */
int program_check(const char *path, char out[RECORD_PATH_MAX], char why[PROGRAM_WHY_MAX]);

/* Reads what PROGRAM --describe printed (proc/proc.h). 0; 1: `why` says that it is no
 * elector, or speaks another set of messages. */
int program_judge(const char *says, char version[PROGRAM_VERSION_MAX],
                  char why[PROGRAM_WHY_MAX]);

#endif
