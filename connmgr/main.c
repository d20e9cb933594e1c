/* conclave-connmgr: owns every TCP link of this server; design.md, section 5. */
#include "base/log.h"
#include "config/conf.h"
#include "connmgr/switchboard.h"
#include "proc/proc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct connmgr {
	struct proc *proc;
	const char *file;
	struct switchboard *board;
};

static struct conf conf;

static void
on_reload(void *user)
{
	static struct conf fresh; /* large */
	struct connmgr *self = user;
	struct conf_error error;
	const char *key;

	if (conf_load(self->file, &fresh, &error) != 0) {
		log_err("the configuration stays as it is: %s", error.text);
		return;
	}
	key = conf_difference(&conf, &fresh);
	if (*key) {
		log_warning("%s has changed: it counts after a restart", key);
		return;
	}
	log_set_level((enum log_level)fresh.log_level);
	log_notice("configuration read again");
}

static const struct proc_ops proc_ops = {.on_reload = on_reload};

static int
run(struct connmgr *self, const struct proc_options *options)
{
	int r = proc_init(&self->proc, "connmgr", (enum log_level)conf.log_level,
	                  &proc_ops, self);

	if (r < 0) {
		log_err("cannot start: %s", strerror(-r));
		return PROC_EXIT_FAILURE;
	}
	r = switchboard_open(&self->board, proc_loop(self->proc), &conf, options->name);
	if (r < 0)
		return PROC_EXIT_FAILURE;
	proc_ready(self->proc, "the door is open", 0, true);
	r = proc_run(self->proc);
	switchboard_close(self->board);
	return r < 0 ? PROC_EXIT_FAILURE : r;
}

int
main(int argc, char **argv)
{
	struct connmgr self = {0};
	struct proc_options options;
	struct conf_error error;
	int status = proc_parse_options(
	    argc, argv, "owns the TCP links of a Conclave server", &options);

	if (status >= 0)
		return status;
	if (conf_load(options.config, &conf, &error) != 0) {
		fprintf(stderr, "conclave-connmgr: %s\n", error.text);
		return PROC_EXIT_CONFIG;
	}
	self.file = options.config;
	status = run(&self, &options);
	/* not exit: threads of nng may be stuck in a close for ever (feasibility A2) */
	fflush(NULL);
	_exit(status);
}
