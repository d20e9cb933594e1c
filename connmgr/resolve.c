/* Look-ups by getaddrinfo_a; see resolve.h. glibc runs them on threads of its own and its
 * notification writes to our eventfd, nothing else. A look-up cannot always be
 * cancelled, so it owns its memory and lives until glibc is done with it. */
#include "connmgr/resolve.h"

#include "base/log.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ASKERS_MAX 64

/* nsswitch.conf(5): `hosts: files mdns4_minimal [NOTFOUND=return] dns` */
#define DATABASE   "hosts:"
#define BLANKS     " \t\n"
#define MODULE_MAX 128
#define UNWINDER   "libgcc_s.so.1"

struct resolve_lookup {
	struct resolve_lookup *next;
	struct gaicb request;
	struct addrinfo hints;
	struct resolve_query *askers[ASKERS_MAX];
	char host[];
};

struct resolver {
	int event; /* an eventfd that glibc's threads write to */
	sd_event_source *source;
	struct resolve_lookup *first;
};

static void
on_done(union sigval value)
{
	uint64_t one = 1;
	ssize_t n = write(value.sival_int, &one, sizeof(one));

	(void)n; /* full: then the loop wakes anyway */
}

/* Address number `turn` of those that were found, IPv4 first as in Java. */
static bool
choose(const struct addrinfo *found, unsigned turn, struct address *out)
{
	static const int families[] = {AF_INET, AF_INET6};
	unsigned count = 0;

	for (const struct addrinfo *a = found; a; a = a->ai_next)
		count += a->ai_family == AF_INET || a->ai_family == AF_INET6;
	if (count == 0)
		return false;
	turn %= count;
	for (unsigned f = 0; f < 2; f++) {
		for (const struct addrinfo *a = found; a; a = a->ai_next) {
			if (a->ai_family != families[f] || turn-- > 0)
				continue;
			memcpy(&out->any, a->ai_addr, a->ai_addrlen);
			out->len = a->ai_addrlen;
			return true;
		}
	}
	return false;
}

static void
answer(struct resolve_lookup *l, const struct addrinfo *found)
{
	struct address a = {.len = 0};

	for (unsigned i = 0; i < ASKERS_MAX; i++) {
		struct resolve_query *q = l->askers[i];

		if (!q)
			continue;
		l->askers[i] = NULL;
		q->lookup = NULL;
		if (choose(found, q->turn, &a)) {
			address_set_port(&a, q->port);
			q->on_answer(q->user, &a);
		} else {
			q->on_answer(q->user, NULL);
		}
	}
}

static int
on_event(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct resolver *r = user;
	struct resolve_lookup **at = &r->first;
	struct resolve_lookup *done = NULL, *l;
	uint64_t count;
	ssize_t n = read(fd, &count, sizeof(count));

	(void)s;
	(void)events;
	(void)n;
	/* All that are done leave the list first, since an answer may ask again. */
	while ((l = *at)) {
		if (gai_error(&l->request) == EAI_INPROGRESS) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		l->next = done;
		done = l;
	}
	while ((l = done)) {
		done = l->next;
		answer(l, gai_error(&l->request) == 0 ? l->request.ar_result : NULL);
		if (gai_error(&l->request) == 0)
			freeaddrinfo(l->request.ar_result);
		free(l);
	}
	return 0;
}

int
resolve_new(struct resolver **out, sd_event *loop)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e = r->event < 0
	        ? -errno
	        : sd_event_add_io(loop, &r->source, r->event, EPOLLIN, on_event, r);
	if (e < 0) {
		if (r->event >= 0)
			close(r->event);
		free(r);
		return e;
	}
	*out = r;
	return 0;
}

void
resolve_free(struct resolver *r)
{
	if (!r)
		return;
	/* glibc still uses the look-ups that are under way, and their descriptor. */
	r->source = sd_event_source_disable_unref(r->source);
	if (!r->first) {
		close(r->event);
		free(r);
	}
}

static struct resolve_lookup *
start(struct resolver *r, const char *host)
{
	struct resolve_lookup *l = calloc(1, sizeof(*l) + strlen(host) + 1);
	struct sigevent notify = {.sigev_notify = SIGEV_THREAD};
	struct gaicb *list[1];

	if (!l)
		return NULL;
	strcpy(l->host, host);
	l->hints.ai_socktype = SOCK_STREAM;
	l->request.ar_name = l->host;
	l->request.ar_request = &l->hints;
	list[0] = &l->request;
	notify.sigev_value.sival_int = r->event;
	notify.sigev_notify_function = on_done;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, &notify) != 0) {
		free(l);
		return NULL;
	}
	l->next = r->first;
	r->first = l;
	return l;
}

int
resolve_ask(struct resolver *r, struct resolve_query *q, const char *host,
            struct address *out)
{
	struct resolve_lookup *l;

	if (address_parse(host, q->port, out))
		return RESOLVE_NOW;
	resolve_cancel(q);
	for (l = r->first; l && strcmp(l->host, host) != 0;)
		l = l->next;
	if (!l)
		l = start(r, host);
	if (!l)
		return -ENOMEM;
	for (unsigned i = 0; i < ASKERS_MAX; i++) {
		if (l->askers[i])
			continue;
		l->askers[i] = q;
		q->lookup = l;
		return RESOLVE_LATER;
	}
	return -EBUSY;
}

void
resolve_cancel(struct resolve_query *q)
{
	if (!q->lookup)
		return;
	for (unsigned i = 0; i < ASKERS_MAX; i++)
		if (q->lookup->askers[i] == q)
			q->lookup->askers[i] = NULL;
	q->lookup = NULL;
}

/* The actions in brackets are not modules. */
static void
blank_brackets(char *text)
{
	for (char *at = strchr(text, '['); at; at = strchr(at, '[')) {
		size_t len = strcspn(at, "]");

		memset(at, ' ', at[len] ? len + 1 : len);
	}
}

/* `files` and `dns` are part of glibc since 2.34, though their files are still there. */
static void
load_each(char *text)
{
	char module[MODULE_MAX];

	text[strcspn(text, "#")] = '\0';
	blank_brackets(text);
	for (char *word; (word = strsep(&text, BLANKS));) {
		int n = snprintf(module, sizeof(module), "libnss_%s.so.2", word);

		if (*word && strcmp(word, "files") != 0 && strcmp(word, "dns") != 0 &&
		    !strchr(word, '/') && n > 0 && (size_t)n < sizeof(module))
			(void)dlopen(module, RTLD_NOW); /* and never closed */
	}
}

void
resolve_preload(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	/* glibc's look-ups end their threads by pthread_exit, which aborts without it. */
	(void)dlopen(UNWINDER, RTLD_NOW);
	while (f && getline(&line, &cap, f) >= 0) {
		char *text = line + strspn(line, BLANKS);

		if (strncmp(text, DATABASE, strlen(DATABASE)) == 0)
			load_each(text + strlen(DATABASE));
	}
	free(line);
	if (f)
		fclose(f);
}
