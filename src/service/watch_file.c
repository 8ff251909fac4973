#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "service/intake_source.h"
#include "service/watch_internal.h"

int64_t watch_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

enum watch_kind watch_kind_of(const char *name)
{
	static const struct {
		const char *suffix;
		enum watch_kind kind;
	} rows[] = {
		/* DMARC reports are saved beside the others. */
		{ ".xml.gz", WATCH_NOTHING }, { ".xml.zip", WATCH_NOTHING },
		{ ".json", WATCH_REPORT },    { ".gz", WATCH_REPORT },
		{ ".zip", WATCH_REPORT },     { ".eml", WATCH_MAIL },
		{ ".mbox", WATCH_MBOX },
	};

	for (size_t i = 0; name[0] != '.' && i < ARRAY_LEN(rows); i++)
		if (slice_ends_i(slice_str(name), slice_str(rows[i].suffix)))
			return rows[i].kind;
	return WATCH_NOTHING;
}

void watch_pass_over(struct watch *w, const char *name, const char *words)
{
	w->row.skipped++;
	w->dirty = true;
	(void)snprintf(w->note, sizeof(w->note), "%s was passed over: %s", name, words); /* cut */
	log_warn("a file in a watched path was passed over", F("path", w->path), F("file", name),
	         F("reason", words));
}

enum err watch_give(struct watch *w)
{
	size_t n = w->parcel_count;
	enum err e;

	w->parcel_count = w->parcel_bytes = 0;
	if (n == 0)
		return OK;
	e = supply_give(w->supply, w->parcels, n);
	w->row.looked += (int64_t)n;
	w->dirty = true;
	for (size_t i = 0; e == OK && i < n; i++)
		w->row.taken += w->parcels[i].counts.reports > 0;
	return e;
}

/* A bare report was put there by somebody who may write there; a mail has its signature. */
static enum err gather(struct watch *w, const char *name, enum watch_kind kind, struct item *it)
{
	enum err e = OK;

	it->record.way = kind == WATCH_REPORT ? ARCHIVE_IMPORT : ARCHIVE_WATCH;
	it->record.kind = kind == WATCH_REPORT ? ARCHIVE_REPORT : ARCHIVE_MAIL;
	it->record.hint = arena_copy(it->arena, slice_head(slice_str(name), ARCHIVE_HINT_MAX));
	if (w->parcel_count == SUPPLY_PARCELS_MAX ||
	    (w->parcel_count > 0 && w->parcel_bytes + it->store.len > SUPPLY_BYTES_MAX))
		e = watch_give(w);
	w->parcels[w->parcel_count++] = (struct supply_parcel){ .item = it };
	w->parcel_bytes += it->store.len;
	return e;
}

enum err watch_read(struct watch *w, int fd, const char *name, enum watch_kind kind,
                    uint64_t offset, uint64_t *end_out)
{
	bool many = kind == WATCH_MBOX;
	struct source source;
	enum err e = OK, given = OK;

	if (source_init(&source, fd, many,
	                kind == WATCH_REPORT ? ARCHIVE_BYTES_MAX : SOURCE_MAIL_MAX, true) != OK) {
		(void)close(fd); /* only opened */
		return OK;       /* no regular file any more */
	}
	source.offset = offset;
	while (given == OK && !supply_must_end(w->supply)) {
		struct item *it = item_new(ITEM_IMPORT);

		e = source_next(&source, &it->store);
		if (e == OK) {
			given = gather(w, name, kind, it);
			continue;
		}
		item_free(it);
		if (e == ERR_LIMIT)
			watch_pass_over(w, name, "a message or file in it is too large");
		else
			break;
	}
	if (e == ERR_IO)
		watch_pass_over(w, name, "it cannot be read");
	if (end_out != NULL)
		*end_out = source.offset;
	source_fini(&source);
	return supply_must_end(w->supply) ? ERR_UNAVAILABLE : given;
}

/* Where in the file something new begins: behind what is done, when that is still so. */
static uint64_t start_of(const struct watch *w, int fd, const struct stat *st)
{
	char head[5];

	if (w->row.mark != (int64_t)st->st_ino || w->row.place > st->st_size)
		return 0;
	if (w->row.place == 0 ||
	    pread(fd, head, sizeof(head), (off_t)w->row.place) != (ssize_t)sizeof(head))
		return (uint64_t)w->row.place;
	return memcmp(head, "From ", sizeof(head)) == 0 ? (uint64_t)w->row.place : 0;
}

enum err watch_mbox(struct watch *w, const struct stat *st, int64_t now_ns)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int64_t changed = watch_ns(st->st_mtim);
	uint64_t end = 0;
	enum err e;
	int fd;

	if (w->row.mark == (int64_t)st->st_ino && w->row.place == st->st_size)
		return OK;
	if (changed <= now_ns && now_ns - changed < WATCH_REST_NS)
		return OK;
	fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		(void)snprintf(w->why, sizeof(w->why), "%s", strerror(errno)); /* fits */
		return OK;
	}
	if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		(void)close(fd); /* somebody delivers; the next look is soon */
		return OK;
	}
	e = watch_read(w, fd, w->path, WATCH_MBOX, start_of(w, fd, st), &end);
	if (e == OK)
		e = watch_give(w);
	if (e == OK) {
		w->row.mark = (int64_t)st->st_ino;
		w->row.place = (int64_t)end;
		w->dirty = true;
	}
	return e;
}
