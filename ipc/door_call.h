/* The asking side of a door within a loop: one question, one answer, one deadline; it
 * never waits. The blocking one is door_ask (door.h). */
#ifndef IPC_DOOR_CALL_H
#define IPC_DOOR_CALL_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct door_call;

/* Once, from the loop, unless door_call_end comes before: 0 and the answer
 * (NUL-terminated), or -errno as door_ask has it. The call is over then, and freed. */
typedef void door_call_handler(void *user, int result, const char *reply, size_t len);

/* 0 or -errno: nobody is there, or no memory; the handler is not called then. */
int door_call_begin(struct door_call **out, sd_event *loop, const char *path,
                    const char *request, uint64_t timeout_ms, door_call_handler *done,
                    void *user);
void door_call_end(struct door_call *c); /* forgets it; NULL ok */

#endif
