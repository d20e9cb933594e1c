/* See boot.h. */
#include "base/boot.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_PATH   "/proc/sys/kernel/random/boot_id"
#define TIME_PATH "/proc/self/ns/time"
#define TEXT_LEN  36 /* 8-4-4-4-12 */

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse(const char *text, unsigned char *id)
{
	unsigned have = 0;

	for (int i = 0; i < TEXT_LEN; i++) {
		int value = digit(text[i]);

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
			continue;
		}
		if (value < 0)
			return false;
		id[have / 2] = (unsigned char)(id[have / 2] << 4 | value);
		have++;
	}
	return true;
}

void
boot_read(struct boot *out)
{
	struct boot found = {0};
	char text[TEXT_LEN];
	struct stat st;
	int fd = open(ID_PATH, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, text, sizeof(text)) != TEXT_LEN || !parse(text, found.id))
			memset(found.id, 0, sizeof(found.id));
		close(fd);
	}
	if (stat(TIME_PATH, &st) == 0) {
		found.ns_device = st.st_dev;
		found.ns_number = st.st_ino;
	}
	*out = found;
}

bool
boot_equal(const struct boot *a, const struct boot *b)
{
	static const struct boot none;

	return memcmp(a->id, none.id, BOOT_ID_LEN) != 0 && memcmp(a, b, sizeof(*a)) == 0;
}
