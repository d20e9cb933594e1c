/* Accepts the host names and addresses that both ZooKeeper's text and the resolver
 * accept; see conf_host.h. ZooKeeper's text is `host:port:port:role;client|…`: a host has
 * none of these separators. */
#include "config/conf_host.h"

#include "wire/qaddr.h"
#include "wire/qconfig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

_Static_assert(CONF_HOSTS_MAX == QCONFIG_ADDRS_MAX && CONF_NAME_MAX <= QCONFIG_HOST_MAX,
               "what we accept must fit a struct qconfig");

bool
conf_host_next(const char **rest, char out[CONF_NAME_MAX])
{
	const char *bar = strchr(*rest, '|');
	size_t len = bar ? (size_t)(bar - *rest) : strlen(*rest);
	bool fits = len < CONF_NAME_MAX;

	if (!fits)
		len = CONF_NAME_MAX - 1;
	memcpy(out, *rest, len);
	out[len] = '\0';
	*rest = bar ? bar + 1 : NULL;
	return fits;
}

static bool
is_address(int family, const char *host)
{
	struct in6_addr address;

	return inet_pton(family, host, &address) == 1;
}

/* Removes the brackets of an address in place. NULL, or what is wrong. */
static const char *
check_bracketed(char *host)
{
	size_t len = strlen(host);

	if (host[len - 1] != ']')
		return "a [ has no ] at the end; write an IPv6 address as \"::1\" or "
		       "\"[::1]\", without a port";
	host[len - 1] = '\0';
	memmove(host, host + 1, len - 1);
	return is_address(AF_INET6, host)
	           ? NULL
	           : "what stands in brackets is no IPv6 address; write one, or "
	             "leave the brackets out";
}

static const char *
check_one(char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	static const char digits[] = "0123456789.";

	if (host[0] == '\0')
		return "a host is empty; write a name or an address, and | between "
		       "several only";
	if (host[0] == '[')
		return check_bracketed(host);
	if (strchr(host, ':'))
		return is_address(AF_INET6, host)
		           ? NULL
		           : "a : stands in what is no IPv6 address; write the "
		             "ports as quorum_port and election_port";
	if (host[strspn(host, letters)] != '\0')
		return "a host has a character that is not of a name or an address; "
		       "write letters, digits, '.', '-', '_'";
	/* Java and the resolver read `10.1` and `010.0.0.1` as different addresses. */
	if (host[strspn(host, digits)] == '\0' && !is_address(AF_INET, host))
		return "a host of digits is no IPv4 address; write four numbers up to "
		       "255 without leading zeros";
	return NULL;
}

/* The form of a host that is compared. */
static void
canonical(const char *host, char out[CONF_NAME_MAX])
{
	if (!qaddr_canonical((struct qaddr_text){host, strlen(host)}, out, CONF_NAME_MAX))
		strcpy(out, host);
}

static bool
has_host(const char *hosts, const char *host)
{
	char one[CONF_NAME_MAX], form[CONF_NAME_MAX], wanted[CONF_NAME_MAX];

	canonical(host, wanted);
	while (hosts) {
		conf_host_next(&hosts, one);
		canonical(one, form);
		if (strcasecmp(form, wanted) == 0)
			return true;
	}
	return false;
}

const char *
conf_host_read(const char *text, char *out, size_t cap)
{
	const char *rest = text, *wrong;
	char host[CONF_NAME_MAX];
	unsigned count = 0;
	size_t used = 0;

	out[0] = '\0';
	while (rest) {
		if (!conf_host_next(&rest, host))
			return "a host is longer than 253 characters; write a shorter "
			       "name";
		wrong = check_one(host);
		if (wrong)
			return wrong;
		if (count == CONF_HOSTS_MAX)
			return "there are more than 8 hosts; write at most 8";
		if (count > 0 && has_host(out, host))
			return "a host is named twice; write each once";
		if (used + strlen(host) + 2 > cap)
			return "the hosts are too long together; write fewer";
		if (count++ > 0)
			out[used++] = '|';
		strcpy(out + used, host);
		used += strlen(host);
	}
	return NULL;
}

bool
conf_host_is_wildcard(const char *hosts)
{
	char host[CONF_NAME_MAX];

	while (hosts) {
		conf_host_next(&hosts, host);
		if (qaddr_is_wildcard((struct qaddr_text){host, strlen(host)}))
			return true;
	}
	return false;
}

static bool
is_loopback(const char *host)
{
	char form[CONF_NAME_MAX];
	struct in_addr v4;
	struct in6_addr v6;

	if (strcasecmp(host, "localhost") == 0 || strcasecmp(host, "localhost.") == 0)
		return true;
	canonical(host, form);
	if (inet_pton(AF_INET, form, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	return inet_pton(AF_INET6, form, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool
conf_host_is_loopback(const char *hosts)
{
	char host[CONF_NAME_MAX];

	while (hosts) {
		conf_host_next(&hosts, host);
		if (!is_loopback(host))
			return false;
	}
	return true;
}

bool
conf_host_shared(const char *a, const char *b)
{
	char host[CONF_NAME_MAX];

	while (a) {
		conf_host_next(&a, host);
		if (has_host(b, host))
			return true;
	}
	return false;
}
