/* The hosts of a server: names and addresses, with | between several. */
#ifndef CONFIG_CONF_HOST_H
#define CONFIG_CONF_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define CONF_HOSTS_MAX 8   /* of one server */
#define CONF_NAME_MAX  254 /* of one host, with the NUL */

/* Cuts the next host off `*rest`, which becomes NULL behind the last one. False: it is
 * too long; `out` holds its beginning. */
bool conf_host_next(const char **rest, char out[CONF_NAME_MAX]);

/* Checks what was written and copies it without the brackets of IPv6 addresses; `cap` is
 * more than its length. NULL, or what is wrong and what to write instead. */
const char *conf_host_read(const char *text, char *out, size_t cap);

bool conf_host_is_wildcard(const char *hosts);       /* one of them is 0.0.0.0, :: */
bool conf_host_shared(const char *a, const char *b); /* a host is in both */

#endif
