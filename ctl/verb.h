/* The verbs of the command, and what all of them include. Each is one row of the table in
 * verbs.c, is handed its context, does its work on standard output, and returns the exit
 * status (base/exit.h).
 */
#ifndef CTL_VERB_H
#define CTL_VERB_H

#include "base/exit.h"
#include "config/conf.h"
#include "ctl/ask.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum { VERB_UNWRITTEN = 74 }; /* beside base/exit.h: sysexits' EX_IOERR */

#define VERB_OPTIONS_MAX 8

struct ctl;

struct verb_option {
	/* without the two dashes */
	const char *name;
	/* what must follow it, as help shows that (FILE: a file, which the completion
	 * completes); NULL: nothing */
	const char *value;
	/* one line; NULL: not for people */
	const char *about;
};

struct verb {
	const char *name;
	/* the words behind the verb, as help shows them (NULL: none), and how many there
	 * may be */
	const char *arguments;
	int most;
	/* for the completion: which words these may be, and that one is a file */
	const char *words;
	bool files;
	/* the last one has no name */
	struct verb_option options[VERB_OPTIONS_MAX];
	/* arguments and options, where some of these exclude others; NULL: made of them
	 */
	const char *usage;
	/* one line */
	const char *about;
	/* of `conclave VERB --help`: the exit statuses and the like */
	const char *more;
	bool without_conf;
	/* what runs will not do in its place where it is wrong */
	bool needs_file;
	bool without_json;
	int (*run)(const struct ctl *c);
};

extern const struct verb verbs[];
extern const unsigned verb_count;

struct ctl {
	const struct verb *verb;
	/* -c */
	const char *file;
	bool json;
	/* standard output is a terminal */
	bool colours;
	/* NULL for verbs that read no configuration */
	const struct conf *conf;
	/* the words behind the verb, without the options */
	int argc;
	char **argv;
	/* of the verb's options, by their place in its row: NULL where it is not given,
	 * "" where nothing follows */
	const char *values[VERB_OPTIONS_MAX];
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
int verb_keygen(const struct ctl *c);
int verb_probe(const struct ctl *c);
int verb_step_down(const struct ctl *c);
int verb_transfer(const struct ctl *c);
int verb_run(const struct ctl *c);
int verb_claim(const struct ctl *c);
int verb_members(const struct ctl *c);
int verb_refound(const struct ctl *c);
int verb_import(const struct ctl *c);
int verb_completion(const struct ctl *c);

/* The value of the verb's option: NULL where it is not given, "" where none follows it.
 */
const char *verb_option(const struct ctl *c, const char *name);
/* How the verb is written: its arguments and its options. */
void verb_print_usage(const struct verb *v, FILE *out);

/* Says what went wrong, on standard error, or with --json as an object with `error`.
 * Returns `status`. */
int verb_failed(const struct ctl *c, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Says what is wrong and how the verb is written; returns EXIT_USAGE. */
int verb_misused(const struct ctl *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* False: whoever runs there, they do not answer this user. */
bool verb_may_ask(const struct ctl *c);
/* Says that no process answers; returns EXIT_NO_ANSWER. */
int verb_no_answer(const struct ctl *c, const char *who);
/* Asks the process of that folder to do something. 0, and its answer, a JSON object that
 * the caller frees; or the exit status: no process listens, or it is not known whether
 * the request was carried out, which `unsure` says. */
int verb_demand(const struct ctl *c, const char *folder, const char *request,
                uint64_t patience_ms, const char *unsure, json_t **answer);
/* Fills `rss_kb`, `cpu_ms`, `threads` and `descriptors` of the rows of `processes` where
 * they are null, from /proc: no process has reported them. */
void verb_fill_usage(json_t *processes);
/* Writes out what was printed: 0, or -errno (and what was not written is lost). */
int verb_flush(void);
/* The exit status after that: `status`; or VERB_UNWRITTEN, and the reason was printed. A
 * reader that has gone changes nothing: that reader did not want more. */
int verb_flushed(int error, int status);
/* Prints one line of JSON, with `schema` as its first member where it has none, and frees
 * the object. */
void verb_print_json(json_t *object);

/* Of a verb about a file: prints the text that was made of it or, where `status` is not
 * EXIT_OK, what is wrong with it; with --json as the member `key`. Returns `status`. */
int verb_file_done(const struct ctl *c, const char *file, int status, const char *key,
                   const char *text);
/* The wall-clock time `ago_us` ago as people read it: `12:34:56.789`. */
void verb_print_time(int64_t ago_us);

#endif
