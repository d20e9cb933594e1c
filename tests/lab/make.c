/* The lab's folders and configurations. */
#include "tests/lab/lab_own.h"
#include "tests/lab/ports.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define RUN_DIR_MAX 63

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void
remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int
make_dirs(const char *path)
{
	char part[LAB_PATH_MAX];

	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i])
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* The folder's absolute path, or one under /tmp where that is too long. */
static int
choose_dir(struct lab *l, const char *wanted)
{
	char real[PATH_MAX];
	int r;

	if (wanted) {
		r = make_dirs(wanted);
		if (r)
			return r;
		if (!realpath(wanted, real))
			return -errno;
		if (strlen(real) + strlen("/16/run") <= RUN_DIR_MAX) {
			strcpy(l->dir, real);
			return 0;
		}
	}
	strcpy(l->dir, "/tmp/conclave-XXXXXX");
	if (!mkdtemp(l->dir))
		return -errno;
	l->made_dir = true;
	return 0;
}

/* Two labs in one folder would wreck each other; the kernel unlocks it at our end. */
static int
lock_dir(struct lab *l)
{
	l->lock = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->lock < 0 || flock(l->lock, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return 0;
}

/* As /run on a server: what is never synced does not wait for the disk of what is. */
static void
choose_memory(struct lab *l)
{
	struct statfs fs;

	if (statfs("/dev/shm", &fs) < 0 || fs.f_type != TMPFS_MAGIC)
		return;
	strcpy(l->memory, "/dev/shm/conclave-XXXXXX");
	if (!mkdtemp(l->memory))
		l->memory[0] = '\0';
}

/* build/tests/demo → build/bin */
static int
choose_programs(struct lab *l, const char *wanted)
{
	char self[PATH_MAX] = "";
	char real[PATH_MAX];
	char *slash;

	if (!wanted) {
		if (readlink("/proc/self/exe", self, sizeof(self) - 16) < 0)
			return -errno;
		slash = strrchr(self, '/');
		strcpy(slash, "/../bin");
		wanted = self;
	}
	if (!realpath(wanted, real))
		return -errno;
	if (strlen(real) > sizeof(l->program_dir) - 16)
		return -ENAMETOOLONG;
	strcpy(l->program_dir, real);
	return 0;
}

static int
write_config(const struct lab *l, const struct lab_server *s, const struct lab_options *o,
             uint16_t port)
{
	FILE *f = fopen(s->config, "we");
	bool bad;

	if (!f)
		return -errno;
	fprintf(f,
	        "id = %u;\nrun_dir = \"%s\";\ndata_dir = \"%s/%u/data\";\n"
	        "program_dir = \"%s\";\nservers = (\n",
	        s->id, s->run_dir, l->dir, s->id, l->program_dir);
	for (unsigned i = 0; i < l->count; i++)
		fprintf(f,
		        "\t{ id = %u; host = \"127.0.0.1\"; quorum_port = %u; "
		        "election_port = %u; }%s\n",
		        i + 1, port + 2 * i, port + 2 * i + 1,
		        i + 1 < l->count ? "," : "");
	fprintf(f, ");\n");
#ifdef SANITIZED
	/* its report does not get through the filters, and it calls what they refuse */
	fprintf(f, "rights = \"off\";\n");
#endif
	if (o->ipc)
		fprintf(f, "ipc = \"%s\";\n", o->ipc);
	if (o->extra)
		fprintf(f, "%s\n", o->extra);
	bad = ferror(f);
	return fclose(f) != 0 || bad ? -EIO : 0;
}

static int
make_server(struct lab *l, const struct lab_options *o, unsigned id, uint16_t port)
{
	struct lab_server *s = lab_server(l, id);
	char own[LAB_PATH_MAX + 16], passing[LAB_PATH_MAX + 16];
	int r;

	snprintf(own, sizeof(own), "%s/%u", l->dir, id);
	snprintf(passing, sizeof(passing), "%s/%u", l->memory[0] ? l->memory : l->dir,
	         id);
	if (strlen(own) + 32 > LAB_PATH_MAX)
		return -ENAMETOOLONG;
	remove_tree(own);
	r = make_dirs(own);
	if (!r)
		r = make_dirs(passing);
	if (r)
		return r;
	s->id = id;
	s->watch = -1;
	s->state.leader = LAB_NOBODY;
	strcpy(s->state.state, "down");
	strcat(strcpy(s->config, own), "/conclave.conf");
	strcat(strcpy(s->run_dir, passing), "/run");
	strcat(strcpy(s->log, passing), "/log");
	return write_config(l, s, o, port);
}

int
lab_new(struct lab **out, const struct lab_options *options)
{
	struct lab *l = calloc(1, sizeof(*l));
	uint16_t port;
	int r;

	assert(options->count > 0 && options->count <= LAB_SERVERS_MAX);
	if (!l)
		return -ENOMEM;
	l->count = options->count;
	l->wake_fd = options->wake_fd;
	l->lock = -1;
	l->ports = ports_take(&port);
	r = l->ports < 0 ? l->ports : 0;
	if (!r)
		r = choose_dir(l, options->dir);
	if (!r)
		r = lock_dir(l);
	if (!r)
		r = choose_programs(l, options->program_dir);
	if (!r && options->in_memory)
		choose_memory(l);
	for (unsigned id = 1; !r && id <= l->count; id++)
		r = make_server(l, options, id, port);
	if (r) {
		l->count = 0;
		lab_free(l);
		return r;
	}
	*out = l;
	return 0;
}

void
lab_free(struct lab *l)
{
	if (!l)
		return;
	for (unsigned id = 1; id <= l->count; id++) {
		lab_kill(l, id, NULL);
		lab_unwatch(lab_server(l, id));
	}
	if (l->made_dir)
		remove_tree(l->dir);
	if (l->memory[0])
		remove_tree(l->memory);
	if (l->lock >= 0)
		close(l->lock);
	if (l->ports >= 0)
		close(l->ports);
	free(l);
}

const char *
lab_config(const struct lab *l, unsigned id)
{
	return l->servers[id - 1].config;
}

const char *
lab_program_dir(const struct lab *l)
{
	return l->program_dir;
}
