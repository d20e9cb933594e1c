/* See epoch_file.h. */
#include "peer/epoch_file.h"

#include "base/slots_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_FILE (-1)

int
epoch_file_init(struct epoch_file *f, const char *folder, const char *name, size_t size)
{
	memset(f, 0, sizeof(*f));
	f->size = size;
	f->fd = NO_FILE;
	f->block = calloc(2, size);
	if (!f->block)
		return -ENOMEM;
	f->wanted = f->block + size;
	return snprintf(f->path, sizeof(f->path), "%s/%s", folder, name) <
	               (int)sizeof(f->path)
	           ? 0
	           : -ENAMETOOLONG;
}

static void
close_file(struct epoch_file *f)
{
	if (f->fd != NO_FILE)
		slots_file_close(f->fd);
	f->fd = NO_FILE;
}

void
epoch_file_deinit(struct epoch_file *f)
{
	if (!f->block)
		return;
	close_file(f);
	free(f->block);
	f->block = NULL;
}

int
epoch_file_open(struct epoch_file *f)
{
	char *blocks = malloc(SLOTS_COUNT * f->size);
	const char *body;
	int r;

	if (!blocks)
		return -ENOMEM;
	close_file(f);
	r = slots_file_open(f->path, f->size, &f->fd, blocks);
	if (r == 0 && !slots_start(&f->slots, f->size, blocks, f->block, f->bad))
		r = EPOCH_FILE_BAD;
	free(blocks);
	if (r == 0) {
		body = slots_body(&f->slots, &f->wanted_len);
		memcpy(f->wanted, body, f->wanted_len);
	}
	return r;
}

int
epoch_file_make(struct epoch_file *f)
{
	char *blocks = malloc(SLOTS_COUNT * f->size);
	int r;

	if (!blocks)
		return -ENOMEM;
	r = slots_file_make(f->path, f->size, blocks, f->wanted, f->wanted_len);
	free(blocks);
	if (r == 0)
		r = epoch_file_open(f);
	return r == SLOTS_FILE_NONE ? -ENOENT : r;
}

bool
epoch_file_is_newest(const struct epoch_file *f)
{
	size_t len;
	const char *body = slots_body(&f->slots, &len);

	return len == f->wanted_len && memcmp(body, f->wanted, len) == 0;
}
