/* Opens the file of a program so that what is executed is what was checked. */
#ifndef SWAP_PROGRAM_FILE_H
#define SWAP_PROGRAM_FILE_H

#include "swap/record.h"

#define PROGRAM_WHY_MAX 512

/* Opens `path` for reading if nobody but root and our own user can put something else in
 * its place: each folder, link and the file itself is owned by one of them, and nobody
 * else may write there (a folder may be sticky, as /tmp is: there only the owner of an
 * entry can replace it). The file is a regular one, may be executed, and has no
 * set-user-ID or set-group-ID bit. `real` is its path without links. 0: `fd`, for the
 * caller to close, is what execveat(2) takes; 1: `why` says what is wrong where, and what
 * to do. */
int program_file_open(const char *path, int *fd, char real[RECORD_PATH_MAX],
                      char why[PROGRAM_WHY_MAX]);

#endif
