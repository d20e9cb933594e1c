/* The options that all daemons take; see proc.h. */
#include "proc/proc.h"

#include "base/exit.h"
#include "base/paths.h"
#include "base/version.h"
#include "ipc/msg.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_CONFIG "/etc/conclave/conclave.conf"
#define DEFAULT_NAME   "main"

static const char usage[] =
    "  -c, --config FILE  the configuration (" DEFAULT_CONFIG ")\n"
    "      --name NAME    the name of this instance (" DEFAULT_NAME ")\n"
    "  -h, --help         print this text\n"
    "  -V, --version      print the versions of the program and of its message set\n"
    "      --describe     print the same for programs, a line each\n";

static int
misused(void)
{
	fprintf(stderr, "Try `%s --help`.\n", program_invocation_short_name);
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
	const char *program = program_invocation_short_name;
	int option;

	optind = 0; /* glibc: forget what was parsed before */
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
			return misused();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument: %s\n", program, argv[optind]);
		return misused();
	}
	/* the name becomes a folder's, and is sent in `attach` */
	if (!paths_name_ok(found.name)) {
		fprintf(stderr,
		        "%s: a name has 1 to %d characters of A-Z a-z 0-9 . _ - : %s\n",
		        program, PATHS_NAME_MAX - 1, found.name);
		return misused();
	}
	*out = found;
	return -1;
}
