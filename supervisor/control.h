/* What people and programs see of conclaved, and ask of it: its door, and the file
 * run_dir/conclaved/status.json (docs/DOORS.md). */
#ifndef SUPERVISOR_CONTROL_H
#define SUPERVISOR_CONTROL_H

#include "supervisor/crew.h"
#include "supervisor/report.h"
#include "supervisor/swapper.h"

#include <stddef.h>
#include <systemd/sd-event.h>

#define CONTROL_TEXT_MAX 1536

struct control;

struct control_ops {
	/* Reads the configuration again. 0: `text` names what was taken over ("" for
	 * nothing); 1: `text` says, in words, what is wrong with the file or refused. */
	int (*reload)(void *user, char *text, size_t cap);
};

/* `crew`, `swapper` and `self` are borrowed for as long as it lives. 0 or -errno. */
int control_open(struct control **out, sd_event *loop, const char *run_dir,
                 struct crew *crew, struct swapper *swapper,
                 const struct report_self *self, const struct control_ops *ops,
                 void *user);
void control_close(struct control *c); /* removes door and file, too; NULL ok */

void control_publish(struct control *c); /* writes status.json anew */
/* swapper's on_answer */
void control_swapped(struct control *c, struct door_conn *asker,
                     const struct buf_out *json);
/* crew's on_spawn: answers those who asked for a restart. */
void control_spawned(struct control *c, unsigned member, int pid_or_error);

#endif
