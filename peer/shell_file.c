/* What this server's configuration file says of members: its wish; see shell.h. */
#include "base/log.h"
#include "peer/shell.h"

#include <errno.h>
#include <stdio.h>

int
peer_take_file(struct peer *p, const struct conf *file)
{
	static struct members_hints hints; /* large */
	struct members members;

	hints.count = 0;
	if (!conf_members(file, &members, &hints))
		return -EINVAL;
	p->file = members;
	p->file_hints = hints;
	peer_prefer_file(p);
	return 0;
}

void
peer_prefer_file(struct peer *p)
{
	for (unsigned i = 0; i < p->file_hints.count; i++)
		(void)members_hint_put(&p->hints, p->file_hints.list[i].sid,
		                       p->file_hints.list[i].text);
}

void
peer_reloaded(void *self, const struct conf *file, const char *why)
{
	struct peer *p = self;

	p->reloads++;
	snprintf(p->refused, sizeof(p->refused), "%s", why ? why : "");
	if (why)
		return;
	if (peer_take_file(p, file) < 0)
		log_err("the members of the file cannot be counted: they stay as they "
		        "were");
	else if (p->role)
		gate_push(&p->gate,
		          &(struct role_event){.type = ROLE_EV_FILE, .file = &p->file});
	peer_tell_members_again(p);
}
