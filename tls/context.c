/* See context.h. */
#include "tls/context_impl.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever can read a key is a member, and whoever can write it makes members. */
static int
check_rights(const char *path, char why[TLS_WHY_MAX])
{
	struct stat st;

	if (stat(path, &st) < 0) {
		snprintf(
		    why, TLS_WHY_MAX,
		    "%.300s cannot be read: %s; write the keys of the group there, or "
		    "mend key_file",
		    path, strerror(errno));
		return 1;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		snprintf(
		    why, TLS_WHY_MAX,
		    "%.300s belongs to user %u, who could change it; let it belong to "
		    "root (chown root)",
		    path, (unsigned)st.st_uid);
		return 1;
	}
	if (st.st_mode & 027) {
		snprintf(why, TLS_WHY_MAX,
		         "%.300s can be read by others, or written by its group (mode "
		         "%03o); write chmod 640, or 600",
		         path, (unsigned)st.st_mode & 0777);
		return 1;
	}
	return 0;
}

static int
read_keys(struct tls_context *c, const char *path, char why[TLS_WHY_MAX])
{
	char text[PSK_FILE_MAX + 1];
	const char *wrong;
	unsigned line = 0;
	size_t len;
	int r = check_rights(path, why);

	if (r)
		return r;
	r = file_read(path, text, sizeof(text), &len);
	if (r < 0) {
		snprintf(why, TLS_WHY_MAX, "%.300s cannot be read: %s", path,
		         file_strerror(r));
		return 1;
	}
	wrong = psk_parse(text, len, &c->keys, &line);
	OPENSSL_cleanse(text, sizeof(text));
	if (wrong)
		snprintf(why, TLS_WHY_MAX, "%.300s:%u: %s", path, line, wrong);
	return wrong != NULL;
}

/* No ticket and no session: nothing is resumed, so that each connection is proven anew. A
 * server without a certificate ends the handshake of who names no key that it knows. */
static bool
set_up(SSL_CTX *ssl)
{
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
	                             SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_psk_use_session_callback(ssl, tls_engine_dial_psk);
	SSL_CTX_set_psk_find_session_callback(ssl, tls_engine_find_psk);
	SSL_CTX_set_info_callback(ssl, tls_engine_info);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256") == 1 &&
	       SSL_CTX_set1_groups_list(ssl, "X25519:P-256") == 1 &&
	       SSL_CTX_set_num_tickets(ssl, 0) == 1;
}

int
tls_context_new(struct tls_context **out, const struct tls_config *config,
                char why[TLS_WHY_MAX])
{
	struct tls_context *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->kept = 1;
	c->sid = config->sid;
	r = read_keys(c, config->key_file, why);
	if (r == 0) {
		c->ssl = SSL_CTX_new(TLS_method());
		if (!c->ssl || !set_up(c->ssl)) {
			snprintf(why, TLS_WHY_MAX,
			         "OpenSSL cannot be set up for TLS 1.3 with keys; look "
			         "at its openssl.cnf");
			r = 1;
		}
	}
	if (r == 0)
		*out = c;
	else
		tls_context_drop(c);
	return r;
}

struct tls_context *
tls_context_keep(struct tls_context *c)
{
	if (c)
		c->kept++;
	return c;
}

void
tls_context_drop(struct tls_context *c)
{
	if (!c || --c->kept > 0)
		return;
	SSL_CTX_free(c->ssl);
	psk_forget(&c->keys);
	free(c);
}

unsigned
tls_context_keys(const struct tls_context *c)
{
	return c->keys.count;
}

const char *
tls_context_key(const struct tls_context *c, unsigned at)
{
	return at < c->keys.count ? c->keys.list[at].id : "";
}
