/* What the peer says of leases, as JSON (docs/LEASE.md). */
#include "base/clock.h"
#include "base/json.h"
#include "peer/shell.h"

#include <inttypes.h>
#include <stdio.h>

static struct role_lease_view
get_view(const struct peer *p)
{
	struct role_lease_view v = {0};

	if (p->role && p->started)
		role_get_lease(p->role, clock_ms(), &v);
	return v;
}

static uint64_t
left(uint64_t until_ms)
{
	uint64_t now_ms = clock_ms();

	return until_ms > now_ms ? until_ms - now_ms : 0;
}

uint64_t
peer_lease_end_ms(const struct peer *p)
{
	struct role_lease_view v = get_view(p);

	return p->view.active && left(v.end_ms) > 0 ? v.end_ms : 0;
}

bool
peer_resumes(const struct peer *p)
{
	return get_view(p).resumes;
}

static void
put_sid(struct buf_out *out, const char *key, bool known, int64_t sid)
{
	json_put_key(out, key);
	if (known)
		buf_put_text(out, "%" PRId64, sid);
	else
		buf_put_text(out, "null");
}

static void
put_promise(struct buf_out *out, const struct role_promise *promise)
{
	uint64_t ms = left(promise->end_ms);

	json_put_key(out, "promise");
	if (ms == 0) {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '{');
	put_sid(out, "to", promise->sid != ROLE_SID_UNKNOWN, promise->sid);
	json_put_u64(out, "ms", ms);
	buf_put_u8(out, '}');
}

/* What a release waits for: who holds, then the end of what they could read. */
static void
put_release(const struct peer *p, char *out, size_t cap)
{
	unsigned count = holds_count(p->holds);
	char oldest[HOLD_TEXT_MAX];

	holds_oldest(p->holds, oldest);
	if (count > 0)
		snprintf(out, cap,
		         "this server hands its leadership over, and waits up to %" PRIu64
		         " ms for %s%s to let go; then it ends what holds, and waits for "
		         "the end of the lease",
		         left(p->release_due_ms), oldest, count > 1 ? " and others" : "");
	else
		snprintf(out, cap,
		         "this server hands its leadership over, and waits for the end "
		         "of the lease, since a hold has ended without a word");
}

/* Why no lease comes, or whom a lease that ran before makes wait; "" where nothing is to
 * be said. What ends soon by itself comes last. */
static const char *
sentence(const struct peer *p, const struct role_lease_view *v, char *out, size_t cap)
{
	uint64_t withheld = left(v->withheld_ms), patient = left(v->patient_ms);
	uint64_t bound = left(v->promise.end_ms), stands = left(v->stands_ms);

	*out = '\0';
	if (v->clocks_differ)
		snprintf(
		    out, cap,
		    "this server neither asks for leases nor promises any, since its "
		    "clock drifts by more than %" PRIu32
		    " percent; have the time daemon slew it less",
		    p->conf->drift_percent);
	else if (v->releasing)
		put_release(p, out, cap);
	else if (withheld > 0 && bound > 0 && v->promise.sid == ROLE_SID_UNKNOWN)
		snprintf(out, cap,
		         "this server waits %" PRIu64
		         " ms, since it does not know what it promised before it started",
		         withheld);
	else if (withheld > 0 && bound > 0)
		snprintf(out, cap,
		         "this server waits %" PRIu64
		         " ms for the lease of server %" PRId64 " to end",
		         withheld, v->promise.sid);
	else if (withheld > 0)
		snprintf(out, cap,
		         "another server waits %" PRIu64
		         " ms for the end of a lease before a leader is established",
		         withheld);
	else if (v->resumes)
		snprintf(out, cap,
		         "this server resumes its leadership after a restart "
		         "of its peer");
	else if (patient > 0 && p->view.active)
		snprintf(out, cap,
		         "this server leads on, and waits up to %" PRIu64
		         " ms for its followers, whose connections have ended",
		         patient);
	else if (patient > 0 && p->view.has_leader)
		snprintf(out, cap,
		         "this server follows server %" PRId64
		         " on, and waits up to %" PRIu64
		         " ms for its connection to come back",
		         p->view.leader, patient);
	else if (stands > 0 && v->has_transfer)
		snprintf(out, cap,
		         "leadership was handed over: this server waits up to %" PRIu64
		         " ms for server %" PRId64 " to lead",
		         stands, v->transfer);
	else if (stands > 0)
		snprintf(out, cap,
		         "leadership was handed over: this server lets others lead for "
		         "up to %" PRIu64 " ms",
		         stands);
	return out;
}

void
peer_put_lease(struct buf_out *out, const struct peer *p)
{
	static const char *const modes[] = {[CONF_LEASE_AUTO] = "auto",
	                                    [CONF_LEASE_ALWAYS] = "always",
	                                    [CONF_LEASE_OFF] = "off"};
	struct role_lease_view v = get_view(p);
	char text[PEER_WHY_MAX];

	json_put_u64(out, "lease_ms", left(peer_lease_end_ms(p)));
	json_put_key(out, "lease");
	if (!p->conf->zab) {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '{');
	json_put_text(out, "mode", modes[p->conf->lease]);
	json_put_u64(out, "lease_ms", conf_lease_ms(p->conf));
	json_put_u64(out, "lease_max_ms", p->conf->lease_max_ms);
	json_put_bool(out, "wanted", v.wants);
	json_put_u64(out, "ends_ms", left(peer_lease_end_ms(p)));
	json_put_u64(out, "promised", v.promised);
	holds_put(p->holds, out, "holds");
	put_promise(out, &v.promise);
	json_put_u64(out, "withheld_ms", left(v.withheld_ms));
	json_put_u64(out, "patient_ms", left(v.patient_ms));
	json_put_bool(out, "resumes", v.resumes);
	json_put_u64(out, "resumed", v.resumed);
	json_put_bool(out, "releasing", v.releasing);
	json_put_u64(out, "stands_ms", left(v.stands_ms));
	put_sid(out, "transfer", v.has_transfer, v.transfer);
	json_put_bool(out, "clocks_differ", v.clocks_differ);
	json_put_text(out, "text", sentence(p, &v, text, sizeof(text)));
	buf_put_u8(out, '}');
}
