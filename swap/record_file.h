/* connmgr's record of the electors, read from its file by who drives a swap. */
#ifndef SWAP_RECORD_FILE_H
#define SWAP_RECORD_FILE_H

#include "swap/record.h"

#define RECORD_DAMAGED 1

/* 0, RECORD_DAMAGED, or -errno (-ENOENT: there is none yet); `out` is untouched then. */
int record_load(const char *data_dir, struct record *out);

#endif
