/* vectors FILE…: runs conformance vectors (JSON Lines). The kind is in the file's name:
 * order, vote_equal, quorum_maj, quorum_hier, tracker, config_text, initial_message,
 * notification, transcripts; a suffix after the kind is allowed. */
#include "tests/vectors/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
	const char *name;
	bool (*check)(const json_t *row, char *why, size_t cap);
} kinds[] = {
    {"order", vector_order},
    {"vote_equal", vector_vote_equal},
    {"quorum_maj", vector_quorum_maj},
    {"quorum_hier", vector_quorum_hier},
    {"tracker", vector_tracker},
    {"transcripts", vector_transcript},
    {"config_text", vector_config_text},
    {"initial_message", vector_initial_message},
    {"notification", vector_notification},
};

static unsigned long passed, failed;

static const struct kind *
find_kind(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(base, kinds[i].name, strlen(kinds[i].name)) == 0)
			return &kinds[i];
	return NULL;
}

static void
run_row(const struct kind *kind, const char *path, unsigned long line, const char *text)
{
	static char why[65536];
	json_t *row = json_loads(text, 0, NULL);
	const char *id = row ? json_string_value(json_object_get(row, "id")) : NULL;

	snprintf(why, sizeof(why), "not a JSON object");
	if (row && kind->check(row, why, sizeof(why))) {
		passed++;
	} else {
		failed++;
		printf("%s:%lu: %s%s%s\n", path, line, id ? id : "", id ? ": " : "", why);
	}
	json_decref(row);
}

static int
run_file(const char *path)
{
	const struct kind *kind = find_kind(path);
	FILE *f = kind ? fopen(path, "re") : NULL;
	char *text = NULL;
	size_t cap = 0;
	unsigned long line = 0;

	if (!f) {
		fprintf(stderr, "vectors: %s: %s\n", path,
		        kind ? "cannot be read" : "no kind of vectors has such a name");
		return 1;
	}
	while (getline(&text, &cap, f) > 0)
		run_row(kind, path, ++line, text);
	free(text);
	fclose(f);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: vectors FILE…\n");
		return 64;
	}
	for (int i = 1; i < argc; i++)
		if (run_file(argv[i]) != 0)
			failed++;
	printf("%lu passed, %lu failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}
