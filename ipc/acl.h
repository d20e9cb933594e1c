/* Access lists of files (POSIX ACLs): groups beside the owner and the owning group.
 * The owner of a file may give any group access, without belonging to it and without a
 * privilege. */
#ifndef IPC_ACL_H
#define IPC_ACL_H

#include <stdbool.h>
#include <sys/types.h>

#define ACL_NO_GROUP ((gid_t)-1)
#define ACL_GROUPS   2
#define ACL_BYTES    44 /* of a list of acl_grant with one group, */
#define ACL_BYTES_2  52 /* and with two */
#define ACL_ENTER    1  /* x, of a folder */
#define ACL_LIST     5  /* rx, of a folder */
#define ACL_USE      6  /* rw, of a socket */

/* Makes `groups` the only ones that the list of `path` names, with `bits`; those that are
 * ACL_NO_GROUP are left out, and where all are the list is taken away. What the owning
 * group and all others may stays as it is. 0, or -errno: -EPERM: another user owns it;
 * -ENOTSUP: the file system has no lists. */
int acl_grant(const char *path, const gid_t groups[ACL_GROUPS], unsigned bits);

bool acl_is_there(const char *path);
/* chmod. Where there is a list the owning group gets what `mode` says, as it would
 * without one (chmod alone changes what all groups of the list may have at most), and
 * `groups` may have `bits` as before. 0 or -errno. */
int acl_chmod(const char *path, mode_t mode, const gid_t groups[ACL_GROUPS],
              unsigned bits);

#endif
