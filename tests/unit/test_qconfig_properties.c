/* wire/properties: Java's properties syntax. What is expected here was seen with
 * java.util.Properties of OpenJDK 17. */
#include "wire/properties.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct properties all;

/* The entries in the order of the text, as `<key>=<value>;`. */
static const char *
show(void)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < all.count; i++) {
		const struct property *p = &all.list[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "<%.*s>=<%.*s>;", (int)p->key_len, p->key,
		                         (int)p->value_len, p->value);
	}
	return text;
}

static void
syntax(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* NULL: refused */
	} rows[] = {
	    {"", ""},
	    {" \t\f\r\n\r\n", ""},
	    {"a=b", "<a>=<b>;"},
	    {"a=b\n", "<a>=<b>;"},
	    {"a=b\rc=d\r\ne=f\n", "<a>=<b>;<c>=<d>;<e>=<f>;"},
	    {"a:b\nc d\ne\tf\ng\fh", "<a>=<b>;<c>=<d>;<e>=<f>;<g>=<h>;"},
	    {" a \t= \f b c  ", "<a>=<b c  >;"},
	    {"a  :  b", "<a>=<b>;"},
	    {"a==b\nc=:d\ne :=f", "<a>=<=b>;<c>=<:d>;<e>=<=f>;"},
	    {"a", "<a>=<>;"},
	    {"=b\n:c", "<>=<c>;"},
	    {"# a=b\n ! c=d\ne=#f", "<e>=<#f>;"},
	    {"#a\\\nb=c", "<b>=<c>;"},
	    {"a=b\nc=d\na=e", "<a>=<e>;<c>=<d>;"},
	    {"a\\=b=c\na\\:b:d\na\\ b e", "<a=b>=<c>;<a:b>=<d>;<a b>=<e>;"},
	    {"a=\\t\\n\\r\\f\\x\\\\", "<a>=<\t\n\r\fx\\>;"},
	    {"a=b\\\n \t\f c", "<a>=<bc>;"},
	    {"a=b\\\r\nc\nd=e", "<a>=<bc>;<d>=<e>;"},
	    {"a=b\\\r\rc=d", "<a>=<b>;<c>=<d>;"},
	    {"a=b\\\n\nc=d", "<a>=<b>;<c>=<d>;"},
	    {"a=b\\\\\nc=d", "<a>=<b\\>;<c>=<d>;"},
	    {"a=b\\\n#c", "<a>=<b#c>;"},
	    {"\\\n#c\nd=e", "<d>=<e>;"},
	    {"\\\n\n\\\na=b", "<a>=<b>;"},
	    {"a=b\\", "<a>=<b>;"},
	    {"a=b\\\n", "<a>=<b>;"},
	    {"a\\\n=b", "<a>=<b>;"},
	    {"\\", "<>=<>;"},
	    {"\\\n", "<>=<>;"},
	    {"\\\n ", ""},
	    {"a=\\u0041\\u00e9\\u20AC", "<a>=<A\xc3\xa9\xe2\x82\xac>;"},
	    {"\\u0061=b", "<a>=<b>;"},
	    {"a=\\u0031\\u0032x", "<a>=<12x>;"},
	    {"a=\\uU041", NULL},
	    {"a=\\u004", NULL},
	    {"a=\\u", NULL},
	    {"\\u00g0=b", NULL},
	    {"a=\\u004\n1", NULL},
	    {"a=\\u0000", NULL},
	    {"a=\xff\xc3\xa9", "<a>=<\xff\xc3\xa9>;"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum properties_result r =
		    properties_load(rows[i].text, strlen(rows[i].text), &all);

		if (!rows[i].want) {
			if (r != PROPERTIES_ESCAPE)
				fail_msg("accepted: %s", rows[i].text);
			continue;
		}
		assert_int_equal(r, PROPERTIES_OK);
		assert_string_equal(show(), rows[i].want);
	}
}

static void
a_nul_is_refused(void **state)
{
	(void)state;
	assert_int_equal(properties_load("a=b\0c", 5, &all), PROPERTIES_ESCAPE);
	assert_int_equal(properties_load("a\0=b", 4, &all), PROPERTIES_ESCAPE);
	assert_int_equal(properties_load("#\0\na=b", 6, &all), PROPERTIES_OK);
}

static void
bounds(void **state)
{
	static char text[PROPERTIES_TEXT_MAX + 1];
	size_t used = 0;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(properties_load(text, sizeof(text), &all), PROPERTIES_TOO_MANY);
	assert_int_equal(properties_load(text, sizeof(text) - 1, &all), PROPERTIES_OK);
	assert_int_equal(all.list[0].key_len, PROPERTIES_TEXT_MAX);
	for (int i = 0; i < PROPERTIES_MAX; i++)
		used += (size_t)sprintf(text + used, "key.%d=%d\n", i, i);
	used += (size_t)sprintf(text + used, "key.0=again\n");
	assert_int_equal(properties_load(text, used, &all), PROPERTIES_OK);
	assert_int_equal(all.count, PROPERTIES_MAX);
	assert_memory_equal(all.list[0].value, "again", 5);
	used += (size_t)sprintf(text + used, "one more");
	assert_int_equal(properties_load(text, used, &all), PROPERTIES_TOO_MANY);
}

/* As many lines as fit, one key: neither room nor time runs out. */
static void
repeats_take_no_room(void **state)
{
	static char text[PROPERTIES_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "a\n", 2);
	assert_int_equal(properties_load(text, sizeof(text), &all), PROPERTIES_OK);
	assert_int_equal(all.count, 1);
}

static void
expect_order(const char *want)
{
	char got[4096] = "";
	size_t used = 0;

	for (unsigned i = 0; i < all.count; i++) {
		const struct property *p = &all.list[all.order[i]];

		used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%.*s",
		                         i ? " " : "", (int)p->key_len, p->key);
	}
	assert_string_equal(got, want);
}

/* The keys of a java.util.Properties into which they were put in this order. */
static void
walked_as_java_does(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
	    {"weight.92\nweight.224\nserver.5\n", "weight.92 server.5 weight.224"},
	    {"group.291\nweight.121\nweight.103\ngroup.160\nweight.90\nserver."
	     "215\nweight.17\n",
	     "group.291 server.215 group.160 weight.121 weight.17 weight.90 weight.103"},
	    {"server.365\nserver.156\ngroup.202\nweight.247\nserver.320\ngroup.92\ngroup."
	     "329\ngroup.230\ngroup.143\ngroup.33\nserver.251\nserver.157\n",
	     "group.329 group.33 group.92 group.143 group.230 group.202 weight.247 "
	     "server.157 server.251 server.320 server.156 server.365"},
	    {"server.198\ngroup.242\nweight.395\ngroup.205\ngroup.237\nweight."
	     "312\nweight.100\nserver.231\nweight.51\nserver.126\ngroup.165\nserver."
	     "97\nweight.118\ngroup.36\ngroup.30\ngroup.257\ngroup.360\nserver."
	     "199\ngroup.273\ngroup.63\nserver.91\nserver.106\nserver.337\ngroup."
	     "311\nserver.101\n",
	     "group.30 group.205 group.242 group.165 weight.395 weight.312 server.126 "
	     "server.97 server.106 weight.51 group.273 server.91 group.36 server.101 "
	     "group.63 weight.100 group.257 group.311 group.237 weight.118 server.337 "
	     "group.360 server.198 server.231 server.199"},
	    {"group.385\ngroup.69\nserver.260\nweight.253\ngroup.368\ngroup.149\nweight."
	     "70\ngroup.379\ngroup.255\nserver.28\nserver.204\nweight.11\ngroup."
	     "40\ngroup.324\ngroup.170\ngroup.218\nweight.391\nserver.92\nserver."
	     "340\nserver.247\nweight.185\nserver.5\nserver.144\ngroup.99\nserver."
	     "365\nweight.96\ngroup.392\ngroup.209\nserver.341\ngroup.161\nserver."
	     "5\nweight.134\ngroup.85\ngroup.399\nserver.324\nserver.185\nweight."
	     "371\ngroup.49\nweight.309\nserver.3\ngroup.277\nweight.177\nweight."
	     "70\nweight.128\nweight.277\nserver.285\nserver.348\nweight.348\nserver."
	     "288\nweight.0\nserver.105\ngroup.87\ngroup.18\nweight.61\ngroup."
	     "150\nserver.225\ngroup.219\nweight.372\nserver.75\nserver.125\n",
	     "weight.391 group.385 weight.277 group.149 weight.11 weight.348 server.125 "
	     "server.247 server.324 server.204 group.392 group.150 weight.96 weight.309 "
	     "server.285 server.92 server.365 server.288 group.277 group.399 weight.0 "
	     "group.161 weight.61 group.69 group.99 group.209 weight.371 weight.372 "
	     "weight.70 weight.253 weight.177 weight.134 group.368 group.324 weight.128 "
	     "group.170 server.225 server.105 server.75 server.348 server.260 server.185 "
	     "group.18 server.340 server.341 server.144 group.85 group.219 group.218 "
	     "group.87 group.40 weight.185 group.255 server.28 group.379 server.5 "
	     "group.49 server.3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    properties_load(rows[i].text, strlen(rows[i].text), &all),
		    PROPERTIES_OK);
		expect_order(rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(syntax),
	    cmocka_unit_test(a_nul_is_refused),
	    cmocka_unit_test(bounds),
	    cmocka_unit_test(repeats_take_no_room),
	    cmocka_unit_test(walked_as_java_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
