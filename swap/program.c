/* Checks a program; see program.h. */
#include "swap/program.h"

#include "ipc/msg.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WANTED "conclave-elector"

static int __attribute__((format(printf, 2, 3)))
refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, PROGRAM_WHY_MAX, format, args);
	va_end(args);
	return 1;
}

static ssize_t
read_head(int fd, Elf64_Ehdr *out)
{
	memset(out, 0, sizeof(*out));
	return pread(fd, out, sizeof(*out), 0);
}

static ssize_t
read_own_head(Elf64_Ehdr *out)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read_head(fd, out);

	if (fd >= 0)
		close(fd);
	return n;
}

/* e_machine is at the same offset in 32-bit and 64-bit files. */
static int
check_kind(const char *path, int fd, char *why)
{
	Elf64_Ehdr head, own;
	ssize_t n = read_head(fd, &head);

	if (n < 0)
		return refuse(why, "%s cannot be read: %s", path, strerror(errno));
	if ((size_t)n < sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		return refuse(why, "%s is no program (ELF)", path);
	if (read_own_head(&own) == (ssize_t)sizeof(own) &&
	    (head.e_machine != own.e_machine ||
	     head.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
	     head.e_ident[EI_DATA] != own.e_ident[EI_DATA]))
		return refuse(why, "%s was built for another architecture", path);
	return 0;
}

int
program_open(const char *path, int *fd, char real[RECORD_PATH_MAX],
             char why[PROGRAM_WHY_MAX])
{
	char found[RECORD_PATH_MAX];
	int file;

	if (program_file_open(path, &file, found, why) != 0)
		return 1;
	if (check_kind(found, file, why) != 0) {
		close(file);
		return 1;
	}
	strcpy(real, found);
	*fd = file;
	return 0;
}

int
program_judge(const char *says, char version[PROGRAM_VERSION_MAX],
              char why[PROGRAM_WHY_MAX])
{
	char program[64], found[PROGRAM_VERSION_MAX];
	unsigned set;

	if (sscanf(says, "program %63s\nversion %31s\nmessage-set %u\n", program, found,
	           &set) != 3)
		return refuse(why,
		              "it is no elector: it does not answer --describe as one");
	if (strcmp(program, WANTED) != 0)
		return refuse(why, "it is no elector: it calls itself %s", program);
	if (set != MSG_SET)
		return refuse(why,
		              "it speaks message set %u, and connmgr speaks %d: install "
		              "and restart all programs of that version instead",
		              set, MSG_SET);
	strcpy(version, found);
	return 0;
}
