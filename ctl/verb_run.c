/* conclave run. */
#include "ctl/run.h"
#include "ctl/run_unit.h"
#include "ctl/runner.h"
#include "ctl/time.h"
#include "ctl/verb.h"
#include "lib/conclave.h"

#include <inttypes.h>
#include <string.h>

#define GRACE_MS 10000
#define MS       UINT64_C(1000000)

/* False, and it was said what is wrong. */
static bool
take_time(const struct ctl *c, const char *option, uint64_t *out_ns)
{
	const char *text = verb_option(c, option);
	uint64_t ms;

	if (!text)
		return true;
	if (!time_parse(text, &ms)) {
		verb_misused(c, "--%s how long? 30s, 500ms, 2min", option);
		return false;
	}
	*out_ns = ms * MS;
	return true;
}

/* A name of a hold is one printable word. */
static void
make_name(const char *from, char out[CONCLAVE_NAME_MAX + 1])
{
	const char *slash = strrchr(from, '/');
	size_t len = 0;

	for (from = slash && slash[1] ? slash + 1 : from;
	     *from && len < CONCLAVE_NAME_MAX; from++)
		out[len++] = *from > ' ' && *from < 0x7f ? *from : '_';
	out[len] = '\0';
}

static bool
take_kind(const struct ctl *c, enum box_kind *out)
{
	static const char *const words[] = {
	    [BOX_CGROUP] = "cgroup", [BOX_PIDS] = "pids", [BOX_TREE] = "tree"};
	const char *text = verb_option(c, "within");

	for (unsigned i = 0; text && i < 3; i++) {
		if (strcmp(words[i], text) != 0)
			continue;
		*out = (enum box_kind)i;
		return true;
	}
	if (text)
		verb_misused(c, "--within what? cgroup, pids or tree");
	return !text;
}

/* A lease is renewed each quarter of it (R3), and what is believed of it is shorter by
 * the drift of two clocks: so much of it is always left at the least. False, and it was
 * said what is wrong. */
static bool
leases_suffice(const struct ctl *c, const struct run_config *config)
{
	uint64_t lease_ms = conf_lease_ms(c->conf);
	uint64_t left_ms = lease_ms * (100 - 2 * c->conf->drift_percent) / 100;
	uint64_t needs_ms;

	if (!c->conf->zab || c->conf->lease == CONF_LEASE_OFF) {
		verb_failed(c, EXIT_CONFIG, "run: there are no leases with %s",
		            c->conf->attach ? "attach = \"zookeeper\""
		            : c->conf->zab  ? "lease = \"off\""
		                            : "zab = false");
		return false;
	}
	left_ms = left_ms > lease_ms / 4 ? left_ms - lease_ms / 4 : 0;
	needs_ms = (run_margin_of(config, lease_ms * MS) + config->warn_ns) / MS;
	if (needs_ms < left_ms)
		return true;
	verb_failed(c, EXIT_CONFIG,
	            "run: a lease of %" PRIu64 " ms (lease_ms) has as little as %" PRIu64
	            " ms left before it is renewed, and --warn and the time to kill need "
	            "%" PRIu64 " ms; ask for less, or make lease_ms larger",
	            lease_ms, left_ms, needs_ms);
	return false;
}

int
verb_run(const struct ctl *c)
{
	struct runner_task task = {.run_dir = c->conf->run_dir,
	                           .id = c->conf->id,
	                           .argv = c->argv,
	                           .unit = verb_option(c, "unit")};
	char name[CONCLAVE_NAME_MAX + 1];
	const char *why;

	task.config.grace_ns = GRACE_MS * MS;
	task.config.unit = task.unit != NULL;
	task.config.again = verb_option(c, "again") != NULL;
	if (!take_time(c, "grace", &task.config.grace_ns) ||
	    !take_time(c, "warn", &task.config.warn_ns) ||
	    !take_time(c, "wait", &task.config.wait_ns) ||
	    !take_time(c, "margin", &task.config.margin_ns) || !take_kind(c, &task.most))
		return EXIT_USAGE;
	if (!task.unit == (c->argc == 0))
		return verb_misused(
		    c, "what is to run? -- CMD and its arguments, or --unit NAME");
	if (!leases_suffice(c, &task.config))
		return EXIT_CONFIG;
	why = task.unit ? unit_unknown(task.unit) : NULL;
	if (why)
		return verb_failed(c, EXIT_NO_ANSWER, "run: --unit %s: %s", task.unit,
		                   why);
	make_name(task.unit ? task.unit : c->argv[0], name);
	task.name = name[0] ? name : NULL;
	c->argv[c->argc] = NULL;
	return runner_main(&task);
}
