/* Look-ups by getaddrinfo_a; see lookup.h. */
#include "ctl/lookup.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	struct addrinfo *numeric;
	char host[];
};

static void
on_done(union sigval value)
{
	uint64_t one = 1;
	ssize_t n = write(value.sival_int, &one, sizeof(one));

	(void)n; /* where it is full it is readable already */
}

struct lookup *
lookup_start(const char *host, int wake)
{
	struct lookup *l = calloc(1, sizeof(*l) + strlen(host) + 1);
	struct sigevent notify = {.sigev_notify = SIGEV_THREAD};
	struct gaicb *list[1];

	if (!l)
		return NULL;
	strcpy(l->host, host);
	l->hints.ai_socktype = SOCK_STREAM;
	l->hints.ai_flags = AI_NUMERICHOST;
	if (getaddrinfo(l->host, NULL, &l->hints, &l->numeric) == 0)
		return l;
	l->hints.ai_flags = 0;
	l->request.ar_name = l->host;
	l->request.ar_request = &l->hints;
	list[0] = &l->request;
	notify.sigev_value.sival_int = wake;
	notify.sigev_notify_function = on_done;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, &notify) != 0) {
		free(l);
		return NULL;
	}
	return l;
}

bool
lookup_done(struct lookup *l, const struct addrinfo **found, const char **why)
{
	int r = l->numeric ? 0 : gai_error(&l->request);

	if (r == EAI_INPROGRESS)
		return false;
	*found = l->numeric ? l->numeric : r ? NULL : l->request.ar_result;
	*why = r ? gai_strerror(r) : NULL;
	return true;
}

void
lookup_free(struct lookup *l)
{
	if (!l)
		return;
	if (l->numeric)
		freeaddrinfo(l->numeric);
	else if (gai_error(&l->request) == EAI_INPROGRESS)
		return; /* glibc still uses it, and cannot always be stopped */
	else if (l->request.ar_result)
		freeaddrinfo(l->request.ar_result);
	free(l);
}
