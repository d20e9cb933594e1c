/* conclave: the command that a person or a script uses. Here: its options and its help;
 * the verbs are the rows of verbs.c. It decides nothing. */
#include "base/version.h"
#include "ctl/verb.h"

#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUT_MAX (1 << 20) /* more than is printed, so that a failure keeps its reason */

struct options {
	struct ctl ctl;
	bool help;
	bool version;
	/* the first wrong option, NULL: there is none; and what must follow it, if that
	 * lacks */
	char *wrong;
	const char *lacks;
};

static void
print_help(void)
{
	puts("Usage: conclave [-c FILE] VERB [--json]\n"
	     "Asks and steers one Conclave server.\n");
	for (unsigned i = 0; i < verb_count; i++) {
		printf("  %-10s %s\n", verbs[i].name, verbs[i].about);
		if (!verbs[i].arguments[0] && !verbs[i].options[0].name)
			continue;
		printf("  %-10s  ", "");
		verb_print_usage(&verbs[i], stdout);
		putchar('\n');
	}
	puts("\n"
	     "  -c FILE    the server's configuration (" CONF_DEFAULT_FILE ")\n"
	     "  --json     one JSON object instead of a table\n"
	     "  --help     this; `conclave VERB --help` says more\n"
	     "  --version  the version\n\n"
	     "Manual: conclave(1).");
}

static void
print_verb_help(const struct verb *v)
{
	printf("Usage: conclave [-c FILE] %s", v->name);
	verb_print_usage(v, stdout);
	printf("%s\n%c%s.\n", v->without_json ? "" : " [--json]", v->about[0] - 'a' + 'A',
	       v->about + 1);
	for (const struct verb_option *o = v->options; o->name; o++) {
		int len = o->about ? printf("  --%s%s%s", o->name, o->value ? " " : "",
		                            o->value ? o->value : "")
		                   : 0;

		if (o->about)
			printf("%*s%s\n", len < 20 ? 20 - len : 1, "", o->about);
	}
	puts(v->more);
}

static const struct verb *
find_verb(const char *name)
{
	for (unsigned i = 0; i < verb_count; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

static int
misused(const char *what, const char *word)
{
	fprintf(stderr, "conclave: %s `%s`; write: conclave [-c FILE] VERB, VERB one of",
	        what, word);
	for (unsigned i = 0; i < verb_count; i++)
		fprintf(stderr, " %s", verbs[i].name);
	fputs(" (conclave --help)\n", stderr);
	return EXIT_USAGE;
}

/* Keeps the first option that does not exist, or that lacks what must follow it. */
static void
keep_wrong(struct options *o, const char *lacks, int argc, char **argv)
{
	bool next = optopt && optind < argc && argv[optind][0] == '-' &&
	            argv[optind][1] == optopt;

	if (o->wrong)
		return;
	o->lacks = lacks;
	/* within several letters behind one dash getopt has not left the word yet */
	o->wrong = argv[!lacks && next ? optind : optind - 1];
}

static const char *
lacking(const struct verb_option *o)
{
	return o->file ? "a file" : o->value;
}

/* Takes the options of the command and, once the verb is known, of the verb, wherever
 * they are; before that it stops at the verb. The number of words taken is returned. */
static int
take_options(struct options *o, int argc, char **argv)
{
	enum { JSON = 256, VERSION, FIRST };
	const struct verb *v = o->ctl.verb;
	struct option list[VERB_OPTIONS_MAX + 4] = {
	    {"json", no_argument, NULL, JSON},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, VERSION}};
	int count = 3, found;

	for (int i = 0; v && v->options[i].name; i++)
		list[count++] =
		    (struct option){v->options[i].name,
		                    v->options[i].value ? required_argument : no_argument,
		                    NULL, FIRST + i};
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while ((found = getopt_long(argc, argv, v ? ":c:h" : "+:c:h", list, NULL)) !=
	       -1) {
		if (found == 'c') {
			o->ctl.file = optarg;
		} else if (found == JSON) {
			o->ctl.json = true;
		} else if (found == 'h') {
			o->help = true;
		} else if (found == VERSION) {
			o->version = true;
		} else if (found >= FIRST && optarg && optarg == argv[optind - 1] &&
		           strncmp(optarg, "--", 2) == 0) {
			optind--; /* another option, such as --json */
			keep_wrong(o, lacking(&v->options[found - FIRST]), argc, argv);
		} else if (found >= FIRST) {
			o->ctl.values[found - FIRST] = optarg ? optarg : "";
		} else if (found == ':') {
			keep_wrong(o,
			           optopt < FIRST ? "a file"
			                          : lacking(&v->options[optopt - FIRST]),
			           argc, argv);
		} else {
			keep_wrong(o, NULL, argc, argv);
		}
	}
	return optind;
}

static int
run_verb(struct options *o)
{
	static struct conf conf;
	struct ctl *c = &o->ctl;
	struct conf_error error;

	if (!c->verb->without_conf) {
		if (conf_load(c->file, &conf, &error))
			return verb_failed(c, EXIT_CONFIG, "%s", error.text);
		c->conf = &conf;
		if (!verb_may_ask(c))
			return verb_no_answer(c, "any process");
	}
	if (o->lacks)
		return verb_misused(c, "%s wants %s", o->wrong, o->lacks);
	if (o->wrong && c->verb->most > 0 && isdigit((unsigned char)o->wrong[1])) {
		c->argc = 1; /* a negative number: the verb says what it takes */
		c->argv = &o->wrong;
	} else if (o->wrong) {
		return verb_misused(c, "unexpected `%s`", o->wrong);
	}
	if (c->argc > c->verb->most)
		return verb_misused(c, "unexpected `%s`", c->argv[c->verb->most]);
	return c->verb->run(c);
}

/* Standard descriptors that the caller has closed must not become sockets of ours, into
 * which we would print. What is opened in their place cannot be written either. */
static void
take_places(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

static int
run(struct options *o, int argc, char **argv)
{
	int first = take_options(o, argc, argv);
	const char *word;

	if (o->lacks)
		return misused("a file must follow", o->wrong);
	if (o->wrong)
		return misused("unknown option", o->wrong);
	word = first < argc ? argv[first] : NULL;
	o->ctl.verb = word ? find_verb(word) : NULL;
	if (o->ctl.verb) {
		argc -= first;
		argv += first;
		first = take_options(o, argc, argv);
		o->ctl.argc = argc - first;
		o->ctl.argv = argv + first;
	}
	if (o->version) {
		puts("conclave " CONCLAVE_VERSION);
		return EXIT_OK;
	}
	if (o->ctl.verb && o->help) {
		print_verb_help(o->ctl.verb);
		return EXIT_OK;
	}
	if (o->ctl.verb)
		return run_verb(o);
	if (word)
		return misused("unknown verb", word);
	if (o->help) {
		print_help();
		return EXIT_OK;
	}
	fputs("conclave: a verb is missing; conclave --help lists the verbs\n", stderr);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	static char out[OUT_MAX];
	struct options o = {.ctl.file = CONF_DEFAULT_FILE};
	int status;

	take_places();
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	o.ctl.colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	status = run(&o, argc, argv);
	return verb_flushed(verb_flush(), status);
}
