/* The verbs of the command. Each is handed its context, does its work on standard output,
 * and returns the exit status (base/exit.h). */
#ifndef CTL_VERB_H
#define CTL_VERB_H

#include "base/exit.h"
#include "config/conf.h"
#include "ctl/ask.h"
#include "view/verdict.h"

#include <jansson.h>
#include <stdbool.h>

/* Exit statuses beside base/exit.h: two of health, and of all (sysexits' EX_IOERR). */
enum { VERB_DEGRADED = 1, VERB_FAILING = 2, VERB_UNWRITTEN = 74 };

struct verb;

struct ctl {
	const struct verb *verb;
	const char *file; /* -c */
	bool json;
	bool colours;            /* standard output is a terminal */
	const struct conf *conf; /* NULL for verbs that read no configuration */
	int argc;                /* what follows the verb, common options taken out */
	char **argv;
};

struct verb {
	const char *name;
	const char *arguments; /* as --help and usage errors show them */
	const char *about;     /* one line */
	const char *more;      /* of `conclave VERB --help`: statuses and the like */
	bool without_conf;
	int (*run)(const struct ctl *c);
};

int verb_status(const struct ctl *c);
int verb_leader(const struct ctl *c);
int verb_health(const struct ctl *c);
int verb_metrics(const struct ctl *c);
int verb_watch(const struct ctl *c);
int verb_wait(const struct ctl *c);
int verb_restart(const struct ctl *c);
int verb_swap(const struct ctl *c);
int verb_reload(const struct ctl *c);
int verb_check(const struct ctl *c);
int verb_probe(const struct ctl *c);
int verb_claim(const struct ctl *c);
int verb_import(const struct ctl *c);

/* What went wrong, on standard error, or with --json as an object with `error`. Returns
 * `status`. */
int verb_failed(const struct ctl *c, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Says what is wrong and how the verb is written; returns EXIT_USAGE. */
int verb_misused(const struct ctl *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* For verbs without arguments: 0, or verb_misused's. */
int verb_no_arguments(const struct ctl *c);
/* False: whoever is there, they do not answer this user. */
bool verb_may_ask(const struct ctl *c);
/* Says that nobody is there; returns EXIT_NO_ANSWER. */
int verb_no_answer(const struct ctl *c, const char *who);
/* ask_door of `who` ended with `error`: nobody is there, or nobody knows whether the
 * request was done, which `unsure` says. Returns EXIT_NO_ANSWER. */
int verb_unanswered(const struct ctl *c, int error, const char *who, const char *request,
                    const char *unsure);
/* Asks all doors: the health object (health.h); both are the caller's to free. */
json_t *verb_ask_health(const struct ctl *c, struct asks *asks,
                        enum verdict_kind *verdict);
/* Writes out what was printed: 0, or -errno (and what was not written is lost). */
int verb_flush(void);
/* The exit status after it: `status`; or VERB_UNWRITTEN, having said why. A reader that
 * has gone changes nothing: it did not want more. */
int verb_flushed(int error, int status);
/* Prints one line of JSON, and frees the object. */
void verb_print_json(json_t *object);

/* Of a verb about a file: the text that it makes as `key`, or as `error` what is wrong.
 */
void verb_print_file_json(const char *file, bool ok, const char *key, const char *text);
/* A point of time as people read it: `12:34:56.789`. */
void verb_print_time(int64_t real_us);
int64_t verb_now_us(void); /* on that clock */

#endif
