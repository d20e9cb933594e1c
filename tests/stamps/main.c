/* stamps FOLDER: the command of tests/soak/run.py. It writes the time into a file of its
 * own in the folder, again and again, about every millisecond, and so does a child of it
 * in a session of its own: what acts as the leader, seen from outside. The file is named
 * ID.EPOCH.PID.WHO and has two numbers, the first time and the last, in ns of
 * CLOCK_BOOTTIME. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int
stamp_for_ever(const char *folder, const char *who)
{
	const struct timespec pause = {0, 1000000};
	uint64_t times[2] = {now_ns()};
	char path[512];
	int fd;

	/* pids may be those of a namespace, so the time is a part of the name too */
	snprintf(path, sizeof(path), "%s/%s.%s.%llu.%s", folder, getenv("CONCLAVE_ID"),
	         getenv("CONCLAVE_EPOCH"), (unsigned long long)times[0], who);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return 1;
	for (;;) {
		times[1] = now_ns();
		if (pwrite(fd, times, sizeof(times), 0) != sizeof(times))
			return 1;
		nanosleep(&pause, NULL);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 2 || !getenv("CONCLAVE_ID") || !getenv("CONCLAVE_EPOCH"))
		return 64;
	if (fork() == 0) {
		setsid();
		signal(SIGTERM, SIG_IGN);
		return stamp_for_ever(argv[1], "child");
	}
	return stamp_for_ever(argv[1], "command");
}
