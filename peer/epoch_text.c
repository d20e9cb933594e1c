/* See epoch_text.h. */
#include "peer/epoch_text.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EPOCHS "accepted %" PRId64 "\ncurrent %" PRId64 "\nclaim 0x%" PRIx64 "\n"

/* The numbers of the versions: before memberships, with them, with a lease. */
enum { FIRST = 1, MEMBERS = 2, LEASE = 3, NEWEST = EPOCH_TEXT_NEWEST };

static void
put_lease(struct buf_out *out, const struct role_bound *b)
{
	buf_put_text(out, "lease %" PRIu32 " boot ", b->ms);
	for (unsigned i = 0; i < sizeof(b->boot); i++)
		buf_put_text(out, "%02x", b->boot[i]);
	buf_put_text(out, "\n");
}

static size_t
put(char text[EPOCH_TEXT_MAX], unsigned version, const struct role_record *r,
    uint64_t membership)
{
	struct buf_out out;

	buf_out_init(&out, text, EPOCH_TEXT_MAX);
	buf_put_text(&out, "conclave epochs %u\n" EPOCHS, version, r->accepted,
	             r->current, (uint64_t)r->claim);
	if (version > FIRST)
		buf_put_text(&out, "membership %" PRIu64 "\n", membership);
	if (version >= LEASE)
		put_lease(&out, &r->bound);
	return out.len;
}

size_t
epoch_text_put(char text[EPOCH_TEXT_MAX], const struct role_record *r,
               uint64_t membership)
{
	return put(text, r->bound.ms > 0 ? LEASE : MEMBERS, r, membership);
}

/* What is no such line is not found, or is written another way by put_lease. */
static void
take_lease(const char *text, struct role_bound *out)
{
	const char *line = strstr(text, "\nlease ");
	int used = 0;

	*out = (struct role_bound){0};
	if (!line || sscanf(line, " lease %" SCNu32 " boot %n", &out->ms, &used) != 1)
		return;
	for (unsigned i = 0; i < sizeof(out->boot) && used > 0; i++)
		if (sscanf(line + used + 2 * i, "%2hhx", &out->boot[i]) != 1)
			return;
}

bool
epoch_text_take(const char *body, size_t len, struct role_record *r, uint64_t *membership)
{
	char text[EPOCH_TEXT_MAX], again[EPOCH_TEXT_MAX];
	struct role_record found;
	uint64_t claim, number = 0;
	unsigned version;
	size_t again_len;
	int fields;

	if (len >= sizeof(text))
		return false;
	memcpy(text, body, len);
	text[len] = '\0';
	fields = sscanf(text,
	                "conclave epochs %u accepted %" SCNd64 " current %" SCNd64
	                " claim 0x%" SCNx64 " membership %" SCNu64,
	                &version, &found.accepted, &found.current, &claim, &number);
	if (fields < 4 || found.current < 0 || found.accepted < found.current ||
	    found.accepted > ROLE_EPOCH_MAX || claim > INT64_MAX)
		return false;
	found.claim = (int64_t)claim;
	take_lease(text, &found.bound);
	/* with a number of the version and no such lines, or the other way round, it is
	 * another text */
	if (version < FIRST || version > NEWEST ||
	    (version == LEASE) != (found.bound.ms > 0))
		return false;
	again_len = put(again, version, &found, number);
	if (again_len != len || memcmp(again, text, len) != 0)
		return false;
	r->accepted = found.accepted;
	r->current = found.current;
	r->claim = found.claim;
	r->bound = found.bound;
	*membership = number;
	return true;
}

unsigned
epoch_text_newer(const char *body, size_t len)
{
	char text[EPOCH_TEXT_MAX];
	unsigned version;

	len = len < sizeof(text) ? len : sizeof(text) - 1;
	memcpy(text, body, len);
	text[len] = '\0';
	return sscanf(text, "conclave epochs %u\n", &version) == 1 && version > NEWEST
	           ? version
	           : 0;
}
