/* Host names to addresses without waiting (glibc's getaddrinfo_a, as in
 * connmgr/resolve). */
#ifndef CTL_LOOKUP_H
#define CTL_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>

struct lookup;

/* Starts one; `wake` (an eventfd) becomes readable when it is done. A number is done at
 * once. NULL: no memory or no thread. */
struct lookup *lookup_start(const char *host, int wake);

/* True: it is done; `found` has the addresses, which live as long as the look-up, or NULL
 * with `why`. */
bool lookup_done(struct lookup *l, const struct addrinfo **found, const char **why);

/* Also one that is under way: glibc then writes to `wake` once more. NULL is fine. */
void lookup_free(struct lookup *l);

#endif
