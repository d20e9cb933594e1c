/* config/: each row of the table of keys, as the reader, the printer, the comparison, the
 * man page and the sample treat it. */
#include "config/conf_key.h"
#include "tests/unit/conf_kit.h"

static char printed[CONF_PRINT_MAX];

/* Each integer of a group takes both ends of its range and nothing beyond, is printed,
 * and is compared. */
static void
each_integer(void **state)
{
	static struct conf standard;
	char text[1024], line[128];

	(void)state;
	conf_kit_good(GOOD);
	standard = conf_got;
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		const int64_t values[] = {k->min, k->max, k->min - 1, k->max + 1};
		int group = (int)(conf_key_name(k) - k->path) - 1;
		struct conf_kit_case refused = {text, 8, {conf_key_name(k), "range"}};

		if (group < 0 || k->kind != CONF_INTEGER || conf_key_is_in(k, "servers"))
			continue;
		assert_true(k->min <= k->standard && k->standard <= k->max);
		for (unsigned v = 0; v < 4; v++) {
			char pair[128] = "";

			/* the other key of a pair makes room for this one */
			for (const struct conf_key *o = conf_keys; o->path; o++)
				if (k->at_most && strcmp(o->path, k->at_most) == 0)
					snprintf(pair, sizeof(pair), "%s = %lld;",
					         conf_key_name(o), (long long)o->max);
				else if (o->at_most && strcmp(o->at_most, k->path) == 0)
					snprintf(pair, sizeof(pair), "%s = %lld;",
					         conf_key_name(o), (long long)o->min);
			snprintf(line, sizeof(line), "%s = %lld;", conf_key_name(k),
			         (long long)values[v]);
			/* without a limit, nothing in links is too much for connmgr */
			snprintf(text, sizeof(text), GOOD "%.*s = { %s %s }; %s\n", group,
			         k->path, line, pair,
			         conf_key_is_in(k, "links")
			             ? "supervisor = { memory_mb = 0; };"
			             : "");
			if (v >= 2) {
				conf_kit_all_refused(&refused, 1);
				continue;
			}
			conf_kit_good(text);
			assert_int_equal(conf_key_get(k, &conf_got), values[v]);
			assert_int_not_equal(
			    conf_print(&conf_got, true, printed, sizeof(printed)), 0);
			assert_non_null(strstr(printed, line));
			if (pair[0] == '\0' && k->standard != values[v])
				assert_string_equal(conf_difference(&standard, &conf_got),
				                    k->change == CONF_RELOAD ? ""
				                                             : k->path);
		}
	}
}

/* What older workers do not know is left out for them where it has its default. */
static void
late_keys(void **state)
{
	(void)state;
	conf_kit_good(GOOD);
	assert_int_not_equal(conf_print(&conf_got, false, printed, sizeof(printed)), 0);
	assert_null(strstr(printed, "lease"));
	assert_null(strstr(printed, "resume_ms"));
	assert_null(strstr(printed, "drift_percent"));
	assert_null(strstr(printed, "hold_group"));
	assert_null(strstr(printed, "events"));
	assert_null(strstr(printed, "tls"));
	conf_kit_good(
	    GOOD "resume_ms = 7; events = \"ipc:///x\"; tls = { enforce = false; };\n");
	assert_int_not_equal(conf_print(&conf_got, false, printed, sizeof(printed)), 0);
	assert_null(strstr(printed, "lease"));
	assert_non_null(strstr(printed, "resume_ms = 7;"));
	assert_non_null(strstr(printed, "tls = {\n\tenforce = false;\n};\n"));
	assert_non_null(strstr(printed, "events = \"ipc:///x\";"));
}

/* How conclave.conf(5) begins the paragraph of a key. */
static void
paragraph(const struct conf_key *k, char out[512])
{
	static const char *const kinds[] = {
	    [CONF_INTEGER] = "integer", [CONF_TRUTH] = "boolean",
	    [CONF_WORD] = "string",     [CONF_PATH] = "string",
	    [CONF_NAME] = "string",     [CONF_HOSTS] = "string",
	    [CONF_GROUP] = "group",     [CONF_LIST] = "list",
	    [CONF_IPC_PATH] = "string",
	};
	bool counted = k->kind == CONF_INTEGER && k->unit[0] != '\0';
	size_t len;

	len = (size_t)snprintf(out, 512, ".It Va %s No = ", conf_key_name(k));
	if (counted)
		len += (size_t)snprintf(out + len, 512 - len, "%lld\n%lld to %lld %s.\n",
		                        (long long)k->standard, (long long)k->min,
		                        (long long)k->max, k->unit);
	else
		len += (size_t)snprintf(out + len, 512 - len, "Ar %s\n", kinds[k->kind]);
	snprintf(out + len, 512 - len, "%s\nUsed by %s%s.\n", k->meaning, k->users,
	         k->change == CONF_RELOAD ? "; a reload takes it over" : "");
}

static const char *
read_page(const char *path)
{
	static char page[65536];
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	assert_true(len > 0 && len < sizeof(page) - 1);
	page[len] = '\0';
	return page;
}

/* The man page has a paragraph for each key that begins with what the table says. */
static void
documented(void **state)
{
	const char *page = read_page("docs/man/conclave.conf.5");
	char want[512];

	(void)state;
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		paragraph(k, want);
		if (!strstr(page, want))
			fail_msg("conclave.conf.5 has no\n%s", want);
	}
}

/* The row of a key that is named without its group, and is no key of a server. */
static const struct conf_key *
key_named(const char *name)
{
	for (const struct conf_key *k = conf_keys; k->path; k++)
		if (!conf_key_is_in(k, "servers") && strcmp(conf_key_name(k), name) == 0)
			return k;
	return NULL;
}

/* Each line `# KEY = VALUE;` of the sample names a key with its default. */
static void
sample_of_defaults(void **state)
{
	static struct conf standard;
	const char *at = read_page("etc/conclave.conf");
	char name[64], value[64], want[128];
	unsigned shown = 0;

	(void)state;
	conf_defaults(&standard);
	while ((at = strstr(at, "# ")) != NULL) {
		const struct conf_key *k;

		at += 2;
		if (sscanf(at, "%63[a-z_] = %63[^;\n];", name, value) != 2)
			continue;
		k = key_named(name);
		if (!k)
			fail_msg("etc/conclave.conf has a key %s", name);
		if (k->change == CONF_INDIRECT)
			continue;
		if (k->kind == CONF_INTEGER)
			snprintf(want, sizeof(want), "%lld", (long long)k->standard);
		else if (k->kind == CONF_TRUTH)
			strcpy(want, k->standard ? "true" : "false");
		else
			snprintf(want, sizeof(want), "\"%s\"",
			         k->kind == CONF_WORD ? conf_word_of(k, &standard) : "");
		assert_string_equal(value, want);
		shown++;
	}
	assert_true(shown >= 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_integer),
	    cmocka_unit_test(late_keys),
	    cmocka_unit_test(documented),
	    cmocka_unit_test(sample_of_defaults),
	};

	return cmocka_run_group_tests(tests, conf_kit_setup, conf_kit_teardown);
}
