/* What conclaved has in run_dir, and makes anew when somebody has removed it: the folder
 * and its lock, the children's notify socket, their configuration, their list; see
 * shell.h. The door looks after itself (ipc/door). */
#include "supervisor/shell.h"

#include "base/log.h"
#include "ipc/users.h"

#include <stdio.h>
#include <string.h>

/* Logs and keeps a new error; "": there is none any more. */
static void
note_error(struct supervisor *s, const char *error)
{
	if (strcmp(error, s->place_error) == 0)
		return;
	if (*error)
		log_err("%s", error);
	snprintf(s->place_error, sizeof(s->place_error), "%s", error);
	s->changed = true;
}

void
supervisor_place_mend(struct supervisor *s)
{
	char error[PLACE_ERROR_MAX] = "";
	int r = 0;

	if (!place_is_ours(&s->place)) {
		r = place_renew(&s->place, error);
		if (r == 0)
			log_notice("run_dir %s was removed: it is made anew",
			           s->conf.run_dir);
		s->changed = true;
	}
	if (r == 0 && !notify_is_there(s->notify)) {
		r = notify_renew(s->notify);
		if (r < 0)
			snprintf(error, sizeof(error),
			         "the socket of the workers cannot be made in run_dir: "
			         "%s; make room there, or restart conclaved",
			         strerror(-r));
	}
	note_error(s, error);
}

int
supervisor_write_config(struct supervisor *s, const struct conf *conf)
{
	int r =
	    place_config(&s->apart, conf, s->children_config, sizeof(s->children_config));

	if (r < 0)
		log_err("%s: %s", s->children_config, strerror(-r));
	return r;
}

void
supervisor_tell_children(struct supervisor *s)
{
	static const enum policy_role roles[ROSTER_COUNT] = {
	    [ROSTER_CONNMGR] = POLICY_CONNMGR,
	    [ROSTER_ELECTOR] = POLICY_ELECTOR,
	    [ROSTER_PEER] = POLICY_PEER};
	struct users_child list[SUPERVISOR_CHILDREN + 1];
	unsigned count = 0;
	int r;

	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		if (s->children[i].pid > 0)
			list[count++] = (struct users_child){
			    s->children[i].pid, roles[s->children[i].row - roster]};
	if (s->describer)
		list[count++] = (struct users_child){s->describer_pid, POLICY_CANDIDATE};
	r = users_keep_children(s->conf.run_dir, list, count);
	if (r < 0)
		log_warning("the workers are not told who is one of them: %s",
		            strerror(-r));
}
