/* The life of a worker program; see serve.h. */
#include "proc/serve.h"

#include "base/exit.h"
#include "ipc/msg.h"
#include "proc/backoff.h"
#include "proc/rights.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_MAX (PATHS_NAME_MAX + 32)

struct served {
	const struct serve *program;
	struct proc_options options;
	char config[PATH_MAX]; /* absolute */
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

	if (conf_load(self->config, &self->fresh, &error) != 0) {
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

/* The path of the configuration, whatever the current folder will be. */
static int
find_config(struct served *self)
{
	const char *path = self->options.config;
	char here[PATH_MAX] = "";
	int n;

	if (path[0] != '/' && !getcwd(here, sizeof(here)))
		return -errno;
	n = snprintf(self->config, sizeof(self->config), "%s%s%s", here,
	             here[0] ? "/" : "", path);
	return n < 0 || (size_t)n >= sizeof(self->config) ? -ENAMETOOLONG : 0;
}

/* Its folder in run_dir. */
static void
folder_of(const struct served *self, char out[FOLDER_MAX])
{
	const struct serve *program = self->program;

	snprintf(out, FOLDER_MAX, "%s%s%s", program->name, program->instances ? "-" : "",
	         program->instances ? self->options.name : "");
}

/* 0, or the exit status. */
static int
drop_rights(struct served *self)
{
	const struct serve *program = self->program;
	const struct conf *conf = &self->conf;
	char run[CONF_RUN_DIR_MAX + FOLDER_MAX], data[CONF_PATH_MAX + 32];
	char folder[FOLDER_MAX];
	const struct rights rights = {.network = program->network,
	                              .files = program->files,
	                              .own = {run, program->files ? data : NULL},
	                              .read = {self->config, conf->id_file}};
	int r;

	if (!conf->rights) {
		log_notice("no rights are dropped: rights = \"off\"");
		return 0;
	}
	folder_of(self, folder);
	snprintf(run, sizeof(run), "%s/%s", conf->run_dir, folder);
	snprintf(data, sizeof(data), "%s/%s", conf->data_dir, program->name);
	r = rights_drop(&rights);
	if (r == RIGHTS_REFUSED)
		return EXIT_CONFIG;
	return r < 0 ? EXIT_FAILED : 0;
}

static int
run(struct served *self)
{
	static const struct proc_ops ops = {.on_reload = on_reload};
	const struct serve *program = self->program;
	const struct conf *conf = &self->conf;
	char folder[FOLDER_MAX];
	struct proc *proc;
	int r;

	folder_of(self, folder);
	log_init(program->name, (enum log_level)conf->log_level);
	backoff_wait(conf, folder);
	r = find_config(self);
	if (r == 0)
		r = proc_init(&proc, program->name, (enum log_level)self->conf.log_level,
		              &ops, self);
	if (r < 0) {
		fprintf(stderr, "conclave-%s: %s\n", program->name, strerror(-r));
		return EXIT_FAILED;
	}
	r = drop_rights(self);
	if (r != 0)
		return r;
	r = program->open(&self->conf, self->options.name, proc);
	if (r == 0)
		r = proc_run(proc);
	else
		r = EXIT_FAILED;
	program->close();
	if (r == EXIT_OK)
		backoff_forget(conf, folder);
	return r < 0 ? EXIT_FAILED : r;
}

void
serve(int argc, char **argv, const struct serve *program)
{
	static struct served self; /* large */
	struct conf_error error;
	int status;

	self.program = program;
	status = proc_parse_options(argc, argv, program->about, &self.options);
	if (status < 0 && conf_load(self.options.config, &self.conf, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		status = EXIT_CONFIG;
	}
	if (status < 0)
		status = run(&self);
	fflush(NULL);
	_exit(status);
}
