/* The version of the programs, as `--version` and status show it. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define CONCLAVE_VERSION "0.1.0"

#endif
