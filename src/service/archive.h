/*
 * The archive: what arrived, byte for byte, in append-only daily segments.
 *
 * The archive is the spool: a report is acknowledged once archive_sync has
 * returned OK for it, and everything later works from here.  One process has an
 * archive open for writing.  Files are DIR/YYYYMMDD.seg; each begins with a head
 * that holds a random nonce, and every record's check covers nonce, offset and
 * header, so that no content can pass for a record, wherever it stands.
 *
 * Promises: positions only grow, also when the clock steps back; a record that
 * was synced is found again; a tail torn by a crash is cut when the archive is
 * opened; damage in the middle costs the damaged record and none behind it.
 * It does not know what the bytes mean.
 */
#ifndef SERVICE_ARCHIVE_H
#define SERVICE_ARCHIVE_H

#include "base/buf.h"
#include "base/enc.h"

#define ARCHIVE_BYTES_MAX (64u << 20) /* of one record; a larger one is ERR_LIMIT */
#define ARCHIVE_HINT_MAX 1024u        /* of its hint; a longer one is cut */

/* How the bytes came in.  The numbers are on disk: never reuse one. */
enum archive_way {
	ARCHIVE_POST = 1,
	ARCHIVE_INGEST = 2,
	ARCHIVE_IMPORT = 3,
	ARCHIVE_SMTP = 4,
	ARCHIVE_LMTP = 5,
	ARCHIVE_MAILBOX = 6, /* polled by IMAP */
	ARCHIVE_WATCH = 7,   /* from a watched folder or mbox file */
};
/* What they claim to be: one report in any packing, or a mail. */
enum archive_kind { ARCHIVE_REPORT = 1, ARCHIVE_MAIL = 2 };

/* A place between records.  day is YYYYMMDD; {0, 0} is before everything. */
struct archive_pos {
	uint32_t day;
	uint64_t offset;
};

/* A record: what it is and where it lies.  hint and bytes belong to whoever gave them. */
struct archive_record {
	enum archive_way way;
	enum archive_kind kind;
	int64_t received;
	struct slice hint; /* the tag of a POST, a file name, intake_envelope.h for SMTP, LMTP */
	struct slice bytes;
	unsigned char sha256[SHA256_SIZE]; /* of bytes */
	struct archive_pos at, next;
};

struct archive_counts {
	uint64_t added, syncs, cut_bytes, damaged;
};

struct archive;

/* <0, 0, >0 in the order of the archive. */
int archive_pos_cmp(struct archive_pos a, struct archive_pos b);

/*
 * Opens or makes the archive in directory dir.  Records before from are known to
 * be whole; from there on the newest segment is read and its torn tail cut.
 * ERR_IO: the operating system said no.
 */
enum err archive_open(const char *dir, struct archive_pos from, struct archive **out) MUST_USE;
void archive_close(struct archive *a); /* NULL does nothing */

/*
 * Appends r (its way, kind, received, hint, bytes and their sha256) and fills its at and next;
 * a record with another sha256 than that of its bytes is not found again.  Not durable, and not
 * seen by archive_next, before archive_sync. ERR_LIMIT: too large.  ERR_IO: nothing was added.
 */
enum err archive_add(struct archive *a, struct archive_record *r) MUST_USE;

/* Where a record received then would be added next.  ERR_IO: its segment cannot be made. */
enum err archive_place(struct archive *a, int64_t received, struct archive_pos *out) MUST_USE;

/*
 * Makes durable all that was added, with one flush; nothing to do costs nothing.
 * ERR_IO: all that was added since the last OK is gone again.
 */
enum err archive_sync(struct archive *a) MUST_USE;

/* Behind the last durable record. */
struct archive_pos archive_end(const struct archive *a);

/*
 * Reads the first durable record at or behind from into *out; hint and bytes point into
 * store, which is replaced.  Damaged stretches are stepped over and counted.
 * ERR_NOTFOUND: nothing there yet.  ERR_IO: a segment could not be read.
 */
enum err archive_next(struct archive *a, struct archive_pos from, struct buf *store,
                      struct archive_record *out) MUST_USE;

/* The record exactly at at.  ERR_NOTFOUND: there is none (any more); ERR_IO as above. */
enum err archive_read(struct archive *a, struct archive_pos at, struct buf *store,
                      struct archive_record *out) MUST_USE;

/* The same without an open archive, beside the process that writes it. */
enum err archive_fetch(const char *dir, struct archive_pos at, struct buf *store,
                       struct archive_record *out) MUST_USE;

struct archive_purge {
	uint64_t segments, bytes;
};

/*
 * Removes the segments of days before day (YYYYMMDD), but never the newest one; dry_run only looks.
 * ERR_IO: not all could be removed; *out counts those that were.
 */
enum err archive_purge(struct archive *a, uint32_t day, bool dry_run,
                       struct archive_purge *out) MUST_USE;

struct archive_counts archive_counts(const struct archive *a);

#endif
