/* What a swap came to, for people and programs; see swap_print.h. */
#include "ctl/swap_print.h"

#include "base/exit.h"
#include "view/member.h"
#include "view/said.h"

void
swap_print_difference(FILE *to, const json_t *answer)
{
	const json_t *d = json_object_get(answer, "difference");
	char said[2][SAID_MAX], remote[32];

	if (!json_is_object(d))
		return;
	said_text(member_string(d, "active"), said[0]);
	said_text(member_string(d, "candidate"), said[1]);
	fprintf(
	    to, "first difference, %s%s:\n  the one in use: %s\n  the candidate:  %s\n",
	    json_is_null(json_object_get(d, "remote")) ? "its decision" : "to server ",
	    json_is_null(json_object_get(d, "remote"))
		? ""
		: member_text(d, "remote", remote, sizeof(remote)),
	    said[0], said[1]);
}

/* `answer` is freed. */
int
swap_print_result(const struct ctl *c, json_t *answer)
{
	bool ok = json_is_true(json_object_get(answer, "ok"));
	const json_t *program = json_object_get(answer, "program");
	const char *path = member_string(program, "path");

	if (c->json) {
		if (!ok)
			json_object_set_new(answer, "ok", json_boolean(false));
		verb_print_json(answer);
		return ok ? EXIT_OK : EXIT_FAILED;
	}
	if (ok)
		printf("elector %s is in use%s%s%s%s\n", member_string(program, "name"),
		       *path ? ", " : "", path,
		       *member_string(answer, "version") ? ", version " : "",
		       member_string(answer, "version"));
	else
		fprintf(stderr, "conclave: swap: %s; the old elector goes on\n",
		        member_string(answer, "error"));
	swap_print_difference(ok ? stdout : stderr, answer);
	json_decref(answer);
	return ok ? EXIT_OK : EXIT_FAILED;
}
