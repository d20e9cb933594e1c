/* What a program gives up for good once it has read its configuration: the gain of new
 * privileges, files (by Landlock), system calls (by seccomp). All of it binds the calling
 * thread and those that it starts, so it comes before any other thread. */
#ifndef PROC_RIGHTS_H
#define PROC_RIGHTS_H

#include "base/file.h"

#include <stdbool.h>

#define RIGHTS_PATHS_MAX 4

struct rights {
	bool network; /* TCP, and the look-up of names with all that it reads */
	bool files;   /* writes files; else it only makes sockets */
	/* Folders in which all may be done, made (file_make_dir) where they are missing.
	 * Where core files go to the current folder they go to the first of them: nobody
	 * else can enter it, and elsewhere none could be written. */
	const char *own[RIGHTS_PATHS_MAX];
	/* Files that may be read again, when others have been put in their places too:
	 * their folders, and those of what they link to. "": none. */
	const char *read[RIGHTS_PATHS_MAX];
};

/* 0; -errno: a folder cannot be used, which may change by itself; RIGHTS_REFUSED: the
 * kernel, or the sandbox around us, does not let rights be dropped: a person has to act,
 * and the configuration is where. Says why in the log. A kernel without Landlock is no
 * failure. */
int rights_drop(const struct rights *r);
#define RIGHTS_REFUSED 1

/* What none of conclaved's children ever needs, whatever program they are: conclaved
 * gives it up for them. 0, or RIGHTS_REFUSED. */
int rights_drop_parent(void);

/* The parts. What may be done with files from now on: the ABI of the kernel's Landlock, 0
 * if it has none, -errno. */
int rights_files(const struct rights *r);
/* Which system calls may be made from now on. 0 or -errno. */
int rights_calls(const struct rights *r);
int rights_calls_parent(void);

#endif
