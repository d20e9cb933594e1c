/* conclave: the command that a person or a script uses. Here: its options and the table
 * of its verbs; each verb is in the file of its family. It decides nothing. */
#include "base/exit.h"
#include "base/version.h"
#include "ctl/verb.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct verb verbs[] = {
    {
	.name = "status",
	.arguments = "[--json]",
	.about = "this server: state, leader, epoch, links, processes",
	.more = "Exit status: 0 something answered, 69 nobody did.",
	.run = verb_status,
    },
    {
	.name = "leader",
	.arguments = "[--json]",
	.about = "print the leader's id",
	.more = "Exit status: 0 we lead, 1 another server leads, 2 nobody leads, 69 no "
		"answer.",
	.run = verb_leader,
    },
    {
	.name = "health",
	.arguments = "[--watch] [--json]",
	.about = "a row per process, and what is wrong",
	.more =
	    "--watch goes on until interrupted: on a terminal it draws anew each second, "
	    "else it prints\nagain when something has changed.\n"
	    "Exit status: 0 healthy, 1 degraded (it serves, but something is wrong), 2 "
	    "failing (it cannot\nserve), 69 nobody answered.",
	.run = verb_health,
    },
    {
	.name = "metrics",
	.arguments = "",
	.about = "health and counters in Prometheus' text format",
	.more = "For the textfile collector of node_exporter; conclave(1) says how.\n"
		"Exit status: 0 something answered, 69 nobody did (and that is what is "
		"printed).",
	.run = verb_metrics,
    },
    {
	.name = "watch",
	.arguments = "[--json]",
	.about = "a line per change, until interrupted",
	.more = "A peer that is not there is shown as `down`, and waited for.",
	.run = verb_watch,
    },
    {
	.name = "wait",
	.arguments = "--leader|--leading [--timeout SECONDS] [--json]",
	.about = "return when there is a leader, or when we lead",
	.more = "SECONDS may have a fraction; without --timeout it waits for ever.\n"
		"Exit status: 0 reached, 2 time is over, 69 time is over and nobody ever "
		"answered.",
	.run = verb_wait,
    },
    {
	.name = "restart",
	.arguments = "WORKER [--json]",
	.about = "have conclaved replace connmgr, elector or peer; print the new pid",
	.more = "Exit status: 0 done, 1 refused, 64 no such worker, 69 no conclaved.",
	.run = verb_restart,
    },
    {
	.name = "swap",
	.arguments = "elector PROGRAM [--shadow TIME] [--force] | --undo | --status "
		     "[--json]",
	.about = "put another elector in the place of the present one, live",
	.more = "PROGRAM is the path of a conclave-elector. --shadow compares what it "
		"would say with what\nthe present one says, for 30s (500ms, 2min); a "
		"difference ends the swap unless --force.\n--undo takes the last swap "
		"back; --status says how far one is.\n"
		"Exit status: 0 promoted, 1 refused or given up: the old one goes on (it "
		"says why), 69 no\nanswer.",
	.run = verb_swap,
    },
    {
	.name = "reload",
	.arguments = "[--json]",
	.about = "have conclaved and its workers read the configuration again",
	.more =
	    "log_level is taken over; for anything else that has changed they must be "
	    "restarted.\n"
	    "Exit status: 0 done, 1 refused (it says why), 69 no conclaved, 78 the file "
	    "is wrong.",
	.run = verb_reload,
    },
    {
	.name = "claim",
	.arguments = "[N] [--json]",
	.about =
	    "say how fresh this server is: its vote's zxid from the next election on",
	.more = "N is a whole number from 0 to 9223372036854775807, or in hexadecimal, "
		"0x0 to 0x7fffffffffffffff.\n"
		"It prints the claim that is kept; without N it changes nothing.\n"
		"Exit status: 0 done, 1 refused (it says why), 64 no such number, 69 no "
		"answer.",
	.run = verb_claim,
    },
    {
	.name = "check",
	.arguments = "[FILE] [--systemd] [--json]",
	.about = "read a configuration and print it in canonical form",
	.more =
	    "Without FILE: the file of -c. --systemd says instead what of the installed "
	    "units does\nnot fit it.\n"
	    "Exit status: 0 correct; 78 wrong (it says where, and what to write); with "
	    "--systemd 1\nsomething does not fit, 69 systemd does not answer.",
	.without_conf = true,
	.run = verb_check,
    },
    {
	.name = "probe",
	.arguments = "HOST:PORT... [--watch] [--json]",
	.about = "ask any election ports, ZooKeeper's or ours, who leads",
	.more = "Name the servers of one ensemble; [::1]:3888 is an IPv6 address.\n"
		"--watch goes on, with a line per change, until interrupted.\n"
		"Exit status: 0 a quorum of the configuration that they report names a "
		"leader, and it\nsays so itself; 2 not so; 69 nobody answers.",
	.without_conf = true,
	.run = verb_probe,
    },
    {
	.name = "import",
	.arguments = "ZOO.CFG [--id N | --myid FILE] [--json]",
	.about = "print a configuration made from ZooKeeper's",
	.more =
	    "N is the id of the server that it is for; FILE holds that number. Without "
	    "them: the\nmyid in the dataDir of ZOO.CFG.\n"
	    "Exit status: 0 done, 64 which id is not known, 78 a file is wrong (it says "
	    "where), or has\nno such server.",
	.without_conf = true,
	.run = verb_import,
    },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

#define OUT_MAX (1 << 20) /* more than is printed, so that a failure keeps its reason */

struct options {
	struct ctl ctl;
	const char *verb;
	bool help;
	bool version;
};

static void
print_help(void)
{
	puts("Usage: conclave [-c FILE] VERB [--json]\n"
	     "Asks and steers one Conclave server.\n");
	for (unsigned i = 0; i < VERBS; i++) {
		const char *json = strstr(verbs[i].arguments, " [--json]");

		printf("  %-9s %s\n", verbs[i].name, verbs[i].about);
		if (json)
			printf("  %-9s   %.*s\n", "", (int)(json - verbs[i].arguments),
			       verbs[i].arguments);
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
	printf("Usage: conclave [-c FILE] %s%s%s\n%c%s.\n%s\n", v->name,
	       v->arguments[0] ? " " : "", v->arguments, v->about[0] - 'a' + 'A',
	       v->about + 1, v->more);
}

static const struct verb *
find_verb(const char *name)
{
	for (unsigned i = 0; i < VERBS; i++) {
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
	for (unsigned i = 0; i < VERBS; i++)
		fprintf(stderr, " %s", verbs[i].name);
	fputs(" (conclave --help)\n", stderr);
	return EXIT_USAGE;
}

/* Takes the common options out, wherever they are; `rest` gets what the verb has to read.
 * 0, or the exit status. */
static int
parse(int argc, char **argv, char **rest, struct options *o)
{
	o->ctl.argv = rest;
	for (int i = 1; i < argc; i++) {
		char *word = argv[i];

		if (strcmp(word, "-c") == 0) {
			if (++i == argc)
				return misused("a file must follow", word);
			o->ctl.file = argv[i];
		} else if (strcmp(word, "--json") == 0) {
			o->ctl.json = true;
		} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			o->help = true;
		} else if (strcmp(word, "--version") == 0) {
			o->version = true;
		} else if (o->verb) {
			rest[o->ctl.argc++] = word;
		} else if (word[0] == '-') {
			return misused("unknown option", word);
		} else {
			o->verb = word;
		}
	}
	return 0;
}

static int
run_verb(struct ctl *c)
{
	static struct conf conf;
	struct conf_error error;

	if (!c->verb->without_conf) {
		if (conf_load(c->file, &conf, &error))
			return verb_failed(c, EXIT_CONFIG, "%s", error.text);
		c->conf = &conf;
		if (!verb_may_ask(c))
			return verb_no_answer(c, "any process");
	}
	return c->verb->run(c);
}

/* Standard descriptors that the caller has closed must not become sockets of ours, into
 * which we would print; these cannot be written either. */
static void
take_places(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

int
main(int argc, char **argv)
{
	static char out[OUT_MAX];
	struct options o = {.ctl.file = CONF_DEFAULT_FILE};
	char **rest = calloc((size_t)argc + 1, sizeof(*rest));
	int status;

	if (!rest)
		return EXIT_FAILED;
	take_places();
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	o.ctl.colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	status = parse(argc, argv, rest, &o);
	if (status)
		goto out;
	if (o.version) {
		puts("conclave " CONCLAVE_VERSION);
		goto out;
	}
	if (!o.verb && o.help) {
		print_help();
		goto out;
	}
	if (!o.verb) {
		fputs("conclave: which verb? conclave --help lists them\n", stderr);
		status = EXIT_USAGE;
		goto out;
	}
	o.ctl.verb = find_verb(o.verb);
	if (!o.ctl.verb)
		status = misused("unknown verb", o.verb);
	else if (o.help)
		print_verb_help(o.ctl.verb);
	else
		status = run_verb(&o.ctl);
out:
	free(rest);
	return verb_flushed(verb_flush(), status);
}
