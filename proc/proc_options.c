/* The options that all daemons take; see proc.h. */
#include "proc/proc.h"

#include "base/exit.h"
#include "base/paths.h"
#include "base/version.h"
#include "ipc/msg.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_CONFIG "/etc/conclave/conclave.conf"
#define DEFAULT_NAME   "main"

static const char usage[] =
    "  -c, --config FILE  the configuration (" DEFAULT_CONFIG ")\n"
    "      --name NAME    of this instance (" DEFAULT_NAME ")\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version and that of the message set\n"
    "      --describe     the same for programs, a line each\n";

static const char *
program_name(char **argv)
{
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;

	if (slash)
		return slash + 1;
	return argv[0] ? argv[0] : "conclave";
}

static int
misused(const char *program)
{
	fprintf(stderr, "Try `%s --help`.\n", program);
	return EXIT_USAGE;
}

int
proc_parse_options(int argc, char **argv, const char *about, struct proc_options *out)
{
	static const struct option longs[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"name", required_argument, NULL, 'n'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {"describe", no_argument, NULL, 'D'},
	    {NULL, 0, NULL, 0},
	};
	struct proc_options found = {.config = DEFAULT_CONFIG, .name = DEFAULT_NAME};
	const char *program = program_name(argv);
	int option;

	optind = 0; /* glibc: begin anew, whatever was parsed before */
	while ((option = getopt_long(argc, argv, "c:hV", longs, NULL)) != -1) {
		switch (option) {
		case 'c':
			found.config = optarg;
			break;
		case 'n':
			found.name = optarg;
			break;
		case 'h':
			printf("%s\n\nUsage: %s [-c FILE] [--name NAME]\n%s", about,
			       program, usage);
			return EXIT_OK;
		case 'V':
			printf("%s %s (message set %d)\n", program, CONCLAVE_VERSION,
			       MSG_SET);
			return EXIT_OK;
		case 'D':
			printf("program %.*s\nversion %s\nmessage-set %d\n",
			       (int)strcspn(about, ":"), about, CONCLAVE_VERSION,
			       MSG_SET);
			return EXIT_OK;
		default:
			return misused(program);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument: %s\n", program, argv[optind]);
		return misused(program);
	}
	/* it becomes a folder's, and travels in `attach` */
	if (!paths_name_ok(found.name)) {
		fprintf(stderr, "%s: a name has 1 to %d of A-Z a-z 0-9 . _ - : %s\n",
		        program, PATHS_NAME_MAX - 1, found.name);
		return misused(program);
	}
	*out = found;
	return -1;
}
