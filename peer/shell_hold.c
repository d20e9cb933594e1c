/* The holders at the peer's door (hold.h), and what they and the core say to each other.
 */
#include "base/json.h"
#include "peer/shell.h"
#include "wire/qaddr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 256

/* A holder may go while the core is being stepped. The event waits for its turn then, and
 * peer_hold_fill says what is true at that time. */
static void
tell_core(struct peer *p)
{
	if (!p->started || p->holds_pushed)
		return;
	p->holds_pushed = true;
	gate_push(&p->gate, &(struct role_event){.type = ROLE_EV_HOLDS});
}

void
peer_hold_fill(struct peer *p, struct role_event *ev)
{
	p->holds_pushed = false;
	ev->holds = holds_count(p->holds);
	ev->broken = holds_take_broken(p->holds);
}

void
peer_hold_started(struct peer *p)
{
	if (p->started)
		tell_core(p);
}

/* The answer goes before anything that the core may have to say to holders. */
const char *
peer_hold(struct peer *p, struct door_conn *c, const char *name)
{
	char text[ANSWER_MAX];
	struct buf_out out;
	const char *why = holds_refused(p->holds);
	uint64_t id;

	if (!p->page.page)
		why = "the peer is not active yet; ask again";
	if (p->stopping)
		why = "this server stops; hold again when it is back";
	if (why) {
		peer_refuse_for_now(p, c, why);
		return NULL;
	}
	why = holds_add(p->holds, c, name, &id);
	if (why)
		return why;
	buf_out_init(&out, text, sizeof(text));
	buf_put_text(&out, "{\"ok\":true");
	json_put_u64(&out, "id", id);
	peer_lease_put(p, &out);
	buf_put_text(&out, "}");
	if (door_send_with(c, text, out.len, p->page.fd) < 0) {
		/* who was not told that it holds relies on nothing */
		(void)holds_let_go(p->holds, c);
		door_conn_close(c);
	}
	tell_core(p);
	return NULL;
}

const char *
peer_kills(struct peer *p, struct door_conn *c, const char *number)
{
	static char text[32];
	size_t len = strlen(number);
	const char *why;
	int64_t value;

	if (!qaddr_unsigned((struct qaddr_text){number, len}, 10, HOLD_KILLS, &value))
		value = 0;
	why = holds_kills(p->holds, c, (unsigned)value);
	if (why)
		return why;
	/* unlike the answer to `let go` */
	len = (size_t)snprintf(text, sizeof(text), "{\"ok\":true,\"kills\":%d}",
	                       (int)value);
	peer_reply(p, c, text, len);
	return NULL;
}

const char *
peer_let_go(struct peer *p, struct door_conn *c)
{
	const char *why = holds_let_go(p->holds, c);
	bool watches = false;

	if (why)
		return why;
	for (unsigned i = 0; i < p->watcher_count; i++)
		watches |= p->watchers[i] == c;
	door_conn_keep(c, watches);
	peer_grant(p, c);
	tell_core(p);
	return NULL;
}

void
peer_hold_gone(struct peer *p, struct door_conn *c)
{
	if (holds_gone(p->holds, c))
		tell_core(p);
}
