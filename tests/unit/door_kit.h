/* A door of a test that says whether it grants what is asked, and processes of other
 * users that ask it. */
#ifndef TESTS_UNIT_DOOR_KIT_H
#define TESTS_UNIT_DOOR_KIT_H

#include "base/clock.h"
#include "ctl/ask.h"
#include "ipc/door.h"
#include "ipc/policy.h"

#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

/* The request is one digit: what is asked. */
static inline void
door_kit_on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	enum policy_what what = (enum policy_what)(data[0] - '0');
	const char *why = door_refuses(c, what);

	(void)user;
	assert_int_equal(len, 1);
	assert_int_equal(door_send(c, why ? "no" : "yes", why ? 2 : 3), 0);
}

/* What a process with that user and these groups is told: "yes", "no", or "" where nobody
 * answers. `more` NULL: it keeps the groups of the test. */
static inline const char *
door_kit_ask(sd_event *loop, const char *door, uid_t uid, gid_t gid, const gid_t *more,
             enum policy_what what)
{
	static const char *const heard[] = {"", "yes", "no"};
	uint64_t due_ms = clock_ms() + PATIENCE_MS;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char answer[16] = "", request[2] = {(char)('0' + what), '\0'};
		size_t size;

		if ((more && setgroups(1, more) < 0) || setgid(gid) < 0 ||
		    setuid(uid) < 0 ||
		    ask_door(door, request, PATIENCE_MS / 2, answer, sizeof(answer),
		             &size) < 0)
			answer[0] = '\0';
		_exit(answer[0] == 'y' ? 1 : answer[0] == 'n' ? 2 : 0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		assert_true(clock_ms() < due_ms);
		assert_true(sd_event_run(loop, 10000) >= 0);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 2);
	return heard[WEXITSTATUS(status)];
}

#endif
