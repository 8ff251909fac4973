#include "service/archive_frame.h"

#include <sodium.h>

const char frame_record_magic[4] = { 'M', 'X', 'R', '1' };
static const char segment_magic[16] = { 'm', 'x', 's', 'e', 'a', 'l', ' ', 'a',
	                                'r', 'c', 'h', 'i', 'v', 'e', ' ', '1' };

#define CHECK_SIZE 8u
#define CHECKED (FRAME_HEADER_SIZE - CHECK_SIZE)

/* Writes the low n bytes of v, lowest first. */
static void put(unsigned char *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = n; i > 0; i--)
		v = v << 8 | p[i - 1];
	return v;
}

void frame_segment_format(const unsigned char nonce[FRAME_NONCE_SIZE],
                          unsigned char out[FRAME_SEGMENT_SIZE])
{
	memcpy(out, segment_magic, sizeof(segment_magic));
	memcpy(out + sizeof(segment_magic), nonce, FRAME_NONCE_SIZE);
}

enum err frame_segment_parse(struct slice in, unsigned char nonce_out[FRAME_NONCE_SIZE])
{
	if (in.len < FRAME_SEGMENT_SIZE || memcmp(in.p, segment_magic, sizeof(segment_magic)) != 0)
		return ERR_SYNTAX;
	memcpy(nonce_out, in.p + sizeof(segment_magic), FRAME_NONCE_SIZE);
	return OK;
}

/* The first bytes of a digest over where the record stands and all it says of itself. */
static void check_of(const unsigned char *header, struct slice hint,
                     const unsigned char nonce[FRAME_NONCE_SIZE], uint64_t offset,
                     unsigned char out[CHECK_SIZE])
{
	crypto_hash_sha256_state state;
	unsigned char where[8], digest[SHA256_SIZE];

	put(where, offset, sizeof(where));
	(void)crypto_hash_sha256_init(&state); /* these four cannot fail */
	(void)crypto_hash_sha256_update(&state, nonce, FRAME_NONCE_SIZE);
	(void)crypto_hash_sha256_update(&state, where, sizeof(where));
	(void)crypto_hash_sha256_update(&state, header, CHECKED);
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)hint.p, hint.len);
	(void)crypto_hash_sha256_final(&state, digest);
	memcpy(out, digest, CHECK_SIZE);
}

void frame_format(const struct archive_record *r, const unsigned char nonce[FRAME_NONCE_SIZE],
                  uint64_t offset, unsigned char out[FRAME_HEADER_SIZE])
{
	memcpy(out, frame_record_magic, sizeof(frame_record_magic));
	put(out + 4, (unsigned)r->way, 1);
	put(out + 5, (unsigned)r->kind, 1);
	put(out + 6, r->hint.len, 2);
	put(out + 8, r->bytes.len, 4);
	put(out + 12, 0, 4);
	put(out + 16, (uint64_t)r->received, 8);
	memcpy(out + 24, r->sha256, SHA256_SIZE);
	check_of(out, r->hint, nonce, offset, out + CHECKED);
}

enum err frame_parse(struct slice in, struct frame *out)
{
	const unsigned char *p = (const unsigned char *)in.p;
	struct frame f = { 0 };

	if (in.len < FRAME_HEADER_SIZE ||
	    memcmp(p, frame_record_magic, sizeof(frame_record_magic)) != 0)
		return ERR_SYNTAX;
	f.record.way = (enum archive_way)p[4];
	f.record.kind = (enum archive_kind)p[5];
	f.hint_len = (size_t)get(p + 6, 2);
	f.bytes_len = (size_t)get(p + 8, 4);
	f.record.received = (int64_t)get(p + 16, 8);
	memcpy(f.record.sha256, p + 24, SHA256_SIZE);
	memcpy(f.check, p + CHECKED, CHECK_SIZE);
	if (f.hint_len > ARCHIVE_HINT_MAX || f.bytes_len > ARCHIVE_BYTES_MAX)
		return ERR_SYNTAX;
	*out = f;
	return OK;
}

enum err frame_verify(const struct frame *f, struct slice in,
                      const unsigned char nonce[FRAME_NONCE_SIZE], uint64_t offset)
{
	struct slice hint = slice_head(slice_skip(in, FRAME_HEADER_SIZE), f->hint_len);
	unsigned char check[CHECK_SIZE], digest[SHA256_SIZE];

	if (in.len != FRAME_HEADER_SIZE + f->hint_len + f->bytes_len)
		return ERR_CRYPTO;
	check_of((const unsigned char *)in.p, hint, nonce, offset, check);
	if (memcmp(check, f->check, CHECK_SIZE) != 0)
		return ERR_CRYPTO;
	enc_sha256(slice_skip(in, FRAME_HEADER_SIZE + f->hint_len), digest);
	return memcmp(digest, f->record.sha256, SHA256_SIZE) == 0 ? OK : ERR_CRYPTO;
}
