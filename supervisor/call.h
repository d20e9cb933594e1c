/* One question at a control socket, one answer and one deadline, in a loop: client/door
 * with sd-event. */
#ifndef SUPERVISOR_CALL_H
#define SUPERVISOR_CALL_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct call;

/* Called once, from the loop, unless call_end comes before: with 0 and the answer
 * (NUL-terminated), or with -errno as client_step has it. The call is over then, and
 * freed. */
typedef void call_handler(void *user, int result, const char *reply, size_t len);

/* 0 or -errno: no process listens, -EAGAIN: too many ask there already, or no memory; the
 * handler is not called then. */
int call_begin(struct call **out, sd_event *loop, const char *path, const char *request,
               uint64_t timeout_ms, call_handler *done, void *user);
/* Ends a call whose answer is no longer wanted. NULL is fine. */
void call_end(struct call *c);

#endif
