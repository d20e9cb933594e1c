/* tls/engine and tls/context: who gets through a handshake, and how a connection ends. */
#include "tests/unit/tls_kit.h"

static void
say(struct pair *p, unsigned from, const char *text)
{
	char got[256];
	ssize_t n = 0, all = 0;
	size_t len = strlen(text);

	assert_true(tls_engine_write(p->ends[from], text, len));
	while ((size_t)all < len) {
		if (!kit_carry(p, from, 7))
			break;
		n = tls_engine_read(p->ends[!from], got + all, sizeof(got) - (size_t)all);
		assert_true(n >= 0);
		all += n;
	}
	assert_int_equal(all, len);
	assert_memory_equal(got, text, len);
}

static void
opens(void **state)
{
	static const size_t steps[] = {1, 2, 3, 5, 100, 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct pair p =
		    kit_pair(kit_context(1, KEY_A), kit_context(2, KEY_A), 2, 0, false);
		const struct psk_who *who;
		char byte;

		assert_true(kit_is(&p, TLS_SHAKES, TLS_SHAKES));
		kit_run(&p, steps[i]);
		assert_true(kit_is(&p, TLS_OPEN, TLS_OPEN));
		who = tls_engine_who(p.ends[1]);
		assert_string_equal(who->key, "a");
		assert_int_equal(who->from, 1);
		assert_int_equal(who->to, 2);
		assert_false(who->probe);
		assert_int_equal(tls_engine_read(p.ends[0], &byte, 1), 0);
		say(&p, 0, "from 1 to 2");
		say(&p, 1, "and back");
		kit_free(&p);
	}
}

static void
refused(void **state)
{
	static const struct {
		const char *dials, *accepts;
		int64_t own, to;
		unsigned key;
		bool probes, opens, unknown;
	} cases[] = {
	    {.dials = KEY_A, .accepts = KEY_A, .own = 2, .to = 2, .opens = true},
	    /* rotation: the acceptor has a newer one, too; the dialler tries its next */
	    {.dials = KEY_A, .accepts = KEY_B KEY_A, .own = 2, .to = 2, .opens = true},
	    {.dials = KEY_B KEY_A, .accepts = KEY_A, .own = 2, .to = 2, .unknown = true},
	    {.dials = KEY_B KEY_A,
	     .accepts = KEY_A,
	     .own = 2,
	     .to = 2,
	     .key = 1,
	     .opens = true},
	    /* another secret, another server, ourselves */
	    {.dials = KEY_X, .accepts = KEY_A, .own = 2, .to = 2},
	    {.dials = KEY_A, .accepts = KEY_A, .own = 2, .to = 3, .unknown = true},
	    {.dials = KEY_A, .accepts = KEY_A, .own = 1, .to = 1, .unknown = true},
	    /* a stranger that asks */
	    {.dials = KEY_A, .accepts = KEY_A, .own = 2, .to = -1, .unknown = true},
	    {.dials = KEY_A,
	     .accepts = KEY_A,
	     .own = 2,
	     .to = -1,
	     .probes = true,
	     .opens = true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pair p = kit_pair(kit_context(1, cases[i].dials),
		                         kit_context(cases[i].own, cases[i].accepts),
		                         cases[i].to, cases[i].key, cases[i].probes);

		kit_run(&p, 4096);
		if (cases[i].opens != kit_is(&p, TLS_OPEN, TLS_OPEN) ||
		    !cases[i].opens != kit_is(&p, TLS_ENDED, TLS_ENDED))
			fail_msg("case %zu", i);
		assert_int_equal(tls_engine_key_unknown(p.ends[0]), cases[i].unknown);
		if (cases[i].opens) {
			assert_int_equal(tls_engine_who(p.ends[1])->probe,
			                 cases[i].probes);
		} else {
			assert_int_equal(tls_engine_end(p.ends[0]), TLS_END_REFUSED);
			assert_int_equal(tls_engine_end(p.ends[1]), TLS_END_REFUSED);
			assert_true(tls_engine_words(p.ends[1])[0]);
			assert_false(tls_engine_write(p.ends[0], "x", 1));
		}
		kit_free(&p);
	}
}

/* What one said is said to itself, or again to the same server. */
static void
reflected(void **state)
{
	struct pair p =
	    kit_pair(kit_context(1, KEY_A), kit_context(2, KEY_A), 2, 0, false);
	struct tls_context *own = kit_context(1, KEY_A);
	struct tls_engine *mirror =
	    tls_engine_new(own, &(struct tls_task){.dials = false});
	const unsigned char *raw;
	size_t len = tls_engine_peek(p.ends[0], &raw);

	(void)state;
	tls_engine_put(mirror, raw, len);
	assert_int_equal(tls_engine_state(mirror), TLS_ENDED);
	tls_context_drop(own);
	tls_engine_free(mirror);
	kit_free(&p);
}

/* Cut after each byte of either side: no end opens that has not heard all, none hangs on
 * what will never come. */
static void
cut_anywhere(void **state)
{
	size_t all[2] = {0};

	(void)state;
	for (unsigned side = 0; side < 2; side++)
		for (size_t cut = 0; cut == 0 || cut < all[side]; cut++) {
			struct pair p = kit_pair(kit_context(1, KEY_A),
			                         kit_context(2, KEY_A), 2, 0, false);
			char byte;

			p.cut[side] = cut;
			kit_run(&p, 4096);
			if (cut == 0) {
				all[side] = p.sent[side];
				assert_true(kit_is(&p, TLS_OPEN, TLS_OPEN));
			} else {
				tls_engine_eof(p.ends[!side]);
				assert_int_equal(tls_engine_state(p.ends[!side]),
				                 TLS_ENDED);
				assert_int_equal(tls_engine_end(p.ends[!side]),
				                 TLS_END_REFUSED);
				assert_int_equal(tls_engine_read(p.ends[!side], &byte, 1),
				                 -1);
			}
			kit_free(&p);
		}
	assert_true(all[0] > 200 && all[1] > 100);
}

static void
ends(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 4; how++) {
		struct pair p =
		    kit_pair(kit_context(1, KEY_A), kit_context(2, KEY_A), 2, 0, false);
		char got[8];

		kit_run(&p, 4096);
		assert_true(tls_engine_write(p.ends[0], "last", 4));
		if (how == 0) /* by word; what came before it is read */
			tls_engine_bye(p.ends[0]);
		kit_run(&p, 4096);
		if (how == 1) /* as when a process ends */
			tls_engine_eof(p.ends[1]);
		if (how == 2)
			tls_engine_put(p.ends[1], "GET / HTTP/1.0\r\n", 16);
		if (how == 3) { /* within a record */
			tls_engine_put(p.ends[1], "\x17\x03\x03\x00\x20zz", 7);
			tls_engine_eof(p.ends[1]);
		}
		assert_int_equal(tls_engine_read(p.ends[1], got, sizeof(got)), 4);
		assert_memory_equal(got, "last", 4);
		assert_int_equal(tls_engine_read(p.ends[1], got, sizeof(got)), -1);
		assert_int_equal(tls_engine_end(p.ends[1]),
		                 how == 2 ? TLS_END_BROKEN : TLS_END_CLOSED);
		assert_int_equal(tls_engine_read(p.ends[1], got, sizeof(got)), -1);
		kit_free(&p);
	}
}

static void
no_tls(void **state)
{
	static const char *const texts[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	                                    "\x16\x03\x01\xff\xff", "\xff\xff\xff\xff"};
	unsigned char much[8192];

	(void)state;
	memset(much, 0, sizeof(much));
	for (unsigned i = 0; i < 4; i++) {
		struct tls_context *own = kit_context(2, KEY_A);
		struct tls_engine *e =
		    tls_engine_new(own, &(struct tls_task){.dials = false});
		char byte;

		if (i < 3)
			tls_engine_put(e, texts[i], strlen(texts[i]));
		for (unsigned n = 0; i == 3 && n < 5; n++) {
			/* a hello of 65,535 bytes, of which OpenSSL would wait for the
			 * last */
			const char *head = n == 0 ? "\x16\x03\x01\x1f\xfb\x01\x00\xff\xff"
			                          : "\x16\x03\x01\x1f\xfb";

			memcpy(much, head, n == 0 ? 9 : 5);
			assert_int_equal(tls_engine_state(e), TLS_SHAKES);
			tls_engine_put(e, much, sizeof(much));
		}
		if (i == 3)
			assert_int_equal(tls_engine_state(e), TLS_ENDED);
		tls_engine_eof(e);
		assert_int_equal(tls_engine_state(e), TLS_ENDED);
		assert_int_equal(tls_engine_end(e), TLS_END_REFUSED);
		assert_int_equal(tls_engine_read(e, &byte, 1), -1);
		tls_context_drop(own);
		tls_engine_free(e);
	}
}

/* More than a record at once, both ways. */
static void
large(void **state)
{
	static unsigned char sent[100000], got[100000];
	struct pair p =
	    kit_pair(kit_context(1, KEY_A), kit_context(2, KEY_A), 2, 0, false);
	size_t len = 0;
	ssize_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)(i * 7 + i / 256);
	kit_run(&p, 4096);
	assert_true(tls_engine_write(p.ends[1], sent, sizeof(sent)));
	kit_run(&p, 4096);
	while ((n = tls_engine_read(p.ends[0], got + len, 3000)) > 0) {
		len += (size_t)n;
		assert_true(n == 3000 || len == sizeof(got));
	}
	assert_int_equal(n, 0);
	assert_int_equal(len, sizeof(got));
	assert_memory_equal(got, sent, sizeof(got));
	kit_free(&p);
}

/* An engine lives on with the context that it was made with. */
static void
context_is_replaced(void **state)
{
	struct tls_context *old = kit_context(1, KEY_A);
	struct pair p;

	(void)state;
	assert_int_equal(tls_context_keys(old), 1);
	assert_string_equal(tls_context_key(old, 0), "a");
	assert_string_equal(tls_context_key(old, 1), "");
	p = kit_pair(old, kit_context(2, KEY_B KEY_A), 2, 0, false);
	kit_run(&p, 4096);
	assert_true(kit_is(&p, TLS_OPEN, TLS_OPEN));
	say(&p, 0, "still here");
	kit_free(&p);
}

static void
wrong_files(void **state)
{
	static const struct {
		const char *text, *words;
		mode_t mode;
	} cases[] = {
	    {KEY_A "b 00\n", "/key:2: a key has 64", 0600},
	    {"", "conclave keygen", 0600},
	    {KEY_A, "mode 604", 0604},
	    {KEY_A, "mode 660", 0660},
	    {NULL, "cannot be read", 0},
	};
	struct tls_context *c = NULL;
	char why[TLS_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (cases[i].text)
			kit_write(cases[i].text, cases[i].mode);
		else
			unlink(kit_path);
		assert_int_equal(
		    tls_context_new(&c, &(struct tls_config){.key_file = kit_path}, why),
		    1);
		if (!strstr(why, cases[i].words))
			fail_msg("%s", why);
		assert_null(c);
	}
	kit_write(KEY_A, 0640);
	assert_int_equal(
	    tls_context_new(&c, &(struct tls_config){.key_file = kit_path}, why), 0);
	tls_context_drop(c);
	tls_context_drop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens),       cmocka_unit_test(refused),
	    cmocka_unit_test(reflected),   cmocka_unit_test(cut_anywhere),
	    cmocka_unit_test(ends),        cmocka_unit_test(no_tls),
	    cmocka_unit_test(large),       cmocka_unit_test(context_is_replaced),
	    cmocka_unit_test(wrong_files),
	};

	return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
