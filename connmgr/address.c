/* See address.h. */
#include "connmgr/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

bool
address_parse(const char *host, uint16_t port, struct address *out)
{
	struct address a = {.len = 0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.any;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.any;
	char bare[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(bare))
		return false;
	memcpy(bare, host, len);
	bare[len] = '\0';
	if (inet_pton(AF_INET, bare, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		a.len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, bare, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		a.len = sizeof(*v6);
	} else {
		return false;
	}
	address_set_port(&a, port);
	*out = a;
	return true;
}

/* Both families have their port at the same place. */
uint16_t
address_port(const struct address *a)
{
	return ntohs(((const struct sockaddr_in *)&a->any)->sin_port);
}

void
address_set_port(struct address *a, uint16_t port)
{
	((struct sockaddr_in *)&a->any)->sin_port = htons(port);
}

bool
address_same(const struct address *a, const struct address *b)
{
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)&a->any;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)&b->any;

	if (a->any.ss_family != b->any.ss_family || address_port(a) != address_port(b))
		return false;
	if (a->any.ss_family == AF_INET6)
		return memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
	return ((const struct sockaddr_in *)&a->any)->sin_addr.s_addr ==
	       ((const struct sockaddr_in *)&b->any)->sin_addr.s_addr;
}

void
address_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->any;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->any;
	char host[INET6_ADDRSTRLEN] = "";
	bool six = a->any.ss_family == AF_INET6;

	if (six && !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", host, address_port(a));
		return;
	}
	inet_ntop(AF_INET,
	          six ? (const void *)(v6->sin6_addr.s6_addr + 12) : &v4->sin_addr, host,
	          sizeof(host));
	snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", host, address_port(a));
}
