/* Files and ports of TCP, by Landlock; see privileges.h. A rule belongs to a folder as it
 * is now, not to its name, and holds for all below it. A file is replaced by a new one,
 * which would have no rule: so the rules are for folders. */
#include "proc/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The headers of Debian 12 do not have these: later kernels know them. */
struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};
#define FS_TRUNCATE   (UINT64_C(1) << 14)
#define NET_BIND      UINT64_C(1)
#define NET_CONNECT   UINT64_C(2)
#define SCOPE_OUTSIDE UINT64_C(3) /* abstract sockets, signals: from ABI 6 on */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OWN                                                                              \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |         \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | FS_TRUNCATE)

/* struct landlock_net_port_attr and LANDLOCK_RULE_NET_PORT of linux/landlock.h. */
struct port_rule {
	uint64_t access;
	uint64_t port;
};
#define RULE_NET_PORT 2

/* What is refused unless a rule allows it, and the first ABI that knows it. */
static const struct {
	int abi;
	struct ruleset adds;
} known[] = {
    {1, {.files = (UINT64_C(1) << 13) - 1}},
    {2, {.files = LANDLOCK_ACCESS_FS_REFER}},
    {3, {.files = FS_TRUNCATE}},
    {4, {.network = NET_BIND | NET_CONNECT}},
    {5, {.files = UINT64_C(1) << 15}}, /* ioctl of devices */
    {6, {.scopes = SCOPE_OUTSIDE}},
};

/* What the look-up of a name reads. */
static const char *const name_files[] = {"/etc/hosts", "/etc/resolv.conf",
                                         "/etc/nsswitch.conf", "/etc/gai.conf"};

static int
allow(int rules, const char *folder, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = access};
	int r = 0;

	beneath.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return -errno;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath,
	            0) < 0)
		r = -errno;
	close(beneath.parent_fd);
	return r;
}

/* A folder that is missing has nothing to read. */
static int
allow_reading(int rules, const char *folder)
{
	int r = allow(rules, folder, READ);

	return r == -ENOENT || r == -ENOTDIR || r == -EACCES ? 0 : r;
}

/* A rule lasts as long as its inode, and /proc makes inodes anew when it has dropped them
 * from its cache: the descriptors, which stay open, keep them there. */
static int
allow_proc(int rules)
{
	static const char *const folders[] = {
	    "/proc/self",              /* for the answer to status */
	    "/proc/sys/kernel/random", /* sd-event reads boot_id */
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && r == 0; i++) {
		(void)open(folders[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = allow_reading(rules, folders[i]);
	}
	return r;
}

static int
allow_folder_of(int rules, const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n;

	if (!slash)
		return 0;
	n = snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	if (n < 0 || (size_t)n >= sizeof(folder))
		return -ENAMETOOLONG;
	return allow_reading(rules, folder);
}

static int
allow_file(int rules, const char *path)
{
	char real[PATH_MAX];
	int r = allow_folder_of(rules, path);

	if (r == 0 && realpath(path, real))
		r = allow_folder_of(rules, real);
	return r;
}

static int
allow_port(int rules, uint64_t access, uint16_t port)
{
	struct port_rule rule = {.access = access, .port = port};

	return syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &rule, 0) < 0 ? -errno
	                                                                          : 0;
}

static int
add_ports(int rules, const struct privileges *keep)
{
	int r = 0;

	for (unsigned i = 0; keep->listens[i] != 0 && r == 0; i++)
		r = allow_port(rules, NET_BIND, keep->listens[i]);
	return r;
}

static int
add_rules(int rules, const struct privileges *keep, const struct ruleset *here)
{
	uint64_t known_here = here->files;
	int r = allow_proc(rules);

	if (keep->network && here->network && r == 0)
		r = add_ports(rules, keep);

	for (unsigned i = 0; i < PRIVILEGES_PATHS_MAX && keep->own[i] && r == 0; i++)
		r = allow(rules, keep->own[i], OWN & known_here);
	for (unsigned i = 0; i < PRIVILEGES_PATHS_MAX && keep->read[i] && r == 0; i++)
		r = allow_file(rules, keep->read[i]);
	for (size_t i = 0;
	     keep->network && i < sizeof(name_files) / sizeof(*name_files) && r == 0; i++)
		r = allow_file(rules, name_files[i]);
	return r;
}

int
privileges_files(const struct privileges *keep)
{
	struct ruleset set = {.files = 0};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	                   LANDLOCK_CREATE_RULESET_VERSION);
	int rules, r;

	if (abi < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (abi < known[i].abi)
			break;
		set.files |= known[i].adds.files;
		set.network |= known[i].adds.network;
		set.scopes |= known[i].adds.scopes;
	}
	if (keep->network)
		set.network &= keep->listens[0] != 0 ? NET_BIND : 0;
	/* an older kernel takes the longer struct where the fields it does not know are 0
	 */
	rules = (int)syscall(SYS_landlock_create_ruleset, &set, sizeof(set), 0);
	if (rules < 0)
		return -errno;
	r = add_rules(rules, keep, &set);
	if (r == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		r = -errno;
	close(rules);
	return r < 0 ? r : (int)abi;
}
