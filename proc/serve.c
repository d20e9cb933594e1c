/* The life of a worker program; see serve.h. */
#include "proc/serve.h"

#include "proc/backoff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct served {
	const struct serve *program;
	struct proc_options options;
	struct conf conf;
	struct conf fresh; /* of a reload */
};

/* The log's level is taken over at once; all else asks for a new process. */
static void
on_reload(void *user)
{
	struct served *self = user;
	struct conf_error error;
	const char *key;

	if (conf_load(self->options.config, &self->fresh, &error) != 0) {
		log_err("not reloaded: %s", error.text);
		return;
	}
	log_set_level((enum log_level)self->fresh.log_level);
	key = conf_difference(&self->conf, &self->fresh);
	if (*key)
		log_warning("reloaded, but `%s` differs: restart to take it over", key);
	else
		log_info("reloaded");
}

static int
run(struct served *self)
{
	static const struct proc_ops ops = {.on_reload = on_reload};
	const struct serve *program = self->program;
	const struct conf *conf = &self->conf;
	char folder[128]; /* in run_dir */
	struct proc *proc;
	int r;

	snprintf(folder, sizeof(folder), "%s%s%s", program->name,
	         program->many ? "-" : "", program->many ? self->options.name : "");
	log_init(program->name, (enum log_level)conf->log_level);
	backoff_wait(conf, folder);
	r = proc_init(&proc, program->name, (enum log_level)self->conf.log_level, &ops,
	              self);
	if (r < 0) {
		fprintf(stderr, "conclave-%s: %s\n", program->name, strerror(-r));
		return PROC_EXIT_FAILURE;
	}
	r = program->open(&self->conf, self->options.name, proc);
	if (r == 0)
		r = proc_run(proc);
	else
		r = PROC_EXIT_FAILURE;
	program->close();
	if (r == PROC_EXIT_OK)
		backoff_forget(conf, folder);
	return r < 0 ? PROC_EXIT_FAILURE : r;
}

void
serve(int argc, char **argv, const struct serve *program)
{
	static struct served self; /* large */
	struct conf_error error;
	int status;

	self.program = program;
	status = proc_parse_options(argc, argv, program->about, &self.options);
	if (status < 0) {
		if (conf_load(self.options.config, &self.conf, &error) == 0) {
			status = run(&self);
		} else {
			fprintf(stderr, "%s\n", error.text);
			status = PROC_EXIT_CONFIG;
		}
	}
	fflush(NULL);
	_exit(status);
}
