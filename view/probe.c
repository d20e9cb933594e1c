/* The question and its answer; see probe.h. probe_judge.c has the verdict on all answers.
 */
#include "view/probe.h"

#include "base/buf.h"
#include "wire/qaddr.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SID_END    ((int64_t)1 << 62)
#define SID_BITS   56
#define FRAME_HEAD 4
/* the old form, without epoch and configuration: a probe has neither */
#define ANCIENT_LEN 28

bool
probe_add(struct probe *p, const char *address)
{
	struct probe_server *s = &p->servers[p->count];
	const char *host = address, *colon = strrchr(address, ':');
	int64_t port;
	size_t len;

	if (p->count == PROBE_SERVERS_MAX || !colon ||
	    strlen(address) >= PROBE_ADDRESS_MAX)
		return false;
	len = (size_t)(colon - host);
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (strcspn(host, ":[]") < len) {
		return false;
	}
	if (len == 0 || len >= sizeof(s->host) ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    !qaddr_number((struct qaddr_text){colon + 1, strlen(colon + 1)}, 10, 1,
	                  UINT16_MAX, &port))
		return false;
	strcpy(s->address, address);
	memcpy(s->host, host, len);
	s->host[len] = '\0';
	s->port = (uint16_t)port;
	p->count++;
	return true;
}

int64_t
probe_sid(uint64_t random)
{
	uint64_t mask = ((uint64_t)1 << SID_BITS) - 1;

	return SID_END - 1 - (int64_t)(random & mask);
}

void
probe_open(struct probe_server *s, int64_t sid, const char *numeric)
{
	if (!qaddr_canonical((struct qaddr_text){numeric, strlen(numeric)}, s->numeric,
	                     sizeof(s->numeric)))
		s->numeric[0] = '\0';
	s->sid = sid;
	s->greeted = s->waiting = s->stale = false;
	s->held = 0;
}

/* First the bare sid, as an old server that names no address sends it; then a
 * notification of a server that is LOOKING and knows nothing. */
size_t
probe_ask(struct probe_server *s, void *out)
{
	struct buf_out b;

	buf_out_init(&b, out, PROBE_QUESTION_MAX);
	if (!s->greeted)
		buf_put_i64(&b, s->sid);
	buf_put_i32(&b, ANCIENT_LEN);
	buf_put_i32(&b, NOTIF_LOOKING);
	buf_put_i64(&b, s->sid); /* leader */
	buf_put_i64(&b, 0);      /* zxid */
	buf_put_i64(&b, 0);      /* round */
	s->greeted = s->waiting = true;
	s->stale = s->held > 0;
	return b.len;
}

void
probe_fail(struct probe_server *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->error, sizeof(s->error), format, args);
	va_end(args);
	s->answered = s->waiting = false;
}

/* The text is shown to people and printed as JSON. */
static void
keep_config(struct probe_server *s)
{
	size_t len = s->notif.config_len;

	if (len > 0)
		memcpy(s->config, s->notif.config, len);
	s->config[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s->config[i];

		if (c >= 0x7f || (c < ' ' && c != '\n' && c != '\t'))
			s->config[i] = '?';
	}
	s->notif.config = s->config;
}

static enum probe_fed
take_answer(struct probe_server *s, size_t len)
{
	enum notif_result r = notif_decode(s->in + FRAME_HEAD, len, &s->notif);

	if (r == NOTIF_OK && (s->notif.vote.state < NOTIF_LOOKING ||
	                      s->notif.vote.state > NOTIF_OBSERVING)) {
		probe_fail(s, "no election port: its state is %" PRId32,
		           s->notif.vote.state);
		return PROBE_BAD;
	}
	if (r != NOTIF_OK) {
		probe_fail(s, "no election port: its answer is no notification (%s)",
		           notif_result_name(r));
		return PROBE_BAD;
	}
	keep_config(s);
	s->answered = true;
	s->waiting = false;
	s->error[0] = '\0';
	return PROBE_ANSWER;
}

/* Takes bytes of the present frame, up to `want` in all. True: all of these are there. */
static bool
gather(struct probe_server *s, const unsigned char **data, size_t *len, size_t want)
{
	size_t n = want - s->held < *len ? want - s->held : *len;

	memcpy(s->in + s->held, *data, n);
	s->held += n;
	*data += n;
	*len -= n;
	return s->held == want;
}

/* Takes one frame, or the beginning of one. */
static enum probe_fed
feed_frame(struct probe_server *s, const unsigned char **data, size_t *len)
{
	struct buf_in head;
	uint32_t size;
	bool drop;

	if (s->held < FRAME_HEAD && !gather(s, data, len, FRAME_HEAD))
		return PROBE_MORE;
	buf_in_init(&head, s->in, FRAME_HEAD);
	size = buf_get_u32(&head);
	if (size == 0 || size > PROBE_FRAME_MAX) {
		if (s->waiting)
			probe_fail(
			    s, "no election port: it sent a frame of %" PRId32 " bytes",
			    (int32_t)size);
		return PROBE_BAD;
	}
	if (!gather(s, data, len, FRAME_HEAD + size))
		return PROBE_MORE;
	drop = s->stale || !s->waiting;
	s->held = 0;
	s->stale = false;
	return drop ? PROBE_MORE : take_answer(s, size);
}

enum probe_fed
probe_feed(struct probe_server *s, const void *data, size_t len)
{
	const unsigned char *at = data;
	enum probe_fed said = PROBE_MORE;

	while (len > 0) {
		enum probe_fed r = feed_frame(s, &at, &len);

		if (r == PROBE_BAD)
			return PROBE_BAD;
		if (r == PROBE_ANSWER)
			said = PROBE_ANSWER;
	}
	return said;
}
