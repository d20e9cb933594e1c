/* The life of a worker program; see serve.h. */
#include "proc/serve.h"

#include "base/exit.h"
#include "ipc/users.h"
#include "proc/backoff.h"
#include "proc/privileges.h"
#include "proc/sdnotify.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Blocks from this size on are mappings of their own, of which only the pages that are
 * used take memory. Without it glibc raises the size when a large block is freed. */
#define LARGE_BLOCK (128 * 1024)

struct served {
	const struct serve *program;
	const struct roster_row *row;
	struct proc *proc;
	/* Below run_dir. */
	char folder[ROSTER_FOLDER_MAX];
	struct proc_options options;
	/* Absolute. */
	char config[PATH_MAX];
	/* What the program was started with. */
	struct conf conf;
	struct conf_warnings warnings;
	/* The last file that was taken over, and what a reload reads. */
	struct conf taken;
	struct conf fresh;
};

/* conclaved logs them for all; where there is none, one worker does. */
static void
say_warnings(const struct served *self)
{
	if (self->program->worker != ROSTER_CONNMGR || getenv("CONCLAVE_PARENT"))
		return;
	for (unsigned i = 0; i < self->warnings.count; i++)
		log_warning("%s", self->warnings.list[i].text);
}

static void
on_reload(void *user)
{
	struct served *self = user;
	const struct serve *program = self->program;
	struct conf_error error;
	bool refused = conf_load_again(self->config, &self->taken, &self->fresh, &error,
	                               &self->warnings) != 0;

	if (refused) {
		log_err("the configuration is not reloaded: %s", error.text);
	} else {
		conf_take(&self->taken, &self->fresh);
		log_set_level((enum log_level)self->taken.log_level);
		say_warnings(self);
		log_info("reloaded");
	}
	if (program->reloaded)
		program->reloaded(program->self, &self->taken,
		                  refused ? error.text : NULL);
}

static void
on_stop(void *user)
{
	struct served *self = user;

	if (self->program->stop)
		self->program->stop(self->program->self);
	else
		proc_exit(self->proc, EXIT_OK);
}

/* Makes the path of the configuration absolute: the current folder will be another. */
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

/* The exit status after an error. */
static int
status_of(int error)
{
	switch (-error) {
	case EPERM:
	case EACCES:
	case ENOTDIR:
	case ELOOP:
	case EROFS:
		return EXIT_FOLDER;
	default:
		return EXIT_FAILED;
	}
}

/* 0, or the exit status. */
static int
drop_privileges(struct served *self)
{
	const struct roster_row *row = self->row;
	const struct conf *conf = &self->conf;
	char run[CONF_RUN_DIR_MAX + ROSTER_FOLDER_MAX], data[CONF_PATH_MAX + 32];
	struct privileges keep = {.network = row->network,
	                          .files = row->files,
	                          .own = {run, row->files ? data : NULL},
	                          .read = {self->config, conf->id_file}};
	int r;

	/* the keys are connmgr's alone: no other worker may read their folder */
	if (row->network && conf->tls.mode != CONF_TLS_OFF) {
		keep.read[2] = conf->tls.key_file;
		/* nor does a core file hold them; the kernel takes 1, and not 0, as the
		 * word for that where a program takes core files */
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
	}

	if (!conf->rights) {
		log_notice("privileges are kept: rights = \"off\"");
		return 0;
	}
	if (conf->self) {
		keep.listens[0] = conf->self->quorum_port;
		keep.listens[1] = conf->self->election_port;
	}
	paths_below(run, sizeof(run), conf->run_dir, self->folder, NULL);
	paths_below(data, sizeof(data), conf->data_dir, row->name, NULL);
	r = privileges_drop(&keep);
	if (r == PRIVILEGES_REFUSED)
		return EXIT_CONFIG;
	return r < 0 ? status_of(r) : 0;
}

static int
run(struct served *self)
{
	static const struct proc_ops ops = {.on_reload = on_reload, .on_stop = on_stop};
	const struct serve *program = self->program;
	const struct conf *conf = &self->conf;
	const char *name = self->row->name;
	int r;

	roster_folder(self->row, self->options.name, self->folder);
	log_init(name, (enum log_level)conf->log_level);
	say_warnings(self);
	self->taken = *conf;
	conf_take(&self->taken, conf); /* its own entry of `id` */
	users_open(conf->run_dir);
	if (*conf->control_group)
		users_let_read(conf->control_gid);
	if (*conf->hold_group)
		users_let_hold(conf->hold_gid);
	backoff_wait(conf, self->folder);
	r = find_config(self);
	if (r == 0)
		r = proc_init(&self->proc, name, (enum log_level)conf->log_level, &ops,
		              self);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", self->row->program, strerror(-r));
		return EXIT_FAILED;
	}
	r = drop_privileges(self);
	if (r != 0)
		return r;
	r = program->open(program->self, &self->conf, self->options.name, self->proc);
	if (r == 0)
		r = proc_run(self->proc);
	else if (r < 0)
		r = status_of(r);
	program->close(program->self);
	if (r == EXIT_OK)
		backoff_forget(conf, self->folder);
	return r < 0 ? EXIT_FAILED : r;
}

void
serve(int argc, char **argv, const struct serve *program)
{
	static struct served self; /* large */
	struct conf_error error;
	int status;

	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	self.program = program;
	self.row = &roster[program->worker];
	status = proc_parse_options(argc, argv, self.row->about, &self.options);
	if (status < 0 && conf_load_warned(self.options.config, &self.conf, &error,
	                                   &self.warnings) != 0) {
		fprintf(stderr, "%s\n", error.text);
		sdnotify_last_words(error.text);
		status = EXIT_CONFIG;
	}
	if (status < 0)
		status = run(&self);
	fflush(NULL);
	_exit(status);
}
