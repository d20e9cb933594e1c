/* What the programs try with the privileges that they have left. */
#ifndef TESTS_RIGHTS_ATTEMPT_H
#define TESTS_RIGHTS_ATTEMPT_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	CONCLAVED = 1,
	CONNMGR = 2,
	ELECTOR = 4,
	PEER = 8,
	WORKERS = CONNMGR | ELECTOR | PEER,
	ALL = CONCLAVED | WORKERS
};

#define CALL_MAX 6
#define ABI      (CALL_MAX - 1)

struct attempt {
	const char *name;
	/* The programs in which it must fail for want of a privilege. */
	unsigned refused;
	/* The programs in which it must succeed; in others it is not tried. */
	unsigned succeeds;
	/* 0: done and undone; or -errno. */
	int (*try)(const struct attempt *a);
	const char *path;
	/* Its number, its arguments; at ABI the first of Landlock that refuses it: with
	 * an older one it is not tried. */
	long call[CALL_MAX];
};

extern const struct attempt attempts[];
extern const unsigned attempt_count;
#define ATTEMPTS_MAX 120

/* Once, before privileges are dropped: `server` is the server's folder, with run/, data/
 * and etc/conclave.conf below; `own` the name of the program's own folder in run/. */
void attempt_prepare(const char *server, const char *own);

/* The address of an abstract socket, at which the server's conclaved listens. */
socklen_t attempt_abstract(struct sockaddr_un *out);

/* The result of an attempt that failed for want of a privilege. */
bool attempt_was_refused(const struct attempt *a, int result);

#endif
