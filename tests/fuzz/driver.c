/* A fuzzer's main() where there is no libFuzzer: runs each file of the folders (or files)
 * given, then inputs made from them by a seeded generator. Same command line:
 * PROGRAM -runs=N -seed=S -max_len=M -max_total_time=T -artifact_prefix=P CORPUS…; other
 * options are ignored. An input that it dies of is left in Pcrash. It knows nothing of
 * coverage and finds less than libFuzzer does. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX  65536
#define CORPUS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

struct input {
	uint8_t *data;
	size_t size;
};

static struct input corpus[CORPUS_MAX];
static size_t corpus_count;
static uint64_t seed = 1;
static size_t max_len = 4096;
static char artifact[4096] = "crash";
static struct input present;

/* By a sanitizer, or by abort(). */
static void
on_death(void)
{
	int fd = open(artifact, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, present.data, present.size) != (ssize_t)present.size)
		_exit(2);
	close(fd);
}

static void
on_abort(int signal)
{
	(void)signal;
	on_death();
	_exit(1);
}

/* splitmix64 */
static uint64_t
next_random(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t
below(size_t bound)
{
	return bound ? (size_t)(next_random() % bound) : 0;
}

/* In a block of its own size, so that the sanitizer sees a read past its end. */
static void
run_input(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	present = (struct input){copy, size};
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
load_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "re");
	struct input *in = &corpus[corpus_count];

	if (!f || corpus_count == CORPUS_MAX) {
		fprintf(stderr, "driver: %s left out\n", path);
		if (f)
			fclose(f);
		return;
	}
	in->size = fread(data, 1, sizeof(data), f);
	fclose(f);
	in->data = malloc(in->size + 1);
	if (!in->data)
		abort();
	memcpy(in->data, data, in->size);
	corpus_count++;
	run_input(data, in->size);
}

static void
load(const char *path)
{
	struct dirent **names;
	struct stat st;
	char file[4096];
	int count;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		load_file(path);
		return;
	}
	count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
			load_file(file);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

static size_t
insert(uint8_t *data, size_t size, size_t at, const uint8_t *piece, size_t len)
{
	if (size + len > max_len)
		return size;
	memmove(data + at + len, data + at, size - at);
	memmove(data + at, piece, len);
	return size + len;
}

/* A piece of another input, put in or written over what is there. */
static size_t
cross(uint8_t *data, size_t size)
{
	const struct input *other = &corpus[below(corpus_count)];
	size_t from = below(other->size);
	size_t len = below(other->size - from) + 1;
	size_t at = below(size + 1);

	if (other->size == 0)
		return size;
	if (below(2))
		return insert(data, size, at, other->data + from, len);
	if (at + len <= size)
		memcpy(data + at, other->data + from, len);
	return size;
}

static size_t
mutate(uint8_t *data, size_t size)
{
	static const uint8_t telling[] = {0,   1,   2,    0x7f, 0x80, 0xff, '0',
	                                  '9', ':', ';',  '|',  '=',  '.',  '-',
	                                  '[', ']', '\\', '\n', ' ',  '#'};
	size_t at = below(size);
	uint8_t byte = telling[below(sizeof(telling))];

	switch (below(7)) {
	case 0:
		if (size > 0)
			data[at] ^= (uint8_t)(1 << below(8));
		return size;
	case 1:
		if (size > 0)
			data[at] = byte;
		return size;
	case 2:
		if (size > 0)
			data[at] = (uint8_t)next_random();
		return size;
	case 3:
		return insert(data, size, at, &byte, 1);
	case 4: /* a piece goes */
		if (size > 0) {
			size_t len = 1 + below(below(2) ? size - at : 1);

			memmove(data + at, data + at + len, size - at - len);
			return size - len;
		}
		return size;
	case 5:
		return below(4) ? size : at;
	default:
		return cross(data, size);
	}
}

static void
run_mutants(unsigned long runs, time_t seconds)
{
	static uint8_t data[INPUT_MAX];
	time_t end = time(NULL) + seconds;
	unsigned long done = 0;

	while (done < runs && (seconds == 0 || done % 64 != 0 || time(NULL) < end)) {
		const struct input *in = &corpus[below(corpus_count)];
		size_t size = in->size < max_len ? in->size : max_len;

		memcpy(data, in->data, size);
		for (size_t i = 1 + below(5); i > 0; i--)
			size = mutate(data, size);
		run_input(data, size);
		done++;
	}
	printf("driver: %lu inputs made from %zu, no breach\n", done, corpus_count);
}

int
main(int argc, char **argv)
{
	unsigned long runs = 0, seconds = 0, len;

	for (int i = 1; i < argc; i++) {
		if (sscanf(argv[i], "-runs=%lu", &runs) == 1 ||
		    sscanf(argv[i], "-seed=%lu", &seed) == 1 ||
		    sscanf(argv[i], "-max_total_time=%lu", &seconds) == 1)
			continue;
		if (sscanf(argv[i], "-max_len=%lu", &len) == 1)
			max_len = len < INPUT_MAX ? len : INPUT_MAX;
		if (strncmp(argv[i], "-artifact_prefix=", 17) == 0)
			snprintf(artifact, sizeof(artifact), "%scrash", argv[i] + 17);
	}
	signal(SIGABRT, on_abort);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);
	printf("driver: generator splitmix64, seed %lu, %lu runs, no coverage\n",
	       (unsigned long)seed, runs);
	for (int i = 1; i < argc; i++)
		if (argv[i][0] != '-')
			load(argv[i]);
	if (corpus_count == 0) {
		corpus[0].data = calloc(1, 1);
		if (!corpus[0].data)
			abort();
		corpus_count = 1;
	}
	run_mutants(runs, (time_t)seconds);
	for (size_t i = 0; i < corpus_count; i++)
		free(corpus[i].data);
	return 0;
}
