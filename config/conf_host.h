/* The hosts of a server: names and addresses, with | between them. */
#ifndef CONFIG_CONF_HOST_H
#define CONFIG_CONF_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define CONF_HOSTS_MAX 8   /* of one server */
#define CONF_NAME_MAX  254 /* of one host, with the NUL */

/* Copies the next host and moves `*rest` behind it, or sets it to NULL behind the last
 * one. False: the host is too long; `out` holds its beginning. */
bool conf_host_next(const char **rest, char out[CONF_NAME_MAX]);

/* Checks hosts as they are written, and copies them without the brackets of IPv6
 * addresses. NULL, or what is wrong and what to write instead. */
const char *conf_host_read(const char *text, char *out, size_t cap);

/* Whether one of the hosts is 0.0.0.0 or ::. */
bool conf_host_is_wildcard(const char *hosts);
/* Whether all of the hosts are localhost, or addresses of the loopback interface. */
bool conf_host_is_loopback(const char *hosts);
/* Whether `a` and `b` have a host in common. */
bool conf_host_shared(const char *a, const char *b);

#endif
