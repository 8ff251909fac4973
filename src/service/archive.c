#include "service/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/utc.h"
#include "service/archive_segment.h"

#define NAME_SIZE 32u
#define PENDING_MAX (1u << 20) /* bytes of small records that are written together */
#define SEGMENTS_MAX 100000u   /* days; far beyond any retention */

struct archive {
	int dir;
	uint32_t *days; /* of the segments there, ascending; the last one is written to */
	size_t day_count;
	struct segment write; /* fd -1: no segment yet */
	struct buf pending;   /* the last of what was added: not in the file yet */
	uint64_t written;     /* end of what was added */
	uint64_t synced;      /* end of what is durable */
	bool lost;            /* a flush between two calls of archive_sync failed */
	struct segment read;
	struct archive_counts counts;
};

int archive_pos_cmp(struct archive_pos a, struct archive_pos b)
{
	if (a.day != b.day)
		return a.day < b.day ? -1 : 1;
	return a.offset < b.offset ? -1 : a.offset > b.offset;
}

static const char *segment_name(uint32_t day, char out[NAME_SIZE])
{
	(void)snprintf(out, NAME_SIZE, "%08u.seg", (unsigned)day); /* always fits */
	return out;
}

/* 0 for a name that is no segment's. */
static uint32_t day_of_name(const char *name)
{
	struct slice s = slice_str(name);
	uint64_t day = 0;

	if (s.len != 12 || !slice_ends(s, S(".seg")) ||
	    num_parse_u64(slice_head(s, 8), 99999999, &day) != OK)
		return 0;
	return (uint32_t)day;
}

static int by_day(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void add_day(struct archive *a, uint32_t day)
{
	a->days = mem_realloc(a->days, (a->day_count + 1) * sizeof(*a->days));
	a->days[a->day_count++] = day;
}

static enum err list_days(struct archive *a)
{
	int fd = openat(a->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd); /* nothing was written to it */
		return ERR_IO;
	}
	while (a->day_count < SEGMENTS_MAX && (entry = readdir(d)) != NULL) {
		if (day_of_name(entry->d_name) != 0)
			add_day(a, day_of_name(entry->d_name));
	}
	(void)closedir(d); /* nothing was written to it */
	if (a->day_count > 1)
		qsort(a->days, a->day_count, sizeof(*a->days), by_day);
	return OK;
}

/* Makes the segment of day with its head durable before any record depends on it. */
static enum err make_segment(struct archive *a, uint32_t day)
{
	char name[NAME_SIZE];
	unsigned char head[FRAME_SEGMENT_SIZE];
	struct segment s = { .day = day };

	randombytes_buf(s.nonce, sizeof(s.nonce));
	frame_segment_format(s.nonce, head);
	s.fd = openat(a->dir, segment_name(day, name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
	              0600);
	if (s.fd < 0)
		return ERR_IO;
	if (pwrite(s.fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) || fsync(s.fd) != 0 ||
	    fsync(a->dir) != 0) {
		segment_close(&s);
		return ERR_IO;
	}
	segment_close(&a->write);
	a->write = s;
	a->written = a->synced = FRAME_SEGMENT_SIZE;
	if (a->day_count == 0 || a->days[a->day_count - 1] != day)
		add_day(a, day);
	return OK;
}

/*
 * Opens the newest segment for writing and cuts its tail.  A head that is not whole was never
 * relied upon when nothing stands behind it; otherwise the file is set aside, not written over.
 */
static enum err open_newest(struct archive *a, struct archive_pos from)
{
	uint32_t day = a->days[a->day_count - 1];
	char name[NAME_SIZE], aside[NAME_SIZE];
	struct segment s;
	uint64_t good = 0;
	enum err e;

	e = segment_open(a->dir, segment_name(day, name), day, true, &s);
	if (e == ERR_AGAIN)
		return make_segment(a, day);
	if (e == ERR_SYNTAX) {
		(void)snprintf(aside, sizeof(aside), "%08u.damaged", (unsigned)day);
		a->counts.damaged++;
		return renameat(a->dir, name, a->dir, aside) == 0 ? make_segment(a, day) : ERR_IO;
	}
	if (e == OK)
		e = segment_last(&s, from.day == day ? from.offset : 0, &good);
	if (e != OK)
		return e;
	if (good < s.size) {
		a->counts.cut_bytes += s.size - good;
		if (ftruncate(s.fd, (off_t)good) != 0 || fdatasync(s.fd) != 0) {
			segment_close(&s);
			return ERR_IO;
		}
	}
	a->write = s;
	a->written = a->synced = good;
	return OK;
}

enum err archive_open(const char *dir, struct archive_pos from, struct archive **out)
{
	struct archive *a = mem_alloc(sizeof(*a));
	enum err e = ERR_IO;

	a->write.fd = a->read.fd = -1;
	buf_init(&a->pending, PENDING_MAX);
	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		a->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		a->dir = -1;
	if (a->dir >= 0)
		e = list_days(a);
	if (e == OK && a->day_count > 0)
		e = open_newest(a, from);
	if (e != OK) {
		archive_close(a);
		return e;
	}
	*out = a;
	return OK;
}

void archive_close(struct archive *a)
{
	if (a == NULL)
		return;
	segment_close(&a->write);
	segment_close(&a->read);
	if (a->dir >= 0)
		(void)close(a->dir); /* nothing was written to it */
	buf_fini(&a->pending);
	mem_free(a->days);
	mem_free(a);
}

/* Takes back what was written behind end. */
static void cut_back(struct archive *a, uint64_t end)
{
	/* If the system refuses this as well, the check of the next open does it. */
	(void)!ftruncate(a->write.fd, (off_t)end);
	buf_reset(&a->pending);
	a->written = end;
}

/* The segment that a record of this time belongs to: never an older one than the newest. */
static enum err choose_segment(struct archive *a, int64_t received)
{
	struct utc_date d = utc_civil(received);
	uint32_t day = 19700101;

	if (d.year >= 1970 && d.year <= 9999)
		day = (uint32_t)d.year * 10000 + d.month * 100 + d.day;
	if (a->write.fd >= 0 && day <= a->write.day)
		return OK;
	/* Whoever waits for the old segment's records must hear of it from archive_sync. */
	if (archive_sync(a) != OK) {
		a->lost = true;
		return ERR_IO;
	}
	return make_segment(a, day);
}

static enum err write_all(int fd, struct iovec *part, int count, uint64_t offset)
{
	while (count > 0) {
		ssize_t n = pwritev(fd, part, count, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		offset += (uint64_t)n;
		while (count > 0 && (size_t)n >= part->iov_len) {
			n -= (ssize_t)part->iov_len;
			part++;
			count--;
		}
		if (count > 0) {
			part->iov_base = (char *)part->iov_base + n;
			part->iov_len -= (size_t)n;
		}
	}
	return OK;
}

/* Writes what waits.  On failure nothing that was added since the last flush can be kept. */
static enum err write_pending(struct archive *a)
{
	struct iovec part = segment_iovec(buf_slice(&a->pending));

	if (a->pending.len == 0)
		return OK;
	if (write_all(a->write.fd, &part, 1, a->written - a->pending.len) != OK) {
		a->lost = true;
		return ERR_IO;
	}
	buf_reset(&a->pending);
	return OK;
}

/* A record's three parts: small ones wait for others. */
static enum err put(struct archive *a, const struct slice *parts, size_t size)
{
	struct iovec list[3];

	if (size > PENDING_MAX - a->pending.len && write_pending(a) != OK)
		return ERR_IO;
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		list[i] = segment_iovec(parts[i]);
		if (size <= PENDING_MAX)
			buf_add(&a->pending, parts[i]);
	}
	if (size > PENDING_MAX && write_all(a->write.fd, list, 3, a->written) != OK) {
		cut_back(a, a->written);
		return ERR_IO;
	}
	a->written += size;
	return OK;
}

enum err archive_add(struct archive *a, struct archive_record *r)
{
	unsigned char header[FRAME_HEADER_SIZE];
	struct archive_record full = *r;
	struct slice parts[3];

	if (r->bytes.len > ARCHIVE_BYTES_MAX)
		return ERR_LIMIT;
	if (choose_segment(a, r->received) != OK)
		return ERR_IO;
	full.hint = slice_head(r->hint, ARCHIVE_HINT_MAX);
	frame_format(&full, a->write.nonce, a->written, header);
	parts[0] = slice_of(header, sizeof(header));
	parts[1] = full.hint;
	parts[2] = full.bytes;
	full.at = (struct archive_pos){ a->write.day, a->written };
	if (put(a, parts, sizeof(header) + full.hint.len + full.bytes.len) != OK)
		return ERR_IO;
	full.next = (struct archive_pos){ a->write.day, a->written };
	a->counts.added++;
	*r = full;
	return OK;
}

enum err archive_place(struct archive *a, int64_t received, struct archive_pos *out)
{
	if (choose_segment(a, received) != OK)
		return ERR_IO;
	*out = (struct archive_pos){ a->write.day, a->written };
	return OK;
}

enum err archive_sync(struct archive *a)
{
	if (!a->lost && a->written == a->synced)
		return OK;
	a->counts.syncs++;
	if (a->lost || write_pending(a) != OK || fdatasync(a->write.fd) != 0) {
		a->lost = false;
		cut_back(a, a->synced);
		return ERR_IO;
	}
	a->synced = a->written;
	return OK;
}

struct archive_pos archive_end(const struct archive *a)
{
	if (a->write.fd < 0)
		return (struct archive_pos){ 0, 0 };
	return (struct archive_pos){ a->write.day, a->synced };
}

/* The first segment of this day or a later one; 0: none. */
static uint32_t first_day(const struct archive *a, uint32_t day)
{
	for (size_t i = 0; i < a->day_count; i++) {
		if (a->days[i] >= day)
			return a->days[i];
	}
	return 0;
}

/* Puts the segment of day into a->read, up to what is durable in it. */
static enum err read_segment(struct archive *a, uint32_t day)
{
	char name[NAME_SIZE];
	struct segment s;
	enum err e;

	if (a->read.fd < 0 || a->read.day != day) {
		e = segment_open(a->dir, segment_name(day, name), day, false, &s);
		if (e != OK)
			return e == ERR_NOTFOUND ? ERR_NOTFOUND : ERR_IO;
		segment_close(&a->read);
		a->read = s;
	}
	if (day == a->write.day)
		a->read.size = a->synced;
	return OK;
}

enum err archive_next(struct archive *a, struct archive_pos from, struct buf *store,
                      struct archive_record *out)
{
	uint32_t day = first_day(a, from.day);
	uint64_t offset = day == from.day ? from.offset : 0;
	enum err e;

	while (day != 0) {
		e = read_segment(a, day);
		if (e == OK)
			e = segment_next(&a->read, offset, store, &a->counts.damaged, out);
		if (e == OK || (e == ERR_NOTFOUND && day == a->write.day))
			return e;
		if (e != ERR_NOTFOUND)
			a->counts.damaged++; /* a whole segment cannot be read; go on behind it */
		day = first_day(a, day + 1);
		offset = 0;
	}
	return ERR_NOTFOUND;
}

enum err archive_read(struct archive *a, struct archive_pos at, struct buf *store,
                      struct archive_record *out)
{
	enum err e = at.day == 0 ? ERR_NOTFOUND : read_segment(a, at.day);

	return e == OK ? segment_read(&a->read, at.offset, store, out) : e;
}

enum err archive_fetch(const char *dir, struct archive_pos at, struct buf *store,
                       struct archive_record *out)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_SIZE];
	struct segment s;
	enum err e;

	if (fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	e = segment_open(fd, segment_name(at.day, name), at.day, false, &s);
	(void)close(fd); /* only looked in */
	if (e != OK)
		return e == ERR_NOTFOUND ? ERR_NOTFOUND : ERR_IO;
	e = segment_read(&s, at.offset, store, out);
	segment_close(&s);
	return e;
}

/* Removes one segment, or looks at it. */
static enum err purge_one(struct archive *a, uint32_t day, bool dry_run, struct archive_purge *out)
{
	char name[NAME_SIZE];
	struct stat st;

	if (fstatat(a->dir, segment_name(day, name), &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? OK : ERR_IO;
	if (!dry_run && a->read.fd >= 0 && a->read.day == day)
		segment_close(&a->read);
	if (!dry_run && unlinkat(a->dir, name, 0) != 0)
		return ERR_IO;
	out->segments++;
	out->bytes += (uint64_t)st.st_size;
	return OK;
}

enum err archive_purge(struct archive *a, uint32_t day, bool dry_run, struct archive_purge *out)
{
	struct archive_purge done = { 0 };
	size_t n = 0;
	enum err e = OK;

	while (n + 1 < a->day_count && a->days[n] < day &&
	       (e = purge_one(a, a->days[n], dry_run, &done)) == OK)
		n++;
	if (!dry_run && n > 0) {
		memmove(a->days, a->days + n, (a->day_count - n) * sizeof(*a->days));
		a->day_count -= n;
		if (fsync(a->dir) != 0)
			e = ERR_IO;
	}
	*out = done;
	return e;
}

struct archive_counts archive_counts(const struct archive *a)
{
	return a->counts;
}
