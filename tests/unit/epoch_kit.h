/* The tests of peer/epoch share this: a record on a real disk. The calls below take the
 * place of libc's and of peer/folder.c; they note what is written and synced, and fail
 * when they are told to. */
#ifndef TESTS_UNIT_EPOCH_KIT_H
#define TESTS_UNIT_EPOCH_KIT_H

#include "base/slots_file.h"
#include "peer/epoch.h"
#include "peer/membership.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define MIRROR_MS   20
#define NEVER_MS    1000000
#define PATIENCE_US 20000000
#define REC(a, c, n)                                                                     \
	(struct role_record)                                                             \
	{                                                                                \
		.accepted = a, .current = c, .claim = n                                  \
	}

static char folder[64];
static char path[96];         /* of epochs */
static char members_path[96]; /* of membership */
static sd_event *loop;
static struct epoch *epoch;

/* What was called, as "w0 s " for a write of slot 0 of `epochs` and a sync, with an m of
 * `membership`; it grows in the thread. */
static char calls[4096];
static char blocks_written[64][MEMBERSHIP_SLOT];
static unsigned block_count;
static int fail_syncs;      /* so many fail, */
static int after_syncs;     /* after so many that do not, */
static int fails = EIO;     /* with this error */
static bool fail_folder;    /* the sync of the folder does */
static char *volatile hang; /* while there is this file, no sync returns */

/* What is on the disk at each point of a write, from the last call of snap_begin on. */
struct snap {
	char epochs[SLOTS_COUNT * SLOTS_PAGE];
	char membership[SLOTS_COUNT * MEMBERSHIP_SLOT];
};

static struct snap snaps[64];
static unsigned snap_count;
static bool snapping;

static inline void
get_file(const char *of, char *data, size_t size)
{
	FILE *f = fopen(of, "r");

	assert_non_null(f);
	assert_int_equal(fread(data, 1, size, f), size);
	fclose(f);
}

static inline void
put_file(const char *of, const char *data, size_t size)
{
	FILE *f = fopen(of, "r+");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static inline void
snap_get(struct snap *s)
{
	get_file(path, s->epochs, sizeof(s->epochs));
	get_file(members_path, s->membership, sizeof(s->membership));
}

static inline void
snap_put(const struct snap *s)
{
	put_file(path, s->epochs, sizeof(s->epochs));
	put_file(members_path, s->membership, sizeof(s->membership));
}

static inline void
snap(void)
{
	if (snapping && snap_count < 64)
		snap_get(&snaps[snap_count++]);
}

static inline void
snap_begin(void)
{
	snap_count = 0;
	snapping = true;
	snap();
}

static inline void
note(const char *what)
{
	/* nothing here waits for a disk in the loop */
	assert_int_not_equal(syscall(SYS_gettid), getpid());
	strcat(calls, what);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	if (len == MEMBERSHIP_SLOT)
		note(at == 0 ? "m0 " : "m1 ");
	else
		note(at == 0 ? "w0 " : "w1 ");
	memcpy(blocks_written[block_count++ % 64], data, len);
	if (snapping) { /* torn: a half of it, the other half, all */
		const char *half = (const char *)data + len / 2;
		char before[MEMBERSHIP_SLOT];

		assert_int_equal(pread(fd, before, len, at), len);
		syscall(SYS_pwrite64, fd, half, len - len / 2, at + (off_t)(len / 2));
		snap();
		syscall(SYS_pwrite64, fd, before, len, at);
		syscall(SYS_pwrite64, fd, data, len / 2, at);
		snap();
	}
	len = (size_t)syscall(SYS_pwrite64, fd, data, len, at);
	snap();
	return (ssize_t)len;
}

int
fdatasync(int fd)
{
	while (hang && access(hang, F_OK) == 0)
		usleep(1000);
	note("s ");
	if (after_syncs > 0) {
		after_syncs--;
	} else if (fail_syncs > 0) {
		fail_syncs--;
		errno = fails;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	struct stat st;

	note("");
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && fail_folder) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
syncfs(int fd)
{
	(void)fd;
	note("");
	return 0;
}

/* ---- the folder ---- */

static struct folder_id here;        /* as the folder is now */
static unsigned char instance_count; /* the last byte of the newest instance */

int
folder_identify(const char *of, struct folder_id *out)
{
	note("");
	assert_string_equal(of, folder);
	*out = here;
	return 0;
}

int
folder_new_instance(struct members_instance *out)
{
	note("");
	memset(out, 0x5a, sizeof(*out));
	out->bytes[15] = ++instance_count;
	return 0;
}

/* ---- the answers ---- */

static struct {
	unsigned reads;
	unsigned writes;
	int result;
	struct role_record record;
	struct members_hints hints;
	char why[8192];
} got;

static inline void
on_read(void *user, int result, const struct role_record *record,
        const struct members_hints *hints, const char *why)
{
	(void)user;
	got.reads++;
	got.result = result;
	got.record = *record;
	got.hints = *hints;
	snprintf(got.why, sizeof(got.why), "%s", why);
}

static inline void
on_written(void *user, int error)
{
	(void)user;
	got.writes++;
	got.result = error;
}

static inline void
turn(void)
{
	assert_true(sd_event_run(loop, PATIENCE_US) > 0);
}

static inline void
open_epoch(uint32_t mirror_ms)
{
	static const struct epoch_ops ops = {on_read, on_written};
	char lock[96];

	snprintf(lock, sizeof(lock), "%s/lock", folder);
	unlink(lock); /* the lock that this process got for the last one stays with it */
	assert_int_equal(epoch_new(&epoch, loop, folder, mirror_ms, &ops, NULL), 0);
}

static inline int
read_it(void)
{
	unsigned before = got.reads;

	epoch_read(epoch);
	assert_true(epoch_busy(epoch));
	while (got.reads == before)
		turn();
	assert_false(epoch_busy(epoch));
	return got.result;
}

static inline void
reads(int64_t accepted, int64_t current, int64_t claim)
{
	assert_int_equal(read_it(), 0);
	assert_int_equal(got.record.accepted, accepted);
	assert_int_equal(got.record.current, current);
	assert_true(got.record.claim == claim);
}

static struct members_hints hints; /* that are written with each record */

static inline int
write_all(const struct role_record *r)
{
	unsigned before = got.writes;

	epoch_write(epoch, r, &hints);
	while (got.writes == before)
		turn();
	return got.result;
}

/* With the instance and the memberships that were read last. */
static inline void
begin_write(struct role_record r)
{
	r.instance = got.record.instance;
	r.may_found = got.record.may_found;
	r.members = got.record.members;
	epoch_write(epoch, &r, &hints);
}

static inline int
write_it(struct role_record r)
{
	unsigned before = got.writes;

	begin_write(r);
	while (got.writes == before)
		turn();
	return got.result;
}

static inline void
again(uint32_t mirror_ms)
{
	epoch_free(epoch);
	open_epoch(mirror_ms);
	calls[0] = '\0';
}

/* A record of epoch `number` whose new membership has that version and so many servers.
 */
static inline struct role_record
record(int64_t number, int64_t version, unsigned count)
{
	struct role_record r = REC(number, number, 0);

	r.instance = got.record.instance;
	r.members.epoch = number;
	r.members.new.version = version;
	r.members.new.count = count;
	for (unsigned i = 0; i < count; i++) {
		r.members.new.list[i].sid = i + 1;
		r.members.new.list[i].weight = 1;
		memset(&r.members.new.list[i].instance, (int)i + 1, 16);
	}
	return r;
}

static inline bool
is_same(const struct role_record *a, const struct role_record *b)
{
	return a->accepted == b->accepted && a->current == b->current &&
	       a->claim == b->claim && a->may_found == b->may_found &&
	       members_instance_equal(&a->instance, &b->instance) &&
	       a->members.epoch == b->members.epoch &&
	       members_same_record(&a->members, &b->members);
}

static inline void
finds(const struct role_record *r)
{
	assert_int_equal(read_it(), 0);
	assert_true(is_same(&got.record, r));
	assert_string_equal(got.why, "");
}

static inline void
is_anew(const char *why)
{
	assert_int_equal(read_it(), 0);
	assert_int_equal(got.record.members.epoch, 0);
	assert_int_equal(got.record.members.new.version, 0);
	assert_false(got.record.may_found);
	assert_int_equal(got.record.instance.bytes[15], instance_count);
	assert_non_null(strstr(got.why, why));
}

/* ---- the file, past the functions that are tested ---- */

static inline void
put_slot(const char *of, unsigned slot, const char *block, size_t size)
{
	FILE *f = fopen(of, "r+");

	assert_non_null(f);
	assert_int_equal(fseek(f, (long)(slot * size), SEEK_SET), 0);
	assert_int_equal(fwrite(block, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static inline void
spoil(unsigned slot)
{
	char block[SLOTS_PAGE];

	memset(block, 0, sizeof(block));
	put_slot(path, slot, block, sizeof(block));
}

static inline void
spoil_members(unsigned slot)
{
	char block[MEMBERSHIP_SLOT];

	memset(block, 0, sizeof(block));
	put_slot(members_path, slot, block, sizeof(block));
}

static inline void
put_text(const char *text)
{
	char block[SLOTS_PAGE];

	assert_true(slots_encode(block, sizeof(block), 7, text, strlen(text)));
	put_slot(path, 0, block, sizeof(block));
	put_slot(path, 1, block, sizeof(block));
}

static inline bool
are_equal(void)
{
	static struct snap s;

	snap_get(&s);
	return memcmp(s.epochs, s.epochs + SLOTS_PAGE, SLOTS_PAGE) == 0 &&
	       memcmp(s.membership, s.membership + MEMBERSHIP_SLOT, MEMBERSHIP_SLOT) == 0;
}

static inline int
set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_epoch.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/" EPOCH_FILE, folder);
	snprintf(members_path, sizeof(members_path), "%s/" EPOCH_MEMBERS, folder);
	calls[0] = '\0';
	memset(&got, 0, sizeof(got));
	fail_syncs = after_syncs = 0;
	fails = EIO;
	here = (struct folder_id){7, 1764537600, 5};
	instance_count = 0;
	hints.count = 0;
	snapping = false;
	if (sd_event_new(&loop) < 0)
		return -1;
	open_epoch(NEVER_MS);
	return 0;
}

static inline int
tear_down(void **state)
{
	char command[128];

	(void)state;
	epoch_free(epoch);
	sd_event_unref(loop);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
