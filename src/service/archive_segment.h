/* One segment file of the archive: opening it and finding records in it. */
#ifndef SERVICE_ARCHIVE_SEGMENT_H
#define SERVICE_ARCHIVE_SEGMENT_H

#include <sys/uio.h>

#include "service/archive_frame.h"

struct segment {
	int fd; /* -1: none */
	uint32_t day;
	uint64_t size; /* records are looked for below this */
	unsigned char nonce[FRAME_NONCE_SIZE];
};

/*
 * ERR_NOTFOUND: no such file.  ERR_AGAIN: shorter than a head, nothing in it.
 * ERR_SYNTAX: no segment's head.  ERR_IO.
 */
enum err segment_open(int dir, const char *name, uint32_t day, bool writing,
                      struct segment *out) MUST_USE;
void segment_close(struct segment *s);

/*
 * The record that starts at offset; hint and bytes of *out point into store.
 * ERR_NOTFOUND: none that is whole and unchanged.  ERR_IO.
 */
enum err segment_read(const struct segment *s, uint64_t offset, struct buf *store,
                      struct archive_record *out) MUST_USE;

/*
 * The first record at or behind from.  *damaged grows by one for each stretch stepped over
 * on the way to a further record.  ERR_NOTFOUND: none.  ERR_IO.
 */
enum err segment_next(const struct segment *s, uint64_t from, struct buf *store, uint64_t *damaged,
                      struct archive_record *out) MUST_USE;

/* The end of the last record; from is a place between records, or 0.  ERR_IO. */
enum err segment_last(const struct segment *s, uint64_t from, uint64_t *end_out) MUST_USE;

/* pwritev takes pointers to non-const; it does not write through them. */
struct iovec segment_iovec(struct slice s);

#endif
