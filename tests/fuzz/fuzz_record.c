/* The text of a record: any bytes are refused, or are a record that prints and parses to
 * the same again. */
#include "base/paths.h"
#include "swap/record.h"
#include "tests/fuzz/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same_program(const struct record_program *a, const struct record_program *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->path, b->path) == 0;
}

static void
check_program(const struct record_program *p, bool there)
{
	must(p->name[0] ? paths_name_ok(p->name) : !there, "a name is one");
	must(!p->path[0], "a record has no paths");
}

static void
check(const struct record *r)
{
	char text[RECORD_TEXT_MAX];
	struct record again;
	size_t len;

	must(r->generation > 0 && r->generation <= RECORD_GENERATION_MAX,
	     "a generation is in its range");
	check_program(&r->now, true);
	check_program(&r->before, false);
	len = record_print(r, text, sizeof(text));
	must(len > 0 && len == strlen(text), "every record fits");
	must(record_print(r, text, len) == 0, "no room is said");
	must(record_print(r, text, len + 1) == len, "exactly enough is enough");
	must(record_parse(text, &again), "what is printed parses");
	must(again.generation == r->generation && again.accepted == r->accepted &&
	         same_program(&again.now, &r->now),
	     "print and parse: the same");
	must(r->before.name[0] ? same_program(&again.before, &r->before)
	                       : again.before.name[0] == '\0',
	     "print and parse: the same one before");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum record_turn turn = (enum record_turn)(size % 3);
	struct record r, before;
	char text[RECORD_TEXT_MAX + 1];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	memset(&r, 0x5a, sizeof(r));
	before = r;
	if (!record_parse(text, &r)) {
		must(memcmp(&r, &before, sizeof(r)) == 0, "refused: untouched");
		return 0;
	}
	check(&r);
	before = r;
	record_promote(&r, "next", turn);
	check(&r);
	if (turn == RECORD_BACK)
		must(r.before.name[0] == '\0', "there is no way back to who failed");
	else
		must(same_program(&r.before, &before.now),
		     "who was in use is the one before");
	return 0;
}
