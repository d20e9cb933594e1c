/* The keys that the servers of a group share (tls.mode = "psk"): the file that holds
 * them, the name under which one is used on a connection, and what is derived from both.
 *
 * The file has one key a line, `ID SECRET`, at most PSK_KEYS_MAX, the newest first; a
 * line that begins with # is a comment. A connection is begun with the first key, and
 * accepted with each, so that a new key can be put into the files in any order.
 *
 * On a connection the key is named by an identity, `conclave1 ID FROM TO`: the ids of
 * both servers, or `probe` and `*` for a stranger that asks. The key of the handshake is
 * HKDF-SHA256 of the secret with the identity as info, so that what is said to one server
 * opens nothing at another one, or back. */
#ifndef TLS_PSK_H
#define TLS_PSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PSK_KEYS_MAX     8
#define PSK_ID_MAX       16
#define PSK_SECRET_LEN   32
#define PSK_IDENTITY_MAX 96
/* The line that psk_make writes, with its end and a NUL. */
#define PSK_LINE_MAX 128
/* A file with all keys, and comments. */
#define PSK_FILE_MAX 16384

struct psk_key {
	char id[PSK_ID_MAX + 1];
	unsigned char secret[PSK_SECRET_LEN];
};

struct psk_keys {
	unsigned count;
	struct psk_key list[PSK_KEYS_MAX];
};

/* Whom an identity names. */
struct psk_who {
	char key[PSK_ID_MAX + 1];
	/* A stranger asks: `from` and `to` say nothing. */
	bool probe;
	int64_t from;
	int64_t to;
};

/* Reads the text of a file. NULL; else what is wrong, and the `line` where. */
const char *psk_parse(const char *text, size_t len, struct psk_keys *out, unsigned *line);
/* The key with this id, NULL: there is none. */
const struct psk_key *psk_find(const struct psk_keys *keys, const char *id);
/* Overwrites the secrets. */
void psk_forget(struct psk_keys *keys);

/* A line with a new key, from random bytes of the kernel. 0 or -errno. */
int psk_make(char out[PSK_LINE_MAX]);

void psk_identity(const struct psk_who *who, char out[PSK_IDENTITY_MAX]);
/* False: it is none, or none that psk_identity writes. */
bool psk_identity_parse(const char *text, size_t len, struct psk_who *out);
/* 0, or -EIO: OpenSSL has no HKDF. */
int psk_derive(const struct psk_key *key, const char *identity,
               unsigned char out[PSK_SECRET_LEN]);

#endif
