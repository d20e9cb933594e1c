/* connmgr/greet with TLS: when the first bytes come. */
#include "tests/unit/greet_kit.h"

#include "connmgr/address.h"
#include "connmgr/secure.h"
#include "tls/psk.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define TURNS 200

static struct conf confs[2]; /* who accepts, who dials */
static struct secure *secures[2];
static sd_event *loop;
static struct resolver *resolver;
static struct greet *greet;
static struct stream client;
static bool armed;
static char path[] = "/tmp/test_greet_tls.XXXXXX";

/* In the place of libc's. While `armed` the client speaks in the moment after somebody
 * looked for its first byte. */
ssize_t
recv(int fd, void *data, size_t cap, int flags)
{
	ssize_t n = syscall(SYS_recvfrom, fd, data, cap, flags, NULL, NULL);

	if (n < 0 && errno == EAGAIN && flags & MSG_PEEK && armed) {
		armed = false;
		assert_int_equal(stream_stands(&client), -EINPROGRESS);
		errno = EAGAIN;
	}
	return n;
}

static int
make_group(void **state)
{
	char line[PSK_LINE_MAX], why[TLS_WHY_MAX];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(psk_make(line), 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	close(fd);
	for (int i = 0; i < 2; i++) {
		struct conf *c = &confs[i];

		c->id = i + 1;
		c->server_count = 1;
		c->self = &c->servers[0];
		strcpy(c->servers[0].host, "127.0.0.1");
		c->links.handshake_ms = 60000;
		c->tls.mode = CONF_TLS_PSK;
		c->tls.enforce = true;
		strcpy(c->tls.key_file, path);
		assert_int_equal(secure_new(&secures[i], c, why), 0);
	}
	return 0;
}

static int
forget_group(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		secure_free(secures[i]);
	unlink(path);
	return 0;
}

/* Listens, and connects. */
static int
set_up(void **state)
{
	uint16_t port = free_port();
	struct address address;

	(void)state;
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(resolve_new(&resolver, loop), 0);
	assert_int_equal(greet_new(&greet, loop, resolver, &confs[0], "test", port, 3,
	                           &greet_ops, NULL),
	                 0);
	greet_secure(greet, secures[0], false);
	greet_start(greet);
	assert_true(address_parse("127.0.0.1", port, &address));
	assert_int_equal(stream_connect(&client, &address, &confs[1]), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	greet_free(greet);
	resolve_free(resolver);
	loop = sd_event_unref(loop);
	return 0;
}

/* It is no connection without TLS. */
static void
the_first_byte_comes_after_a_look(void **state)
{
	int r = -EINPROGRESS;

	(void)state;
	stream_secure(&client, secure_dial(secures[1], 1, 0));
	armed = true;
	for (unsigned i = 0; i < TURNS && r == -EINPROGRESS; i++) {
		sd_event_run(loop, 0);
		if (!armed)
			r = stream_stands(&client);
	}
	assert_false(armed);
	assert_int_equal(r, 0);
	assert_int_equal(greet_view(greet)->pending, 1);
	assert_int_equal(greet_view(greet)->refused, 0);
	stream_close(&client);
	for (unsigned i = 0; i < TURNS && greet_view(greet)->pending > 0; i++)
		sd_event_run(loop, 0);
	assert_int_equal(greet_view(greet)->pending, 0);
}

/* Whose connection ends without a byte is let go at once. */
static void
an_end_without_a_byte(void **state)
{

	(void)state;
	for (unsigned i = 0; i < TURNS && greet_view(greet)->pending == 0; i++)
		sd_event_run(loop, 0);
	assert_int_equal(greet_view(greet)->pending, 1);
	stream_close(&client);
	for (unsigned i = 0; i < TURNS && greet_view(greet)->pending > 0; i++)
		sd_event_run(loop, 0);
	assert_int_equal(greet_view(greet)->pending, 0);
	assert_int_equal(greet_view(greet)->refused, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_first_byte_comes_after_a_look, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(an_end_without_a_byte, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, make_group, forget_group);
}
