/* Resolves host names without blocking the loop (glibc's getaddrinfo_a). A numeric host
 * is answered at once. A name is looked up once at a time, whoever asks for it. */
#ifndef CONNMGR_RESOLVE_H
#define CONNMGR_RESOLVE_H

#include "connmgr/address.h"

#include <systemd/sd-event.h>

struct resolver;

/* A question, in the owner's memory, zeroed at first. `on_answer` is called once for each
 * resolve_ask that returned RESOLVE_LATER, unless resolve_cancel comes first. */
struct resolve_query {
	void (*on_answer)(void *user, const struct address *a); /* NULL: none found */
	void *user;
	uint16_t port;
	unsigned turn; /* which address of several, modulo their number */
	struct resolve_lookup *lookup;
};

enum resolve_result { RESOLVE_NOW, RESOLVE_LATER };

int resolve_new(struct resolver **out, sd_event *loop); /* 0 or -errno */
void resolve_free(struct resolver *r);

/* RESOLVE_NOW: `out` is filled; RESOLVE_LATER; or -errno. */
int resolve_ask(struct resolver *r, struct resolve_query *q, const char *host,
                struct address *out);
void resolve_cancel(struct resolve_query *q); /* also when nothing is asked */

#define NSS_FILE "/etc/nsswitch.conf"
/* Loads early what glibc loads when a name is looked up for the first time: the modules
 * of the name service switch that the file names for hosts (nss_resolve, nss_mdns …), and
 * the unwinder. At that time it is too late, since a program that has dropped its
 * privileges cannot open them. A missing module or file is ignored, as glibc does. */
void resolve_preload(const char *nss_file);

#endif
