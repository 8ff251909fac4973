#include "base/enc.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <threads.h>

#include "base/log.h"
#include "base/mem.h"

static EVP_MD *sha256;
static once_flag sha256_once = ONCE_FLAG_INIT;

/* Looked up once: for short texts that costs as much as the digest. */
static void find_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void enc_sha256(struct slice in, unsigned char out[SHA256_SIZE])
{
	call_once(&sha256_once, find_sha256);
	if (sha256 == NULL || EVP_Digest(in.p, in.len, out, NULL, sha256, NULL) != 1)
		log_fatal("the library has no SHA-256");
}

const char *enc_sha256_hex(struct slice in, char out[SHA256_HEX_SIZE])
{
	unsigned char digest[SHA256_SIZE];

	enc_sha256(in, digest);
	return enc_hex(digest, sizeof(digest), out);
}

const char *enc_hex(const void *bytes, size_t n, char *out)
{
	return sodium_bin2hex(out, 2 * n + 1, bytes, n);
}

enum err enc_unhex(struct slice s, void *out, size_t size, size_t *len_out)
{
	size_t len;

	if (s.len / 2 > size)
		return ERR_LIMIT;
	if (s.len % 2 != 0 || sodium_hex2bin(out, size, s.p, s.len, NULL, &len, NULL) != 0 ||
	    len != s.len / 2)
		return ERR_SYNTAX;
	*len_out = len;
	return OK;
}

static void encode(struct slice in, struct buf *out, int variant)
{
	size_t size = sodium_base64_encoded_len(in.len, variant);
	char *text = mem_alloc(size);

	(void)sodium_bin2base64(text, size, (const unsigned char *)in.p, in.len,
	                        variant); /* measured */
	buf_add_str(out, text);
	mem_free(text);
}

static enum err decode(struct slice in, struct buf *out, int variant)
{
	size_t size = in.len / 4 * 3 + 3, len;
	unsigned char *bytes = mem_alloc(size);
	bool good = sodium_base642bin(bytes, size, in.p, in.len, NULL, &len, NULL, variant) == 0;

	if (good)
		buf_add(out, slice_of(bytes, len));
	mem_free(bytes);
	return good ? buf_status(out) : ERR_SYNTAX;
}

void enc_base64(struct slice in, struct buf *out)
{
	encode(in, out, sodium_base64_VARIANT_ORIGINAL);
}

void enc_base64url(struct slice in, struct buf *out)
{
	encode(in, out, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum err enc_unbase64(struct slice in, struct buf *out)
{
	return decode(in, out, sodium_base64_VARIANT_ORIGINAL);
}

enum err enc_unbase64url(struct slice in, struct buf *out)
{
	return decode(in, out, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void enc_random_label(char *out, size_t n)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[randombytes_uniform(32)];
	out[n] = '\0';
}
