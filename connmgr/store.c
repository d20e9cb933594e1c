/* Folders, lock, records and state; see store.h. */
#include "connmgr/store.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "proc/roster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_ROOM (CONF_PATH_MAX + 32)

_Static_assert(RECORD_GENERATION_MAX == BOARD_GENERATION_MAX,
               "swap/record.h has the numbers of board.h");

/* A file in our folder below run_dir or data_dir; NULL: that folder. The configuration
 * was checked, so both are short enough. */
static void
path_of(const char *dir, const char *file, char out[PATH_ROOM])
{
	(void)paths_below(out, PATH_ROOM, dir, PATHS_CONNMGR, file);
}

static void
remove_sockets(const char *run_dir)
{
	char path[PATH_ROOM];
	struct dirent *entry;
	DIR *dir;

	path_of(run_dir, NULL, path);
	dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "l.", 2) != 0)
			continue;
		path_of(run_dir, entry->d_name, path);
		unlink(path);
	}
	if (dir)
		closedir(dir);
}

int
store_take_folder(const char *dir)
{
	char path[PATH_ROOM];
	int r;

	path_of(dir, NULL, path);
	r = file_make_dir(path);
	if (r < 0) {
		log_err("cannot make the folder %s: %s", path, strerror(-r));
		return r;
	}
	path_of(dir, "lock", path);
	r = file_lock(path);
	if (r == -EWOULDBLOCK)
		log_err("another conclave-connmgr is running: it has locked %s", path);
	else if (r < 0)
		log_err("cannot lock %s: %s", path, strerror(-r));
	return r;
}

int
store_open(const struct conf *c)
{
	int r = store_take_folder(c->run_dir);

	if (r == 0)
		remove_sockets(c->run_dir);
	return r;
}

int
store_read_record(const char *dir, enum msg_who who, struct record *out)
{
	char path[PATH_ROOM], text[RECORD_TEXT_MAX];
	size_t len;
	int r;

	path_of(dir, roster_who(who)->name, path);
	r = file_read(path, text, sizeof(text), &len);
	if (r == -ENOENT)
		return r;
	if (r == 0 && strlen(text) == len && record_parse(text, out))
		return 0;
	log_err("the record %s is %s; going on as if there were none", path,
	        r < 0 ? strerror(-r) : "damaged");
	return r < 0 ? r : -EBADMSG;
}

int
store_write_record(const char *dir, enum msg_who who, const struct record *r, bool sync)
{
	char path[PATH_ROOM], text[RECORD_TEXT_MAX];
	size_t len = record_print(r, text, sizeof(text));

	path_of(dir, roster_who(who)->name, path);
	if (len == 0)
		return -EMSGSIZE;
	return sync ? file_write_shared(path, text, len, true)
	            : file_write_spare(path, text, len);
}

size_t
store_load_state(const struct conf *c, unsigned char out[BOARD_SMALL_MAX],
                 struct msg_serial *serial)
{
	char path[PATH_ROOM], data[BOARD_SMALL_MAX + 1];
	enum msg_result result;
	struct msg m;
	size_t len;
	int r;

	path_of(c->run_dir, "state", path);
	r = file_read(path, data, sizeof(data), &len);
	if (r == -ENOENT)
		return 0;
	result = r < 0 ? MSG_SHORT : msg_decode(data, len, &m);
	if (result == MSG_VERSION) {
		log_notice("the elector's state %s is of another version; going on as if "
		           "there were none",
		           path);
		return 0;
	}
	if (result != MSG_OK || m.type != MSG_STATE) {
		log_err("the elector's state %s is %s; going on as if there were none",
		        path, r < 0 ? strerror(-r) : "damaged");
		return 0;
	}
	memcpy(out, data, len);
	*serial = m.u.state.serial;
	return len;
}

/* In place, by one write: all states have one length, a kill does not interrupt a write,
 * and a reboot ends every process that needs the state. */
int
store_save_state(const struct conf *c, const void *data, size_t len)
{
	char path[PATH_ROOM];
	ssize_t n;
	int fd, r = 0;

	path_of(c->run_dir, "state", path);
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, data, len);
	if (n != (ssize_t)len)
		r = n < 0 ? -errno : -ENOSPC;
	close(fd);
	return r;
}
