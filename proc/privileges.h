/* What a program gives up for good once it has read its configuration: the gain of new
 * privileges, files (by Landlock) and system calls (by seccomp). All of it binds the
 * calling thread and those that it starts, so it comes before any other thread. */
#ifndef PROC_PRIVILEGES_H
#define PROC_PRIVILEGES_H

#include "config/conf.h"

#include <stdbool.h>
#include <stdint.h>

#define PRIVILEGES_PATHS_MAX 4

/* What a program keeps. */
struct privileges {
	/* TCP, and the look-up of names with all that it reads. */
	bool network;
	/* With `network`: the ports of TCP at which it listens; 0: the end of the list.
	 * None: any port, for a server whose own address is not known at the start. It
	 * connects to any port, since the members of a group change. */
	uint16_t listens[2 + 1];
	/* Files may be written; else only sockets may be made. */
	bool files;
	/* Folders in which all may be done; missing ones are made (file_make_dir). The
	 * first becomes the current folder, so that a core file can be written there,
	 * where nobody else can read it. */
	const char *own[PRIVILEGES_PATHS_MAX];
	/* Files that may be read again, also when others were put in their places: their
	 * folders may be read, and the folders of what they link to. "": none. */
	const char *read[PRIVILEGES_PATHS_MAX];
};

/* 0; -errno: a folder cannot be used, which may change by itself; PRIVILEGES_REFUSED: the
 * kernel, or the sandbox around us, does not let privileges be dropped, and a person has
 * to act. The log says why. A kernel without Landlock is no failure. */
int privileges_drop(const struct privileges *keep);
#define PRIVILEGES_REFUSED 1

/* conclaved gives up what none of its children ever needs, whatever program they are. 0,
 * or PRIVILEGES_REFUSED. */
int privileges_drop_parent(void);

/* The parts. Files: the ABI of the kernel's Landlock, 0 if it has none, or -errno. */
int privileges_files(const struct privileges *keep);
/* System calls: 0 or -errno. */
int privileges_calls(const struct privileges *keep);
int privileges_calls_parent(void);

#endif
