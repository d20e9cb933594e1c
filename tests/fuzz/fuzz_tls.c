/* Handshakes that are disturbed: two engines, and a network between them that cuts what
 * they say into pieces, changes bytes, loses them, adds some or ends. No end opens to
 * somebody else, and what is read is what was written. Before that the input is read as a
 * file of keys and as an identity. */
#include "tests/fuzz/feed.h"
#include "tls/engine.h"

#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEYS                                                                             \
	"a 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"           \
	"b f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define TURNS_MAX 400

static struct tls_context *
context(int64_t sid)
{
	char path[] = "/tmp/conclave-fuzz-XXXXXX", why[TLS_WHY_MAX];
	const struct tls_config config = {.key_file = path, .sid = sid};
	struct tls_context *c = NULL;
	int fd = mkstemp(path);

	must(fd >= 0 && write(fd, KEYS, strlen(KEYS)) == (ssize_t)strlen(KEYS),
	     "there is room for a file");
	close(fd);
	must(tls_context_new(&c, &config, why) == 0, "the keys are good");
	unlink(path);
	return c;
}

static void
check_texts(const uint8_t *data, size_t size)
{
	char text[PSK_IDENTITY_MAX];
	struct psk_keys keys;
	struct psk_who who;
	unsigned line;

	if (!psk_parse((const char *)data, size, &keys, &line))
		must(keys.count > 0 && keys.count <= PSK_KEYS_MAX,
		     "a good file has keys");
	if (!psk_identity_parse((const char *)data, size, &who))
		return;
	psk_identity(&who, text);
	must(strlen(text) == size && memcmp(text, data, size) == 0,
	     "an identity has one spelling");
}

/* Carries a piece from `e` to `other`, and does to it what the input says. */
static void
carry(struct feed *f, struct tls_engine *e, struct tls_engine *other)
{
	const unsigned char *raw;
	size_t len = tls_engine_peek(e, &raw);
	unsigned char piece[512];
	unsigned how = feed_byte(f);

	if (how % 16 == 15)
		tls_engine_eof(other);
	if (len > sizeof(piece))
		len = sizeof(piece);
	if (how % 2 && len > 0)
		len = 1 + feed_below(f, 255) % len;
	if (len > 0)
		memcpy(piece, raw, len);
	tls_engine_sent(e, len);
	if (how >= 224 && len > 0)
		piece[feed_byte(f) % len] ^= (unsigned char)(1 + feed_below(f, 255));
	if (how >= 216 && how < 224)
		return; /* it is lost */
	tls_engine_put(other, piece, len);
	if (how >= 208 && how < 216)
		tls_engine_put(other, f->data + f->at % (f->len + 1),
		               f->len - f->at % (f->len + 1));
}

static void
hear(struct tls_engine *e)
{
	char text[64];
	ssize_t n = tls_engine_read(e, text, sizeof(text));

	must(n <= (ssize_t)sizeof(text), "no more is read than there is room for");
	for (ssize_t i = 0; i < n; i++)
		must(text[i] == 'x', "what is read was written");
	if (tls_engine_state(e) == TLS_ENDED)
		must(tls_engine_end(e) != TLS_END_NONE, "an end has a reason");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tls_context *one, *two;
	struct feed f = {.data = data, .len = size};
	struct tls_engine *ends[2];
	unsigned choice;

	if (!one) {
		one = context(1);
		two = context(2);
	}
	check_texts(data, size);
	choice = feed_byte(&f);
	ends[0] = tls_engine_new(one, &(struct tls_task){.dials = true,
	                                                 .remote = choice & 1 ? 2 : -1,
	                                                 .key = choice >> 1 & 3});
	ends[1] = tls_engine_new(two, &(struct tls_task){.probes = choice >> 3 & 1});
	must(ends[0] && ends[1], "there is memory");
	for (unsigned turn = 0; turn < TURNS_MAX && !feed_end(&f); turn++) {
		unsigned who = feed_byte(&f) & 1;

		carry(&f, ends[who], ends[!who]);
		if (tls_engine_state(ends[who]) == TLS_OPEN)
			(void)tls_engine_write(ends[who], "xxxxxxxx", 8);
		hear(ends[0]);
		hear(ends[1]);
		if (tls_engine_state(ends[1]) == TLS_OPEN) {
			const struct psk_who *from = tls_engine_who(ends[1]);

			must(from->probe ? choice >> 3 & 1
			                 : from->from == 1 && from->to == 2,
			     "who is let in is who it says");
		}
	}
	tls_engine_bye(ends[0]);
	tls_engine_free(ends[0]);
	tls_engine_free(ends[1]);
	return 0;
}
