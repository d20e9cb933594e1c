/* conclave claim. */
#include "base/paths.h"
#include "ctl/verb.h"
#include "view/member.h"
#include "view/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 10000 /* a disk may be slow */

/* Reads a decimal number, or a hexadecimal one as zxids are shown; strtoull alone would
 * also take signs, blanks and octal numbers. */
static bool
parse(const char *text, uint64_t *out)
{
	bool hex = strncmp(text, "0x", 2) == 0;
	const char *digits = hex ? text + 2 : text;

	if (!*digits ||
	    digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")])
		return false;
	errno = 0;
	*out = strtoull(digits, NULL, hex ? 16 : 10);
	return errno == 0 && *out <= INT64_MAX;
}

/* Prints the claim in `answer`. */
static int
print(const struct ctl *c, const json_t *answer)
{
	if (c->json)
		verb_print_json(json_pack("{s:i, s:I, s:o}", "schema", STATUS_SCHEMA,
		                          "id", (json_int_t)c->conf->id, "claim",
		                          member_copy(answer, "claim")));
	else
		puts(member_string(answer, "claim"));
	return EXIT_OK;
}

static int
show(const struct ctl *c)
{
	struct asks asks;
	const json_t *answer;
	const char *reason;
	int r;

	ask_one(c->conf->run_dir, PATHS_PEER, "status", &asks);
	answer = asks.list[0].answer;
	reason = member_string(answer, "reason");
	if (!answer)
		r = verb_no_answer(c, "the peer");
	else if (!*member_string(answer, "claim"))
		r = verb_failed(c, EXIT_FAILED, "claim: not known: %s",
		                *reason ? reason : "the peer is starting");
	else
		r = print(c, answer);
	asks_deinit(&asks);
	return r;
}

static int
keep(const struct ctl *c, uint64_t claim)
{
	char request[64];
	json_t *answer;
	int r;

	snprintf(request, sizeof(request), "claim %" PRIu64, claim);
	r = verb_demand(c, PATHS_PEER, request, PATIENCE_MS,
	                "whether the claim is kept is not known; ask again", &answer);
	if (r)
		return r;
	if (json_is_true(json_object_get(answer, "ok")))
		r = print(c, answer);
	else
		r = verb_failed(c, EXIT_FAILED, "claim: refused: %s",
		                member_string(answer, "error"));
	json_decref(answer);
	return r;
}

int
verb_claim(const struct ctl *c)
{
	uint64_t claim;

	if (c->argc == 0)
		return show(c);
	if (!parse(c->argv[0], &claim))
		return verb_misused(
		    c, "`%s` is no claim; N is 0 to %" PRId64 ", or 0x0 to 0x%" PRIx64,
		    c->argv[0], INT64_MAX, INT64_MAX);
	return keep(c, claim);
}
