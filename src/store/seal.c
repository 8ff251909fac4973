#include "store/seal.h"

#include <sodium.h>

#include "base/mem.h"

#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define NAME_PART_MAX 1024u

_Static_assert(NONCE_SIZE + TAG_SIZE == SEAL_OVERHEAD, "the header states the overhead");
_Static_assert(SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "size of a key");

static void add_number(struct buf *b, uint64_t n)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		buf_add_char(b, (char)(unsigned char)(n >> shift));
}

/* Lengths stand before the parts, so that no two names give the same bytes. */
static void add_name(struct buf *b, const struct seal_name *name)
{
	buf_add_str(b, "mxseal seal 1");
	add_number(b, (uint64_t)name->tenant);
	add_number(b, name->domain.len);
	buf_add(b, name->domain);
	add_number(b, name->fingerprint.len);
	buf_add(b, name->fingerprint);
}

static const unsigned char *bytes(struct slice s)
{
	return (const unsigned char *)s.p;
}

enum err seal_wrap(const unsigned char key[SEAL_KEY_SIZE], const struct seal_name *name,
                   struct slice secret, struct buf *out)
{
	unsigned char nonce[NONCE_SIZE];
	struct buf ad;

	if (secret.len > SEAL_SECRET_MAX)
		return ERR_LIMIT;
	buf_init(&ad, NAME_PART_MAX);
	add_name(&ad, name);
	enum err e = buf_status(&ad);
	if (e == OK) {
		unsigned char *sealed = mem_alloc(secret.len + TAG_SIZE);
		struct slice a = buf_slice(&ad);

		randombytes_buf(nonce, sizeof(nonce));
		/* Documented to give 0 always. */
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		        sealed, NULL, bytes(secret), secret.len, bytes(a), a.len, NULL, nonce, key);
		buf_add(out, slice_of(nonce, sizeof(nonce)));
		buf_add(out, slice_of(sealed, secret.len + TAG_SIZE));
		e = buf_status(out);
		mem_free(sealed);
	}
	buf_fini(&ad);
	return e;
}

static enum err unwrap(const unsigned char key[SEAL_KEY_SIZE], struct slice ad, struct slice sealed,
                       struct buf *out)
{
	struct slice box = slice_skip(sealed, NONCE_SIZE);
	size_t size = box.len - TAG_SIZE;
	unsigned char *secret = mem_alloc(size);
	enum err e = ERR_CRYPTO;

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(secret, NULL, NULL, bytes(box), box.len,
	                                               bytes(ad), ad.len, bytes(sealed),
	                                               key) == 0) {
		buf_add(out, slice_of(secret, size));
		e = buf_status(out);
	}
	mem_wipe(secret, size);
	mem_free(secret);
	return e;
}

enum err seal_unwrap(const unsigned char key[SEAL_KEY_SIZE], const struct seal_name *name,
                     struct slice sealed, struct buf *out)
{
	struct buf ad;

	if (sealed.len > SEAL_SECRET_MAX + SEAL_OVERHEAD)
		return ERR_LIMIT;
	if (sealed.len < SEAL_OVERHEAD)
		return ERR_CRYPTO;
	buf_init(&ad, NAME_PART_MAX);
	add_name(&ad, name);
	enum err e = buf_status(&ad);
	if (e == OK)
		e = unwrap(key, buf_slice(&ad), sealed, out);
	buf_fini(&ad);
	return e;
}
