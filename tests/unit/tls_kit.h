/* Two ends of a TLS connection in one process (tls/engine), with the network in between:
 * the bytes that each has for the other. */
#ifndef TESTS_UNIT_TLS_KIT_H
#define TESTS_UNIT_TLS_KIT_H

#include "tls/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_A "a 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEY_B "b f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
/* The id of KEY_A with another secret. */
#define KEY_X "a 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff\n"

static char kit_folder[] = "/tmp/conclave-tls.XXXXXX";
static char kit_path[64];

static inline int
kit_set_up(void **state)
{
	(void)state;
	if (!mkdtemp(kit_folder))
		return 1;
	snprintf(kit_path, sizeof(kit_path), "%s/key", kit_folder);
	return 0;
}

static inline int
kit_tear_down(void **state)
{
	(void)state;
	unlink(kit_path);
	return rmdir(kit_folder);
}

static inline void
kit_write(const char *text, mode_t mode)
{
	FILE *f = fopen(kit_path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(kit_path, mode), 0);
}

/* Of server `sid` with these keys. */
static inline struct tls_context *
kit_context(int64_t sid, const char *keys)
{
	struct tls_context *c = NULL;
	char why[TLS_WHY_MAX];

	kit_write(keys, 0600);
	if (tls_context_new(&c, &(struct tls_config){.key_file = kit_path, .sid = sid},
	                    why) != 0)
		fail_msg("%s", why);
	return c;
}

struct pair {
	/* the one that dials, the one that accepts */
	struct tls_engine *ends[2];
	/* What each has sent so far, and after how many bytes it is cut; 0: never. */
	size_t sent[2], cut[2];
};

/* `dialler` dials server `to`; < 0: as a stranger. The contexts are given back. */
static inline struct pair
kit_pair(struct tls_context *dialler, struct tls_context *acceptor, int64_t to,
         unsigned key, bool probes)
{
	struct pair p = {
	    .ends = {
		tls_engine_new(
		    dialler, &(struct tls_task){.dials = true, .remote = to, .key = key}),
		tls_engine_new(acceptor, &(struct tls_task){.probes = probes})}};

	assert_non_null(p.ends[0]);
	assert_non_null(p.ends[1]);
	tls_context_drop(dialler);
	tls_context_drop(acceptor);
	return p;
}

static inline void
kit_free(struct pair *p)
{
	tls_engine_free(p->ends[0]);
	tls_engine_free(p->ends[1]);
}

/* Carries what one end has to the other, `step` bytes at a time. False: there was
 * nothing.
 */
static inline bool
kit_carry(struct pair *p, unsigned from, size_t step)
{
	const unsigned char *raw;
	size_t len = tls_engine_peek(p->ends[from], &raw);
	unsigned char copy[4096];

	if (len == 0 || (p->cut[from] && p->sent[from] == p->cut[from]))
		return false;
	len = len < step ? len : step;
	len = len < sizeof(copy) ? len : sizeof(copy);
	if (p->cut[from] && len > p->cut[from] - p->sent[from])
		len = p->cut[from] - p->sent[from];
	memcpy(copy, raw, len);
	tls_engine_sent(p->ends[from], len);
	p->sent[from] += len;
	tls_engine_put(p->ends[!from], copy, len);
	return true;
}

static inline void
kit_run(struct pair *p, size_t step)
{
	bool moved = true;

	while (moved) {
		moved = kit_carry(p, 0, step);
		moved |= kit_carry(p, 1, step);
	}
}

static inline bool
kit_is(const struct pair *p, enum tls_state dials, enum tls_state accepts)
{
	return tls_engine_state(p->ends[0]) == dials &&
	       tls_engine_state(p->ends[1]) == accepts;
}

#endif
