#include "service/intake_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define CHUNK_SIZE (256u << 10)

enum err source_init(struct source *s, int fd, enum source_form form, size_t max, bool trusted)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return ERR_DENIED;
	/* Only memory has seals. */
	if (!trusted && fcntl(fd, F_GET_SEALS) < 0)
		return ERR_DENIED;
	*s = (struct source){ .fd = fd, .form = form, .max = max };
	if (form == SOURCE_MBOX) {
		mbox_init(&s->split, max);
		s->chunk = mem_alloc(CHUNK_SIZE);
	}
	return OK;
}

void source_fini(struct source *s)
{
	if (s->form == SOURCE_MBOX)
		mbox_fini(&s->split);
	mem_free(s->chunk);
	(void)close(s->fd); /* only read */
	*s = (struct source){ .fd = -1 };
}

/* At most size bytes; 0 at the end. */
static enum err read_some(struct source *s, char *to, size_t size, size_t *got_out)
{
	ssize_t n;

	do
		n = pread(s->fd, to, size, (off_t)s->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return ERR_IO;
	s->offset += (uint64_t)n;
	*got_out = (size_t)n;
	return OK;
}

/* A file is one message.  It may change while it is read; its ceiling holds all the same. */
static enum err whole(struct source *s, struct buf *out)
{
	struct stat st;
	size_t got = 0;
	enum err e = OK;
	char piece[16384];

	if (s->ended)
		return ERR_NOTFOUND;
	s->ended = true;
	if (fstat(s->fd, &st) != 0)
		return ERR_IO;
	if (st.st_size > (off_t)s->max)
		return ERR_LIMIT;
	while ((e = read_some(s, piece, sizeof(piece), &got)) == OK && got > 0) {
		if (got > s->max - out->len)
			return ERR_LIMIT;
		buf_add(out, slice_of(piece, got));
	}
	return e;
}

static enum err one_of_many(struct source *s, struct buf *out)
{
	struct slice message;
	size_t got = 0;
	enum err e;

	while (!s->ended) {
		e = mbox_step(&s->split, &s->rest, &message);
		if (e == OK)
			buf_add(out, message);
		if (e != ERR_AGAIN)
			return e;
		e = read_some(s, s->chunk, CHUNK_SIZE, &got);
		if (e != OK)
			return e;
		s->rest = slice_of(s->chunk, got);
		s->ended = got == 0;
	}
	e = mbox_end(&s->split, &message);
	if (e == OK)
		buf_add(out, message);
	return e;
}

/* All of a bundle at once. */
static enum err load_bundle(struct source *s)
{
	struct stat st;
	size_t got = 0, have = 0;
	enum err e = OK;

	if (fstat(s->fd, &st) != 0 || st.st_size > (off_t)SOURCE_BUNDLE_MAX)
		return ERR_IO;
	s->chunk = mem_alloc((size_t)st.st_size);
	while (have < (size_t)st.st_size &&
	       (e = read_some(s, s->chunk + have, (size_t)st.st_size - have, &got)) == OK &&
	       got > 0)
		have += got;
	s->rest = slice_of(s->chunk, have);
	return e;
}

static enum err one_of_bundle(struct source *s, struct buf *out)
{
	enum err e = OK;

	if (s->ended)
		return ERR_NOTFOUND;
	if (s->chunk == NULL)
		e = load_bundle(s);
	if (e == OK)
		e = bundle_next(&s->rest, &s->item);
	s->ended = e != OK;
	if (e == OK)
		buf_add(out, s->item.bytes);
	return e == ERR_SYNTAX ? ERR_IO : e;
}

enum err source_next(struct source *s, struct buf *out)
{
	static enum err (*const next[])(struct source * s, struct buf * out) = {
		[SOURCE_FILE] = whole,
		[SOURCE_MBOX] = one_of_many,
		[SOURCE_BUNDLE] = one_of_bundle,
	};

	buf_reset(out);
	return next[s->form](s, out);
}
