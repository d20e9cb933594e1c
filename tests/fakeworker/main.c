/* A worker that behaves as a test wants, in the place of connmgr, elector and peer. Its
 * name is that of the link by which it is started; the first word of NAME.mode beside the
 * configuration file is its behaviour:
 *
 *   - ok: READY=1, a beat each half of the watchdog's time, ends on SIGTERM (the default)
 *   - mute: neither READY=1 nor beats
 *   - unready: beats only
 *   - hang: READY=1, then nothing more
 *   - flap: READY=1, then exit status 1
 *   - exit N: exit status N at once
 *   - stubborn: as ok, but ends on SIGKILL only
 *   - forge: another process sends READY=1 and beats; the worker itself is mute
 *   - will: asks conclaved to restart the peer, and exits before it is heard
 *   - drop: has conclaved give up a listening socket that it keeps, then as ok
 *   - noise: malformed notifications, then as ok, with a generation that no process has
 *
 * It writes NAME.env (how it was started), and a line to NAME.log for each start, SIGHUP
 * and SIGTERM. It leaves a socket in $FAKE_RUN/NAME if that folder exists.
 *
 * `fakeworker ask DOOR REQUEST` sends a request to a control socket instead and prints
 * the answer. */
#include "base/clock.h"
#include "ctl/ask.h"
#include "ipc/door.h"

#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

struct mode {
	const char *name;
	bool ready;
	bool beats;
	bool stubborn;
};

static const struct mode modes[] = {
    {"ok", true, true, false},       {"mute", false, false, false},
    {"unready", false, true, false}, {"hang", true, false, false},
    {"flap", true, false, false},    {"exit", false, false, false},
    {"stubborn", true, true, true},  {"forge", false, false, false},
    {"noise", true, true, false},    {"will", false, false, false},
    {"drop", true, true, false},
};

static char folder[4096]; /* of the configuration that conclaved has read */
static char worker[64];   /* connmgr, elector, peer */

static FILE *
open_note(const char *suffix, const char *how)
{
	char path[4200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%s", folder, worker, suffix);
	f = fopen(path, how);
	return f;
}

static void
note(const char *word)
{
	FILE *f = open_note("log", "a");

	if (f != NULL) {
		fprintf(f, "%s %d %llu\n", word, (int)getpid(),
		        (unsigned long long)clock_us());
		fclose(f);
	}
}

/* Writes down the descriptors, the blocked and ignored signals, the variables and the
 * arguments with which this worker was started. */
static void
write_env(int argc, char **argv)
{
	static const char *const names[] = {"WATCHDOG_USEC", "WATCHDOG_PID",
	                                    "CONCLAVE_PARENT", "LISTEN_FDS"};
	sigset_t blocked;
	FILE *f;
	int fds = 0, blocks = 0;

	for (int fd = 3; fd < 1024; fd++)
		fds += fcntl(fd, F_GETFD) >= 0;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int sig = 1; sig < 32; sig++) {
		struct sigaction now;

		if (sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			blocks++;
		blocks += sigismember(&blocked, sig) == 1;
	}
	f = open_note("env", "w");
	if (f == NULL)
		return;
	fprintf(f, "descriptors=%d\nsignals=%d\npgrp=%d\n", fds, blocks,
	        getpgrp() == getpid());
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fprintf(f, "%s=%s\n", names[i],
		        getenv(names[i]) != NULL ? getenv(names[i]) : "-");
	for (int i = 1; i < argc; i++)
		fprintf(f, "arg%d=%s\n", i, argv[i]);
	fclose(f);
}

static const struct mode *
read_mode(int *number)
{
	char word[16] = "ok";
	FILE *f = open_note("mode", "r");

	if (f != NULL) {
		if (fscanf(f, "%15s %d", word, number) < 1)
			strcpy(word, "ok");
		fclose(f);
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, word) == 0)
			return &modes[i];
	fprintf(stderr, "fakeworker: unknown mode %s\n", word);
	exit(2);
}

static void
leave_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *run = getenv("FAKE_RUN");
	int fd;

	if (run == NULL)
		return;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s%s/door", run, worker,
	         strcmp(worker, "elector") == 0 ? "-main" : "");
	unlink(address.sun_path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	(void)bind(fd, (const struct sockaddr *)&address, sizeof(address));
	close(fd);
}

/* Sends notifications from another process; conclaved must not believe them. */
static void
forge(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		sd_notify(0, "READY=1\nWATCHDOG=1");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	note("forged");
}

static void
make_noise(void)
{
	int fds[2];

	sd_notify(0, "no assignment");
	sd_notify(0, "X_CONCLAVE_GENERATION=many");
	sd_notify(0, "=");
	/* and with a descriptor that conclaved does not expect */
	if (pipe(fds) == 0) {
		sd_pid_notify_with_fds(0, 0, "FDSTORE=1", fds, 2);
		close(fds[0]);
		close(fds[1]);
	}
}

static void
leave_will(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/run/conclaved/door",
	         folder);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    send(fd, "restart peer", 12, 0) == 12)
		note("asked");
}

static int
serve(const struct mode *mode, int signals)
{
	const char *usec = getenv("WATCHDOG_USEC");
	int wait_ms = usec != NULL ? atoi(usec) / 2000 : -1;

	for (;;) {
		struct pollfd pfd = {.fd = signals, .events = POLLIN};
		struct signalfd_siginfo info;

		if (mode->beats)
			sd_notify(0, "WATCHDOG=1");
		if (poll(&pfd, 1, mode->beats ? wait_ms : -1) <= 0)
			continue;
		if (read(signals, &info, sizeof(info)) != sizeof(info))
			return 3;
		if (info.ssi_signo == SIGHUP)
			note("hup");
		if (info.ssi_signo != SIGTERM)
			continue;
		note("term");
		if (!mode->stubborn)
			return 0;
	}
}

/* As the real workers do; the end of a parent that was dead before is never noticed. */
static void
die_with_parent(void)
{
	const char *parent = getenv("CONCLAVE_PARENT");

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (parent && getppid() != atoi(parent))
		_exit(1);
}

static int
be_worker(int argc, char **argv)
{
	const struct mode *mode;
	sigset_t taken;
	int number = 0;

	die_with_parent();
	write_env(argc, argv);
	note("start");
	mode = read_mode(&number);
	if (strcmp(mode->name, "exit") == 0) {
		sd_notifyf(0, "X_CONCLAVE_ERROR=%s gives up", worker);
		return number;
	}
	if (strcmp(mode->name, "will") == 0) {
		leave_will();
		return 1;
	}
	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGHUP);
	sigaddset(&taken, SIGINT);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	if (mode->stubborn)
		signal(SIGABRT, SIG_IGN);
	leave_socket();
	if (strcmp(mode->name, "forge") == 0)
		forge();
	if (strcmp(mode->name, "noise") == 0)
		make_noise();
	if (strcmp(mode->name, "drop") == 0)
		sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=listen-127.0.0.1-28881");
	if (mode->ready)
		sd_notifyf(0,
		           "READY=1\nSTATUS=%s \"works\"\nX_CONCLAVE_VERSION=9.8\n"
		           "X_CONCLAVE_GENERATION=4611686018427387905\n"
		           "X_CONCLAVE_ACTIVE=1",
		           worker);
	if (strcmp(mode->name, "noise") == 0)
		sd_notify(0, "X_CONCLAVE_GENERATION=18446744073709551615");
	if (strcmp(mode->name, "flap") == 0)
		return 1;
	return serve(mode, signalfd(-1, &taken, SFD_CLOEXEC));
}

static int
ask(const char *door, const char *request)
{
	static char reply[DOOR_REPLY_MAX + 1];
	size_t len;
	int r = ask_door(door, request, 5000, reply, sizeof(reply), &len);

	if (r < 0) {
		fprintf(stderr, "fakeworker: %s: %s\n", door, strerror(-r));
		return 1;
	}
	puts(reply);
	return 0;
}

int
main(int argc, char **argv)
{
	char name[256], config[4096];

	if (argc == 4 && strcmp(argv[1], "ask") == 0)
		return ask(argv[2], argv[3]);
	snprintf(name, sizeof(name), "%s", argv[0]);
	if (argc < 3 || strncmp(basename(name), "conclave-", 9) != 0) {
		fprintf(stderr, "fakeworker: to be started by conclaved\n");
		return 64;
	}
	snprintf(name, sizeof(name), "%s", argv[0]);
	snprintf(worker, sizeof(worker), "%.60s", basename(name) + 9);
	snprintf(config, sizeof(config), "%s", argv[2]);
	/* FOLDER/run/conclaved/conclave.conf, what conclaved read of FOLDER's */
	snprintf(folder, sizeof(folder), "%s", dirname(dirname(dirname(config))));
	return be_worker(argc, argv);
}
