/* The address of a server: where it is numeric, as text and as the kernel has it. */
#ifndef CONNMGR_ADDRESS_H
#define CONNMGR_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 64 /* with its port and NUL */

struct address {
	struct sockaddr_storage any;
	socklen_t len; /* 0: not known */
};

/* A host that is written as a number, also `[v6]`. False: it is a name. */
bool address_parse(const char *host, uint16_t port, struct address *out);
uint16_t address_port(const struct address *a);
void address_set_port(struct address *a, uint16_t port);
bool address_same(const struct address *a, const struct address *b);
/* `1.2.3.4:3888`, `[::1]:3888`, as the initial message has it. */
void address_text(const struct address *a, char out[ADDRESS_TEXT_MAX]);

#endif
