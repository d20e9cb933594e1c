/* TLS on one connection, as bytes in and bytes out: no socket, no clock, no waiting. What
 * comes from the socket is put in, and what is to go there is taken out; in between stand
 * the bytes as they are meant. TLS 1.3, a key of the group, and X25519 or P-256. */
#ifndef TLS_ENGINE_H
#define TLS_ENGINE_H

#include "tls/context.h"
#include "tls/psk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* So many bytes may come before the handshake is over. */
#define TLS_HANDSHAKE_MAX 32768
#define TLS_WORDS_MAX     128

struct tls_engine;

enum tls_state { TLS_SHAKES, TLS_OPEN, TLS_ENDED };

/* Why it has ended. */
enum tls_end {
	TLS_END_NONE,
	/* The other side has closed: by its word, or by the end of the connection. */
	TLS_END_CLOSED,
	/* No handshake: the other side, or we, have refused it. */
	TLS_END_REFUSED,
	/* After the handshake something came that is no TLS, or an alert. */
	TLS_END_BROKEN,
};

struct tls_task {
	bool dials;
	/* Whom it dials. Without a sid (< 0) it asks as a stranger. */
	int64_t remote;
	/* Dials with this key, of tls_context_key. */
	unsigned key;
	/* Accepts a stranger that asks, too. */
	bool probes;
};

/* Who dials has the first bytes ready at once. NULL: no memory. Keeps the context. */
struct tls_engine *tls_engine_new(struct tls_context *c, const struct tls_task *task);
void tls_engine_free(struct tls_engine *e); /* NULL is allowed */

/* What came from the socket; the bytes are copied. */
void tls_engine_put(struct tls_engine *e, const void *raw, size_t len);
/* The connection has ended: nothing more comes. */
void tls_engine_eof(struct tls_engine *e);
/* What is to be sent: the number of bytes at `raw`, which stay until the next call. */
size_t tls_engine_peek(struct tls_engine *e, const unsigned char **raw);
/* So many of these were sent. */
void tls_engine_sent(struct tls_engine *e, size_t len);

/* The number of bytes that were read; 0: there are none yet; -1: it has ended. Fewer than
 * `cap`: there are no more. */
ssize_t tls_engine_read(struct tls_engine *e, void *data, size_t cap);
/* Takes all of it, once it is open. False: it has ended. */
bool tls_engine_write(struct tls_engine *e, const void *data, size_t len);
/* Says that we close. */
void tls_engine_bye(struct tls_engine *e);

enum tls_state tls_engine_state(const struct tls_engine *e);
enum tls_end tls_engine_end(const struct tls_engine *e);
/* OpenSSL's words for that, "" if it has none. */
const char *tls_engine_words(const struct tls_engine *e);
/* The other side does not know the key: another may do (alert 40). */
bool tls_engine_key_unknown(const struct tls_engine *e);
/* Anything has come from the other side. */
bool tls_engine_heard(const struct tls_engine *e);
/* Once it is open: whom the key names, as the one that dialled saw it. */
const struct psk_who *tls_engine_who(const struct tls_engine *e);

#endif
