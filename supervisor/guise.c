/* See guise.h. Calls of the kernel, not of libc: those of libc change all threads. */
#include "supervisor/guise.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SAME     ((uid_t)-1)
#define BIT(cap) (UINT64_C(1) << (cap))
#define BINDS    BIT(CAP_NET_BIND_SERVICE)
#define CHANGES  (BIT(CAP_SETUID) | BIT(CAP_SETGID))
#define ALL_OF_IT                                                                        \
	(CHANGES | BIT(CAP_CHOWN) | BIT(CAP_KILL) | BIT(CAP_DAC_OVERRIDE) |              \
	 BIT(CAP_FOWNER))

static int
set_uids(uid_t real, uid_t effective, uid_t saved)
{
	return syscall(SYS_setresuid, real, effective, saved) < 0 ? -errno : 0;
}

static int
set_group(gid_t gid)
{
	if (syscall(SYS_setgroups, 1, &gid) < 0 ||
	    syscall(SYS_setresgid, gid, gid, gid) < 0)
		return -errno;
	return 0;
}

/* Of the permitted and the effective set, and what a program that is executed inherits.
 */
static int
set_caps(uint64_t caps, uint64_t inherited)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = (uint32_t)(caps >> (32 * i));
		data[i].inheritable = (uint32_t)(inherited >> (32 * i));
	}
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static uint64_t
permitted(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &head, data) < 0)
		return 0;
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/* A change of users marks the process as one that nobody may look at, not even itself. */
void
guise_be_seen(void)
{
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* 0 if we are that user in every respect, and cannot be the one before. */
static int
verify(const struct guise *g, uid_t before)
{
	uid_t uids[3];
	gid_t gids[3];

	if (getresuid(&uids[0], &uids[1], &uids[2]) < 0 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) < 0)
		return -errno;
	for (unsigned i = 0; i < 3; i++)
		if (uids[i] != g->uid || gids[i] != g->gid)
			return -EPERM;
	if (permitted() != (g->binds ? BINDS : 0) || set_uids(SAME, before, SAME) == 0)
		return -EPERM;
	return 0;
}

/* Where the kernel has no ambient capabilities there is nothing to give up. */
static int
ambient(int what, int cap)
{
	return prctl(PR_CAP_AMBIENT, what, cap, 0, 0) < 0 ? -errno : 0;
}

int
guise_become(const struct guise *g)
{
	uint64_t keeps = g && g->binds ? BINDS : 0;
	uid_t before = geteuid();
	int r = 0;

	if (!g) {
		(void)ambient(PR_CAP_AMBIENT_LOWER, CAP_SETUID);
		(void)ambient(PR_CAP_AMBIENT_LOWER, CAP_SETGID);
		return 0;
	}
	(void)ambient(PR_CAP_AMBIENT_CLEAR_ALL, 0);
	if (keeps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0)
		r = set_group(g->gid);
	if (r == 0)
		r = set_uids(g->uid, g->uid, g->uid);
	if (r == 0)
		r = set_caps(keeps, keeps);
	if (r == 0 && keeps)
		r = ambient(PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE);
	return r == 0 ? verify(g, before) : r;
}

static uid_t own; /* valid while a guise is on */
static bool on;

void
guise_take(const struct guise *g)
{
	if (!g || geteuid() == 0)
		return;
	own = geteuid();
	on = set_uids(SAME, g->uid, SAME) == 0;
}

void
guise_drop(void)
{
	if (!on)
		return;
	on = false;
	if (set_uids(SAME, own, SAME) < 0)
		_exit(1); /* never as somebody else */
	guise_be_seen();
}

bool
guise_has_all(void)
{
	return geteuid() == 0 && (permitted() & ALL_OF_IT) == ALL_OF_IT;
}

bool
guise_can_bind(void)
{
	return (permitted() & BINDS) != 0;
}

bool
guise_can_change(void)
{
	return (permitted() & CHANGES) == CHANGES;
}

int
guise_use_group(gid_t gid)
{
	int r = syscall(SYS_setresgid, -1, gid, -1) < 0 ? -errno : 0;

	guise_be_seen();
	return r;
}

int
guise_settle(const struct guise *g)
{
	uint64_t keeps = permitted() & (CHANGES | BINDS);
	int r = prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? -errno : set_group(g->gid);

	if (r == 0)
		r = set_uids(g->uid, g->uid, g->uid);
	if (r == 0)
		r = set_caps(keeps, 0);
	(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	guise_be_seen();
	return r;
}
