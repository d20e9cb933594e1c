/* The inside of a context, for tls/engine.c. */
#ifndef TLS_CONTEXT_IMPL_H
#define TLS_CONTEXT_IMPL_H

#include "tls/context.h"
#include "tls/psk.h"

#include <openssl/ssl.h>

struct tls_context {
	unsigned kept;
	int64_t sid;
	SSL_CTX *ssl;
	struct psk_keys keys;
};

/* engine.c: the key of a connection, by its engine, which is the SSL's data. */
int tls_engine_dial_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id,
                        size_t *id_len, SSL_SESSION **session);
int tls_engine_find_psk(SSL *ssl, const unsigned char *id, size_t id_len,
                        SSL_SESSION **session);
void tls_engine_info(const SSL *ssl, int where, int value);

#endif
