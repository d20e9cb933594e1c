/* Explores the cases, or looks for a bug on purpose in them. */
#include "tests/model/bug.h"
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model model;

static int
usage(void)
{
	fputs("usage: model [--case NAME] [--bug NAME] [--secs N] [--worlds N] [--heal "
	      "N] [--trace]\n"
	      "       model --list\n"
	      "--case: else all of them; --bug: the run succeeds if the bug is found\n"
	      "--list: prints a line for each case and each bug\n",
	      stderr);
	return 64;
}

static int
list(void)
{
	for (unsigned i = 0; i < model_case_count; i++)
		printf("case %s: %s\n", model_cases[i].name, model_cases[i].what);
	for (unsigned i = 0; model_bug_name(i); i++)
		printf("bug %s\n", model_bug_name(i));
	return 0;
}

static const char *const budget_names[MODEL_BUDGETS] = {
    [MODEL_LOOKS] = "looks",           [MODEL_CRASHES] = "crashes",
    [MODEL_BREAKS] = "breaks",         [MODEL_FAILURES] = "failures",
    [MODEL_RELOADS] = "reloads",       [MODEL_WIPES] = "wipes",
    [MODEL_RESTORES] = "restores",     [MODEL_GIVE_UPS] = "give-ups",
    [MODEL_REFOUNDS] = "refounds",     [MODEL_PASSES] = "passes",
    [MODEL_HOLDS] = "holds",           [MODEL_BROKEN] = "broken",
    [MODEL_PINGS] = "pings",           [MODEL_KILLS] = "kills",
    [MODEL_LOST_MEMORIES] = "lost",    [MODEL_SILENCES] = "silences",
    [MODEL_STEP_DOWNS] = "step-downs",
};

struct options {
	const char *name; /* NULL: all cases */
	const char *bug;  /* the case that shows it */
	double seconds;
	uint64_t worlds;
	unsigned heal;
	/* in the place of those of the cases; -1: as they are */
	int budget[MODEL_BUDGETS];
};

/* NAME=N */
static bool
parse_budget(const char *text, struct options *o)
{
	for (unsigned i = 0; i < MODEL_BUDGETS; i++) {
		size_t len = strlen(budget_names[i]);

		if (strncmp(text, budget_names[i], len) != 0 || text[len] != '=')
			continue;
		o->budget[i] = atoi(text + len + 1);
		return o->budget[i] >= 0 && o->budget[i] < 200;
	}
	return false;
}

static bool
parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--trace") == 0) {
			model.trace = true;
			continue;
		}
		if (strcmp(argv[i], "--case") == 0)
			o->name = value;
		else if (strcmp(argv[i], "--bug") == 0)
			o->bug = model_bug_set(value);
		else if (strcmp(argv[i], "--secs") == 0)
			o->seconds = atof(value);
		else if (strcmp(argv[i], "--worlds") == 0)
			o->worlds = strtoull(value, NULL, 10);
		else if (strcmp(argv[i], "--heal") == 0)
			o->heal = (unsigned)atoi(value);
		else if (strcmp(argv[i], "--budget") != 0 || !parse_budget(value, o))
			return false;
		i++;
	}
	return o->seconds > 0 && o->worlds > 0 && o->heal > 0;
}

/* False: there is a violation. */
static bool
run(const struct model_case *c, const struct options *o)
{
	struct model_case own = *c;
	struct model_result r;

	for (unsigned i = 0; i < MODEL_BUDGETS; i++)
		if (o->budget[i] >= 0)
			own.budget[i] = (uint8_t)o->budget[i];
	model.c = &own;
	model.wrong[0] = '\0';
	model_local_begin();
	model_explore(o->seconds, o->worlds, o->heal, &r);
	printf(
	    "%-12s %s: %llu worlds, %llu steps, depth %u, %u states of a core, %.1f s\n",
	    c->name,
	    model.wrong[0] ? "VIOLATION"
	    : r.complete   ? "complete"
			   : "not complete",
	    (unsigned long long)r.worlds, (unsigned long long)r.steps, r.depth,
	    model_local_count(), r.seconds);
	model_local_end();
	return model.wrong[0] == '\0';
}

int
main(int argc, char **argv)
{
	struct options o = {.seconds = 600, .worlds = 40000000, .heal = 500};
	unsigned passed = 0, failed = 0, found = 0;
	const char *name;

	memset(o.budget, -1, sizeof(o.budget));
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list();
	if (!parse(argc, argv, &o))
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	name = o.name ? o.name : o.bug;
	for (unsigned i = 0; i < model_case_count; i++) {
		if (name && strcmp(name, model_cases[i].name) != 0)
			continue;
		if (run(&model_cases[i], &o))
			passed++;
		else if (++found && !o.bug)
			failed++;
		if (o.bug && found)
			return 0;
	}
	if (o.bug || passed + failed == 0)
		return o.bug ? 1 : usage();
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
