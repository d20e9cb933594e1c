/* conclave-peer: what this server is. Everything that it does is in keeper.c and in the
 * core (role.c); here it starts and stops. */
#include "base/log.h"
#include "config/conf.h"
#include "peer/keeper.h"
#include "proc/proc.h"

#include <stdio.h>
#include <string.h>

struct peer {
	struct proc_options options;
	struct conf conf;
	struct conf fresh; /* of a reload */
	struct keeper keeper;
};

/* Levels are taken over at once; all else asks for a new process. */
static void
on_reload(void *user)
{
	struct peer *self = user;
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
	static struct peer self;
	struct conf_error error;
	struct proc *proc;
	int r;

	r = proc_parse_options(argc, argv,
	                       "conclave-peer: keeps this server's role and epochs.",
	                       &self.options);
	if (r >= 0)
		return r;
	if (conf_load(self.options.config, &self.conf, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return PROC_EXIT_CONFIG;
	}
	r = proc_init(&proc, "peer", (enum log_level)self.conf.log_level, &ops, &self);
	if (r < 0) {
		fprintf(stderr, "conclave-peer: %s\n", strerror(-r));
		return PROC_EXIT_FAILURE;
	}
	r = keeper_open(&self.keeper, &self.conf, self.options.name, proc);
	if (r == 0)
		r = proc_run(proc);
	else
		r = PROC_EXIT_FAILURE;
	keeper_close(&self.keeper);
	return r < 0 ? PROC_EXIT_FAILURE : r;
}
