/* See paths.h. */
#include "base/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool
paths_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < PATHS_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                    "0123456789._-") == len;
}

int
paths_below(char *out, size_t cap, const char *dir, const char *folder, const char *file)
{
	int n = snprintf(out, cap, "%s/%s%s%s", dir, folder, file ? "/" : "",
	                 file ? file : "");

	if (n >= 0 && (size_t)n < cap)
		return 0;
	out[0] = '\0';
	return -ENAMETOOLONG;
}
