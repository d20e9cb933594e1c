/* conclave-elector: FastLeaderElection for this server. Everything that it does is in
 * shell.c and in the core; here it starts and stops. */
#include "base/log.h"
#include "config/conf.h"
#include "elector/shell.h"
#include "proc/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct elector {
	struct proc_options options;
	struct conf conf;
	struct conf fresh; /* of a reload */
	struct shell shell;
};

/* Levels are taken over at once; all else asks for a new process. */
static void
on_reload(void *user)
{
	struct elector *self = user;
	struct conf_error error;
	const char *key;

	if (conf_load(self->options.config, &self->fresh, &error) != 0) {
		log_err("not reloaded: %s", error.text);
		return;
	}
	log_set_level((enum log_level)self->fresh.log_level);
	key = conf_difference(&self->conf, &self->fresh);
	if (key && *key)
		log_warning("reloaded, but `%s` differs: restart to take it over", key);
	else
		log_info("reloaded");
}

int
main(int argc, char **argv)
{
	static const struct proc_ops ops = {.on_reload = on_reload};
	static struct elector self;
	struct conf_error error;
	struct proc *proc;
	int r;

	r = proc_parse_options(argc, argv, "conclave-elector: elects the leader.",
	                       &self.options);
	if (r >= 0)
		return r;
	if (conf_load(self.options.config, &self.conf, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return PROC_EXIT_CONFIG;
	}
	r = proc_init(&proc, "elector", (enum log_level)self.conf.log_level, &ops, &self);
	if (r < 0) {
		fprintf(stderr, "conclave-elector: %s\n", strerror(-r));
		return PROC_EXIT_FAILURE;
	}
	r = shell_open(&self.shell, &self.conf, self.options.name, proc);
	if (r == 0)
		r = proc_run(proc);
	else
		r = PROC_EXIT_FAILURE;
	shell_close(&self.shell);
	return r < 0 ? PROC_EXIT_FAILURE : r;
}
