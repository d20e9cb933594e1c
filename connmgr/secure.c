/* See secure.h. */
#include "connmgr/secure.h"

#include <errno.h>
#include <stdlib.h>

static int
read_files(const struct conf *conf, struct tls_context **out, char why[TLS_WHY_MAX])
{
	const struct tls_config config = {.key_file = conf->tls.key_file,
	                                  .sid = conf->id};

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
	r = read_files(conf, &s->context, why);
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

	if (read_files(s->conf, &fresh, s->why) != 0)
		return false;
	tls_context_drop(s->context);
	s->context = fresh;
	s->why[0] = '\0';
	return true;
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
