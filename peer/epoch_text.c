/* See epoch_text.h. */
#include "peer/epoch_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EPOCHS     "accepted %" PRId64 "\ncurrent %" PRId64 "\nclaim 0x%" PRIx64 "\n"
#define MEMBERSHIP "membership %" PRIu64 "\n"

size_t
epoch_text_put(char text[EPOCH_TEXT_MAX], const struct role_record *r,
               uint64_t membership)
{
	return (size_t)snprintf(text, EPOCH_TEXT_MAX,
	                        "conclave epochs 2\n" EPOCHS MEMBERSHIP, r->accepted,
	                        r->current, (uint64_t)r->claim, membership);
}

/* As releases wrote it that had no memberships. */
static size_t
put_first(char text[EPOCH_TEXT_MAX], const struct role_record *r)
{
	return (size_t)snprintf(text, EPOCH_TEXT_MAX, "conclave epochs 1\n" EPOCHS,
	                        r->accepted, r->current, (uint64_t)r->claim);
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
	again_len = version == 1 ? put_first(again, &found)
	                         : epoch_text_put(again, &found, number);
	if (again_len != len || memcmp(again, text, len) != 0)
		return false;
	r->accepted = found.accepted;
	r->current = found.current;
	r->claim = found.claim;
	*membership = number;
	return true;
}
