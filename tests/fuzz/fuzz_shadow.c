/* Two electors held against each other. First the same words from both, one of them
 * behind the other, each said again at times: nothing differs. Then one other word, or
 * one that never comes: that is found. Then anything. */
#include "connmgr/shadow.h"
#include "tests/fuzz/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REMOTES 3
#define SAID    8 /* words of one side that the other has yet to say, to one remote */

struct line { /* to one remote */
	unsigned count;
	unsigned words[SAID];
	unsigned last[2]; /* 0: none */
};

struct model {
	struct feed feed;
	struct shadow *shadow;
	uint64_t now_ms;
	enum shadow_side ahead;
	struct line lines[REMOTES];
	unsigned next;
	uint64_t compared;
};

static int64_t
sid_of(unsigned remote)
{
	return remote == 0 ? SHADOW_DECIDED : (int64_t)remote;
}

static void
hear(struct model *m, enum shadow_side side, unsigned remote, unsigned word)
{
	unsigned char text[8] = {(unsigned char)word, (unsigned char)(word >> 8), 1};

	shadow_hear(m->shadow, m->now_ms, side, sid_of(remote), text, 2 + word % 2);
	m->lines[remote].last[side] = word;
}

static void
check(const struct model *m)
{
	const struct shadow_report *d = shadow_report(m->shadow);

	must(d->compared == m->compared, "each pair counts once");
	must(!d->found, "the same words do not differ");
}

/* The one behind says what the other has said. */
static void
catch_up(struct model *m, unsigned remote)
{
	struct line *l = &m->lines[remote];

	hear(m, 1 - m->ahead, remote, l->words[0]);
	l->count--;
	memmove(l->words, l->words + 1, l->count * sizeof(l->words[0]));
	m->compared++;
	check(m);
}

static void
catch_up_all(struct model *m)
{
	for (unsigned i = 0; i < REMOTES; i++)
		while (m->lines[i].count > 0)
			catch_up(m, i);
}

static void
say_same(struct model *m)
{
	unsigned b = feed_byte(&m->feed), remote = b % REMOTES;
	struct line *l = &m->lines[remote];
	enum shadow_side side = b & 64 ? SHADOW_ACTIVE : SHADOW_CANDIDATE;

	if (b >= 224 && l->last[side] != 0) {
		hear(m, side, remote, l->last[side]);
	} else if (b >= 216) {
		catch_up_all(m);
		m->ahead = side;
	} else if (b < 112 && l->count < SAID) {
		l->words[l->count++] = ++m->next;
		hear(m, m->ahead, remote, m->next);
	} else if (l->count > 0) {
		catch_up(m, remote);
	}
	shadow_age(m->shadow, m->now_ms);
	check(m);
}

/* Another word than the other's, or its silence. */
static void
say_other(struct model *m)
{
	const struct shadow_report *d = shadow_report(m->shadow);
	unsigned b = feed_byte(&m->feed), remote = b % REMOTES;
	struct line *l = &m->lines[remote];
	enum shadow_side behind = 1 - m->ahead;

	if (l->count == 0)
		hear(m, m->ahead, remote, ++m->next);
	if (b & 64) {
		hear(m, behind, remote, ++m->next);
		must(d->sides[behind].there, "both words are kept");
	} else {
		shadow_age(m->shadow, m->now_ms + SHADOW_LATE_MS - 1);
		must(!d->found, "who is late has its time");
		shadow_age(m->shadow, m->now_ms + SHADOW_LATE_MS);
		must(!d->sides[behind].there, "silence is said");
	}
	must(d->found && d->sides[m->ahead].there, "a difference is found");
	must(!(b & 64) || d->sid == sid_of(remote), "and the remote named");
}

static void
anything(struct model *m)
{
	const struct shadow_report *d = shadow_report(m->shadow);
	unsigned b = feed_byte(&m->feed);
	size_t len;
	const uint8_t *bytes;
	bool found = d->found;

	m->now_ms = feed_time(&m->feed, m->now_ms, UINT64_MAX);
	if (b < 8) {
		shadow_begin(m->shadow, m->now_ms, b & 1);
		must(d->on == !(b & 1), "an old election is not heard");
		found = false;
	} else if (b < 12) {
		shadow_end(m->shadow);
		must(!d->on, "nobody is compared");
		found = false;
	} else if (b < 24) {
		shadow_word(m->shadow, m->now_ms, b & 1);
	} else if (b < 32) {
		shadow_age(m->shadow, m->now_ms);
		return;
	} else {
		bytes = feed_bytes(&m->feed, 1 + b % 8, &len);
		shadow_hear(m->shadow, m->now_ms, b & 1, feed_byte(&m->feed), bytes, len);
		return;
	}
	must(d->found == found, "the first difference is kept");
	must(!d->found || d->sides[0].there || d->sides[1].there, "somebody said it");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shadow *shadow; /* large; a beginning forgets all */
	struct model m = {.feed = {.data = data, .len = size}, .now_ms = 1};
	unsigned same = feed_byte(&m.feed);

	if (!shadow)
		shadow = shadow_new();
	must(shadow != NULL, "memory");
	m.shadow = shadow;
	shadow_begin(m.shadow, m.now_ms, same & 1);
	shadow_hear(m.shadow, m.now_ms, SHADOW_ACTIVE, 1, "early", 5);
	shadow_word(m.shadow, m.now_ms, false);
	shadow_hear(m.shadow, m.now_ms + SHADOW_SETTLE_MS - 1, SHADOW_CANDIDATE, 1, "x",
	            1);
	m.now_ms += SHADOW_SETTLE_MS;
	check(&m);
	for (unsigned i = 0; i < same; i++)
		say_same(&m);
	say_other(&m);
	while (!feed_end(&m.feed))
		anything(&m);
	return 0;
}
