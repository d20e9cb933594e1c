/* See buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
buf_in_init(struct buf_in *in, const void *data, size_t len)
{
	*in = (struct buf_in){.data = data, .len = len};
}

size_t
buf_left(const struct buf_in *in)
{
	return in->bad ? 0 : in->len - in->pos;
}

const unsigned char *
buf_get_bytes(struct buf_in *in, size_t len)
{
	const unsigned char *at;

	if (in->bad || in->len - in->pos < len) {
		in->bad = true;
		return NULL;
	}
	at = in->data ? in->data + in->pos : NULL; /* NULL + 0 is undefined */
	in->pos += len;
	return at;
}

static uint64_t
get_integer(struct buf_in *in, size_t width)
{
	const unsigned char *at = buf_get_bytes(in, width);
	uint64_t v = 0;

	for (size_t i = 0; at && i < width; i++)
		v = v << 8 | at[i];
	return v;
}

uint8_t
buf_get_u8(struct buf_in *in)
{
	return (uint8_t)get_integer(in, 1);
}

int32_t
buf_get_i32(struct buf_in *in)
{
	return (int32_t)get_integer(in, 4);
}

uint32_t
buf_get_u32(struct buf_in *in)
{
	return (uint32_t)get_integer(in, 4);
}

int64_t
buf_get_i64(struct buf_in *in)
{
	return (int64_t)get_integer(in, 8);
}

uint64_t
buf_get_u64(struct buf_in *in)
{
	return get_integer(in, 8);
}

void
buf_out_init(struct buf_out *out, void *data, size_t cap)
{
	*out = (struct buf_out){.data = data, .cap = cap};
}

void
buf_put_bytes(struct buf_out *out, const void *data, size_t len)
{
	if (out->bad || out->cap - out->len < len) {
		out->bad = true;
		return;
	}
	if (len > 0)
		memcpy(out->data + out->len, data, len);
	out->len += len;
}

static void
put_integer(struct buf_out *out, uint64_t v, unsigned width)
{
	unsigned char bytes[8];

	for (unsigned i = 0; i < width; i++)
		bytes[i] = (unsigned char)(v >> (8 * (width - 1 - i)));
	buf_put_bytes(out, bytes, width);
}

void
buf_put_u8(struct buf_out *out, uint8_t v)
{
	put_integer(out, v, 1);
}

void
buf_put_i32(struct buf_out *out, int32_t v)
{
	put_integer(out, (uint32_t)v, 4);
}

void
buf_put_u32(struct buf_out *out, uint32_t v)
{
	put_integer(out, v, 4);
}

void
buf_put_i64(struct buf_out *out, int64_t v)
{
	put_integer(out, (uint64_t)v, 8);
}

void
buf_put_u64(struct buf_out *out, uint64_t v)
{
	put_integer(out, v, 8);
}

void
buf_put_text(struct buf_out *out, const char *format, ...)
{
	size_t room = out->cap - out->len;
	va_list args;
	int n;

	if (out->bad)
		return;
	va_start(args, format);
	n = vsnprintf((char *)out->data + out->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		out->bad = true;
	else
		out->len += (size_t)n;
}
