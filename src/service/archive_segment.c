#include "service/archive_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define LOOK_SIZE (64u << 10) /* bytes looked through at once for the next header */

struct iovec segment_iovec(struct slice s)
{
	union {
		const void *in;
		void *out;
	} cast = { .in = s.p };

	return (struct iovec){ cast.out, s.len };
}

/* As many of size bytes as the file has at offset.  ERR_IO. */
static enum err read_at(int fd, void *buf, size_t size, uint64_t offset, size_t *got_out)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = pread(fd, (char *)buf + got, size - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*got_out = got;
	return OK;
}

enum err segment_open(int dir, const char *name, uint32_t day, bool writing, struct segment *out)
{
	struct segment s = { .day = day };
	unsigned char head[FRAME_SEGMENT_SIZE];
	struct stat st;
	size_t got = 0;
	enum err e = ERR_IO;

	s.fd = openat(dir, name, (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (s.fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	if (fstat(s.fd, &st) == 0 && read_at(s.fd, head, sizeof(head), 0, &got) == OK) {
		s.size = (uint64_t)st.st_size;
		e = got < sizeof(head) ? ERR_AGAIN
		                       : frame_segment_parse(slice_of(head, got), s.nonce);
	}
	if (e != OK) {
		segment_close(&s);
		return e;
	}
	*out = s;
	return OK;
}

void segment_close(struct segment *s)
{
	if (s->fd >= 0)
		(void)close(s->fd); /* what had to be durable was flushed */
	s->fd = -1;
}

enum err segment_read(const struct segment *s, uint64_t offset, struct buf *store,
                      struct archive_record *out)
{
	unsigned char header[FRAME_HEADER_SIZE];
	struct slice whole;
	struct frame f;
	size_t got = 0, size;
	enum err e;

	if (offset > s->size || s->size - offset < sizeof(header))
		return ERR_NOTFOUND;
	e = read_at(s->fd, header, sizeof(header), offset, &got);
	if (e != OK)
		return e;
	if (frame_parse(slice_of(header, got), &f) != OK)
		return ERR_NOTFOUND;
	size = FRAME_HEADER_SIZE + f.hint_len + f.bytes_len;
	if (s->size - offset < size)
		return ERR_NOTFOUND;
	buf_fini(store);
	buf_init(store, FRAME_MAX);
	store->p = mem_realloc(store->p, size);
	store->cap = size;
	e = read_at(s->fd, store->p, size, offset, &store->len);
	if (e != OK)
		return e;
	whole = buf_slice(store);
	if (frame_verify(&f, whole, s->nonce, offset) != OK)
		return ERR_NOTFOUND;
	f.record.hint = slice_of(whole.p + FRAME_HEADER_SIZE, f.hint_len);
	f.record.bytes = slice_skip(whole, FRAME_HEADER_SIZE + f.hint_len);
	f.record.at = (struct archive_pos){ s->day, offset };
	f.record.next = (struct archive_pos){ s->day, offset + size };
	*out = f.record;
	return OK;
}

/* The next place at or behind *at that could be a header.  ERR_NOTFOUND, ERR_IO. */
static enum err find_header(const struct segment *s, uint64_t *at)
{
	char *look = mem_alloc(LOOK_SIZE);
	struct slice magic = { frame_record_magic, sizeof(frame_record_magic) };
	enum err e = ERR_NOTFOUND;
	uint64_t from = *at;
	size_t got = 0, found;

	while (from < s->size) {
		e = read_at(s->fd, look, LOOK_SIZE, from, &got);
		if (e != OK)
			break;
		found = slice_find_slice(slice_of(look, got), magic);
		if (found != SIZE_MAX) {
			*at = from + found;
			break;
		}
		e = ERR_NOTFOUND;
		if (got < LOOK_SIZE)
			break;
		from += LOOK_SIZE - sizeof(frame_record_magic) + 1;
	}
	mem_free(look);
	return e;
}

enum err segment_next(const struct segment *s, uint64_t from, struct buf *store, uint64_t *damaged,
                      struct archive_record *out)
{
	uint64_t at = from < FRAME_SEGMENT_SIZE ? FRAME_SEGMENT_SIZE : from;
	bool skipped = false;
	enum err e;

	while ((e = segment_read(s, at, store, out)) == ERR_NOTFOUND) {
		skipped = true;
		at++;
		e = find_header(s, &at);
		if (e != OK)
			return e;
	}
	if (e == OK && skipped)
		(*damaged)++;
	return e;
}

enum err segment_last(const struct segment *s, uint64_t from, uint64_t *end_out)
{
	uint64_t end = from < FRAME_SEGMENT_SIZE ? FRAME_SEGMENT_SIZE : from, damaged = 0;
	struct archive_record r;
	struct buf store;
	enum err e;

	buf_init(&store, FRAME_MAX);
	/* A place beyond the file: records that the database has seen are gone; keep what is there.
	 */
	if (end > s->size)
		end = FRAME_SEGMENT_SIZE;
	while ((e = segment_next(s, end, &store, &damaged, &r)) == OK)
		end = r.next.offset;
	buf_fini(&store);
	if (e != ERR_NOTFOUND)
		return e;
	*end_out = end;
	return OK;
}
