/* What a swap of units says; see units.h. */
#include "ctl/units_impl.h"

#include "base/exit.h"
#include "ctl/ask.h"
#include "ctl/exact.h"
#include "ctl/status.h"
#include "ctl/swap_print.h"
#include "ctl/systemctl.h"
#include "swap/record_file.h"

#include <stdio.h>
#include <string.h>

static cJSON *
program(const char *name)
{
	cJSON *out = cJSON_CreateObject();
	char path[RECORD_PATH_MAX];

	(void)systemctl_program(name, path, sizeof(path));
	cJSON_AddStringToObject(out, "name", name);
	cJSON_AddStringToObject(out, "path", path);
	return out;
}

void
units_answer(struct units *u, const struct swap_action *a)
{
	cJSON *answer = cJSON_CreateObject();
	const char *difference = u->look.difference;

	if (a->ok) {
		cJSON_AddBoolToObject(answer, "ok", true);
		cJSON_AddItemToObject(answer, "program",
		                      program(u->names[u->core.active]));
		cJSON_AddStringToObject(answer, "version", u->version);
	} else {
		cJSON_AddStringToObject(answer, "error", look_why(&u->look, a->why));
	}
	cJSON_AddItemToObject(answer, "difference",
	                      *difference ? exact_parse(difference) : cJSON_CreateNull());
	u->answered = true;
	u->status = swap_print_result(u->c, answer);
	u->status = verb_flushed(verb_flush(), u->status);
}

/* To the journal, where a unit runs us; a person has the answer. */
void
units_note(struct units *u, const struct swap_action *a)
{
	const char *why = look_reason(&u->look, a);

	if (a->note == SWAP_NOTE_RETURNING || a->note >= SWAP_NOTE_RETURNED)
		fprintf(stderr, "conclave: swap: %s%s%s\n", swap_note_text(a->note),
		        *why ? ": " : "", why);
}

int
units_show(const struct ctl *c)
{
	struct record r;
	cJSON *out;

	if (record_load(c->conf->data_dir, &r) != 0)
		return verb_failed(c, EXIT_FAILED,
		                   "swap: %s/connmgr/elector cannot be read",
		                   c->conf->data_dir);
	if (c->json) { /* null: what the record does not tell */
		out = cJSON_CreateObject();
		exact_set(out, "schema", STATUS_SCHEMA);
		cJSON_AddStringToObject(out, "phase", r.accepted ? "idle" : "probation");
		cJSON_AddBoolToObject(out, "accepted", r.accepted);
		cJSON_AddNullToObject(out, "remaining_ms");
		cJSON_AddItemToObject(out, "program", program(r.now.name));
		cJSON_AddNullToObject(out, "candidate");
		cJSON_AddItemToObject(out, "before",
		                      *r.before.name ? program(r.before.name)
		                                     : cJSON_CreateNull());
		cJSON_AddNullToObject(out, "reason");
		cJSON_AddNullToObject(out, "difference");
		verb_print_json(out);
		return EXIT_OK;
	}
	printf("%-10s %s\n", "phase", r.accepted ? "idle" : "probation");
	printf("%-10s %s\n", "in use", r.now.name);
	if (*r.before.name)
		printf("%-10s %s\n", "before", r.before.name);
	return EXIT_OK;
}
