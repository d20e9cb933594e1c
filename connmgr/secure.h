/* TLS of the connections to other servers: the context that is in force, its reload, and
 * what is counted. Without tls.mode there is none (NULL), and bytes pass as they are. */
#ifndef CONNMGR_SECURE_H
#define CONNMGR_SECURE_H

#include "config/conf.h"
#include "tls/context.h"
#include "tls/engine.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct secure {
	const struct conf *conf;
	struct tls_context *context;
	/* Handshakes that were over, by how they ended; and connections without TLS that
	 * were refused. */
	uint64_t opened;
	uint64_t refused;
	uint64_t plain;
	/* Who came proved to be another server than it said. */
	uint64_t others;
	/* Why the last reload was refused, "". */
	char why[TLS_WHY_MAX];
	/* The file that was read last, and when it is looked at next. */
	struct stat file;
	uint64_t look_ms;
};

/* `out` is NULL where tls.mode is off. 0; 1: a file cannot be used, and `why`; -ENOMEM.
 * Borrows `conf`. */
int secure_new(struct secure **out, const struct conf *conf, char why[TLS_WHY_MAX]);
void secure_free(struct secure *s); /* NULL is allowed */
/* Reads the files anew. A file that cannot be used leaves what is in force: false. */
bool secure_reload(struct secure *s);
/* When to call secure_is_due; UINT64_MAX: never. */
uint64_t secure_due_ms(const struct secure *s);
/* Once a minute it looks whether there is another file. True: it is to be read. */
bool secure_is_due(struct secure *s, uint64_t now_ms);

/* To server `sid`, with the key of this number. NULL: no memory. */
struct tls_engine *secure_dial(struct secure *s, int64_t sid, unsigned key);
/* `probes`: a stranger may ask. */
struct tls_engine *secure_accept(struct secure *s, bool probes);
/* The number of the key after `key`. */
unsigned secure_next_key(const struct secure *s, unsigned key);
/* May the other side of `tls` be `sid`? */
bool secure_believes(struct secure *s, const struct tls_engine *tls, int64_t sid);

#endif
