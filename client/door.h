/* The asking side of a control socket: one question and its answers, as a state machine
 * that never waits. Its owner polls `fd` for client_events, for several questions in one
 * poll or loop if need be, and calls client_step when the descriptor is ready or
 * client_due_ms has come. Times are of base/clock. It uses no global and no heap. */
#ifndef CLIENT_DOOR_H
#define CLIENT_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of client_step: no answer yet. */
#define CLIENT_WAITS 1

struct client {
	/* -1: not connected. Until the question was sent the listener's backlog may be
	 * full, of which the kernel tells nobody when it has room again. */
	int fd;
	bool sent;
	/* The process that listens, as the kernel says; 0: not connected. */
	pid_t pid;
	uint64_t retry_ms;
	/* client_step fails with -ETIMEDOUT from here on. Set it anew for the next
	 * answer; UINT64_MAX: never. */
	uint64_t due_ms;
	/* borrowed until the question was sent */
	const char *path;
	const char *request;
	/* goes with the question; PASS_NONE (ipc/pass.h): none does */
	int pass;
	/* came with the last answer; PASS_NONE: none did, or it was taken */
	int passed;
};

/* Connects to the control socket at `path`, and sends `request`: one packet. 0, or -errno
 * and nothing is left to end: -ENOENT and -ECONNREFUSED where no process listens. */
int client_begin(struct client *c, const char *path, const char *request, uint64_t now_ms,
                 uint64_t due_ms);

/* The same, and a copy of the descriptor `pass` goes with the question: it is borrowed
 * until the question was sent. */
int client_begin_with(struct client *c, const char *path, const char *request, int pass,
                      uint64_t now_ms, uint64_t due_ms);

/* Asks once more over the connection, which is not closed; client_step sends it. A
 * packet that was said before is still an answer of client_step. `request` is borrowed
 * until it was sent. */
void client_again(struct client *c, const char *request, uint64_t due_ms);

/* The descriptor that came with the last answer: the caller's to close from now on. What
 * is not taken before the next answer is closed. PASS_NONE: none. */
int client_take_passed(struct client *c);

/* What to poll `fd` for; with an `fd` of -1 there is only the time to wait for. */
short client_events(const struct client *c);
/* When client_step must be called at the latest. */
uint64_t client_due_ms(const struct client *c);

/* 0: an answer of `len` bytes, at most `cap` - 1, and a final NUL; the next one may be
 * waited for. CLIENT_WAITS. Or -errno, and the connection is closed: -ETIMEDOUT,
 * -ECONNRESET where the other side has closed it, -EMSGSIZE. */
int client_step(struct client *c, uint64_t now_ms, char *reply, size_t cap, size_t *len);

/* Closes the connection. May be called twice. */
void client_end(struct client *c);

#endif
