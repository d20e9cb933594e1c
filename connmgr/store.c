/* Folders, lock, records and state; see store.h. */
#include "connmgr/store.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH_ROOM (CONF_PATH_MAX + 32)

_Static_assert(RECORD_GENERATION_MAX == BOARD_GENERATION_MAX,
               "swap/record.h has the numbers of board.h");

static const char *
role_name(enum msg_who who)
{
	return who == MSG_WHO_ELECTOR ? "elector" : "peer";
}

static void
record_path(const struct conf *c, enum msg_who who, char out[PATH_ROOM])
{
	snprintf(out, PATH_ROOM, "%s/connmgr/%s", c->data_dir, role_name(who));
}

static void
run_path(const struct conf *c, const char *name, char out[PATH_ROOM])
{
	snprintf(out, PATH_ROOM, "%s/connmgr%s%s", c->run_dir, *name ? "/" : "", name);
}

static void
remove_sockets(const char *folder)
{
	char path[PATH_ROOM];
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "l.", 2) != 0)
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) <
		    sizeof(path))
			unlink(path);
	}
	if (dir)
		closedir(dir);
}

/* Makes the folder, and keeps others out of it. */
static int
take_folder(const char *folder)
{
	char path[PATH_ROOM];
	int r = file_make_dir(folder);

	if (r < 0) {
		log_err("cannot make the folder %s: %s", folder, strerror(-r));
		return r;
	}
	if ((size_t)snprintf(path, sizeof(path), "%s/lock", folder) >= sizeof(path))
		return -ENAMETOOLONG;
	r = file_lock(path);
	if (r == -EWOULDBLOCK)
		log_err("another conclave-connmgr runs here: it has locked %s", path);
	else if (r < 0)
		log_err("cannot lock %s: %s", path, strerror(-r));
	return r;
}

int
store_open(const struct conf *c)
{
	char folder[PATH_ROOM];
	int r;

	run_path(c, "", folder);
	r = take_folder(folder);
	if (r < 0)
		return r;
	remove_sockets(folder);
	snprintf(folder, sizeof(folder), "%s/connmgr", c->data_dir);
	return take_folder(folder);
}

uint64_t
store_load_record(const struct conf *c, enum msg_who who, struct record *out)
{
	char path[PATH_ROOM], text[RECORD_TEXT_MAX];
	uint64_t floor;
	size_t len;
	int r;

	*out = (struct record){.accepted = true};
	record_path(c, who, path);
	r = file_read(path, text, sizeof(text), &len);
	if (r == -ENOENT)
		return 0;
	if (r == 0 && strlen(text) == len && record_parse(text, out))
		return 0;
	/* generations count restarts: seconds since 1970 are above any of them */
	floor = (uint64_t)time(NULL);
	log_err("the record %s is %s; going on as if there were none, above generation "
	        "%llu",
	        path, r < 0 ? strerror(-r) : "damaged", (unsigned long long)floor);
	return floor;
}

int
store_save_record(const struct conf *c, enum msg_who who, const struct record *r,
                  bool sync)
{
	char path[PATH_ROOM], text[RECORD_TEXT_MAX];
	size_t len = record_print(r, text, sizeof(text));

	if (len == 0)
		return -EMSGSIZE;
	record_path(c, who, path);
	return file_write(path, text, len, sync);
}

static void
prepared_path(const struct conf *c, char out[PATH_ROOM])
{
	snprintf(out, PATH_ROOM, "%s/connmgr/elector.next", c->data_dir);
}

int
store_prepare_record(const struct conf *c, const struct record *r)
{
	char path[PATH_ROOM], text[RECORD_TEXT_MAX];
	size_t len = record_print(r, text, sizeof(text));

	if (len == 0)
		return -EMSGSIZE;
	prepared_path(c, path);
	return file_write_new(path, text, len, true);
}

int
store_place_record(const struct conf *c)
{
	char fresh[PATH_ROOM], path[PATH_ROOM];

	prepared_path(c, fresh);
	record_path(c, MSG_WHO_ELECTOR, path);
	return rename(fresh, path) < 0 ? -errno : 0;
}

int
store_sync_records(const struct conf *c)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/connmgr", c->data_dir);
	return file_sync_dir(path);
}

size_t
store_load_state(const struct conf *c, unsigned char out[BOARD_SMALL_MAX],
                 struct msg_serial *serial)
{
	char path[PATH_ROOM], data[BOARD_SMALL_MAX + 1];
	struct msg m;
	size_t len;
	int r;

	run_path(c, "state", path);
	r = file_read(path, data, sizeof(data), &len);
	if (r == -ENOENT)
		return 0;
	if (r < 0 || msg_decode(data, len, &m) != MSG_OK || m.type != MSG_STATE) {
		log_err("the elector's state %s is %s; going on without", path,
		        r < 0 ? strerror(-r) : "damaged");
		return 0;
	}
	memcpy(out, data, len);
	*serial = m.u.state.serial;
	return len;
}

/* In place, by one write: they are all of one length, a killed process ends behind its
 * write and never within it, and no process outlives the machine. */
int
store_save_state(const struct conf *c, const void *data, size_t len)
{
	char path[PATH_ROOM];
	ssize_t n;
	int fd, r = 0;

	run_path(c, "state", path);
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, data, len);
	if (n < 0)
		r = -errno;
	else if ((size_t)n < len)
		r = -ENOSPC;
	close(fd);
	return r;
}
