/* config/: the text of a configuration: syntax, literals that libconfig would wrap,
 * strings and comments that do not end, includes, files that cannot be read. */
#include "config/conf_read.h"
#include "config/conf_scan.h"
#include "tests/unit/conf_kit.h"

#include <errno.h>
#include <sys/stat.h>

static void
syntax(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {"id = 1;;{\n", 1, {"syntax error", "KEY = VALUE;"}},
	    {"id 1;\n", 1, {"syntax error"}},
	    {"\n\nid = ;\n", 3, {"syntax error"}},
	    {"id = yes;\n", 1, {"syntax error"}},
	    {HEAD "servers = (\n" ONE "},\n);\n",
	     6,
	     {"syntax error", "not behind the last"}},
	    {HEAD "a.b = 1;\n", 4, {"syntax error"}},
	    {"zab = true;\nipc = \"nng\";\nzab = false;\n",
	     3,
	     {"duplicate setting name", "once"}},
	    {GOOD "timing = {\ntick_ms = 1;\ntick_ms = 2; };\n",
	     10,
	     {"duplicate setting name"}},
	    {GOOD "ipc = [ 1, \"a\" ];\n", 8, {"array"}},
	    {"@include \n", 1, {"syntax error"}},
	    {"id = 1; @include \"x\"\n", 1, {"syntax error"}},
	    {"@include\"x\"\n", 1, {"syntax error"}},
	    {"@include \"x\n\"\n", 1, {"string does not end"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
}

static void
literals(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {"id = 5000000000;\n",
	     1,
	     {"5000000000 needs more than 32 bits", "5000000000L"}},
	    {"id = 2147483648;\n", 1, {"2147483648L"}},
	    {"id = +2147483648;\n", 1, {"+2147483648L"}},
	    {"id = -2147483649;\n", 1, {"-2147483649L"}},
	    {"\nid = 0x80000000;\n", 2, {"0x80000000L"}},
	    {"id = 0xFFFFFFFF;\n", 1, {"0xFFFFFFFFL"}},
	    {"id = 9223372036854775808L;\n", 1, {"64 bits", "smaller"}},
	    {"id = 9223372036854775808;\n", 1, {"64 bits"}},
	    {"id = -9223372036854775809LL;\n", 1, {"64 bits"}},
	    {"id = 0x8000000000000000L;\n", 1, {"64 bits"}},
	    {"id = 18446744073709551617;\n", 1, {"64 bits"}},
	    {"id = "
	     "99999999999999999999999999999999999999999999999999999999999999999999999;\n",
	     1,
	     {"64 bits"}},
	    {GOOD "a = ( 1, (\n3000000000 ) );\n", 9, {"3000000000L"}},
	    {"id = 1; // 5000000000\n/* 5000000000\n*/ # 5000000000\nb = "
	     "\"5000000000\\\"\"; "
	     "c = 5000000001;\n",
	     4,
	     {"5000000001L"}},
	    {"a2147483648 = 1;\nid = 2147483649;\n", 2, {"2147483649L"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
	conf_kit_good("id = 0x1;\n" DIRS SERVERS);
	conf_kit_good("id = 001L;\n" DIRS SERVERS);
	conf_kit_good("id = 1LL; // 5000000000\n# 5000000000\n" DIRS SERVERS);
	conf_kit_good("id = 2147483647;\n" DIRS
	              "servers = ( { id = 2147483647; host = \"a\"; "
	              "quorum_port = 1; election_port = 0x2; } );\n");
	assert_int_equal(conf_got.id, 2147483647);
	conf_kit_good("id = 4611686018427387904L;\n" DIRS
	              "servers = ( { id = 0x4000000000000000L; host = \"a\"; "
	              "quorum_port = 1; election_port = 2; } );\n");
	assert_int_equal(conf_got.self->id, CONF_ID_MAX);
}

static void
never_ending(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {"id = 1;\nrun_dir = \"/run;\nid = 1;\n",
	     2,
	     {"string does not end", "quote"}},
	    {"id = 1;\nrun_dir = \"/run", 2, {"string does not end"}},
	    {"run_dir = \"/run\\\n\";", 1, {"string does not end"}},
	    {"run_dir = \"\\", 1, {"string does not end"}},
	    {"id = 1;\n/* a\n\n", 2, {"comment does not end", "*/"}},
	    {"/*/\n", 1, {"comment does not end"}},
	};
	static const char nul[] = "id = 1;\n\n\0id = 2;\n";
	const char *path = conf_kit_write_bytes("nul.conf", nul, sizeof(nul) - 1);
	const struct conf_kit_case zero = {"NUL", 3, {"a byte 0"}};

	(void)state;
	CONF_KIT_REFUSED(cases);
	conf_kit_refused(path, path, &zero);
}

/* Accepted: comments and blanks of all kinds, CRLF, no newline at the end. */
static void
well_written(void **state)
{
	(void)state;
	conf_kit_good("// a\n/* b \" \n * c */\n# d \"\n" GOOD "zab=false/* x */;");
	assert_false(conf_got.zab);
	conf_kit_good(
	    "id = 1;\r\nrun_dir = \"/a\" \"b\";\r\ndata_dir: \"/c\"\r\n" SERVERS);
	assert_string_equal(conf_got.run_dir, "/ab");
	conf_kit_good(HEAD "program_dir = \"/a\\\\b\\\"c # d // e /* f\";" SERVERS);
	assert_string_equal(conf_got.program_dir, "/a\\b\"c # d // e /* f");
}

/* An error in an included file names that file. An error behind the include names the
 * line of the including file. */
static void
included(void **state)
{
	const char *sub = conf_kit_path("sub"), *path, *inner;
	char folder[160];
	const struct conf_kit_case in_file = {"included", 3, {"unknown key nonsense"}};
	const struct conf_kit_case behind = {"behind", 4, {"unknown key later"}};
	const struct conf_kit_case same_line = {"same line", 2, {"unknown key here"}};
	const struct conf_kit_case wraps = {"wraps", 2, {"5000000000L"}};

	(void)state;
	assert_int_equal(mkdir(sub, 0700), 0);
	conf_kit_write("sub/servers.conf", SERVERS);
	conf_kit_write("sub/all.conf", "  @include \"servers.conf\" // here\n" DIRS);
	conf_kit_good("id = 2;\n\t@include \"sub/all.conf\"\nzab = false;");
	assert_int_equal(conf_got.self->id, 2);
	assert_false(conf_got.zab);
	snprintf(folder, sizeof(folder),
	         "id = 3; /*\n@include \"no\"\n*/\n@include \"%s/sub/all.conf\"",
	         conf_dir);
	conf_kit_good(folder);
	assert_int_equal(conf_got.self->id, 3);

	inner = conf_kit_write("sub/wrong.conf", "zab = true;\n\nnonsense = 1;");
	path = conf_kit_write("main.conf", "\n@include \"sub/wrong.conf\"\n" GOOD);
	conf_kit_refused(path, inner, &in_file);
	conf_kit_write("sub/wrong.conf", "zab = true;");
	path =
	    conf_kit_write("main.conf", "\n@include \"sub/wrong.conf\"\n\nlater = 1;\n");
	conf_kit_refused(path, path, &behind);
	path = conf_kit_write("main.conf", "\n@include \"sub/wrong.conf\" here = 1;\n");
	conf_kit_refused(path, path, &same_line);
	conf_kit_write("sub/wrong.conf", "");
	conf_kit_refused(path, path, &same_line);
	conf_kit_write("sub/wrong.conf", "\nid = 5000000000;\n");
	conf_kit_refused(path, inner, &wraps);
}

static void
includes_refused(void **state)
{
	const struct conf_kit_case none = {
	    "none", 2, {"none.conf cannot be included", "No such file"}};
	const struct conf_kit_case folder = {
	    "folder", 1, {"cannot be included", "directory"}};
	const struct conf_kit_case itself = {
	    "itself", 2, {"more than 10 deep", "itself"}};
	const struct conf_kit_case deep = {"deep", 1, {"more than 10 deep"}};
	const struct conf_kit_case many = {"many", 64, {"more than 63 files"}};
	char text[64 * 32] = "", deepest[sizeof(conf_dir) + 16];
	const char *path;

	(void)state;
	path = conf_kit_write("i.conf", "\n@include \"none.conf\"\n");
	conf_kit_refused(path, path, &none);
	path = conf_kit_write("i.conf", "@include \".\"\n");
	conf_kit_refused(path, path, &folder);
	path = conf_kit_write("i.conf", "# me\n@include \"i.conf\"\n");
	conf_kit_refused(path, path, &itself);
	for (unsigned i = 1; i <= 11; i++) { /* a chain; 10 below the first are allowed */
		char name[16];

		snprintf(name, sizeof(name), "c%u.conf", i);
		snprintf(text, sizeof(text), "@include \"c%u.conf\"\n", i - 1);
		path = conf_kit_write(name, i == 1 ? GOOD : text);
		if (i < 11)
			continue;
		snprintf(text, sizeof(text), "@include \"%s\"\n", path);
		conf_kit_refused(conf_kit_write("i.conf", text),
		                 strcat(strcpy(deepest, conf_dir), "/c2.conf"), &deep);
		conf_kit_good(strcpy(text, "@include \"c10.conf\"\n"));
	}
	text[0] = '\0';
	conf_kit_write("empty.conf", "");
	for (unsigned i = 0; i < 63; i++)
		strcat(text, "@include \"empty.conf\"\n");
	strcat(text, GOOD);
	conf_kit_good(text);
	text[63 * 22 - 1] = '\0';
	strcat(text, "\n@include \"empty.conf\"\n");
	path = conf_kit_write("i.conf", text);
	conf_kit_refused(path, path, &many);
}

static void
too_long(void **state)
{
	const struct conf_kit_case alone = {
	    "alone", 0, {"more than 1048576 bytes", "shorter"}};
	const struct conf_kit_case whole = {
	    "whole", 1, {"more than 1048576 bytes", "includes"}};
	const struct conf_kit_case one = {
	    "one", 1, {"half.conf has more than 1048576 bytes"}};
	char *text = malloc(CONF_TEXT_MAX + 2);
	const char *path;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', CONF_TEXT_MAX + 1);
	memcpy(text, GOOD, sizeof(GOOD) - 1);
	path = conf_kit_write_bytes("long.conf", text, CONF_TEXT_MAX + 1);
	conf_kit_refused(path, path, &alone);
	text[CONF_TEXT_MAX] = '\0';
	conf_kit_good(text);
	memset(text, ' ', CONF_TEXT_MAX + 1);
	conf_kit_write_bytes("half.conf", text, CONF_TEXT_MAX / 2 + 1);
	path = conf_kit_write("two.conf",
	                      "@include \"half.conf\"\n@include \"half.conf\"\n");
	conf_kit_refused(path, conf_kit_path("half.conf"), &whole);
	conf_kit_write_bytes("half.conf", text, CONF_TEXT_MAX + 1);
	conf_kit_refused(path, path, &one);
	free(text);
}

/* Deep nesting is an error of libconfig's parser, not the end of the process. */
static void
deep(void **state)
{
	static char text[100000];
	struct conf_kit_case c = {text, 1, {"memory exhausted"}};

	(void)state;
	memcpy(text, "id= ", 4);
	memset(text + 4, '(', sizeof(text) - 5);
	conf_kit_all_refused(&c, 1);
}

static void
unreadable(void **state)
{
	static struct conf untouched;
	struct conf_error error = {""};
	char path[160], want[256];

	(void)state;
	memset(&conf_got, 0x5a, sizeof(conf_got));
	memcpy(&untouched, &conf_got, sizeof(untouched));
	snprintf(path, sizeof(path), "%s/none", conf_dir);
	assert_int_equal(conf_load(path, &conf_got, &error), -ENOENT);
	snprintf(want, sizeof(want), "%s: cannot be read: No such file or directory; ",
	         path);
	assert_memory_equal(error.text, want, strlen(want));
	assert_int_equal(conf_load(conf_dir, &conf_got, &error), -EISDIR);
	assert_non_null(strstr(error.text, "Is a directory"));
	assert_int_equal(conf_load("", &conf_got, &error), -ENOENT);
	snprintf(path, sizeof(path), "%s/good.conf/x", conf_dir);
	conf_kit_write("good.conf", "");
	assert_int_equal(conf_load(path, &conf_got, &error), -ENOTDIR);
	assert_memory_equal(&untouched, &conf_got, sizeof(untouched));
}

/* A FIFO would be waited for, and a device gives anything: neither is opened, wherever it
 * is named. */
static void
no_file(void **state)
{
	const char *fifo = conf_kit_path("fifo");
	struct conf_error error = {""};
	char text[512], line[64];
	struct conf_kit_case c = {text, 1, {line, "a FIFO, a socket or a device"}};

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	alarm(20); /* one that waits has failed */
	assert_int_equal(conf_load(fifo, &conf_got, &error), -ENOTSUP);
	assert_non_null(strstr(error.text, "a FIFO, a socket or a device"));
	assert_int_equal(conf_load("/dev/zero", &conf_got, &error), -ENOTSUP);
	snprintf(line, sizeof(line), "cannot be included");
	snprintf(text, sizeof(text), "@include \"%s\"\n", fifo);
	conf_kit_all_refused(&c, 1);
	snprintf(line, sizeof(line), "id_file");
	snprintf(text, sizeof(text), "id_file = \"%s\";\n" DIRS SERVERS, fifo);
	conf_kit_all_refused(&c, 1);
	snprintf(text, sizeof(text), "id_file = \"/dev/zero\";\n" DIRS SERVERS);
	conf_kit_all_refused(&c, 1);
	alarm(0);
}

/* A string would end at the NUL: /run/a\x00b was /run/a. */
static void
a_nul_in_a_string(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {"id = 1;\nrun_dir = \"/run/a\\x00b\";\n", 2, {"a byte 0", "\\x00"}},
	    {GOOD "log_level = \"info\\x00\";\n", 8, {"a byte 0"}},
	    /* libconfig takes both */
	    {"id = 1;\nrun_dir = \"/run/a\\X00b\";\n", 2, {"a byte 0"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
}

/* A very long path is shown by its end, and the message behind it is complete. */
static void
long_paths(void **state)
{
	struct conf_error error = {""};
	char path[2048];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s", conf_dir);

	(void)state;
	while (len < 1500)
		len += (size_t)snprintf(path + len, sizeof(path) - len, "/./././././.");
	strcat(path, "/good.conf");
	conf_kit_write("good.conf", "\n\nnonsense = 1;\n");
	assert_int_equal(conf_load(path, &conf_got, &error), 1);
	assert_memory_equal(error.text, "...", 3);
	assert_non_null(
	    strstr(error.text, "/./good.conf:3: unknown key nonsense; write one"));
	assert_non_null(strstr(error.text, "log_level"));
}

static const struct {
	const char *text;
	enum conf_finding_type type;
	unsigned line;
	const char *found;
} scans[] = {
    {"", CONF_FOUND_END, 1, ""},
    {"a = 1;\n\n", CONF_FOUND_END, 3, ""},
    {"a = 2147483647", CONF_FOUND_END, 1, ""},
    {"a = -2147483648", CONF_FOUND_END, 1, ""},
    {"a = 2147483648", CONF_FOUND_WRAPS, 1, "2147483648"},
    {"a=-2147483649;", CONF_FOUND_WRAPS, 1, "-2147483649"},
    {"a = 0x7fffffff", CONF_FOUND_END, 1, ""},
    {"a = 0X80000000", CONF_FOUND_WRAPS, 1, "0X80000000"},
    {"a = 9223372036854775807L", CONF_FOUND_END, 1, ""},
    {"a = -9223372036854775808LL", CONF_FOUND_END, 1, ""},
    {"\na = 9223372036854775808L", CONF_FOUND_TOO_LARGE, 2, "9223372036854775808"},
    {"a = 5000000000.0", CONF_FOUND_END, 1, ""},
    {"a = 5000000000e1", CONF_FOUND_END, 1, ""},
    {"a = 5000000000E-1", CONF_FOUND_END, 1, ""},
    {"a = 1.5000000000e+10", CONF_FOUND_END, 1, ""},
    {"a = .5000000000", CONF_FOUND_END, 1, ""},
    {"a = 5000000000e", CONF_FOUND_WRAPS, 1, "5000000000"},
    {"a = - 5000000000", CONF_FOUND_WRAPS, 1, "5000000000"},
    {"a5000000000 = b-5000000000", CONF_FOUND_END, 1, ""},
    {"# 5000000000\n// 5000000000", CONF_FOUND_END, 2, ""},
    {"/ 5000000000", CONF_FOUND_WRAPS, 1, "5000000000"},
    {"/* \n5000000000 **/ 5000000001", CONF_FOUND_WRAPS, 2, "5000000001"},
    {"\"5000000000\"", CONF_FOUND_END, 1, ""},
    {"\"\\\"\" 5000000000", CONF_FOUND_WRAPS, 1, "5000000000"},
    {"\"\\\\\" 5000000000", CONF_FOUND_WRAPS, 1, "5000000000"},
    {"\"a\nb\"", CONF_FOUND_OPEN_STRING, 1, "\"a"},
    {"\n\n/* a\nb", CONF_FOUND_OPEN_COMMENT, 3, "/* a\nb"},
    {"@include \"x\"", CONF_FOUND_INCLUDE, 1, "x"},
    {"\n \t@include\t \"a b\"", CONF_FOUND_INCLUDE, 2, "a b"},
    {"@include \"\"", CONF_FOUND_INCLUDE, 1, ""},
    {"@include", CONF_FOUND_END, 1, ""},
    {"@include ", CONF_FOUND_END, 1, ""},
    {"@include \"", CONF_FOUND_OPEN_STRING, 1, "\""},
    {"@includes \"x\"", CONF_FOUND_END, 1, ""},
    {"; @include \"x\"", CONF_FOUND_END, 1, ""},
    {"/* */ @include \"x\"", CONF_FOUND_END, 1, ""},
    {"\"a\\x00b\"", CONF_FOUND_ZERO, 1, "\"a\\"},
    {"\"a\\\\x00b\"", CONF_FOUND_END, 1, ""},
    {"\"\\x01\\x0g\"", CONF_FOUND_END, 1, ""},
    {"@ 5000000000", CONF_FOUND_WRAPS, 1, "5000000000"},
};

/* The scan reports each finding and its place. */
static void
findings(void **state)
{

	(void)state;
	for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++) {
		size_t len = strlen(scans[i].text);
		char *exact = malloc(len ? len : 1); /* ASan reports a read beyond it */
		struct conf_scan scan;
		struct conf_finding f;

		assert_non_null(exact);
		memcpy(exact, scans[i].text, len);
		conf_scan_init(&scan, exact, len);
		do
			f = conf_scan_next(&scan);
		while (f.type > CONF_FOUND_INCLUDE && f.type <= CONF_FOUND_TOKEN);
		if (f.type != scans[i].type || f.line != scans[i].line)
			fail_msg("%d on line %u: %s", (int)f.type, f.line, scans[i].text);
		if (f.type != CONF_FOUND_END) {
			assert_int_equal(f.len, strlen(scans[i].found));
			assert_memory_equal(exact + f.at, scans[i].found, f.len);
		}
		free(exact);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(syntax),       cmocka_unit_test(literals),
	    cmocka_unit_test(never_ending), cmocka_unit_test(well_written),
	    cmocka_unit_test(included),     cmocka_unit_test(includes_refused),
	    cmocka_unit_test(too_long),     cmocka_unit_test(deep),
	    cmocka_unit_test(no_file),      cmocka_unit_test(a_nul_in_a_string),
	    cmocka_unit_test(unreadable),   cmocka_unit_test(long_paths),
	    cmocka_unit_test(findings),
	};

	return cmocka_run_group_tests(tests, conf_kit_setup, conf_kit_teardown);
}
