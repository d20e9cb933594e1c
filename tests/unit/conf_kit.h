/* What the tests of config/ share: a folder of their own, files in it, and pieces of
 * configurations. */
#ifndef TESTS_UNIT_CONF_KIT_H
#define TESTS_UNIT_CONF_KIT_H

#include "config/conf.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DIRS  "run_dir = \"/run/c\";\ndata_dir = \"/var/c\";\n"
#define HEAD  "id = 1;\n" DIRS /* it is lines 1 to 3 */
#define ONE   "{ id = 1; host = \"a\"; quorum_port = 1; election_port = 2; "
#define TWO   "{ id = 2; host = \"b\"; quorum_port = 1; election_port = 2; "
#define THREE "{ id = 3; host = \"c\"; quorum_port = 1; election_port = 2; "
#define SERVERS                                                                          \
	"servers = (\n" ONE "},\n" TWO "},\n" THREE "} );\n" /* it has four lines */
#define GOOD HEAD SERVERS                                    /* the next text is line 8 */

static char conf_dir[] = "/tmp/conclave-conf.XXXXXX";
static struct conf conf_got;

static inline int
conf_kit_setup(void **state)
{
	(void)state;
	return mkdtemp(conf_dir) ? 0 : -1;
}

static inline int
conf_kit_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int
conf_kit_teardown(void **state)
{
	(void)state;
	return nftw(conf_dir, conf_kit_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file in the folder. Sixteen calls later its memory is used again. */
static inline const char *
conf_kit_path(const char *name)
{
	static char paths[16][128];
	static unsigned turn;
	char *path = paths[turn++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", conf_dir, name);
	return path;
}

static inline const char *
conf_kit_write_bytes(const char *name, const char *data, size_t len)
{
	const char *path = conf_kit_path(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	return path;
}

static inline const char *
conf_kit_write(const char *name, const char *text)
{
	return conf_kit_write_bytes(name, text, strlen(text));
}

/* Loads `text` into conf_got. The test fails if the text is refused. */
static inline void
conf_kit_good(const char *text)
{
	struct conf_error error = {""};
	int r = conf_load(conf_kit_write("good.conf", text), &conf_got, &error);

	if (r != 0)
		fail_msg("refused: %s\n%s", error.text, text);
}

/* A text that is refused: the line that the message names (0: it names the file only),
 * and words of the message. */
struct conf_kit_case {
	const char *text;
	unsigned line;
	const char *words[4];
};

/* The configuration at `path` is refused: the message names `file`, has the line and the
 * words of `c`, and says what to write instead; `out` is untouched. */
static inline void
conf_kit_refused(const char *path, const char *file, const struct conf_kit_case *c)
{
	struct conf_error error = {""};
	char where[160];
	int r;

	memset(&conf_got, 0x5a, sizeof(conf_got));
	r = conf_load(path, &conf_got, &error);
	if (r != 1)
		fail_msg("%d, and not 1, for: %s", r, c->text);
	snprintf(where, sizeof(where), c->line ? "%s:%u: " : "%s: ", file, c->line);
	if (strncmp(error.text, where, strlen(where)) != 0)
		fail_msg("%s\nis not of %s", error.text, where);
	for (unsigned i = 0; i < 4 && c->words[i]; i++)
		if (!strstr(error.text, c->words[i]))
			fail_msg("%s\nhas no %s", error.text, c->words[i]);
	if (!strstr(error.text, "; "))
		fail_msg("%s\ndoes not say what to write", error.text);
	for (size_t i = 0; i < sizeof(conf_got); i++)
		assert_int_equal(((const unsigned char *)&conf_got)[i], 0x5a);
}

static inline void
conf_kit_all_refused(const struct conf_kit_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *path = conf_kit_write("bad.conf", cases[i].text);

		conf_kit_refused(path, path, &cases[i]);
	}
}

#define CONF_KIT_REFUSED(cases)                                                          \
	conf_kit_all_refused(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
