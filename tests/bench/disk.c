/* What it costs to make an epoch durable: as the peer does it, by a slot of its record,
 * and by a new file that is renamed, for comparison. */
#include "tests/bench/bench.h"
#include "tests/bench/series.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/slots_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITES 200

static int
in_slots(const char *path, struct series *s)
{
	static char blocks[SLOTS_COUNT][SLOTS_PAGE];
	int fd, r;

	r = slots_file_make(path, SLOTS_PAGE, blocks[0], "epoch 0\n", 8);
	if (r == 0)
		r = slots_file_open(path, SLOTS_PAGE, &fd, blocks[0]);
	if (r != 0)
		return r;
	for (unsigned i = 1; i <= WRITES && r == 0; i++) {
		struct slots_write w = {i % 2, SLOTS_PAGE, blocks[i % 2]};
		uint64_t start_us = clock_us();
		char text[64];
		size_t len = (size_t)snprintf(text, sizeof(text), "epoch %u\n", i);

		slots_encode(blocks[i % 2], SLOTS_PAGE, i, text, len);
		r = slots_file_write(fd, &w);
		series_add(s, (double)(clock_us() - start_us));
	}
	slots_file_close(fd);
	return r;
}

static int
in_new_files(const char *path, struct series *s)
{
	int r = 0;

	for (unsigned i = 1; i <= WRITES && r == 0; i++) {
		uint64_t start_us = clock_us();
		char text[64];
		size_t len = (size_t)snprintf(text, sizeof(text), "%u\n", i);

		r = file_write(path, text, len, true);
		series_add(s, (double)(clock_us() - start_us));
	}
	return r;
}

int
bench_disk(void)
{
	struct series *slot = series_new("us", "an epoch made durable, in a slot");
	struct series *renamed =
	    series_new("us", "  for comparison: in a new file, renamed");
	char folder[] = "/tmp/conclave-bench-XXXXXX";
	char path[64], file[64];
	int r;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/record", folder);
	snprintf(file, sizeof(file), "%s/epoch", folder);
	r = in_slots(path, slot);
	if (r == 0)
		r = in_new_files(file, renamed);
	unlink(path);
	unlink(file);
	rmdir(folder);
	if (r != 0) {
		fprintf(stderr, "bench: the disk: %s\n", strerror(-r));
		return 1;
	}
	series_print(slot, stdout);
	series_print(renamed, stdout);
	return 0;
}
