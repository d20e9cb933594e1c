/* The table of the verbs: the command line, its help and the completions of the shells
 * are made from it. A new verb is a row here, its function, and an item in conclave(1).
 */
#include "ctl/verb.h"

#include <limits.h>

const struct verb verbs[] = {
    {
	.name = "status",
	.about = "this server: state, leader, epoch, links, processes",
	.more = "Exit status: 0 some process answered, 69 none did.",
	.run = verb_status,
    },
    {
	.name = "leader",
	.about = "print the leader's id",
	.more =
	    "0 is true at the moment of the answer: there is a lease, or a quorum was\n"
	    "asked. A job that goes on needs `conclave run`.\n"
	    "Exit status: 0 this server leads, 1 another, 2 none, 69 no answer.",
	.run = verb_leader,
    },
    {
	.name = "health",
	.options = {{"watch", NULL, "go on until interrupted"}},
	.about = "a row per process, and what is wrong",
	.more =
	    "--watch redraws a terminal each second, else prints at each change.\n"
	    "Exit status: 0 healthy, 1 degraded (it serves, but something is wrong),\n"
	    "2 failing (it cannot serve), 69 no process answered.",
	.run = verb_health,
    },
    {
	.name = "metrics",
	.about = "health and counters in Prometheus' text format",
	.more = "For the textfile collector of node_exporter; conclave(1) says how.\n"
		"Exit status: 0 some process answered, 69 none did (the page says so).",
	.without_json = true,
	.run = verb_metrics,
    },
    {
	.name = "watch",
	.about = "a line per change, until interrupted",
	.more = "A peer that does not run is shown as `down`, and waited for.",
	.run = verb_watch,
    },
    {
	.name = "wait",
	.options = {{"leader", NULL, "until there is a leader"},
                    {"leading", NULL, "until this server leads"},
                    {"lost", NULL, "until this server leads no more"},
                    {"members", "N", "until members of version N are in force here"},
                    {"timeout", "SECONDS", "for so long, such as 10 or 0.5"}},
	.usage = "--leader|--leading|--lost|--members N [--timeout SECONDS]",
	.about = "return when there is a leader, or none, or when members are in force",
	.more =
	    "One of --leader, --leading, --lost and --members. Without --timeout it "
	    "waits\n"
	    "for ever. N is the `version` of the file that was reloaded everywhere.\n"
	    "Exit status: 0 reached, 1 newer members are in force, 2 too late, 69 too\n"
	    "late without any answer.",
	.run = verb_wait,
    },
    {
	.name = "restart",
	.arguments = "WORKER",
	.most = 1,
	.words = "connmgr elector peer",
	.about = "replace the process of connmgr, elector or peer; print the new pid",
	.more = "conclaved does it; where each worker is a unit, systemctl restart.\n"
		"Exit status: 0 done, 1 refused, 64 no such worker, 69 no answer.",
	.run = verb_restart,
    },
    {
	.name = "swap",
	.arguments = "elector PROGRAM",
	.most = 2,
	.words = "elector",
	.files = true,
	.options = {{"shadow", "TIME", "compare both for so long: 30s, 500ms, 2min"},
                    {"force", NULL, "a difference does not end the swap"},
                    {"undo", NULL, "take the last swap back"},
                    {"status", NULL, "say how far the swap is"},
                    {"guard", "RESTARTS", NULL}},
	.usage = "elector PROGRAM [--shadow TIME] [--force] | --undo | --status",
	.about = "put another elector in the place of the present one, live",
	.more =
	    "PROGRAM is a conclave-elector. --shadow compares what both would say.\n"
	    "Exit status: 0 promoted, 1 the old one goes on (the reason is printed),\n"
	    "69 no answer.",
	.run = verb_swap,
    },
    {
	.name = "reload",
	.about = "have conclaved and its workers read the configuration again",
	.more = "log_level, version and servers are taken over. A file that differs in\n"
		"anything else, or has other members under the same version, is\n"
		"refused as a whole: nothing of it is taken over.\n"
		"Where each worker is a unit of systemd, they are told by it.\n"
		"Exit status: 0 done, 1 refused (the reason is printed), 69 no answer,\n"
		"78 the file is wrong.",
	.needs_file = true,
	.run = verb_reload,
    },
    {
	.name = "step-down",
	.options = {{"for", "TIME", "do not stand for so long: 30s, 500ms, 2min"}},
	.about = "hand the leadership over: another server is elected",
	.more = "Who holds is asked to let go first. Without --for this server stands\n"
		"again once another leads, or after a second.\n"
		"Exit status: 0 released, 1 refused (the reason is printed), 69 no\n"
		"answer.",
	.run = verb_step_down,
    },
    {
	.name = "transfer",
	.arguments = "SID",
	.most = 1,
	.about = "hand the leadership over to that server",
	.more =
	    "It must follow this one. The id of the server that leads then is\n"
	    "printed: another one than SID where SID was less fresh.\n"
	    "Exit status: 0 SID leads, 1 refused, or another leads (it is said), 64 no\n"
	    "such id, 69 no answer.",
	.run = verb_transfer,
    },
    {
	.name = "run",
	.usage = "[--grace TIME] [--warn TIME] [--margin TIME] [--wait TIME] [--again] "
		 "[--within KIND] -- CMD [ARGUMENT...] | --unit NAME",
	.most = INT_MAX,
	.words = "--",
	.options = {{"grace", "TIME", "between SIGTERM and SIGKILL, 10s if not given"},
                    {"warn", "TIME", "SIGTERM so long before the lease's end"},
                    {"margin", "TIME", "SIGKILL so long before it"},
                    {"wait", "TIME", "for a lease, for ever if not given"},
                    {"again", NULL, "wait for the next term, for ever"},
                    {"unit", "NAME", "start and stop a unit of systemd instead"},
                    {"within", "KIND", "keep it in a cgroup, pids or tree"}},
	.about = "run a command while this server leads, and no longer",
	.more =
	    "The command gets CONCLAVE_ID, CONCLAVE_EPOCH and CONCLAVE_LEASE_FD.\n"
	    "Exit status: that of the command (128 + n where signal n ended it), 64\n"
	    "wrong usage, 69 no answer, or the unit did not start, 75 leadership was\n"
	    "lost, or no lease in time, 77 not allowed, 78 leases are too short or off.",
	.without_json = true,
	.run = verb_run,
    },
    {
	.name = "claim",
	.arguments = "[N]",
	.most = 1,
	.about = "say how fresh this server is: the zxid of its next votes",
	.more = "N is 0 to 9223372036854775807, or 0x0 to 0x7fffffffffffffff. The claim\n"
		"that is kept is printed; without N nothing is changed.\n"
		"Exit status: 0 done, 1 refused (the reason is printed), 64 no such\n"
		"number, 69 no answer.",
	.run = verb_claim,
    },
    {
	.name = "members",
	.about = "who is a member: in force, by the file, and who is missing",
	.more = "See conclave-membership(7).\n"
		"Exit status: 0 answered, 1 no membership is kept, 69 no answer.",
	.run = verb_members,
    },
    {
	.name = "refound",
	.options = {{"yes", NULL, "do not ask"}},
	.about = "where a majority of the disks is lost: found the group anew",
	.more =
	    "Say it on every server of the file; conclave-membership(7) says when.\n"
	    "It prints what it gives up, and asks; without a terminal it wants --yes.\n"
	    "Exit status: 0 done, 1 refused (the reason is printed), or no was said,\n"
	    "64 without --yes, 69 no answer.",
	.run = verb_refound,
    },
    {
	.name = "check",
	.arguments = "[FILE]",
	.most = 1,
	.files = true,
	.options = {{"systemd", NULL, "say what of the installed units does not fit it"}},
	.about = "read a configuration and print it in canonical form",
	.more = "Without FILE: the file of -c.\n"
		"Exit status: 0 correct, 78 wrong (with the line and what to write).\n"
		"With --systemd: 1 something does not fit, 69 systemd does not answer.",
	.without_conf = true,
	.run = verb_check,
    },
    {
	.name = "keygen",
	.about = "print a new key of a group, for tls.key_file",
	.more = "Exit status: 0 printed, 1 the kernel has no random bytes.",
	.without_json = true,
	.without_conf = true,
	.run = verb_keygen,
    },
    {
	.name = "probe",
	.arguments = "HOST:PORT...",
	.most = 1 << 20,
	.options = {{"watch", NULL, "go on, with a line per change, until interrupted"}},
	.about = "ask any election ports, ZooKeeper's or ours, who leads",
	.more = "Name the servers of one ensemble; [::1]:3888 is an IPv6 address.\n"
		"Exit status: 0 a quorum of the configuration that they report names a\n"
		"leader, which says so itself; 2 not so; 69 no server answers.",
	.without_conf = true,
	.run = verb_probe,
    },
    {
	.name = "import",
	.arguments = "ZOO.CFG",
	.most = 1,
	.files = true,
	.options = {{"id", "N", "the id of the server that it is for"},
                    {"myid", "FILE", "the file that holds this id"}},
	.usage = "ZOO.CFG [--id N | --myid FILE]",
	.about = "print a configuration made from ZooKeeper's",
	.more = "Without --id and --myid: the myid in the dataDir of ZOO.CFG.\n"
		"Exit status: 0 done, 64 which id is not known, 78 a file is wrong (the\n"
		"line is printed), or has no such server.",
	.without_conf = true,
	.run = verb_import,
    },
    {
	.name = "completion",
	.arguments = "bash|zsh",
	.most = 1,
	.words = "bash zsh",
	.about = "print a completion script for a shell",
	.more = "make install installs both.\nExit status: 0 done, 64 no such shell.",
	.without_conf = true,
	.without_json = true,
	.run = verb_completion,
    },
};

const unsigned verb_count = sizeof(verbs) / sizeof(verbs[0]);
