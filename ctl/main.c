/* conclave: the command that a person or a script uses. Here: its options and its help;
 * the verbs are the rows of verbs.c. It decides nothing. */
#include "base/version.h"
#include "ctl/running.h"
#include "ctl/verb.h"

#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUT_MAX (1 << 20) /* more than is printed, so that a failure keeps its reason */

/* What getopt_long finds, beside single letters; FIRST and above: the verb's options. */
enum { WORD = 1, JSON = 256, VERSION, FIRST };

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
		if (!verbs[i].arguments && !verbs[i].options[0].name)
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
		char word[64];

		snprintf(word, sizeof(word), "--%s %s", o->name,
		         o->value ? o->value : "");
		if (o->about)
			printf("  %-17s %s\n", word, o->about);
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

/* The options of the command and, once the verb is known, of the verb. */
static void
list_options(const struct verb *v, struct option list[VERB_OPTIONS_MAX + 4])
{
	static const struct option common[] = {{"json", no_argument, NULL, JSON},
	                                       {"help", no_argument, NULL, 'h'},
	                                       {"version", no_argument, NULL, VERSION}};
	int count = 3;

	memcpy(list, common, sizeof(common));
	for (int i = 0; v && v->options[i].name; i++)
		list[count++] =
		    (struct option){v->options[i].name,
		                    v->options[i].value ? required_argument : no_argument,
		                    NULL, FIRST + i};
	list[count] = (struct option){0};
}

/* getopt_long also takes the first letters of an option, which may belong to another
 * option in a later version. */
static bool
is_spelled_out(const char *word, const struct option *list, int id)
{
	size_t len = strcspn(word, "=");

	if (strncmp(word, "--", 2) != 0)
		return true;
	while (list->val != id)
		list++;
	return strlen(list->name) == len - 2 &&
	       strncmp(list->name, word + 2, len - 2) == 0;
}

/* Takes an option that getopt_long has found in `word`, or keeps the first wrong one. */
static void
take_option(struct options *o, const struct option *list, int found, char *word)
{
	int id = found == ':' ? optopt : found;
	const struct verb_option *of =
	    id >= FIRST ? &o->ctl.verb->options[id - FIRST] : NULL;
	const char *lacks = of && found == ':' ? of->value : NULL;

	if (of && optarg && strncmp(optarg, "--", 2) == 0 && !strchr(word, '=')) {
		optind--; /* another option, such as --json */
		lacks = of->value;
	}
	if (lacks || id == '?' || !is_spelled_out(word, list, id)) {
		if (o->wrong)
			return;
		o->wrong = word;
		o->lacks = lacks && strcmp(lacks, "FILE") == 0 ? "a file" : lacks;
	} else if (of) {
		o->ctl.values[id - FIRST] = optarg ? optarg : "";
	} else if (id == 'c') {
		o->ctl.file = optarg;
	} else if (id == JSON) {
		o->ctl.json = true;
	} else if (id == 'h') {
		o->help = true;
	} else if (id == VERSION) {
		o->version = true;
	}
}

/* The first word is the verb, whose options are known from then on. */
static int
take_word(struct options *o, struct option *list, char *word)
{
	if (o->ctl.verb) {
		o->ctl.argv[o->ctl.argc++] = word;
		return 0;
	}
	o->ctl.verb = find_verb(word);
	list_options(o->ctl.verb, list);
	return o->ctl.verb ? 0 : misused("unknown verb", word);
}

/* Takes the options, wherever they are, and the words. 0, or the exit status. */
static int
take_words(struct options *o, int argc, char **argv)
{
	struct option list[VERB_OPTIONS_MAX + 4];
	int found, r = 0;
	char *word;

	o->ctl.argv = argv; /* the words take the places of what has been read */
	list_options(NULL, list);
	/* `-`: options and words in their order, whatever POSIXLY_CORRECT says */
	while (r == 0 && (word = argv[optind],
	                  found = getopt_long(argc, argv, "-:c:h", list, NULL)) != -1) {
		if (found == ':' && optopt == 'c')
			return misused("a file must follow", "-c");
		if (found == WORD)
			r = take_word(o, list, optarg);
		else
			take_option(o, list, found, word);
		if (o->wrong && !o->ctl.verb)
			return misused("unknown option", o->wrong);
	}
	while (r == 0 && optind < argc)
		r = take_word(o, list, argv[optind++]);
	return r;
}

/* What the file says; where that is wrong, what conclaved and its workers run with. 0, or
 * the exit status. */
static int
load(const struct ctl *c, struct conf *out)
{
	char copy[CONF_PATH_MAX];
	struct conf_error error;

	if (conf_load(c->file, out, &error) == 0)
		return 0;
	if (c->verb->needs_file || !running_load(c->file, out, copy))
		return verb_failed(c, EXIT_CONFIG, "%s", error.text);
	fprintf(stderr,
	        "conclave: %s\nconclave: this asks the processes that run, by their copy "
	        "of the configuration: %s\n",
	        error.text, copy);
	return 0;
}

static int
run_verb(struct options *o)
{
	static struct conf conf;
	struct ctl *c = &o->ctl;

	if (!c->verb->without_conf) {
		int r = load(c, &conf);

		if (r)
			return r;
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
	int r = take_words(o, argc, argv);

	if (r)
		return r;
	if (o->version)
		puts("conclave " CONCLAVE_VERSION);
	else if (o->ctl.verb && o->help)
		print_verb_help(o->ctl.verb);
	else if (o->ctl.verb)
		return run_verb(o);
	else if (o->help)
		print_help();
	else {
		fputs("conclave: a verb is missing; conclave --help lists the verbs\n",
		      stderr);
		return EXIT_USAGE;
	}
	return EXIT_OK;
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
