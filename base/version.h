/* The version of all programs, which `--version` and status show. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define CONCLAVE_VERSION "0.1.0"

#endif
