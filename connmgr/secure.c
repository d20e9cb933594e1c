/* See secure.h. */
#include "connmgr/secure.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 60000

/* Whatever comes of it, that file was looked at. */
static int
read_files(struct secure *s, struct tls_context **out, char why[TLS_WHY_MAX])
{
	const struct conf *conf = s->conf;
	const struct tls_config config = {.key_file = conf->tls.key_file,
	                                  .sid = conf->id};

	if (stat(config.key_file, &s->file) < 0)
		memset(&s->file, 0, sizeof(s->file));
	s->look_ms = clock_ms() + LOOK_MS;
	return tls_context_new(out, &config, why);
}

int
secure_new(struct secure **out, const struct conf *conf, char why[TLS_WHY_MAX])
{
	struct secure *s;
	int r;

	*out = NULL;
	if (conf->tls.mode == CONF_TLS_OFF)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->conf = conf;
	r = read_files(s, &s->context, why);
	if (r == 0)
		*out = s;
	else
		free(s);
	return r;
}

void
secure_free(struct secure *s)
{
	if (!s)
		return;
	tls_context_drop(s->context);
	free(s);
}

bool
secure_reload(struct secure *s)
{
	struct tls_context *fresh;

	if (read_files(s, &fresh, s->why) != 0)
		return false;
	tls_context_drop(s->context);
	s->context = fresh;
	s->why[0] = '\0';
	return true;
}

uint64_t
secure_due_ms(const struct secure *s)
{
	return s ? s->look_ms : UINT64_MAX;
}

/* Another file is one that was put in the place of the old one, or written. */
bool
secure_is_due(struct secure *s, uint64_t now_ms)
{
	struct stat st;

	if (!s || now_ms < s->look_ms)
		return false;
	s->look_ms = now_ms + LOOK_MS;
	if (stat(s->conf->tls.key_file, &st) < 0)
		memset(&st, 0, sizeof(st));
	return st.st_ino != s->file.st_ino || st.st_dev != s->file.st_dev ||
	       st.st_size != s->file.st_size ||
	       st.st_mtim.tv_sec != s->file.st_mtim.tv_sec ||
	       st.st_mtim.tv_nsec != s->file.st_mtim.tv_nsec;
}

struct tls_engine *
secure_dial(struct secure *s, int64_t sid, unsigned key)
{
	return tls_engine_new(
	    s->context, &(struct tls_task){.dials = true, .remote = sid, .key = key});
}

struct tls_engine *
secure_accept(struct secure *s, bool probes)
{
	return tls_engine_new(s->context, &(struct tls_task){.probes = probes});
}

unsigned
secure_next_key(const struct secure *s, unsigned key)
{
	return key + 1 < tls_context_keys(s->context) ? key + 1 : 0;
}

bool
secure_believes(struct secure *s, const struct tls_engine *tls, int64_t sid)
{
	const struct psk_who *who = tls ? tls_engine_who(tls) : NULL;

	/* a stranger is believed to be none of those that have a place here */
	if (who && (who->probe ? !conf_server(s->conf, sid) : who->from == sid))
		return true;
	s->others++;
	return false;
}
