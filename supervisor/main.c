/* conclaved: starts connmgr, elector and peer, watches them, and replaces the one that
 * dies or hangs. No data passes through it, it holds no state of an election, and no
 * child's failure ends it. Exit statuses: 0 stopped in order, 1 another conclaved is
 * here (or an unforeseen failure), 64 usage, 73 a folder cannot be used, 78 the
 * configuration is invalid. */
#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "ipc/users.h"
#include "proc/backoff.h"
#include "proc/privileges.h"
#include "supervisor/shell.h"

#include <stdio.h>
#include <string.h>

static struct supervisor supervisor;

int
main(int argc, char **argv)
{
	struct supervisor *s = &supervisor;
	struct proc_options options;
	struct conf_warnings warnings;
	struct conf_error error;
	int r;

	r = proc_parse_options(
	    argc, argv, "conclaved: starts, watches and replaces Conclave's workers.",
	    &options);
	if (r >= 0)
		return r;
	s->started_us = clock_us();
	s->config_path = options.config;
	if (conf_load_warned(options.config, &s->conf, &error, &warnings) != 0) {
		fprintf(stderr, "conclaved: %s\n", error.text);
		return EXIT_CONFIG;
	}
	log_init("conclaved", (enum log_level)s->conf.log_level);
	for (unsigned i = 0; i < warnings.count; i++)
		log_warning("%s", warnings.list[i].text);
	if (*s->conf.control_group)
		users_let_read(s->conf.control_gid);
	if (*s->conf.hold_group)
		users_let_hold(s->conf.hold_gid);
	backoff_wait(&s->conf, "conclaved");
	r = proc_init(&s->proc, "conclaved", (enum log_level)s->conf.log_level,
	              &supervisor_proc_ops, s);
	if (r < 0) {
		log_err("cannot start: %s", strerror(-r));
		return EXIT_FAILED;
	}
	if (s->conf.rights && privileges_drop_parent() != 0)
		return EXIT_CONFIG;
	r = supervisor_open(s);
	if (r == 0)
		r = supervisor_run(s);
	supervisor_close(s);
	log_info("stopped");
	if (r == EXIT_OK)
		backoff_forget(&s->conf, "conclaved");
	return r;
}
