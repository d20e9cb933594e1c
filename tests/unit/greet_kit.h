/* A lane that closes who has greeted (connmgr/greet), at a port of loopback. */
#ifndef TESTS_UNIT_GREET_KIT_H
#define TESTS_UNIT_GREET_KIT_H

#include "connmgr/greet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void
on_greeted(void *user, int64_t sid, struct stream *s, const unsigned char *early,
           size_t early_len)
{
	(void)user;
	(void)sid;
	(void)early;
	(void)early_len;
	stream_close(s);
}

static inline void
on_port(void *user)
{
	(void)user;
}

/* A port of loopback that was free a moment ago. */
static inline uint16_t
free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static const struct greet_ops greet_ops = {on_greeted, on_port};

#endif
