/* One connection to the peer's door: it neither waits nor raises a signal, and is closed
 * in a program that is started. */
#ifndef LIB_KNOCK_H
#define LIB_KNOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

struct knock_path {
	struct sockaddr_un address;
};

/* run_dir/peer/door. 0 or -ENAMETOOLONG. */
int knock_path_init(struct knock_path *p, const char *run_dir);
/* Connects, and says `request` with a copy of the descriptor `pass` (-1: none). The
 * connection, or -errno: -EAGAIN: too many knock just now. */
int knock(const struct knock_path *p, const char *request, int pass);
/* Says one more, with a copy of the descriptor `pass` (-1: none). 0 or -errno. */
int knock_say(int conn, const char *request, int pass);
/* Takes one packet, with a NUL behind it. 0; -EAGAIN: there is none; -EMSGSIZE: it was
 * too long, and is lost; else -errno: the connection has ended. `fd`: what came with it,
 * or -1. */
int knock_take(int conn, char *text, size_t cap, int *fd);
/* Ends the connection, though a child of fork has a copy of it, and takes it from
 * `epoll`, which would have it for as long as the child. */
void knock_end(int conn, int epoll);

#define KNOCK_MS UINT64_C(1000000)
/* CLOCK_BOOTTIME. */
uint64_t knock_now_ns(void);
/* When so many ms from now have passed; UINT64_MAX where the number is below 0. */
uint64_t knock_due_ns(int timeout_ms);
/* How much of `left_ns` a poll may wait at a time: it does not count the time while the
 * machine is suspended. */
uint64_t knock_nap_ns(uint64_t left_ns);

#endif
