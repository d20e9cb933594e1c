/* The exit statuses of all programs, as sysexits.h numbers them where it has one. */
#ifndef BASE_EXIT_H
#define BASE_EXIT_H

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 64,
	EXIT_NO_ANSWER = 69,
	/* Start the program again: it cannot mend itself. */
	EXIT_AGAIN = 75,
	/* A folder cannot be used: it has another owner, or is none. A person must mend
	   it. */
	EXIT_FOLDER = 73,
	/* This user may not do that. */
	EXIT_NOT_ALLOWED = 77,
	/* The configuration is invalid, or privileges could not be dropped: the program
	 * is not started again until a person asks for it. */
	EXIT_CONFIG = 78,
	/* Another elector took over for good. */
	EXIT_RETIRED = 85,
};

#endif
