/* What this server has for TLS, read from its files: the keys, and OpenSSL's settings for
 * both sides of a connection. An engine keeps the context that it was made with, so that
 * a new one can take its place while connections stand. Nothing here waits for anything
 * but the files. */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

struct tls_context;

/* A sentence: FILE: what is wrong; what to do. */
#define TLS_WHY_MAX 512

struct tls_config {
	/* psk: the keys (tls/psk.h). */
	const char *key_file;
	/* Of this server. */
	int64_t sid;
};

/* 0; 1: a file cannot be used, and `why` says so; -ENOMEM. */
int tls_context_new(struct tls_context **out, const struct tls_config *config,
                    char why[TLS_WHY_MAX]);
/* The same context once more; each is given back. NULL is allowed. */
struct tls_context *tls_context_keep(struct tls_context *c);
void tls_context_drop(struct tls_context *c);

/* The number of keys, and the id of each; "": there is none. */
unsigned tls_context_keys(const struct tls_context *c);
const char *tls_context_key(const struct tls_context *c, unsigned at);

#endif
