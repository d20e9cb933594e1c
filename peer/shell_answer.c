/* Answers at the peer's door; see shell.h. */
#include "base/json.h"
#include "peer/shell.h"

#include <assert.h>

void
peer_reply(struct door_conn *c, const char *text, size_t len)
{
	assert(len > 0);
	if (door_send(c, text, len) < 0)
		door_conn_close(c);
}

void
peer_refuse(struct door_conn *c, const char *why)
{
	static char text[6 * PEER_WHY_MAX + 64]; /* each byte as \uXXXX */

	peer_reply(c, text, json_error(why, text, sizeof(text)));
}

void
peer_refuse_for_now(struct door_conn *c, const char *why)
{
	char text[256];
	struct buf_out out;

	buf_out_init(&out, text, sizeof(text));
	buf_put_text(&out, "{");
	json_put_text(&out, "error", why);
	json_put_bool(&out, "again", true);
	buf_put_text(&out, "}");
	peer_reply(c, text, out.bad ? 0 : out.len);
}

void
peer_grant(struct door_conn *c)
{
	static const char done[] = "{\"ok\":true}";

	peer_reply(c, done, sizeof(done) - 1);
}
