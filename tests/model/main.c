/* Explores the cases, or looks for a bug on purpose in them. */
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model model;

static const struct model_case cases[] = {
    {
	.name = "crash",
	.what = "three servers; two of them crash or look again",
	.servers = 3,
	.budget = {[MODEL_LOOKS] = 5, [MODEL_CRASHES] = 2},
	.slow_learners = true,
	.max_epoch = 6,
    },
    {
	.name = "break",
	.what = "three servers; a crash, a connection breaks, a write fails",
	.servers = 3,
	.budget = {[MODEL_LOOKS] = 4,
                   [MODEL_CRASHES] = 1,
                   [MODEL_BREAKS] = 1,
                   [MODEL_FAILURES] = 1},
	.slow_learners = true,
	.max_epoch = 6,
    },
    {
	.name = "early",
	.what = "three servers; who follows may do so before the leader has decided",
	.servers = 3,
	.budget = {[MODEL_LOOKS] = 5, [MODEL_CRASHES] = 1, [MODEL_BREAKS] = 1},
	.slow_learners = true,
	.early = true,
	.max_epoch = 6,
    },
    {
	.name = "four",
	.what = "four servers; one crashes or looks again",
	.servers = 4,
	.budget = {[MODEL_LOOKS] = 5, [MODEL_CRASHES] = 1},
	.max_epoch = 6,
    },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static int
usage(void)
{
	fputs(
	    "usage: model [--case NAME] [--bug NAME] [--secs N] [--worlds N] [--trace]\n"
	    "       model --list\n"
	    "--case: else all of them; --bug: the run succeeds if the bug is found\n"
	    "--list: prints a line for each case and each bug\n",
	    stderr);
	return 64;
}

static int
list(void)
{
	for (unsigned i = 0; i < CASES; i++)
		printf("case %s: %s\n", cases[i].name, cases[i].what);
	for (unsigned i = 0; model_bug_name(i); i++)
		printf("bug %s\n", model_bug_name(i));
	return 0;
}

struct options {
	const char *name; /* NULL: all cases */
	const char *bug;
	double seconds;
	uint64_t worlds;
};

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
		else if (strcmp(argv[i], "--bug") == 0 && model_bug_set(value))
			o->bug = value;
		else if (strcmp(argv[i], "--secs") == 0)
			o->seconds = atof(value);
		else if (strcmp(argv[i], "--worlds") == 0)
			o->worlds = strtoull(value, NULL, 10);
		else
			return false;
		i++;
	}
	return o->seconds > 0 && o->worlds > 0;
}

/* False: there is a violation. */
static bool
run(const struct model_case *c, const struct options *o)
{
	struct model_result r;

	model.c = c;
	model.wrong[0] = '\0';
	model_local_begin();
	model_explore(o->seconds, o->worlds, &r);
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
	struct options o = {.seconds = 600, .worlds = 40000000};
	unsigned passed = 0, failed = 0, found = 0;

	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list();
	if (!parse(argc, argv, &o))
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < CASES; i++) {
		if (o.name && strcmp(o.name, cases[i].name) != 0)
			continue;
		if (run(&cases[i], &o))
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
