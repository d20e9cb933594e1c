/* Any bytes are a membership, a packet's data or a hint, or are refused. What is accepted
 * can be counted, is written and read back as the same, and brings no address that a text
 * could not print. The first byte says what the others are. */
#include "wire/members_packet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct qconfig scratch;
static uint8_t bytes[QPACKET_MAX];

static void
check_hints(const struct members_hints *h)
{
	static struct members_hints again;

	if (h->count > MEMBERS_HINTS_MAX)
		abort();
	memset(&again, 0, sizeof(again));
	for (unsigned i = 0; i < h->count; i++) {
		const struct members_hint *hint = &h->list[i];

		if (strlen(hint->text) >= MEMBERS_HINT_MAX ||
		    strpbrk(hint->text, "\\\n\r\t ;,=#!\"") ||
		    members_hint_get(h, hint->sid) != hint->text ||
		    !members_hint_put(&again, hint->sid, hint->text))
			abort();
	}
}

/* All voters are a quorum, nobody is none, and of two halves at most one is. */
static void
check_counting(const struct members *m, uint64_t half)
{
	struct members_id one[MEMBERS_MAX], other[MEMBERS_MAX], all[MEMBERS_MAX];
	unsigned ones = 0, others = 0, leaders = 0;

	for (unsigned i = 0; i < m->count; i++) {
		struct members_id id = {m->list[i].sid, m->list[i].instance};

		if (i > 0 && m->list[i - 1].sid >= id.sid)
			abort();
		all[i] = id;
		if (half >> i & 1)
			one[ones++] = id;
		else
			other[others++] = id;
		leaders += members_may_lead(m, id.sid);
	}
	if (leaders == 0 || !members_is_quorum(m, all, m->count) ||
	    !members_is_all(m, all, m->count) || members_is_quorum(m, all, 0))
		abort();
	if (members_is_quorum(m, one, ones) && members_is_quorum(m, other, others))
		abort();
}

static void
check_members(const struct members *m, const struct members_hints *h, uint64_t half)
{
	static char text[QCONFIG_TEXT_MAX];
	struct members back;
	struct buf_out out;
	struct buf_in in;
	size_t len;

	if (m->version < 1 || m->version > MEMBERS_VERSION_MAX || m->count > MEMBERS_MAX)
		abort();
	check_counting(m, half);
	len = members_text(m, h, text, sizeof(text), &scratch);
	if (len == 0 || !members_from_text(text, len, &back, NULL, &scratch) ||
	    !members_same_list(m, &back) || members_digest(m) != members_digest(&back))
		abort();
	if (members_instance_none(&m->list[0].instance))
		return;
	buf_out_init(&out, bytes, sizeof(bytes));
	members_put(&out, m, h, &scratch);
	buf_in_init(&in, bytes, out.len);
	if (out.bad || !members_get(&in, &back, NULL, &scratch) || buf_left(&in) > 0 ||
	    memcmp(m, &back, sizeof(back)) != 0)
		abort();
}

static void
check_record(const struct members_record *r, const struct members_hints *h, uint64_t half)
{
	if (r->old.version > 0)
		check_members(&r->old, h, half);
	if (r->new.version > 0)
		check_members(&r->new, h, half);
	if (r->epoch < 0 || (r->epoch == 0) != (r->new.version == 0))
		abort();
}

static void
read_packet(const struct qpacket *p, struct members_hints *h, uint64_t half)
{
	struct qpacket_leaderinfo info;
	struct qpacket_ackepoch head;
	struct members_report report;
	struct members_record pair;
	struct qpacket again = *p;

	if (members_get_leaderinfo(p, &info) == QPACKET_OK) {
		if (members_put_leaderinfo(&info, bytes, sizeof(bytes)) != 16 ||
		    memcmp(bytes, p->data, p->data_len) != 0)
			abort();
	}
	if (members_get_pair(p, &pair, h, &scratch) == QPACKET_OK)
		check_record(&pair, h, half);
	if (members_get_report(p, &head, &report, h, &scratch) != QPACKET_OK)
		return;
	check_record(&report.record, h, half);
	again.data = bytes;
	again.data_len =
	    members_put_report(&head, &report, h, bytes, sizeof(bytes), &scratch);
	if (again.data_len == 0 ||
	    members_get_report(&again, &head, &report, NULL, &scratch) != QPACKET_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct members_hints h;
	static char text[4097];
	struct members m;
	struct qpacket p;
	uint64_t half = 0;

	if (size == 0 || size >= sizeof(text))
		return 0;
	memset(&h, 0, sizeof(h));
	for (size_t i = 0; i < size; i++)
		half = half * 31 + data[i];
	p = (struct qpacket){
	    .zxid = (int64_t)3 << 32, .data = data + 1, .data_len = size - 1};
	switch (data[0] % 3) {
	case 0:
		if (members_from_text((const char *)data + 1, size - 1, &m, &h, &scratch))
			check_members(&m, &h, half);
		break;
	case 1:
		memcpy(text, data + 1, size - 1);
		text[size - 1] = '\0';
		members_hint_put(&h, (int64_t)half, text);
		break;
	default:
		read_packet(&p, &h, half);
	}
	check_hints(&h);
	return 0;
}
