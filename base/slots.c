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

static uint32_t
load(const char *data)
{
	const unsigned char *d = (const unsigned char *)data;

	return d[0] | (uint32_t)d[1] << 8 | (uint32_t)d[2] << 16 | (uint32_t)d[3] << 24;
}

/* Four bits at a time, and eight of these side by side: row k has the sums of four bits
 * that 4 * k bits of zeros follow. */
static const uint32_t table[8][16] = {
    {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362,
     0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab,
     0xe330a81a, 0xf36e6f75},
    {0x00000000, 0xf26b8303, 0xe13b70f7, 0x1350f3f4, 0xc79a971f, 0x35f1141c, 0x26a1e7e8,
     0xd4ca64eb, 0x8ad958cf, 0x78b2dbcc, 0x6be22838, 0x9989ab3b, 0x4d43cfd0, 0xbf284cd3,
     0xac78bf27, 0x5e133c24},
    {0x00000000, 0x3fc5f181, 0x7f8be302, 0x404e1283, 0xff17c604, 0xc0d23785, 0x809c2506,
     0xbf59d487, 0xfbc3faf9, 0xc4060b78, 0x844819fb, 0xbb8de87a, 0x04d43cfd, 0x3b11cd7c,
     0x7b5fdfff, 0x449a2e7e},
    {0x00000000, 0x13a29877, 0x274530ee, 0x34e7a899, 0x4e8a61dc, 0x5d28f9ab, 0x69cf5132,
     0x7a6dc945, 0x9d14c3b8, 0x8eb65bcf, 0xba51f356, 0xa9f36b21, 0xd39ea264, 0xc03c3a13,
     0xf4db928a, 0xe7790afd},
    {0x00000000, 0x70a27d8a, 0xe144fb14, 0x91e6869e, 0xc76580d9, 0xb7c7fd53, 0x26217bcd,
     0x56830647, 0x8b277743, 0xfb850ac9, 0x6a638c57, 0x1ac1f1dd, 0x4c42f79a, 0x3ce08a10,
     0xad060c8e, 0xdda47104},
    {0x00000000, 0xa541927e, 0x4f6f520d, 0xea2ec073, 0x9edea41a, 0x3b9f3664, 0xd1b1f617,
     0x74f06469, 0x38513ec5, 0x9d10acbb, 0x773e6cc8, 0xd27ffeb6, 0xa68f9adf, 0x03ce08a1,
     0xe9e0c8d2, 0x4ca15aac},
    {0x00000000, 0xe964b13d, 0xd725148b, 0x3e41a5b6, 0xaba65fe7, 0x42c2eeda, 0x7c834b6c,
     0x95e7fa51, 0x52a0c93f, 0xbbc47802, 0x8585ddb4, 0x6ce16c89, 0xf90696d8, 0x106227e5,
     0x2e238253, 0xc747336e},
    {0x00000000, 0xdd45aab8, 0xbf672381, 0x62228939, 0x7b2231f3, 0xa6679b4b, 0xc4451272,
     0x1900b8ca, 0xf64463e6, 0x2b01c95e, 0x49234067, 0x9466eadf, 0x8d665215, 0x5023f8ad,
     0x32017194, 0xef44db2c}};

/* `len` is a multiple of four, as all but the first line of a slot is. */
static uint32_t
crc32c(const char *data, size_t len)
{
	uint32_t crc = UINT32_MAX;

	static_assert((SLOTS_PAGE - SUM_LEN) % 4 == 0, "no byte is left over");
	for (; len > 0; data += 4, len -= 4) {
		uint32_t in = crc ^ load(data);

		crc = 0;
		for (unsigned k = 8; k-- > 0; in >>= 4)
			crc ^= table[k][in & 15];
	}
	return ~crc;
}

/* The first line, for the bytes behind it. */
static void
make_sum(const char *block, size_t size, char line[HEAD_MAX])
{
	snprintf(line, HEAD_MAX, SUM_LINE, crc32c(block + SUM_LEN, size - SUM_LEN));
}

bool
slots_encode(char *block, size_t size, uint64_t count, const char *body, size_t len)
{
	char line[HEAD_MAX];
	size_t head = (size_t)snprintf(line, sizeof(line), COUNT_LINE, count);

	static_assert(SUM_LEN + HEAD_MAX + SLOTS_BODY_MAX(SLOTS_PAGE) < SLOTS_PAGE,
	              "a slot fits");
	if (len == 0 || len > SLOTS_BODY_MAX(size) || body[len - 1] != '\n')
		return false;
	memset(block, ' ', size);
	memcpy(block + SUM_LEN, line, head);
	memcpy(block + SUM_LEN + head, body, len);
	block[size - 1] = '\n';
	make_sum(block, size, line);
	memcpy(block, line, SUM_LEN);
	return true;
}

/* The lines of the caller, in a slot with that count; NULL: there are none. */
static const char *
find_body(const char *block, size_t size, uint64_t count, size_t *len)
{
	char line[HEAD_MAX];
	size_t head = (size_t)snprintf(line, sizeof(line), COUNT_LINE, count);
	size_t end = size - 1;
	char blank[64]; /* most of a slot is */

	memset(blank, ' ', sizeof(blank));
	if (memcmp(block + SUM_LEN, line, head) != 0 || block[end] != '\n')
		return NULL;
	head += SUM_LEN;
	while (end > head + sizeof(blank) &&
	       memcmp(block + end - sizeof(blank), blank, sizeof(blank)) == 0)
		end -= sizeof(blank);
	while (end > head && block[end - 1] == ' ')
		end--;
	if (end == head || end - head > SLOTS_BODY_MAX(size) || block[end - 1] != '\n')
		return NULL;
	*len = end - head;
	return block + head;
}

bool
slots_decode(const char *block, size_t size, uint64_t *count, const char **body,
             size_t *len)
{
	char line[HEAD_MAX];
	uint64_t number;
	const char *found;
	size_t found_len;

	make_sum(block, size, line);
	if (memcmp(block, line, SUM_LEN) != 0)
		return false;
	memcpy(line, block + SUM_LEN, sizeof(line));
	line[sizeof(line) - 1] = '\0';
	if (sscanf(line, "count %" SCNu64, &number) != 1)
		return false;
	found = find_body(block, size, number, &found_len);
	if (!found)
		return false;
	*count = number;
	*body = found;
	*len = found_len;
	return true;
}

bool
slots_start(struct slots *s, size_t size, const char *blocks, char *block,
            bool bad[SLOTS_COUNT])
{
	uint64_t counts[SLOTS_COUNT];
	const char *body;
	size_t len;

	for (unsigned i = 0; i < SLOTS_COUNT; i++)
		bad[i] = !slots_decode(blocks + i * size, size, &counts[i], &body, &len);
	if (bad[0] && bad[1])
		return false;
	if (!bad[0] && !bad[1] && counts[0] == counts[1] &&
	    memcmp(blocks, blocks + size, size) != 0)
		return false;
	memset(s, 0, sizeof(*s));
	s->size = size;
	s->block = block;
	s->at = bad[0] || (!bad[1] && counts[1] > counts[0]);
	s->count = counts[s->at];
	memcpy(block, blocks + s->at * size, size);
	return true;
}

const char *
slots_body(const struct slots *s, size_t *len)
{
	const char *body = find_body(s->block, s->size, s->count, len);

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
	assert(slots_is_sure(s));
	if (!slots_encode(s->block, s->size, s->count + 1, body, len))
		return false;
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
	*out = (struct slots_write){s->at, s->size, s->block};
	return true;
}

bool
slots_mirror(const struct slots *s, struct slots_write *out)
{
	if (!slots_is_sure(s) || s->sure[1 - s->at])
		return false;
	*out = (struct slots_write){1 - s->at, s->size, s->block};
	return true;
}

void
slots_done(struct slots *s, unsigned slot, bool synced)
{
	assert(slot < SLOTS_COUNT);
	s->sure[slot] = synced;
}
