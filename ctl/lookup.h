/* Looks up host names without waiting (glibc's getaddrinfo_a). */
#ifndef CTL_LOOKUP_H
#define CTL_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>

struct lookup;

/* Starts a look-up; `wake` (an eventfd) becomes readable when it is done. For an address
 * in digits it is done at once. NULL: no memory or no thread. */
struct lookup *lookup_start(const char *host, int wake);

/* True: the look-up is done; `found` has the addresses, which live as long as the
 * look-up, or NULL with the reason in `why`. */
bool lookup_done(struct lookup *l, const struct addrinfo **found, const char **why);

/* May be called before it is done: glibc then writes to `wake` later. NULL is fine. */
void lookup_free(struct lookup *l);

#endif
