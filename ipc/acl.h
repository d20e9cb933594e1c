/* Access lists of files (POSIX ACLs): one group beside the owner and the owning group.
 * The owner of a file may give any group access, without belonging to it and without a
 * privilege. */
#ifndef IPC_ACL_H
#define IPC_ACL_H

#include <stdbool.h>
#include <sys/types.h>

#define ACL_NO_GROUP ((gid_t)-1)
#define ACL_BYTES    44 /* of each list that acl_grant writes */
#define ACL_ENTER    1  /* x, of a folder */
#define ACL_LIST     5  /* rx, of a folder */
#define ACL_USE      6  /* rw, of a socket */

/* Makes `gid` the only group that the list of `path` names, with `bits`; ACL_NO_GROUP:
 * takes the list away. What the owning group and all others may stays as it is. 0, or
 * -errno: -EPERM: another user owns it; -ENOTSUP: the file system has no lists. */
int acl_grant(const char *path, gid_t gid, unsigned bits);

bool acl_is_there(const char *path);
/* chmod. Where there is a list the owning group gets what `mode` says, as it would
 * without one (chmod alone changes what all groups of the list may have at most), and
 * `gid` may have `bits` as before. 0 or -errno. */
int acl_chmod(const char *path, mode_t mode, gid_t gid, unsigned bits);

#endif
