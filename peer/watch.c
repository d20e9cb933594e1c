/* See watch.h. */
#include "peer/watch.h"

bool
watch_add(struct watch *w, struct door_conn *c)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->list[i] == c)
			return true;
	if (w->count == WATCH_MAX)
		return false;
	w->list[w->count++] = c;
	door_conn_keep(c);
	return true;
}

void
watch_remove(struct watch *w, const struct door_conn *c)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (w->list[i] != c)
			continue;
		w->list[i] = w->list[--w->count];
		return;
	}
}

/* From the end: closing one calls watch_remove, which fills the gap with the last, and
 * that one has been served. */
void
watch_send(struct watch *w, const void *data, size_t len)
{
	for (unsigned i = w->count; i-- > 0;)
		if (door_send(w->list[i], data, len) < 0)
			door_conn_close(w->list[i]);
}
