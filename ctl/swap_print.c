/* What a swap came to, for people and programs; see swap_print.h. */
#include "ctl/swap_print.h"

#include "base/exit.h"
#include "ctl/exact.h"
#include "ctl/said.h"

void
swap_print_difference(FILE *to, const cJSON *answer)
{
	const cJSON *d = cJSON_GetObjectItemCaseSensitive(answer, "difference");
	char said[2][SAID_MAX], remote[32];

	if (!cJSON_IsObject(d))
		return;
	said_text(exact_string(d, "active"), said[0]);
	said_text(exact_string(d, "candidate"), said[1]);
	fprintf(
	    to, "first difference, %s%s:\n  the one in use: %s\n  the candidate:  %s\n",
	    cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(d, "remote")) ? "its decision"
									: "to server ",
	    cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(d, "remote"))
		? ""
		: exact_text(d, "remote", remote, sizeof(remote)),
	    said[0], said[1]);
}

/* `answer` is freed. */
int
swap_print_result(const struct ctl *c, cJSON *answer)
{
	bool ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok"));
	const cJSON *program = cJSON_GetObjectItemCaseSensitive(answer, "program");
	const char *path = exact_string(program, "path");

	if (c->json) {
		if (!ok)
			cJSON_AddBoolToObject(answer, "ok", false);
		verb_print_json(answer);
		return ok ? EXIT_OK : EXIT_FAILED;
	}
	if (ok)
		printf("elector %s is in use%s%s%s%s\n", exact_string(program, "name"),
		       *path ? ", " : "", path,
		       *exact_string(answer, "version") ? ", version " : "",
		       exact_string(answer, "version"));
	else
		fprintf(stderr, "conclave: swap: %s; the old elector goes on\n",
		        exact_string(answer, "error"));
	swap_print_difference(ok ? stdout : stderr, answer);
	cJSON_Delete(answer);
	return ok ? EXIT_OK : EXIT_FAILED;
}
