/* See psk.h. */
#include "tls/psk.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define ID_BYTES 4 /* of a new key's id, written as hexadecimal digits */
#define PREFIX   "conclave1 "

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *
parse_id(const char *text, size_t len, char out[PSK_ID_MAX + 1])
{
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)text[i]) &&
		    !isdigit((unsigned char)text[i]) && text[i] != '-')
			return "the id of a key has other characters than a-z, 0-9 and -";
	if (len == 0 || len > PSK_ID_MAX)
		return "the id of a key has 1 to 16 characters";
	memcpy(out, text, len);
	out[len] = '\0';
	return NULL;
}

static const char *
parse_secret(const char *text, size_t len, unsigned char out[PSK_SECRET_LEN])
{
	if (len != (size_t)2 * PSK_SECRET_LEN)
		return "a key has 64 hexadecimal digits behind its id; this one is "
		       "shorter or "
		       "longer";
	for (size_t i = 0; i < len; i += 2) {
		int high = digit_of(text[i]), low = digit_of(text[i + 1]);

		if (high < 0 || low < 0)
			return "a key has other characters than 0-9 and a-f";
		out[i / 2] = (unsigned char)(high << 4 | low);
	}
	return NULL;
}

static const char *
parse_line(const char *text, size_t len, struct psk_keys *out)
{
	struct psk_key *key = &out->list[out->count];
	size_t id_len = 0, at;
	const char *wrong;

	if (out->count == PSK_KEYS_MAX)
		return "there are more than 8 keys; leave the oldest out";
	while (id_len < len && text[id_len] != ' ' && text[id_len] != '\t')
		id_len++;
	wrong = parse_id(text, id_len, key->id);
	if (wrong)
		return wrong;
	if (psk_find(out, key->id))
		return "an earlier key has the same id";
	for (at = id_len; at < len && (text[at] == ' ' || text[at] == '\t'); at++)
		;
	wrong = parse_secret(text + at, len - at, key->secret);
	if (!wrong)
		out->count++;
	return wrong;
}

const char *
psk_parse(const char *text, size_t len, struct psk_keys *out, unsigned *line)
{
	const char *wrong = NULL;

	*line = 0;
	out->count = 0;
	while (len > 0 && !wrong) {
		const char *end = memchr(text, '\n', len);
		size_t whole = end ? (size_t)(end - text) : len, used = whole;

		++*line;
		while (used > 0 && strchr(" \t\r", text[used - 1]))
			used--;
		if (used > 0 && text[0] != '#')
			wrong = parse_line(text, used, out);
		whole += end != NULL;
		text += whole;
		len -= whole;
	}
	if (!wrong && out->count == 0)
		wrong = "there is no key; write the output of conclave keygen into it";
	if (wrong)
		psk_forget(out);
	return wrong;
}

const struct psk_key *
psk_find(const struct psk_keys *keys, const char *id)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (strcmp(keys->list[i].id, id) == 0)
			return &keys->list[i];
	return NULL;
}

void
psk_forget(struct psk_keys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}

int
psk_make(char out[PSK_LINE_MAX])
{
	unsigned char bytes[ID_BYTES + PSK_SECRET_LEN];
	size_t at = 0;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return errno ? -errno : -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		at += (size_t)snprintf(out + at, PSK_LINE_MAX - at, "%s%02x",
		                       i == ID_BYTES ? " " : "", bytes[i]);
	snprintf(out + at, PSK_LINE_MAX - at, "\n");
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return 0;
}

void
psk_identity(const struct psk_who *who, char out[PSK_IDENTITY_MAX])
{
	if (who->probe)
		snprintf(out, PSK_IDENTITY_MAX, PREFIX "%s probe *", who->key);
	else
		snprintf(out, PSK_IDENTITY_MAX, PREFIX "%s %" PRId64 " %" PRId64,
		         who->key, who->from, who->to);
}

/* The word up to the next blank, or to the end. */
static size_t
word_len(const char *text, size_t len)
{
	const char *blank = memchr(text, ' ', len);

	return blank ? (size_t)(blank - text) : len;
}

/* What it reads is held against what psk_identity writes, so that no number has a second
 * spelling. */
bool
psk_identity_parse(const char *text, size_t len, struct psk_who *out)
{
	char given[PSK_IDENTITY_MAX], again[PSK_IDENTITY_MAX];
	const size_t prefix = strlen(PREFIX);
	struct psk_who who = {.probe = false};
	size_t id_len;

	if (len <= prefix || len >= sizeof(given) || memchr(text, '\0', len))
		return false;
	memcpy(given, text, len);
	given[len] = '\0';
	id_len = word_len(given + prefix, len - prefix);
	if (parse_id(given + prefix, id_len, who.key))
		return false;
	text = given + prefix + id_len;
	who.probe = strcmp(text, " probe *") == 0;
	if (!who.probe && sscanf(text, " %" SCNd64 " %" SCNd64, &who.from, &who.to) != 2)
		return false;
	psk_identity(&who, again);
	if (strcmp(given, again) != 0 || who.from < 0 || who.to < 0)
		return false;
	*out = who;
	return true;
}

int
psk_derive(const struct psk_key *key, const char *identity,
           unsigned char out[PSK_SECRET_LEN])
{
	static char digest[] = "SHA256";
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key->secret,
	                                      PSK_SECRET_LEN),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)identity,
	                                      strlen(identity)),
	    OSSL_PARAM_construct_end()};
	bool done = ctx && EVP_KDF_derive(ctx, out, PSK_SECRET_LEN, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done ? 0 : -EIO;
}
