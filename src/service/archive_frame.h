/*
 * The form of a segment's head and of a record's header.  Pure.
 *
 * A segment: 16 bytes of magic, 16 bytes of nonce, records.  A record: a header of
 * 64 bytes, the hint, the bytes.  Numbers are little-endian.
 */
#ifndef SERVICE_ARCHIVE_FRAME_H
#define SERVICE_ARCHIVE_FRAME_H

#include "service/archive.h"

#define FRAME_SEGMENT_SIZE 32u
#define FRAME_NONCE_SIZE 16u
#define FRAME_HEADER_SIZE 64u
/* The largest whole record. */
#define FRAME_MAX (FRAME_HEADER_SIZE + ARCHIVE_HINT_MAX + ARCHIVE_BYTES_MAX)

extern const char frame_record_magic[4];

struct frame {
	struct archive_record record; /* without hint and bytes */
	size_t hint_len, bytes_len;
	unsigned char check[8];
};

void frame_segment_format(const unsigned char nonce[FRAME_NONCE_SIZE],
                          unsigned char out[FRAME_SEGMENT_SIZE]);
/* The head of a segment at the start of in; ERR_SYNTAX: it is none. */
enum err frame_segment_parse(struct slice in, unsigned char nonce_out[FRAME_NONCE_SIZE]) MUST_USE;

/* r needs all but at and next; offset is where the header will stand. */
void frame_format(const struct archive_record *r, const unsigned char nonce[FRAME_NONCE_SIZE],
                  uint64_t offset, unsigned char out[FRAME_HEADER_SIZE]);
/* Reads the first FRAME_HEADER_SIZE bytes of in.  ERR_SYNTAX: no header, or a bound is passed. */
enum err frame_parse(struct slice in, struct frame *out) MUST_USE;
/*
 * in is the whole record (header, hint, bytes) that f was read from.
 * ERR_CRYPTO: header, hint or bytes are not what was written at offset.
 */
enum err frame_verify(const struct frame *f, struct slice in,
                      const unsigned char nonce[FRAME_NONCE_SIZE], uint64_t offset) MUST_USE;

#endif
