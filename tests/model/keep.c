/* What worlds and states of cores name by an index: records, reports and memberships,
 * each kept once; and how worlds and states are packed. */
#include "tests/model/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept {
	void *list;
	size_t size; /* of one */
	unsigned count;
	unsigned cap;
};

static struct kept records = {.size = sizeof(struct role_record)};
static struct kept reports = {.size = sizeof(struct members_report)};
static struct kept pairs = {.size = sizeof(struct members_record)};

void *
model_must(void *memory)
{
	if (memory)
		return memory;
	fputs("model: out of memory\n", stderr);
	exit(71);
}

/* For each word a byte says which of its bytes are not 0, and these follow. */
size_t
model_pack(const void *words, size_t count, unsigned char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned char *mask = &out[len++];
		uint64_t word;

		memcpy(&word, (const char *)words + i * sizeof(word), sizeof(word));
		*mask = 0;
		for (unsigned k = 0; word; k++, word >>= 8) {
			if ((word & 0xff) == 0)
				continue;
			*mask |= (unsigned char)(1 << k);
			out[len++] = (unsigned char)word;
		}
	}
	return len;
}

size_t
model_unpack(const unsigned char *in, size_t count, void *words)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned mask = in[len++];
		uint64_t word = 0;

		for (unsigned k = 0; mask; k++, mask >>= 1)
			if (mask & 1)
				word |= (uint64_t)in[len++] << (8 * k);
		memcpy((char *)words + i * sizeof(word), &word, sizeof(word));
	}
	return len;
}

uint64_t
model_hash(const void *data, size_t len)
{
	uint64_t h = 0x9E3779B97F4A7C15ULL, word;

	for (size_t at = 0; at < len; at += sizeof(word)) {
		size_t part = len - at < sizeof(word) ? len - at : sizeof(word);

		word = 0;
		memcpy(&word, (const char *)data + at, part);
		h = (h ^ word) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	h *= 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 29;
	return h ? h : 1;
}

static uint16_t
keep(struct kept *k, const void *one)
{
	unsigned i = 0;

	while (i < k->count && memcmp((char *)k->list + i * k->size, one, k->size) != 0)
		i++;
	if (i < k->count)
		return (uint16_t)(i + 1);
	assert(k->count < UINT16_MAX);
	if (k->count == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 64;
		k->list = model_must(realloc(k->list, k->cap * k->size));
	}
	memcpy((char *)k->list + k->count * k->size, one, k->size);
	return (uint16_t)++k->count;
}

static const void *
get(const struct kept *k, uint16_t index)
{
	assert(index > 0 && index <= k->count);
	return (const char *)k->list + (index - 1u) * k->size;
}

/* What is between the members is garbage. */
uint16_t
model_keep_record(const struct role_record *record)
{
	struct role_record clean;

	memset(&clean, 0, sizeof(clean));
	clean.accepted = record->accepted;
	clean.current = record->current;
	clean.claim = record->claim;
	clean.instance = record->instance;
	clean.may_found = record->may_found;
	clean.bound.ms = record->bound.ms;
	memcpy(clean.bound.boot, record->bound.boot, sizeof(clean.bound.boot));
	memcpy(&clean.members, &record->members, sizeof(clean.members));
	return keep(&records, &clean);
}

uint16_t
model_keep_report(const struct members_report *report)
{
	struct members_report clean;

	memset(&clean, 0, sizeof(clean));
	clean.instance = report->instance;
	clean.may_found = report->may_found;
	clean.version = report->version;
	clean.digest = report->digest;
	memcpy(&clean.record, &report->record, sizeof(clean.record));
	return keep(&reports, &clean);
}

uint16_t
model_keep_pair(const struct members_record *pair)
{
	struct members_record clean;

	memcpy(&clean, pair, sizeof(clean));
	clean.epoch = 0;
	return keep(&pairs, &clean);
}

const struct role_record *
model_record(uint16_t index)
{
	return get(&records, index);
}

const struct members_report *
model_report(uint16_t index)
{
	return get(&reports, index);
}

const struct members_record *
model_pair(uint16_t index)
{
	return get(&pairs, index);
}

static void
end(struct kept *k)
{
	free(k->list);
	k->list = NULL;
	k->count = k->cap = 0;
}

void
model_keep_end(void)
{
	end(&records);
	end(&reports);
	end(&pairs);
}
