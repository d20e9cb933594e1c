/* Prints the result and the state of a swap; see swap_print.h. */
#include "ctl/swap_print.h"

#include "ipc/msg.h"
#include "view/member.h"
#include "view/status.h"
#include "wire/notif.h"

#include <inttypes.h>
#include <stdio.h>

#define BYTES_MAX 4096

static size_t
unhex(const char *hex, unsigned char *out)
{
	size_t len = 0;
	unsigned byte;

	while (len < BYTES_MAX && hex[0] && hex[1] && sscanf(hex, "%2x", &byte) == 1) {
		out[len++] = (unsigned char)byte;
		hex += 2;
	}
	return len;
}

static void
vote_text(char out[SAID_MAX], const struct vote *v, const char *more)
{
	snprintf(out, SAID_MAX,
	         "%s leader=%" PRId64 " zxid=0x%" PRIx64 " round=%" PRId64
	         " epoch=%" PRId64 "%s",
	         notif_state_name(v->state), v->leader, (uint64_t)v->zxid, v->round,
	         v->epoch, more);
}

void
swap_print_said(const char *hex, char out[SAID_MAX])
{
	unsigned char data[BYTES_MAX];
	size_t len = unhex(hex, data);
	char more[64] = "";
	struct notif n;
	struct msg m;

	if (len == 0) {
		snprintf(out, SAID_MAX, "nothing");
	} else if (msg_decode(data, len, &m) == MSG_OK && m.type == MSG_DECIDED) {
		vote_text(out, &m.u.decided.vote, "");
	} else if (notif_decode(data, len, &n) == NOTIF_OK) {
		if (n.has_config)
			snprintf(more, sizeof(more),
			         " version=%" PRId32 " configuration of %zu bytes",
			         n.vote.version, n.config_len);
		vote_text(out, &n.vote, more);
	} else {
		snprintf(out, SAID_MAX, "%zu bytes that are no notification: %.64s", len,
		         hex);
	}
}

/* The member `difference` in words; nothing, if there is none. */
static void
print_difference(FILE *to, const json_t *answer)
{
	const json_t *d = json_object_get(answer, "difference");
	char said[2][SAID_MAX], remote[32] = "its decision";
	bool decision = json_is_null(json_object_get(d, "remote"));

	if (!json_is_object(d))
		return;
	swap_print_said(member_string(d, "active"), said[0]);
	swap_print_said(member_string(d, "candidate"), said[1]);
	if (!decision)
		member_text(d, "remote", remote, sizeof(remote));
	fprintf(to, "first difference, %s%s:\n", decision ? "" : "to server ", remote);
	fprintf(to, "  the one in use: %s\n  the candidate:  %s\n", said[0], said[1]);
}

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
	print_difference(ok ? stdout : stderr, answer);
	json_decref(answer);
	return ok ? EXIT_OK : EXIT_FAILED;
}

static void
print_program(const json_t *swap, const char *key, const char *label)
{
	const json_t *p = json_object_get(swap, key);
	const char *path = member_string(p, "path");

	if (json_is_object(p))
		printf("%-10s %s, %s\n", label, member_string(p, "name"),
		       *path ? path : "the installed program");
}

int
swap_print_status(const struct ctl *c, json_t *swap)
{
	int64_t left = 0;

	if (c->json) {
		json_object_set_new(swap, "schema", json_integer(STATUS_SCHEMA));
		verb_print_json(swap);
		return EXIT_OK;
	}
	printf("%-10s %s\n", "phase", member_string(swap, "phase"));
	print_program(swap, "program", "in use");
	print_program(swap, "candidate", "candidate");
	print_program(swap, "before", "before");
	(void)member_i64(swap, "remaining_ms", &left);
	if (left > 0)
		printf("%-10s for %" PRId64 ".%" PRId64 " s\n", "probation", left / 1000,
		       left / 100 % 10);
	if (*member_string(swap, "reason"))
		printf("%-10s %s\n", "reason", member_string(swap, "reason"));
	print_difference(stdout, swap);
	json_decref(swap);
	return EXIT_OK;
}
