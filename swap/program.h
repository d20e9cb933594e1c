/* Checks a program that is to become an elector, its file and what it says of itself,
 * before anything is started. */
#ifndef SWAP_PROGRAM_H
#define SWAP_PROGRAM_H

#include "swap/record.h"

#include <stddef.h>

#define PROGRAM_VERSION_MAX 32
#define PROGRAM_WHY_MAX     512
#define PROGRAM_SAYS_MAX    1024 /* bytes of a self-description */

/* Makes `path` absolute and free of links, so that the recorded path names the same file
 * later. 0; 1: `why` says what is wrong with the file and what to do: it is missing, not
 * a program, not executable, built for another architecture, or writable by others. */
int program_check(const char *path, char out[RECORD_PATH_MAX], char why[PROGRAM_WHY_MAX]);

/* Reads what PROGRAM --describe printed (proc/proc.h). 0; 1: `why` says that the program
 * is no elector, or uses another set of messages. */
int program_judge(const char *says, char version[PROGRAM_VERSION_MAX],
                  char why[PROGRAM_WHY_MAX]);

#endif
