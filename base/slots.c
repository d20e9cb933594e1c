/* See slots.h. The checksum is CRC-32C: it finds every change of up to 32 bits in a row
 * (which is how a torn text of numbers differs), and any other with all but one chance in
 * 2^32; programs that compute it are everywhere. A checksum against forgers is not
 * needed: who can write the file could write any value. */
#include "base/slots.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SUM_LINE   "crc32c %08" PRIx32 "\n"
#define SUM_LEN    (sizeof("crc32c 01234567\n") - 1)
#define COUNT_LINE "count %" PRIu64 "\n"
#define HEAD_MAX   64

/* Four bits at a time. */
static uint32_t
crc32c(const char *data, size_t len)
{
	static const uint32_t table[] = {
	    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	    0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	    0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

/* The first line, for the bytes behind it. */
static void
make_sum(const char block[SLOTS_BLOCK], char line[HEAD_MAX])
{
	snprintf(line, HEAD_MAX, SUM_LINE,
	         crc32c(block + SUM_LEN, SLOTS_BLOCK - SUM_LEN));
}

bool
slots_encode(char block[SLOTS_BLOCK], uint64_t count, const char *body, size_t len)
{
	char line[HEAD_MAX];
	size_t head = (size_t)snprintf(line, sizeof(line), COUNT_LINE, count);

	static_assert(SUM_LEN + HEAD_MAX + SLOTS_BODY_MAX < SLOTS_BLOCK, "a slot fits");
	if (len == 0 || len > SLOTS_BODY_MAX || body[len - 1] != '\n')
		return false;
	memset(block, ' ', SLOTS_BLOCK);
	memcpy(block + SUM_LEN, line, head);
	memcpy(block + SUM_LEN + head, body, len);
	block[SLOTS_BLOCK - 1] = '\n';
	make_sum(block, line);
	memcpy(block, line, SUM_LEN);
	return true;
}

/* The lines of the caller, in a slot with that count; NULL: there are none. */
static const char *
find_body(const char block[SLOTS_BLOCK], uint64_t count, size_t *len)
{
	char line[HEAD_MAX];
	size_t head = (size_t)snprintf(line, sizeof(line), COUNT_LINE, count);
	size_t end = SLOTS_BLOCK - 1;

	if (memcmp(block + SUM_LEN, line, head) != 0 || block[end] != '\n')
		return NULL;
	head += SUM_LEN;
	while (end > head && block[end - 1] == ' ')
		end--;
	if (end == head || end - head > SLOTS_BODY_MAX || block[end - 1] != '\n')
		return NULL;
	*len = end - head;
	return block + head;
}

bool
slots_decode(const char block[SLOTS_BLOCK], uint64_t *count, const char **body,
             size_t *len)
{
	char line[HEAD_MAX];
	uint64_t number;
	const char *found;
	size_t found_len;

	make_sum(block, line);
	if (memcmp(block, line, SUM_LEN) != 0)
		return false;
	memcpy(line, block + SUM_LEN, sizeof(line));
	line[sizeof(line) - 1] = '\0';
	if (sscanf(line, "count %" SCNu64, &number) != 1)
		return false;
	found = find_body(block, number, &found_len);
	if (!found)
		return false;
	*count = number;
	*body = found;
	*len = found_len;
	return true;
}

bool
slots_start(struct slots *s, const char blocks[SLOTS_COUNT][SLOTS_BLOCK])
{
	uint64_t counts[SLOTS_COUNT];
	bool good[SLOTS_COUNT];
	const char *body;
	size_t len;

	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		good[i] = slots_decode(blocks[i], &counts[i], &body, &len);
	if (!good[0] && !good[1])
		return false;
	if (good[0] && good[1] && counts[0] == counts[1] &&
	    memcmp(blocks[0], blocks[1], SLOTS_BLOCK) != 0)
		return false;
	memset(s, 0, sizeof(*s));
	s->at = !good[0] || (good[1] && counts[1] > counts[0]);
	s->count = counts[s->at];
	memcpy(s->block, blocks[s->at], SLOTS_BLOCK);
	return true;
}

const char *
slots_body(const struct slots *s, size_t *len)
{
	const char *body = find_body(s->block, s->count, len);

	assert(body);
	return body;
}

bool
slots_is_sure(const struct slots *s)
{
	return s->sure[s->at];
}

/* (b): the last value is sure in its slot, perhaps in no other. */
bool
slots_set(struct slots *s, const char *body, size_t len)
{
	char block[SLOTS_BLOCK];

	assert(slots_is_sure(s));
	if (!slots_encode(block, s->count + 1, body, len))
		return false;
	memcpy(s->block, block, SLOTS_BLOCK);
	s->count++;
	s->at = 1 - s->at;
	memset(s->sure, 0, sizeof(s->sure));
	return true;
}

/* (c) and (d) are the same to us: the slot of the newest value is not sure of it. */
bool
slots_next(const struct slots *s, struct slots_write *out)
{
	if (slots_is_sure(s))
		return false;
	*out = (struct slots_write){.slot = s->at, .block = s->block};
	return true;
}

bool
slots_mirror(const struct slots *s, struct slots_write *out)
{
	if (!slots_is_sure(s) || s->sure[1 - s->at])
		return false;
	*out = (struct slots_write){.slot = 1 - s->at, .block = s->block};
	return true;
}

void
slots_done(struct slots *s, unsigned slot, bool synced)
{
	assert(slot < SLOTS_COUNT);
	s->sure[slot] = synced;
}
