/* Answers at the peer's door; see shell.h. */
#include "base/json.h"
#include "peer/shell.h"

#include <assert.h>
#include <errno.h>

/* Its socket is full, or the kernel has no memory: the connection is as good as before.
 */
static bool
is_for_now(int error)
{
	return error == -EAGAIN || error == -ENOBUFS || error == -ENOMEM;
}

void
peer_reply(struct peer *p, struct door_conn *c, const char *text, size_t len)
{
	int r;

	assert(len > 0);
	r = door_send(c, text, len);
	if (r == 0 || (is_for_now(r) && holds_has(p->holds, c)))
		return;
	door_conn_close(c);
}

void
peer_refuse(struct peer *p, struct door_conn *c, const char *why)
{
	static char text[6 * PEER_WHY_MAX + 64]; /* each byte as \uXXXX */

	peer_reply(p, c, text, json_error(why, text, sizeof(text)));
}

void
peer_refuse_for_now(struct peer *p, struct door_conn *c, const char *why)
{
	char text[256];
	struct buf_out out;

	buf_out_init(&out, text, sizeof(text));
	buf_put_text(&out, "{");
	json_put_text(&out, "error", why);
	json_put_bool(&out, "again", true);
	buf_put_text(&out, "}");
	peer_reply(p, c, text, out.bad ? 0 : out.len);
}

void
peer_grant(struct peer *p, struct door_conn *c)
{
	static const char done[] = "{\"ok\":true}";

	peer_reply(p, c, done, sizeof(done) - 1);
}
