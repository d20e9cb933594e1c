/* The lab's own: shared by its files only. */
#ifndef TESTS_LAB_LAB_OWN_H
#define TESTS_LAB_LAB_OWN_H

#include "tests/lab/lab.h"

struct lab_server {
	unsigned id;
	char config[LAB_PATH_MAX];
	char run_dir[LAB_PATH_MAX];
	char log[LAB_PATH_MAX];
	pid_t pid; /* of the conclaved that we started; 0: none */
	int watch; /* the peer's events; -1: not connected */
	uint64_t retry_ms;
	struct lab_state state;
};

struct lab {
	char dir[LAB_PATH_MAX];
	bool made_dir;             /* under /tmp, ours to remove */
	char memory[LAB_PATH_MAX]; /* likewise, on tmpfs; "": none */
	char program_dir[LAB_PATH_MAX];
	int ports;
	int lock; /* the folder, for us alone */
	int wake_fd;
	unsigned count;
	unsigned turn; /* where lab_next looks first */
	struct lab_server servers[LAB_SERVERS_MAX];
};

struct lab_server *lab_server(struct lab *l, unsigned id);
/* Takes the end of the conclaved that we started; true if it has ended. */
bool lab_reap(struct lab_server *s);
void lab_unwatch(struct lab_server *s);

#endif
