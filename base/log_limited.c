/* See log_limited.h. */
#include "base/log_limited.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>

/* The kinds that have written a line. They stand in static memory. */
static struct log_kind *kinds;
static void (*wake_fn)(void *user, uint64_t due_ms);
static void *wake_user;

void
log_limited_set_wake(void (*wake)(void *user, uint64_t due_ms), void *user)
{
	wake_fn = wake;
	wake_user = user;
}

static void
tell(struct log_kind *kind, uint64_t now_ms)
{
	uint64_t in_ms, held = limit_take(&kind->limit, now_ms, &in_ms);

	if (held > 0)
		log_line(kind->level, "… and %llu more like this in %llu.%llu s: %s",
		         (unsigned long long)held, (unsigned long long)(in_ms / 1000),
		         (unsigned long long)(in_ms % 1000 / 100), kind->text);
}

void
log_limited_line(struct log_kind *kind, enum log_level level, const char *format, ...)
{
	uint64_t now_ms = clock_ms();
	va_list args;

	if (limit_due_ms(&kind->limit) <= now_ms)
		tell(kind, now_ms);
	if (!limit_pass(&kind->limit, now_ms)) {
		if (kind->limit.held == 1 && wake_fn)
			wake_fn(wake_user, limit_due_ms(&kind->limit));
		return;
	}
	if (!kind->listed) {
		kind->listed = true;
		kind->next = kinds;
		kinds = kind;
	}
	kind->level = level;
	va_start(args, format);
	vsnprintf(kind->text, sizeof(kind->text), format, args);
	va_end(args);
	log_line(level, "%s", kind->text);
}

uint64_t
log_limited_tell(uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;

	for (struct log_kind *kind = kinds; kind; kind = kind->next) {
		uint64_t due_ms = limit_due_ms(&kind->limit);

		if (due_ms <= now_ms)
			tell(kind, now_ms);
		else if (due_ms < next_ms)
			next_ms = due_ms;
	}
	return next_ms;
}

void
log_limited_end(void)
{
	uint64_t now_ms = clock_ms();

	for (struct log_kind *kind = kinds; kind; kind = kind->next)
		tell(kind, now_ms);
}
