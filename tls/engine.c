/* See engine.h. OpenSSL works on two buffers of memory, so it never waits for a socket to
 * take bytes, and never writes to one. */
#include "tls/engine.h"

#include "tls/context_impl.h"

#include <assert.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALERT_HANDSHAKE_FAILURE 40

struct tls_engine {
	struct tls_context *context;
	struct tls_task task;
	SSL *ssl;
	/* They belong to `ssl`. */
	BIO *in, *out;
	enum tls_state state;
	enum tls_end end;
	/* That came before it was open. */
	size_t shaken;
	/* The last alert that came; -1: none. */
	int alert;
	struct psk_who who;
	char identity[PSK_IDENTITY_MAX];
	char words[TLS_WORDS_MAX];
};

/* ---- the key ---- */

/* A session that stands for this key between the two whom `who` names. NULL: there is
 * none. */
static SSL_SESSION *
session_of(struct tls_engine *e, const struct psk_key *key)
{
	static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01};
	const SSL_CIPHER *cipher = SSL_CIPHER_find(e->ssl, aes_128_gcm_sha256);
	unsigned char secret[PSK_SECRET_LEN];
	SSL_SESSION *s = SSL_SESSION_new();
	bool good;

	psk_identity(&e->who, e->identity);
	good = s && cipher && psk_derive(key, e->identity, secret) == 0 &&
	       SSL_SESSION_set1_master_key(s, secret, sizeof(secret)) == 1 &&
	       SSL_SESSION_set_cipher(s, cipher) == 1 &&
	       SSL_SESSION_set_protocol_version(s, TLS1_3_VERSION) == 1;
	OPENSSL_cleanse(secret, sizeof(secret));
	if (good)
		return s;
	SSL_SESSION_free(s);
	return NULL;
}

int
tls_engine_dial_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
                    SSL_SESSION **session)
{
	struct tls_engine *e = SSL_get_app_data(ssl);

	(void)md;
	*session = session_of(e, &e->context->keys.list[e->task.key]);
	*id = (const unsigned char *)e->identity;
	*id_len = strlen(e->identity);
	return *session != NULL;
}

/* May who names itself so come here? */
static bool
is_for_us(const struct tls_engine *e, const struct psk_who *who)
{
	if (who->probe)
		return e->task.probes;
	return who->to == e->context->sid && who->from != e->context->sid;
}

int
tls_engine_find_psk(SSL *ssl, const unsigned char *id, size_t id_len,
                    SSL_SESSION **session)
{
	struct tls_engine *e = SSL_get_app_data(ssl);
	const struct psk_key *key;
	struct psk_who who;

	*session = NULL;
	if (!psk_identity_parse((const char *)id, id_len, &who) || !is_for_us(e, &who))
		return 1;
	key = psk_find(&e->context->keys, who.key);
	if (!key)
		return 1;
	e->who = who;
	*session = session_of(e, key);
	return *session != NULL;
}

void
tls_engine_info(const SSL *ssl, int where, int value)
{
	struct tls_engine *e = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		e->alert = value & 0xff;
}

/* ---- the connection ---- */

static void
end(struct tls_engine *e, enum tls_end why)
{
	unsigned long error = ERR_peek_last_error();
	const char *words = error ? ERR_reason_error_string(error) : NULL;

	if (e->state == TLS_ENDED)
		return;
	e->state = TLS_ENDED;
	e->end = why;
	snprintf(e->words, sizeof(e->words), "%s", words ? words : "");
}

/* What SSL_get_error says of a call that returned `r`. True: it goes on. */
static bool
goes_on(struct tls_engine *e, int r)
{
	int error = SSL_get_error(e->ssl, r);
	/* the connection ended without a word, as it does where a process ends */
	bool bare = error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_last_error()) ==
	                                          SSL_R_UNEXPECTED_EOF_WHILE_READING;

	if (error == SSL_ERROR_WANT_READ)
		return true;
	if (e->state != TLS_OPEN)
		end(e, TLS_END_REFUSED);
	else if (error == SSL_ERROR_ZERO_RETURN || bare)
		end(e, TLS_END_CLOSED);
	else
		end(e, TLS_END_BROKEN);
	return false;
}

static void
shake(struct tls_engine *e)
{
	int r;

	if (e->state != TLS_SHAKES)
		return;
	ERR_clear_error();
	r = SSL_do_handshake(e->ssl);
	if (r == 1)
		e->state = TLS_OPEN;
	else
		(void)goes_on(e, r);
}

struct tls_engine *
tls_engine_new(struct tls_context *c, const struct tls_task *task)
{
	struct tls_engine *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->task = *task;
	if (e->task.key >= c->keys.count)
		e->task.key = 0;
	e->alert = -1;
	e->context = tls_context_keep(c);
	e->ssl = SSL_new(c->ssl);
	e->in = BIO_new(BIO_s_mem());
	e->out = BIO_new(BIO_s_mem());
	if (!e->ssl || !e->in || !e->out) {
		BIO_free(e->in);
		BIO_free(e->out);
		e->in = e->out = NULL;
		tls_engine_free(e);
		return NULL;
	}
	BIO_set_mem_eof_return(e->in, -1);
	SSL_set_bio(e->ssl, e->in, e->out);
	SSL_set_app_data(e->ssl, e);
	if (task->dials) {
		e->who.probe = task->remote < 0;
		e->who.from = e->who.probe ? 0 : c->sid;
		e->who.to = e->who.probe ? 0 : task->remote;
		snprintf(e->who.key, sizeof(e->who.key), "%s",
		         tls_context_key(c, e->task.key));
		SSL_set_connect_state(e->ssl);
		shake(e);
	} else {
		SSL_set_accept_state(e->ssl);
	}
	return e;
}

void
tls_engine_free(struct tls_engine *e)
{
	if (!e)
		return;
	SSL_free(e->ssl);
	ERR_clear_error();
	tls_context_drop(e->context);
	free(e);
}

void
tls_engine_put(struct tls_engine *e, const void *raw, size_t len)
{
	assert(len <= INT_MAX);
	if (e->state == TLS_ENDED)
		return;
	if (e->state == TLS_SHAKES && (e->shaken += len) > TLS_HANDSHAKE_MAX) {
		ERR_clear_error();
		end(e, TLS_END_REFUSED);
		return;
	}
	if (BIO_write(e->in, raw, (int)len) != (int)len)
		end(e, TLS_END_BROKEN);
	shake(e);
}

/* What came before the end is still to be read. */
void
tls_engine_eof(struct tls_engine *e)
{
	BIO_set_mem_eof_return(e->in, 0);
	shake(e);
}

size_t
tls_engine_peek(struct tls_engine *e, const unsigned char **raw)
{
	char *data = NULL;
	long len = BIO_get_mem_data(e->out, &data);

	*raw = (const unsigned char *)data;
	return len > 0 ? (size_t)len : 0;
}

void
tls_engine_sent(struct tls_engine *e, size_t len)
{
	unsigned char scrap[4096];

	while (len > 0) {
		int n = BIO_read(e->out, scrap,
		                 (int)(len < sizeof(scrap) ? len : sizeof(scrap)));

		if (n <= 0)
			return;
		len -= (size_t)n;
	}
}

ssize_t
tls_engine_read(struct tls_engine *e, void *data, size_t cap)
{
	size_t len = 0;

	while (e->state == TLS_OPEN && len < cap) {
		size_t n;
		int r;

		ERR_clear_error();
		r = SSL_read_ex(e->ssl, (char *)data + len, cap - len, &n);
		if (r == 1)
			len += n;
		else if (!goes_on(e, r) || len > 0)
			break;
		else
			return 0;
	}
	/* the end comes with the next read */
	return len > 0 ? (ssize_t)len : e->state == TLS_ENDED ? -1 : 0;
}

bool
tls_engine_write(struct tls_engine *e, const void *data, size_t len)
{
	size_t n;
	int r;

	if (e->state != TLS_OPEN)
		return false;
	if (len == 0)
		return true;
	ERR_clear_error();
	r = SSL_write_ex(e->ssl, data, len, &n);
	/* memory takes all of it */
	if (r == 1 && n == len)
		return true;
	end(e, TLS_END_BROKEN);
	return false;
}

void
tls_engine_bye(struct tls_engine *e)
{
	if (e->state != TLS_OPEN)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(e->ssl);
}

enum tls_state
tls_engine_state(const struct tls_engine *e)
{
	return e->state;
}

enum tls_end
tls_engine_end(const struct tls_engine *e)
{
	return e->end;
}

const char *
tls_engine_words(const struct tls_engine *e)
{
	return e->words;
}

bool
tls_engine_key_unknown(const struct tls_engine *e)
{
	return e->end == TLS_END_REFUSED && e->alert == ALERT_HANDSHAKE_FAILURE;
}

bool
tls_engine_heard(const struct tls_engine *e)
{
	return e->shaken > 0;
}

const struct psk_who *
tls_engine_who(const struct tls_engine *e)
{
	return &e->who;
}
