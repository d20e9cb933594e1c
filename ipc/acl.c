/* See acl.h. The list is written as the kernel keeps it (linux/posix_acl_xattr.h), so
 * that no library is needed for it. */
#include "ipc/acl.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define NAME    "system.posix_acl_access"
#define VERSION 2
#define NO_ID   UINT32_MAX

enum tag { OWNER = 1, OWNING_GROUP = 4, GROUP = 8, MASK = 16, OTHERS = 32 };

struct entry {
	uint16_t tag;
	uint16_t bits;
	uint32_t id;
};

struct list {
	uint32_t version;
	struct entry entries[16];
};

_Static_assert(ACL_BYTES == offsetof(struct list, entries[5]) &&
                   ACL_BYTES_2 == offsetof(struct list, entries[6]),
               "the filters let this pass");

static struct entry
entry(enum tag tag, unsigned bits, uint32_t id)
{
	return (struct entry){htole16((uint16_t)tag), htole16((uint16_t)bits),
	                      htole32(id)};
}

/* What the owning group may: where there is a list the mode has the mask in its place.
 * `has_list`: there is one. */
static unsigned
owning_group(const char *path, mode_t mode, bool *has_list)
{
	struct list old;
	ssize_t n = getxattr(path, NAME, &old, sizeof(old));

	*has_list = n > (ssize_t)offsetof(struct list, entries);
	for (size_t i = 0; *has_list && i < ((size_t)n - 4) / sizeof(old.entries[0]); i++)
		if (le16toh(old.entries[i].tag) == OWNING_GROUP)
			return le16toh(old.entries[i].bits) & 7u;
	return mode >> 3 & 7u;
}

/* The entries of `groups`, each once; how many. */
static unsigned
put_groups(struct entry *out, const gid_t groups[ACL_GROUPS], unsigned bits)
{
	unsigned count = 0;

	for (unsigned i = 0; i < ACL_GROUPS; i++)
		if (groups[i] != ACL_NO_GROUP && (i == 0 || groups[i] != groups[i - 1]))
			out[count++] = entry(GROUP, bits, groups[i]);
	return count;
}

int
acl_grant(const char *path, const gid_t groups[ACL_GROUPS], unsigned bits)
{
	struct list fresh = {.version = htole32(VERSION)};
	struct entry *at = fresh.entries;
	unsigned group, count;
	struct stat st;
	bool has_list;

	if (stat(path, &st) < 0)
		return -errno;
	group = owning_group(path, st.st_mode, &has_list);
	*at++ = entry(OWNER, st.st_mode >> 6 & 7u, NO_ID);
	*at++ = entry(OWNING_GROUP, group, NO_ID);
	count = put_groups(at, groups, bits);
	if (count == 0 && !has_list)
		return 0;
	if (count == 0) {
		if (removexattr(path, NAME) < 0)
			return -errno;
		return chmod(path, (st.st_mode & 0707u) | group << 3) < 0 ? -errno : 0;
	}
	at += count;
	*at++ = entry(MASK, group | bits, NO_ID);
	*at++ = entry(OTHERS, st.st_mode & 7u, NO_ID);
	if (setxattr(path, NAME, &fresh, (size_t)((char *)at - (char *)&fresh), 0) < 0)
		return -errno;
	return 0;
}

bool
acl_is_there(const char *path)
{
	return getxattr(path, NAME, NULL, 0) > 0;
}

int
acl_chmod(const char *path, mode_t mode, const gid_t groups[ACL_GROUPS], unsigned bits)
{
	static const gid_t none[ACL_GROUPS] = {ACL_NO_GROUP, ACL_NO_GROUP};
	bool there = acl_is_there(path);
	int r = there ? acl_grant(path, none, 0) : 0;

	if (r == 0 && chmod(path, mode) < 0)
		r = -errno;
	return r == 0 && there ? acl_grant(path, groups, bits) : r;
}
