/* supervisor/child_notice: what a child may send to $NOTIFY_SOCKET, and what is refused.
 */
#include "supervisor/child_notice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int
parse(const char *text, struct child_notice *out)
{
	return child_notice_parse(text, strlen(text), out);
}

static void
test_fields(void **state)
{
	struct child_notice n;

	(void)state;
	assert_int_equal(
	    parse("READY=1\nSTATUS=attached, synced\nX_CONCLAVE_VERSION=0.1.0\n"
	          "X_CONCLAVE_GENERATION=18446744073709551615\n"
	          "X_CONCLAVE_ACTIVE=1\n",
	          &n),
	    0);
	assert_true(n.ready);
	assert_false(n.beat);
	assert_true(n.has_status && n.has_version && n.has_generation && n.has_active);
	assert_string_equal(n.status, "attached, synced");
	assert_string_equal(n.version, "0.1.0");
	assert_true(n.generation == UINT64_MAX);
	assert_true(n.active);

	assert_int_equal(parse("WATCHDOG=1", &n), 0);
	assert_true(n.beat);
	assert_false(n.keep || n.drop);
	assert_int_equal(parse("FDSTORE=1\nFDPOLL=0\nFDNAME=listen-__-3888", &n), 0);
	assert_true(n.keep && !n.drop);
	assert_string_equal(n.keep_name, "listen-__-3888");
	assert_int_equal(parse("FDSTOREREMOVE=1\nFDNAME=x", &n), 0);
	assert_true(n.drop && !n.keep);
	assert_false(n.ready || n.has_status || n.has_version || n.has_generation ||
	             n.has_active);

	assert_true(n.extend_us == 0);
	assert_int_equal(parse("STOPPING=1\nEXTEND_TIMEOUT_USEC=2000000", &n), 0);
	assert_true(n.extend_us == 2000000);

	assert_false(n.has_error);
	assert_int_equal(parse("X_CONCLAVE_ERROR=the folder x cannot be used", &n), 0);
	assert_true(n.has_error);
	assert_string_equal(n.error, "the folder x cannot be used");

	assert_int_equal(parse("X_CONCLAVE_ACTIVE=0\nX_CONCLAVE_GENERATION=0", &n), 0);
	assert_true(n.has_active && n.has_generation);
	assert_false(n.active);
	assert_true(n.generation == 0);
}

/* Only `1` counts; keys of others, of systemd's future, empty values and lines do not
 * harm. */
static void
test_skipped(void **state)
{
	static const char *const cases[] = {
	    "READY=0",    "READY=",       "READY=11",   "WATCHDOG=trigger",
	    "WATCHDOG=",  "STOPPING=1",   "MAINPID=12", "FDSTORE=1",
	    "\nREADYX=1", "\n\n\nREAD=1", "ready=1",    "X_OTHER=",
	    "BARRIER=1",  " READY=1",     "READY =1",   "EXTEND_TIMEOUT_USE=abc",
	};
	struct child_notice n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i], &n), 0);
		assert_false(n.ready || n.beat || n.has_status || n.has_version ||
		             n.has_generation || n.has_active);
	}
	assert_int_equal(parse("READY=1\nREADY=0", &n), 0);
	assert_true(n.ready);
	assert_int_equal(parse("STATUS=", &n), 0);
	assert_true(n.has_status);
	assert_string_equal(n.status, "");
}

static void
test_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    "READY",
	    "=1",
	    "READY=1\nnonsense",
	    "READY=1\n=",
	    "X_CONCLAVE_GENERATION=",
	    "X_CONCLAVE_GENERATION=-1",
	    "X_CONCLAVE_GENERATION=1x",
	    "X_CONCLAVE_GENERATION=18446744073709551616",
	    "X_CONCLAVE_GENERATION=99999999999999999999999",
	    "EXTEND_TIMEOUT_USEC=",
	    "EXTEND_TIMEOUT_USEC=1s",
	    "X_CONCLAVE_ACTIVE=2",
	    "X_CONCLAVE_ACTIVE=yes",
	    "X_CONCLAVE_ACTIVE=",
	};
	static char big[CHILD_NOTICE_MAX + 1];
	struct child_notice n, before;

	(void)state;
	memset(&n, 0x5a, sizeof(n));
	before = n;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i], &n), 1);
		assert_memory_equal(&n, &before, sizeof(n));
	}
	assert_int_equal(child_notice_parse("READY=1\0", 8, &n), 1);
	assert_int_equal(child_notice_parse("READY=1\0X=1", 11, &n), 1);
	memset(big, 'x', sizeof(big));
	big[1] = '=';
	assert_int_equal(child_notice_parse(big, sizeof(big), &n), 1);
	assert_memory_equal(&n, &before, sizeof(n));
	assert_int_equal(child_notice_parse(big, sizeof(big) - 1, &n), 0);
}

/* A status is shown in JSON: it has to be UTF-8, on one line, whole to the last
 * character. */
static void
test_status_text(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} cases[] = {
	    {"STATUS=up\xe2\x86\x92"
	     "backoff",
	     "up\xe2\x86\x92"
	     "backoff"},
	    {"STATUS=a\tb\x01\x7f", "a?b??"},
	    {"STATUS=\xc3\xbc \xf0\x9f\x98\x80", "\xc3\xbc \xf0\x9f\x98\x80"},
	    {"STATUS=\xff\xfe", "??"},
	    {"STATUS=\xc0\xaf", "??"},           /* overlong */
	    {"STATUS=\xe0\x80\xaf", "???"},      /* overlong */
	    {"STATUS=\xf0\x80\x80\xaf", "????"}, /* overlong */
	    {"STATUS=\xed\xa0\x80", "???"},      /* a surrogate */
	    {"STATUS=\xed\x9f\xbf", "\xed\x9f\xbf"},
	    {"STATUS=\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
	    {"STATUS=\xf4\x90\x80\x80", "????"}, /* beyond U+10FFFF */
	    {"STATUS=\xf5\x80\x80\x80", "????"},
	    {"STATUS=\xe2\x86", "??"}, /* cut */
	    {"STATUS=\xe2\x28\xa1", "?(?"},
	    {"STATUS=\xe2\x86\x41", "??A"},
	    {"STATUS=\x80", "?"},
	};
	struct child_notice n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].in, &n), 0);
		assert_string_equal(n.status, cases[i].want);
	}
}

static void
test_long_status(void **state)
{
	char text[400] = "STATUS=";
	struct child_notice n;

	(void)state;
	memset(text + 7, 'a', 300);
	assert_int_equal(parse(text, &n), 0);
	assert_int_equal(strlen(n.status), CHILD_STATUS_MAX - 1);
	/* 254 letters leave room for one more byte: no part of the arrow fits */
	memset(text + 7, 0, sizeof(text) - 7);
	memset(text + 7, 'a', CHILD_STATUS_MAX - 2);
	strcat(text, "\xe2\x86\x92");
	assert_int_equal(parse(text, &n), 0);
	assert_int_equal(strlen(n.status), CHILD_STATUS_MAX - 2);
}

/* Any bytes: refused, or a notice whose texts end inside their room. */
static void
test_any_bytes(void **state)
{
	static const char seed[] = "STATUS=x\nX_CONCLAVE_VERSION=1\nX_CONCLAVE_ACTIVE=1\n"
				   "READY=1\nX_CONCLAVE_GENERATION=7";
	struct child_notice n;
	char data[sizeof(seed) - 1];
	unsigned refused = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)rand() % sizeof(data) + 1;

		memcpy(data, seed, sizeof(data));
		for (int k = rand() % 6; k > 0; k--)
			data[(size_t)rand() % len] = (char)rand();
		if (child_notice_parse(data, len, &n) != 0) {
			refused++;
			continue;
		}
		assert_true(memchr(n.status, '\0', sizeof(n.status)) != NULL);
		assert_true(memchr(n.version, '\0', sizeof(n.version)) != NULL);
	}
	assert_true(refused > 100 && refused < 19900);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),      cmocka_unit_test(test_skipped),
	    cmocka_unit_test(test_refused),     cmocka_unit_test(test_status_text),
	    cmocka_unit_test(test_long_status), cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
