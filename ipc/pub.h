/* A publisher for any client of nng or nanomsg: who dials `ipc://PATH` with a SUB socket
 * gets the newest text at once, and then each new one, as one message. It speaks their
 * protocol itself (PUB 0 of the Scalability Protocols, over their ipc transport), since
 * nng's own socket reads from its subscribers on nng's threads, where the end of one at
 * the wrong time stands in the way of every later end (ipc/chan_nng.c). This one never
 * waits, reads nothing but greetings, and drops what a subscriber does not take. So it is
 * for hints: who must not miss anything asks a door. */
#ifndef IPC_PUB_H
#define IPC_PUB_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* For one more, one that has not greeted is closed, else the newcomer. */
#define PUB_SUBSCRIBERS_MAX 32
#define PUB_TEXT_MAX        65536

struct pub;

/* Listens at `path` (an old socket there is removed) for those who may read
 * (ipc/policy.h). `loop` is borrowed until pub_close. 0 or -errno. */
int pub_open(struct pub **out, sd_event *loop, const char *path);
void pub_close(struct pub *p); /* NULL is allowed */
/* Longer than PUB_TEXT_MAX: to nobody. */
void pub_send(struct pub *p, const char *text, size_t len);

unsigned pub_count(const struct pub *p); /* those who have greeted */
/* How many texts were not taken, by subscribers that were too slow. */
uint64_t pub_lost(const struct pub *p);

#endif
