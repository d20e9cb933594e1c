/* See asks.h. */
#include "view/asks.h"

#include "view/member.h"

#include <errno.h>
#include <string.h>

void
asks_deinit(struct asks *a)
{
	for (unsigned i = 0; i < a->count; i++)
		json_decref(a->list[i].answer);
	a->count = 0;
}

unsigned
asks_answered(const struct asks *a)
{
	unsigned answers = 0;

	for (unsigned i = 0; i < a->count; i++)
		answers += a->list[i].answer != NULL;
	return answers;
}

bool
ask_is_gone(const struct ask *a)
{
	return a->result == -ENOENT || a->result == -ECONNREFUSED;
}

bool
ask_is_silent(const struct ask *a)
{
	return a->result && !ask_is_gone(a);
}

const struct ask *
asks_find(const struct asks *a, const char *folder)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (strcmp(a->list[i].folder, folder) == 0)
			return &a->list[i];
	}
	return NULL;
}

/* A process whose door has no room is known by its folder only. */
const struct ask *
asks_of_row(const struct asks *a, const json_t *row)
{
	const char *name = member_string(row, "name");
	int64_t pid = member_number(row, "pid");
	const struct ask *by_folder = NULL;

	for (unsigned i = 0; i < a->count && pid > 0; i++) {
		const struct ask *one = &a->list[i];

		if (one->pid == pid)
			return one;
		if (!by_folder && one->pid == 0 && ask_is_silent(one) &&
		    strncmp(one->folder, name, strlen(name)) == 0)
			by_folder = one;
	}
	return by_folder;
}

const json_t *
asks_answer(const struct asks *a, const char *folder)
{
	const struct ask *one = asks_find(a, folder);

	return one ? one->answer : NULL;
}

const json_t *
asks_elector(const struct asks *a)
{
	for (unsigned i = 0; i < a->count; i++) {
		const json_t *answer = a->list[i].answer;

		if (strcmp(member_string(answer, "who"), "elector") == 0 &&
		    json_is_true(json_object_get(answer, "active")))
			return answer;
	}
	return NULL;
}
