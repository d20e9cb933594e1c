/* Listeners and greetings; see greet.h. All deadlines of greetings are equally long, so
 * the list in order of arrival is also the list in order of deadlines. */
#include "connmgr/greet.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/log_limited.h"
#include "connmgr/ports.h"
#include "wire/hello.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCEPT_BUDGET 64
/* With TLS each costs a handshake: between them those have their turn that stand. */
#define ACCEPT_BUDGET_TLS 4
#define TLS_FIRST         0x16 /* the type of the record with a handshake */
#define PAUSE_MS          100  /* without descriptors: until the next attempt to accept */
#define REBIND_MIN_MS     20
#define REBIND_MAX_MS     500
#define GREETING_ROOM     (HELLO_MAX + 4096) /* frames may follow at once */

struct listener {
	struct greet *greet;
	char host[CONF_HOST_MAX];
	struct resolve_query query;
	struct address address; /* len 0: not known yet */
	struct stream_port port;
	uint64_t due_ms; /* of the next attempt to listen or to accept */
	uint32_t backoff_ms;
};

struct greeting {
	struct greet *greet;
	/* of those in use; older: also of the free ones */
	struct greeting *older, *newer;
	struct stream stream;
	uint64_t due_ms;
	size_t len;
	unsigned char data[GREETING_ROOM];
};

struct greet {
	sd_event *loop;
	struct resolver *resolver;
	const struct conf *conf;
	const char *name;
	uint16_t port;
	/* NULL: without TLS. */
	struct secure *secure;
	bool probes;
	const struct greet_ops *ops;
	void *user;
	struct listener listeners[GREET_LISTENERS_MAX];
	struct greeting *oldest, *newest, *free;
	struct greeting *all;
	unsigned used, max; /* places of `all`; those from `used` on were never touched */
	struct greet_view view;
};

static struct hello hello; /* large, and used by one greeting at a time */

/* Takes it off the list; the caller gets its stream. */
static struct stream
release(struct greeting *c)
{
	struct greet *g = c->greet;
	struct stream s = stream_take(&c->stream);

	*(c->older ? &c->older->newer : &g->oldest) = c->newer;
	*(c->newer ? &c->newer->older : &g->newest) = c->older;
	c->older = g->free;
	g->free = c;
	g->view.pending--;
	return s;
}

static void
refuse(struct greeting *c, uint64_t *counter)
{
	struct stream s = release(c);

	stream_close(&s);
	++*counter;
}

/* What begins as TLS does gets an engine with its first byte: who is silent costs none.
 * 0: read on; -EAGAIN: there is no byte yet, so whether it is TLS is open; else it is
 * refused. */
static int
begin_tls(struct greeting *c)
{
	struct secure *secure = c->greet->secure;
	int first = stream_first_byte(&c->stream);
	struct tls_engine *tls;

	if (first == -EAGAIN)
		return first;
	if (first == TLS_FIRST) {
		tls = secure_accept(secure, c->greet->probes);
		stream_secure(&c->stream, tls);
		return tls ? 0 : -ENOMEM;
	}
	if (first < 0 || !secure->conf->tls.enforce)
		return 0;
	secure->plain++;
	return -EPROTO;
}

/* Is the other side `sid`, as far as it had to prove that? */
static bool
believes(const struct greeting *c, int64_t sid)
{
	struct secure *secure = c->greet->secure;

	if (!secure || (!c->stream.tls && !secure->conf->tls.enforce))
		return true;
	if (secure_believes(secure, c->stream.tls, sid))
		return true;
	log_limited(LOG_LEVEL_WARNING,
	            "%s: a connection said that it is of server %" PRId64
	            ", and proved to be of another",
	            c->greet->name, sid);
	return false;
}

static void
on_ready(void *user, unsigned what)
{
	struct greeting *c = user;
	struct greet *g = c->greet;
	enum msg_reason why;
	ssize_t n;
	enum hello_result r;
	struct stream s;
	size_t used;
	int begun = 0;

	(void)what;
	if (g->secure && !c->stream.tls && c->len == 0)
		begun = begin_tls(c);
	if (begun < 0) {
		if (begun != -EAGAIN)
			refuse(c, &g->view.refused);
		return;
	}
	n = stream_recv(&c->stream, c->data + c->len, sizeof(c->data) - c->len, &why);
	if (n == 0)
		return;
	if (n < 0) {
		if (c->stream.tls && why == MSG_REASON_TLS)
			g->secure->refused++;
		refuse(c, &g->view.refused);
		return;
	}
	c->len += (size_t)n;
	r = hello_decode(c->data, c->len, &hello, &used);
	if (r == HELLO_MORE)
		return; /* it never needs more than HELLO_MAX, so there is room */
	if (r != HELLO_OK) {
		log_limited(LOG_LEVEL_DEBUG, "%s: initial message refused: %s", g->name,
		            hello_result_name(r));
		refuse(c, &g->view.refused);
		return;
	}
	if (!believes(c, hello.sid)) {
		refuse(c, &g->view.refused);
		return;
	}
	if (c->stream.tls)
		g->secure->opened++;
	s = release(c); /* its bytes stay where they are until the next accept */
	g->ops->on_greeted(g->user, hello.sid, &s, c->data + used, c->len - used);
}

static void
make_room(struct greet *g)
{
	if (g->used == g->max) {
		refuse(g->oldest, &g->view.evicted);
		return;
	}
	g->free = &g->all[g->used++];
	g->free->greet = g;
	g->free->stream = STREAM_NONE;
}

static void
begin(struct greet *g, struct stream *s)
{
	struct greeting *c;

	g->view.accepted++;
	if (!g->free)
		make_room(g);
	c = g->free;
	c->stream = *s;
	if (stream_watch(&c->stream, g->loop, STREAM_READ, g->secure != NULL, on_ready,
	                 c) < 0) {
		stream_close(&c->stream);
		g->view.shed++;
		return;
	}
	g->free = c->older;
	c->len = 0;
	c->due_ms = clock_ms() + g->conf->links.handshake_ms;
	c->newer = NULL;
	c->older = g->newest;
	*(g->newest ? &g->newest->newer : &g->oldest) = c;
	g->newest = c;
	g->view.pending++;
	on_ready(c, STREAM_READ); /* the side that dials speaks first, often at once */
}

static void
on_knock(void *user)
{
	struct listener *l = user;
	struct greet *g = l->greet;
	struct stream s;

	for (unsigned i = 0; i < (g->secure ? ACCEPT_BUDGET_TLS : ACCEPT_BUDGET); i++) {
		int r = stream_accept(&l->port, g->conf, &s);

		if (r == -EMFILE || r == -ENOBUFS) {
			g->view.shed += r == -EMFILE;
			if (g->oldest) {
				refuse(g->oldest, &g->view.evicted);
			} else if (r == -ENOBUFS) {
				stream_pause(&l->port, true);
				l->due_ms = clock_ms() + PAUSE_MS;
			}
			return;
		}
		if (r == -EAGAIN)
			return;
		if (r == 0)
			begin(g, &s);
	}
}

static void
try_later(struct listener *l, const char *why)
{
	struct greet *g = l->greet;
	struct greet_listener *shown = &g->view.listeners[l - g->listeners];

	if (strcmp(shown->reason, why) != 0)
		log_warning("%s: cannot listen at %s: %s; trying again", g->name,
		            shown->text, why);
	shown->reason = why;
	l->due_ms = clock_ms() + l->backoff_ms;
	l->backoff_ms =
	    l->backoff_ms < REBIND_MAX_MS / 2 ? 2 * l->backoff_ms : REBIND_MAX_MS;
	g->ops->on_port(g->user);
}

static const char *
error_name(int error)
{
	const char *text = strerrordesc_np(error);

	return text ? text : "unknown error";
}

/* Once all listen; until then one of them may need what was inherited. */
static void
settle(const struct greet *g)
{
	for (unsigned i = 0; i < g->view.listener_count; i++)
		if (!g->view.listeners[i].open)
			return;
	ports_settle(g->port);
}

static void
listen_at(struct listener *l, const struct address *a)
{
	struct greet *g = l->greet;
	struct greet_listener *shown = &g->view.listeners[l - g->listeners];
	int r;

	l->address = *a;
	r = stream_listen(&l->port, g->loop, a, g->secure != NULL, on_knock, l);
	if (r < 0) {
		try_later(l, error_name(-r));
		return;
	}
	shown->open = true;
	shown->reason = "";
	log_info("%s: listening at %s", g->name, shown->text);
	settle(g);
	g->ops->on_port(g->user);
}

static void
on_answer(void *user, const struct address *a)
{
	if (a)
		listen_at(user, a);
	else
		try_later(user, "the host name has no address");
}

static void
try_listen(struct listener *l)
{
	struct address a;
	int r;

	l->due_ms = UINT64_MAX;
	r = resolve_ask(l->greet->resolver, &l->query, l->host, &a);
	if (r == RESOLVE_NOW)
		listen_at(l, &a);
	else if (r < 0)
		try_later(l, error_name(-r));
}

static void
add_listener(struct greet *g, const char *host, size_t len)
{
	struct listener *l = &g->listeners[g->view.listener_count];
	struct greet_listener *shown = &g->view.listeners[g->view.listener_count++];

	l->greet = g;
	memcpy(l->host, host, len);
	l->host[len] = '\0';
	l->port.fd = l->port.reserve = -1;
	l->backoff_ms = REBIND_MIN_MS;
	l->query =
	    (struct resolve_query){.on_answer = on_answer, .user = l, .port = g->port};
	shown->reason = "";
	snprintf(shown->text, sizeof(shown->text), "%.*s:%u", (int)len, host, g->port);
}

int
greet_new(struct greet **out, sd_event *loop, struct resolver *resolver,
          const struct conf *conf, const char *name, uint16_t port, unsigned max,
          const struct greet_ops *ops, void *user)
{
	struct greet *g = calloc(1, sizeof(*g));
	const char *host = conf->self ? conf->self->host : NULL;

	if (!g)
		return -ENOMEM;
	g->all = calloc(max, sizeof(*g->all));
	if (!g->all) {
		free(g);
		return -ENOMEM;
	}
	g->loop = loop;
	g->resolver = resolver;
	g->conf = conf;
	g->name = name;
	g->port = port;
	g->ops = ops;
	g->user = user;
	g->max = max;
	while (host && g->view.listener_count < GREET_LISTENERS_MAX) {
		const char *bar = strchr(host, '|');

		add_listener(g, host, bar ? (size_t)(bar - host) : strlen(host));
		host = bar ? bar + 1 : NULL;
	}
	*out = g;
	return 0;
}

void
greet_secure(struct greet *g, struct secure *secure, bool probes)
{
	g->secure = secure;
	g->probes = probes;
}

void
greet_start(struct greet *g)
{
	for (unsigned i = 0; i < g->view.listener_count; i++)
		try_listen(&g->listeners[i]);
}

void
greet_listen(struct greet *g, const struct qconfig_addr *list, unsigned count)
{
	if (g->view.listener_count > 0)
		return;
	for (unsigned i = 0; i < count && g->view.listener_count < GREET_LISTENERS_MAX;
	     i++) {
		g->port = list[0].port;
		if (list[i].port == g->port)
			add_listener(g, list[i].host, strlen(list[i].host));
	}
	greet_start(g);
}

void
greet_free(struct greet *g)
{
	if (!g)
		return;
	while (g->oldest)
		refuse(g->oldest, &g->view.refused);
	for (unsigned i = 0; i < g->view.listener_count; i++) {
		struct listener *l = &g->listeners[i];

		resolve_cancel(&l->query);
		stream_unlisten(&l->port);
	}
	free(g->all);
	free(g);
}

uint64_t
greet_due_ms(const struct greet *g)
{
	uint64_t due = g->oldest ? g->oldest->due_ms : UINT64_MAX;

	for (unsigned i = 0; i < g->view.listener_count; i++)
		if (g->listeners[i].due_ms < due)
			due = g->listeners[i].due_ms;
	return due;
}

void
greet_on_due(struct greet *g, uint64_t now_ms)
{
	while (g->oldest && now_ms >= g->oldest->due_ms)
		refuse(g->oldest, &g->view.silent);
	for (unsigned i = 0; i < g->view.listener_count; i++) {
		struct listener *l = &g->listeners[i];

		if (now_ms < l->due_ms)
			continue;
		if (l->port.fd < 0) {
			try_listen(l);
			continue;
		}
		l->due_ms = UINT64_MAX;
		stream_pause(&l->port, false);
	}
}

bool
greet_addresses(const struct greet *g, char *out, size_t cap)
{
	size_t len = 0;

	for (unsigned i = 0; i < g->view.listener_count; i++) {
		char text[ADDRESS_TEXT_MAX];
		int n;

		if (g->listeners[i].address.len == 0)
			continue;
		address_text(&g->listeners[i].address, text);
		n = snprintf(out + len, cap - len, "%s%s", len > 0 ? "|" : "", text);
		if (n < 0 || (size_t)n >= cap - len)
			return false;
		len += (size_t)n;
	}
	return len > 0;
}

const struct greet_view *
greet_view(const struct greet *g)
{
	return &g->view;
}
