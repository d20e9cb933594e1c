/* See folder.h. */
#include "peer/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

int
folder_identify(const char *path, struct folder_id *out)
{
	struct statx st;

	if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) < 0)
		return -errno;
	*out = (struct folder_id){.inode = st.stx_ino};
	if (st.stx_mask & STATX_BTIME) {
		out->born_s = st.stx_btime.tv_sec;
		out->born_ns = st.stx_btime.tv_nsec;
	}
	return 0;
}

int
folder_new_instance(struct members_instance *out)
{
	struct members_instance found;
	ssize_t n;

	do {
		n = getrandom(found.bytes, sizeof(found.bytes), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(found.bytes) || members_instance_none(&found))
		return -EAGAIN;
	*out = found;
	return 0;
}
