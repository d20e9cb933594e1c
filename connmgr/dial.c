/* See dial.h. */
#include "connmgr/dial.h"

#include "base/log_limited.h"

#include <errno.h>
#include <inttypes.h>

void
dial_cancel(struct dial *d)
{
	resolve_cancel(&d->query);
	stream_close(&d->stream);
}

static void
fail(struct dial *d, enum msg_reason reason)
{
	dial_cancel(d);
	d->query.turn++; /* the next address of a name that has several */
	d->report(d->user, DIAL_FAILED, reason);
}

static void connect_now(struct dial *d, bool plain);

/* A remote that does not know the key may have an older one, or a newer one alone. */
static void
note_refusal(struct dial *d)
{
	const struct tls_engine *tls = d->stream.tls;

	d->secure->refused++;
	if (tls_engine_key_unknown(tls))
		d->key = secure_next_key(d->secure, d->key);
	log_limited(LOG_LEVEL_WARNING, "TLS handshake with server %" PRId64 " failed: %s",
	            d->sid,
	            *tls_engine_words(tls) ? tls_engine_words(tls) : "connection closed");
}

/* While a group goes from plain connections to TLS, one that does not know TLS closes the
 * connection at our first bytes. An alert, or any other byte, is a refusal. */
static bool
wants_plain(const struct dial *d)
{
	return !d->secure->conf->tls.enforce && !tls_engine_heard(d->stream.tls);
}

static void
outcome(struct dial *d, int r)
{
	if (r == -EPROTO && wants_plain(d)) {
		stream_close(&d->stream);
		connect_now(d, true);
		return;
	}
	if (r == -EPROTO)
		note_refusal(d);
	if (r == 0 && d->stream.tls)
		d->secure->opened++;
	if (r == 0) {
		d->stream = stream_take(&d->stream); /* nobody watches it any more */
		d->report(d->user, DIAL_STANDS, MSG_REASON_NONE);
	} else if (r != -EINPROGRESS) {
		fail(d, stream_refusal(r));
	}
}

static void
on_connecting(void *user, unsigned what)
{
	struct dial *d = user;

	(void)what;
	outcome(d, stream_stands(&d->stream));
}

static void
connect_now(struct dial *d, bool plain)
{
	int r = stream_connect(&d->stream, &d->address, d->conf);

	if (r == 0 && d->secure && !plain) {
		struct tls_engine *tls = secure_dial(d->secure, d->sid, d->key);

		r = tls ? 0 : -ENOMEM;
		stream_secure(&d->stream, tls);
	}
	if (r == 0)
		r = stream_stands(&d->stream);
	if (r == -EINPROGRESS &&
	    stream_watch(&d->stream, d->loop, STREAM_WRITE, false, on_connecting, d) < 0)
		r = -ENOMEM;
	outcome(d, r);
}

static void
connect_to(struct dial *d, const struct address *a)
{
	d->address = *a;
	connect_now(d, false);
}

static void
on_answer(void *user, const struct address *a)
{
	struct dial *d = user;

	if (a)
		connect_to(d, a);
	else
		fail(d, MSG_REASON_RESOLVE);
}

void
dial_start(struct dial *d, const char *host, uint16_t port)
{
	struct address a;
	int r;

	dial_cancel(d);
	d->query.on_answer = on_answer;
	d->query.user = d;
	d->query.port = port;
	r = resolve_ask(d->resolver, &d->query, host, &a);
	if (r == RESOLVE_NOW)
		connect_to(d, &a);
	else if (r < 0)
		fail(d, MSG_REASON_LOCAL);
}

/* The larger sid sends nothing on it, and closes it. */
static void
on_nudged(void *user, unsigned what)
{
	struct dial *d = user;
	unsigned char data[256];
	enum msg_reason why;

	(void)what;
	if (stream_recv(&d->stream, data, sizeof(data), &why) >= 0)
		return;
	dial_cancel(d);
	d->report(d->user, DIAL_CLOSED, why);
}

void
dial_nudge(struct dial *d, const void *hello, size_t len)
{
	if (stream_greet(&d->stream, hello, len, NULL, 0) < 0 ||
	    stream_watch(&d->stream, d->loop, STREAM_READ, false, on_nudged, d) < 0) {
		dial_cancel(d);
		d->report(d->user, DIAL_CLOSED, MSG_REASON_RESET);
	}
}
