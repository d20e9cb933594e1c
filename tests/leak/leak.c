/* Preloaded into a program of the tests: once the file /run/leak.PID is there, memory is
 * taken until there is no more, and the process ends as one that needed it would. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)

static void *
leak(void *unused)
{
	char path[64];
	char *piece;

	(void)unused;
	snprintf(path, sizeof(path), "/run/leak.%d", (int)getpid());
	while (access(path, F_OK) < 0)
		usleep(2000);
	while ((piece = malloc(PIECE)) != NULL)
		memset(piece, 1, PIECE);
	abort();
}

/* The program's signals must not reach this thread. */
__attribute__((constructor)) static void
begin(void)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_create(&thread, NULL, leak, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
