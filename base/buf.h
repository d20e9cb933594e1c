/* A bounded cursor over bytes. Encoders and decoders touch memory that came from somebody
 * else, or goes there, only through it. All integers are big-endian, as on ZooKeeper's
 * wire.
 *
 * A read past the end, or a write past the room, sets `bad` and changes nothing else;
 * every later read gives zero. So a decoder reads all that it wants, and looks at `bad`
 * once before it uses any of it. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For reading. The bytes are borrowed. */
struct buf_in {
	const unsigned char *data;
	size_t len;
	size_t pos;
	bool bad;
};

/* For writing. The room is borrowed; `len` bytes of it are used. */
struct buf_out {
	unsigned char *data;
	size_t cap;
	size_t len;
	bool bad;
};

void buf_in_init(struct buf_in *in, const void *data, size_t len);
size_t buf_left(const struct buf_in *in);
uint8_t buf_get_u8(struct buf_in *in);
int32_t buf_get_i32(struct buf_in *in);
uint32_t buf_get_u32(struct buf_in *in);
int64_t buf_get_i64(struct buf_in *in);
uint64_t buf_get_u64(struct buf_in *in);
/* The next `len` bytes, in place; NULL (and bad) where there are fewer. With len 0 it is
 * NULL only where the input itself is. */
const unsigned char *buf_get_bytes(struct buf_in *in, size_t len);

void buf_out_init(struct buf_out *out, void *data, size_t cap);
void buf_put_u8(struct buf_out *out, uint8_t v);
void buf_put_i32(struct buf_out *out, int32_t v);
void buf_put_u32(struct buf_out *out, uint32_t v);
void buf_put_i64(struct buf_out *out, int64_t v);
void buf_put_u64(struct buf_out *out, uint64_t v);
void buf_put_bytes(struct buf_out *out, const void *data, size_t len);
/* Prints into the room, without a final NUL; a text that does not fit whole sets `bad`.
 */
void buf_put_text(struct buf_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
