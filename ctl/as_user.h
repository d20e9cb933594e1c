/* Tries what another user may do. */
#ifndef CTL_AS_USER_H
#define CTL_AS_USER_H

/* Opens `file` for reading as `user`, with the group `group` ("": that of the user) and
 * with `groups` besides, names between blanks. NULL: it can be read, or we are not root
 * and cannot try; else why not. */
const char *as_user_cannot_read(const char *user, const char *group, const char *groups,
                                const char *file);

#endif
