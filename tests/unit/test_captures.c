/* What a real ZooKeeper 3.8.0 sent (tests/vectors/captures) decodes, and encodes back to
 * the same bytes. Run from the root, or with the folder as argument. */
#include "base/buf.h"
#include "wire/hello.h"
#include "wire/notif.h"
#include "wire/qconfig.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CAPTURE_MAX 4096

static const char *folder = "tests/vectors/captures";

static size_t
read_hex(const char *name, unsigned char *out)
{
	char path[512];
	unsigned byte;
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	assert_non_null(f);
	while (len < CAPTURE_MAX && fscanf(f, "%2x", &byte) == 1)
		out[len++] = (unsigned char)byte;
	fclose(f);
	return len;
}

static void
check_hello(const unsigned char *bytes, size_t len)
{
	static struct hello h;
	unsigned char again[HELLO_MAX];
	char text[HELLO_TEXT_MAX + 1];
	struct buf_out b;
	size_t used;

	assert_int_equal(hello_decode(bytes, len, &h, &used), HELLO_OK);
	assert_int_equal(used, len);
	buf_out_init(&b, text, sizeof(text));
	for (unsigned i = 0; i < h.addr_count; i++)
		buf_put_text(&b, "%s%.*s:%u", i ? "|" : "", (int)h.addrs[i].host_len,
		             h.addrs[i].host, h.addrs[i].port);
	buf_put_u8(&b, 0);
	assert_int_equal(hello_encode(h.sid, text, again, sizeof(again)), len);
	/* with one address ZooKeeper's version says what is enabled, ours what is there
	 */
	if (h.addr_count == 1)
		again[7] = bytes[7];
	assert_memory_equal(again, bytes, len);
}

/* The order of ids that share a bucket depends on what else stood in the file that the
 * sender read: in one capture it is not the one that its text alone gives. */
static bool
is_ordered_by_text(const char *name)
{
	return strcmp(name, "notif_leading_sid_order.hex") != 0;
}

static void
check_notif(const char *name, const unsigned char *bytes, size_t len)
{
	static struct qconfig config, back;
	unsigned char again[CAPTURE_MAX];
	char printed[CAPTURE_MAX];
	struct notif n;

	assert_int_equal(notif_decode(bytes, len, &n), NOTIF_OK);
	assert_string_not_equal(notif_state_name(n.vote.state), "?");
	assert_int_equal(n.vote.version, 2);
	assert_int_equal(notif_encode(&n, again, sizeof(again)), len);
	assert_memory_equal(again, bytes, len);
	assert_int_equal(qconfig_parse(n.config, n.config_len, true, &config),
	                 QCONFIG_OK);
	assert_int_equal(qconfig_print(&config, printed, sizeof(printed)), n.config_len);
	if (is_ordered_by_text(name))
		assert_memory_equal(printed, n.config, n.config_len);
	assert_int_equal(qconfig_parse(printed, n.config_len, true, &back), QCONFIG_OK);
	assert_true(qconfig_equal(&config, &back));
}

static void
captures_come_back(void **state)
{
	unsigned char bytes[CAPTURE_MAX];
	DIR *dir = opendir(folder);
	unsigned hellos = 0, notifs = 0;
	const struct dirent *entry;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".hex"))
			continue;
		print_message("%s\n", entry->d_name);
		if (strncmp(entry->d_name, "initial_", 8) == 0) {
			check_hello(bytes, read_hex(entry->d_name, bytes));
			hellos++;
		} else {
			check_notif(entry->d_name, bytes, read_hex(entry->d_name, bytes));
			notifs++;
		}
	}
	closedir(dir);
	assert_int_equal(hellos, 5);
	assert_int_equal(notifs, 20);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(captures_come_back),
	};

	if (argc > 1)
		folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
