/* conclave restart, conclave reload, conclave check, conclave keygen. */
#include "base/paths.h"
#include "ctl/as_user.h"
#include "ctl/units.h"
#include "ctl/verb.h"
#include "proc/roster.h"
#include "tls/context.h"
#include "tls/psk.h"
#include "view/fit.h"
#include "view/member.h"
#include "view/status.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* Asks conclaved to do it, and prints the answer; for people only its member `field`. */
static int
demand(const struct ctl *c, const char *request, const char *field)
{
	char text[32];
	json_t *answer;
	/* the old process may need time to stop before the new one is started */
	uint64_t patience_ms =
	    c->conf->supervisor.stop_ms + c->conf->supervisor.hold_stop_ms +
	    c->conf->supervisor.abort_ms + c->conf->supervisor.restart_max_ms + 2000;
	int r =
	    verb_demand(c, PATHS_CONCLAVED, request, patience_ms,
	                "whether it was done is not known; see conclave health", &answer);

	if (r)
		return r;
	if (!json_is_true(json_object_get(answer, "ok"))) {
		r = verb_failed(c, EXIT_FAILED, "%s: %s", request,
		                member_string(answer, "error"));
	} else if (c->json) {
		verb_print_json(answer);
		return EXIT_OK;
	} else if (field) {
		puts(member_text(answer, field, text, sizeof(text)));
	}
	json_decref(answer);
	return r;
}

int
verb_restart(const struct ctl *c)
{
	struct asks asks;
	char request[128];
	int r;

	if (c->argc != 1)
		return verb_misused(c, "which worker? one of connmgr elector peer");
	if (!roster_find(c->argv[0]))
		return verb_misused(
		    c, "there is no worker `%s`, only: connmgr elector peer", c->argv[0]);
	snprintf(request, sizeof(request), "restart %s", c->argv[0]);
	ask_one(c->conf->run_dir, PATHS_CONCLAVED, "status", &asks);
	if (ask_finds_units(c->conf->run_dir))
		r = units_restart(c, c->argv[0]);
	else if (!asks.list[0].answer)
		r = verb_no_answer(c, PATHS_CONCLAVED);
	else
		r = demand(c, request, "pid");
	asks_deinit(&asks);
	return r;
}

int
verb_reload(const struct ctl *c)
{
	if (ask_finds_units(c->conf->run_dir))
		return units_reload(c);
	return demand(c, "reload", NULL);
}

/* Prints what systemd knows of the units into `out`. False: systemd does not answer. */
static bool
show_units(char out[FIT_SHOWN_MAX])
{
	FILE *f = popen(FIT_COMMAND, "re");
	size_t len;

	if (!f)
		return false;
	len = fread(out, 1, FIT_SHOWN_MAX - 1, f);
	while (len > 0 && out[len - 1] == '\n')
		len--;
	out[len] = '\0';
	return pclose(f) == 0;
}

static bool
is_user(const char *name)
{
	return getpwnam(name) != NULL;
}

static int
check_units(const struct ctl *c, const struct conf *conf, const char *file)
{
	static const struct fit_machine machine = {is_user, as_user_cannot_read};
	static char shown[FIT_SHOWN_MAX];
	json_t *problems, *one;
	size_t i, count;

	if (!show_units(shown))
		return verb_failed(c, EXIT_NO_ANSWER, "systemd does not answer: %s",
		                   shown);
	problems = fit_judge(shown, conf, c->argc > 0 ? NULL : file, &machine);
	count = json_array_size(problems);
	if (c->json) {
		verb_print_json(json_pack("{s:i, s:o, s:b, s:O}", "schema", STATUS_SCHEMA,
		                          "file", member_of_bytes(file), "ok", count == 0,
		                          "problems", problems));
	} else {
		json_array_foreach (problems, i, one)
			puts(json_string_value(one));
		if (count == 0)
			puts("the units fit the configuration");
	}
	json_decref(problems);
	return count > 0 ? EXIT_FAILED : EXIT_OK;
}

static json_t *
warnings_json(const struct conf_warnings *warnings)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < warnings->count; i++)
		json_array_append_new(list, member_of_bytes(warnings->list[i].text));
	return list;
}

/* Reads the files of the group tls as connmgr would. Other than 0, and why: they cannot
 * be used. */
static int
check_tls(const struct conf *conf, char *out, size_t cap)
{
	const struct tls_config config = {.key_file = conf->tls.key_file,
	                                  .sid = conf->id};
	struct tls_context *context;
	char why[TLS_WHY_MAX];

	if (conf->tls.mode == CONF_TLS_OFF)
		return 0;
	if (tls_context_new(&context, &config, why) != 0) {
		snprintf(out, cap, "%s", why);
		return 1;
	}
	tls_context_drop(context);
	return 0;
}

int
verb_keygen(const struct ctl *c)
{
	char line[PSK_LINE_MAX];
	int r = psk_make(line);

	if (r < 0)
		return verb_failed(c, EXIT_FAILED, "keygen: no random bytes: %s",
		                   strerror(-r));
	fputs(line, stdout);
	return EXIT_OK;
}

int
verb_check(const struct ctl *c)
{
	static struct conf conf;
	static char text[CONF_PRINT_MAX];
	const char *file = c->argc > 0 ? c->argv[0] : c->file;
	struct conf_warnings warnings;
	struct conf_error error;

	if (conf_load_warned(file, &conf, &error, &warnings))
		return verb_file_done(c, file, EXIT_CONFIG, "error", error.text);
	if (check_tls(&conf, error.text, sizeof(error.text)))
		return verb_file_done(c, file, EXIT_CONFIG, "error", error.text);
	if (verb_option(c, "systemd"))
		return check_units(c, &conf, file);
	if (conf_print(&conf, true, text, sizeof(text)) == 0)
		return EXIT_FAILED;
	if (!c->json) {
		for (unsigned i = 0; i < warnings.count; i++)
			fprintf(stderr, "conclave: %s\n", warnings.list[i].text);
		return verb_file_done(c, file, EXIT_OK, "canonical", text);
	}
	verb_print_json(json_pack("{s:i, s:o, s:b, s:o, s:o}", "schema", STATUS_SCHEMA,
	                          "file", member_of_bytes(file), "ok", true, "canonical",
	                          member_of_bytes(text), "warnings",
	                          warnings_json(&warnings)));
	return EXIT_OK;
}
