/* Checks a program that is to become an elector, its file and what it says of itself,
 * before anything is started. */
#ifndef SWAP_PROGRAM_H
#define SWAP_PROGRAM_H

#include "swap/program_file.h"

#define PROGRAM_VERSION_MAX 32
#define PROGRAM_SAYS_MAX    1024 /* bytes of a self-description */

/* Opens a program that may be executed as an elector: as program_file_open, and it was
 * built for this architecture (so it is no script, which another program would read). */
int program_open(const char *path, int *fd, char real[RECORD_PATH_MAX],
                 char why[PROGRAM_WHY_MAX]);

/* Reads what PROGRAM --describe printed (proc/proc.h). 0; 1: `why` says that the program
 * is no elector, or uses another set of messages. */
int program_judge(const char *says, char version[PROGRAM_VERSION_MAX],
                  char why[PROGRAM_WHY_MAX]);

#endif
