/* TCP as connmgr uses it: every system call on a network socket that is not a plain send
 * or recv. No state, no policy. Descriptors are non-blocking and close-on-exec. */
#ifndef CONNMGR_SOCK_H
#define CONNMGR_SOCK_H

#include "config/conf.h"
#include "connmgr/link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define SOCK_TEXT_MAX 64 /* of an address, with its port and NUL */

struct sock_address {
	struct sockaddr_storage any;
	socklen_t len;
};

/* Raises the soft limit of descriptors to the hard one. Returns how many greetings of one
 * port there is room for beside all else that connmgr may hold: handshakes_max, or fewer.
 */
unsigned sock_greetings_max(const struct conf *c);

/* A host that is written as a number, [v6] too. False: it is a name. */
bool sock_numeric(const char *host, uint16_t port, struct sock_address *out);
void sock_set_port(struct sock_address *a, uint16_t port);
/* `1.2.3.4:3888`, `[::1]:3888`, as the initial message has it. */
void sock_text(const struct sock_address *a, char out[SOCK_TEXT_MAX]);
/* Our side's address of a connection, with another port. */
int sock_own_address(int fd, uint16_t port, struct sock_address *out);

int sock_listen(const struct sock_address *a); /* a descriptor or -errno */
/* A connection, or -errno (-EAGAIN: none waits). Without descriptors it gives up the
 * `reserve` to close one that waits (-EMFILE), and gets it back. -ENOBUFS: it cannot even
 * do that, and whoever waits will wake us again and again. */
int sock_accept(int listener, int *reserve, const struct conf *c);
int sock_reserve(void); /* a descriptor to have in reserve, or -errno */

/* Begins to connect: a descriptor or -errno (an immediate refusal). */
int sock_connect(const struct sock_address *a, const struct conf *c);
/* 0: it stands, -EINPROGRESS: not yet; else why not. */
int sock_connected(int fd);

/* Why, in the words of the links: of an attempt to connect, of a connection. */
enum msg_reason sock_dial_reason(int error);
enum msg_reason sock_end_reason(int error);

#endif
