/* What the doors of a server said, made up: for the tests of what is made of it. */
#ifndef TESTS_UNIT_ASKS_KIT_H
#define TESTS_UNIT_ASKS_KIT_H

#include "view/asks.h"
#include "view/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct asks asks;

/* `answer` NULL: none. */
static void
add(const char *folder, int result, pid_t pid, const char *answer)
{
	struct ask *a = &asks.list[asks.count++];

	memset(a, 0, sizeof(*a));
	strcpy(a->folder, folder);
	a->result = result;
	a->pid = pid;
	if (answer) {
		a->answer = json_loads(answer, 0, NULL);
		assert_non_null(a->answer);
	}
}

static inline int
teardown(void **state)
{
	(void)state;
	asks_deinit(&asks);
	return 0;
}

#endif
