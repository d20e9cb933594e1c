/* Lines of log that a remote, a stranger or whoever knocks at a door can cause, as often
 * as they like. Of one kind at most ten are written within any second; a second after the
 * first that was held back comes the number of those that were:
 * `<6>connmgr: … and 4312 more like this in 1.0 s: learner: link sid=3 up→down`.
 * A kind is a place in the source that calls log_limited. To be called by the thread that
 * runs the loop alone. */
#ifndef BASE_LOG_LIMITED_H
#define BASE_LOG_LIMITED_H

#include "base/limit.h"
#include "base/log.h"

#define LOG_KIND_TEXT_MAX 256

/* One place in the source; zeroed before its first line, and never freed. */
struct log_kind {
	struct limit limit;
	struct log_kind *next;
	bool listed;
	enum log_level level;
	/* The last line that was written, which the count names. */
	char text[LOG_KIND_TEXT_MAX];
};

/* As log_line, but limited: log_limited(LOG_LEVEL_INFO, "link sid=%d closed", sid); */
#define log_limited(level, ...)                                                          \
	do {                                                                             \
		static struct log_kind log_kind_here;                                    \
		log_limited_line(&log_kind_here, level, __VA_ARGS__);                    \
	} while (0)

void log_limited_line(struct log_kind *kind, enum log_level level, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

/* `wake` is called when a count will be due that nobody waits for yet; the caller calls
 * log_limited_tell then. Without `wake` a count comes with the next line of its kind. */
void log_limited_set_wake(void (*wake)(void *user, uint64_t due_ms), void *user);
/* Writes each count that is due at `now_ms`, and returns when the next one will be;
 * UINT64_MAX: none. */
uint64_t log_limited_tell(uint64_t now_ms);
/* Writes all counts: the process ends. */
void log_limited_end(void);

#endif
