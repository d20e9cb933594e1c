/* Every key that a configuration may have is one row of one table. The reader, the
 * checks, the printer, the comparison, the suggestions for a misspelt key, the man page's
 * test and `make tidy` all go by this table. */
#ifndef CONFIG_CONF_KEY_H
#define CONFIG_CONF_KEY_H

#include "config/conf.h"

#include <stddef.h>
#include <stdint.h>

enum conf_kind {
	/* These have a value that fits an int64_t. */
	CONF_INTEGER,
	CONF_TRUTH,
	/* A string, one of the row's `words`. */
	CONF_WORD,
	/* These have a text. A path is absolute, also behind `ipc://`; a name is one of
	 * /etc/group. */
	CONF_PATH,
	CONF_IPC_PATH,
	CONF_NAME,
	CONF_HOSTS,
	/* These have keys of their own. */
	CONF_GROUP,
	CONF_LIST,
};

/* What happens when a running process is told to reload and the key has changed. */
enum conf_change {
	/* The new value takes effect at the next start. */
	CONF_RESTART,
	/* The new value takes effect at once. */
	CONF_RELOAD,
	/* Nothing: the key only says where to read another one, which has its own row. */
	CONF_INDIRECT,
};

struct conf_word {
	const char *text;
	int value;
};

struct conf_key {
	/* NAME, or GROUP.NAME, or servers.NAME for a key of a server. */
	const char *path;
	enum conf_kind kind;
	/* The member of struct conf, or of struct conf_server. */
	size_t offset, size;
	/* The default and the range of an integer; the default of a truth or a word. */
	int64_t standard, min, max;
	/* Of an integer; "": none. */
	const char *unit;
	/* The programs that act on the key, and its meaning in one sentence. */
	const char *users, *meaning;

	/* What follows is for some keys only. The last word has no text. */
	const struct conf_word *words;
	/* A value as an error message shows it. */
	const char *example;
	bool required;
	/* The text may be "". */
	bool may_be_empty;
	/* Of a server: the canonical form leaves it out where it has its default, since a
	 * worker of another release may not know it. */
	bool sparse;
	enum conf_change change;
	/* The path of the key that must be at least as large as this one. */
	const char *at_most;
	/* Older versions do not know the key: where it has its default it is left out of
	 * what they may have to read. */
	bool late;
	/* The offset of the bool that says whether the key was given; 0: there is none.
	 */
	size_t has;
};

#define CONF_IPC_PREFIX "ipc://"

#define CONF_KEYS_MAX 80
/* The last row has no path. */
extern const struct conf_key conf_keys[];

/* The row of `name` in `group`, or in group "" the row whose path is `name`; NULL if
 * there is none. */
const struct conf_key *conf_key_find(const char *group, const char *name);

const char *conf_key_name(const struct conf_key *k); /* without the group */
bool conf_key_is_in(const struct conf_key *k, const char *group);

/* The value in `base`, the struct conf or struct conf_server that holds the key; -1 if
 * the key is one that may be left out and was. For integers, truths and words. */
int64_t conf_key_get(const struct conf_key *k, const void *base);
void conf_key_set(const struct conf_key *k, void *base, int64_t value);
/* Whether `a` and `b` have the same value or text. */
bool conf_key_same(const struct conf_key *k, const void *a, const void *b);

const char *conf_word_of(const struct conf_key *k, const void *base);

#define CONF_SUGGESTION_MAX 384
/* What to write instead of the unknown key `name` in `group`: the key of the group that
 * `name` misspells, or the group that `name` belongs to, or all keys of the group. */
void conf_suggest(const char *group, const char *name, char out[CONF_SUGGESTION_MAX]);

/* Sets every key of a zeroed `c` to its default. */
void conf_defaults(struct conf *c);

#endif
