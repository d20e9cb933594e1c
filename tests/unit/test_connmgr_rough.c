/* connmgr's door, and processes that end at the worst moment. */
#include "tests/unit/connmgr_kit.h"

#include "ipc/local.h"

static struct player other;

/* A connection to connmgr's door. */
static int
knock(void)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/connmgr/" PATHS_DOOR, conf.run_dir);
	fd = local_connect(path);
	assert_true(fd >= 0);
	return fd;
}

static void
ask_to_attach(int fd, const char *name)
{
	struct msg m = {.type = MSG_ATTACH};
	unsigned char data[512];

	m.u.attach.who = MSG_WHO_ELECTOR;
	strcpy(m.u.attach.name, name);
	m.u.attach.pid = getpid();
	strcpy(m.u.attach.build, "test");
	m.u.attach.set = MSG_SET;
	put(fd, data, msg_encode(&m, data, sizeof(data)));
}

static bool
is_accepted(const char *request)
{
	json_t *json = ask(request);
	bool ok = json_is_true(json_object_get(json, "ok"));

	json_decref(json);
	return ok;
}

/* connmgr sees the end of the asker while it reads the request. */
static void
worker_that_asks_and_ends(void **state)
{
	static const char promote[] = "promote forward b";
	char answer[512];
	int fd = knock();

	(void)state;
	attach_as(&other, MSG_WHO_ELECTOR, "b");
	UNTIL(other.heard.synced);
	ask_to_attach(fd, "c");
	UNTIL(readable(fd));
	assert_true(recv(fd, answer, sizeof(answer), 0) > 0);
	put(fd, promote, strlen(promote));
	close(fd);
	UNTIL(other.heard.activations == 1);
	UNTIL(is_accepted("accept b")); /* the promotion is over */
	leave(&other);
}

int
main(void)
{
#define NNG(f) cmocka_unit_test_setup_teardown(f, set_up_nng, tear_down)
#define SEQ(f) cmocka_unit_test_setup_teardown(f, set_up_seqpacket, tear_down)
	const struct CMUnitTest tests[] = {
	    SEQ(worker_that_asks_and_ends),
	    NNG(worker_that_asks_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
