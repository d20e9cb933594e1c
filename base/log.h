/* The log: one line for each event, on standard error: `<6>connmgr: link sid=3
 * up→backoff`.
 * `<N>` is the syslog priority that journald reads; a terminal does not get it. Only
 * shells log, never cores. Any thread may log. Logging never waits for a reader: a line
 * that finds no room is lost, and the next line that finds room says how many were. A
 * control character in a line, as of a name that somebody else chose, becomes a `?`. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
	/* A person must act. */
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARNING = 4,
	/* The leader changed, or a process died. */
	LOG_LEVEL_NOTICE = 5,
	/* The state of something changed. */
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* `name` (borrowed for ever) opens each line. Before this call: level info, no name. */
void log_init(const char *name, enum log_level level);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `on_err` is called with each line of level err, by the thread that logs it; NULL: no
 * more. */
void log_set_on_err(void (*on_err)(void *user, const char *text), void *user);

#define log_err(...)     log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
