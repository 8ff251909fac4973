/*
 * A signer for tests: keys made on the spot and DKIM-Signature fields for any message.  It uses
 * the program's canonical forms; other programs' opinions are asked in tests/dkim.
 */
#ifndef TESTS_UNIT_DKIM_SIGN_H
#define TESTS_UNIT_DKIM_SIGN_H

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "base/enc.h"
#include "base/mem.h"
#include "wire/dkim_canon.h"

#define SIGN_MAX (1u << 20)

struct signer {
	EVP_PKEY *key;
	bool ed25519;
	char record[2048]; /* the TXT record: "v=DKIM1; k=...; p=..." */
};

__attribute__((unused)) static struct signer signer_new(unsigned rsa_bits)
{
	struct signer s = { .ed25519 = rsa_bits == 0 };
	unsigned char *der = NULL;
	struct buf text;
	int n = 0;

	buf_init(&text, sizeof(s.record) - 1);
	s.key = s.ed25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
	                  : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits);
	if (s.ed25519) {
		size_t len = 32;
		der = OPENSSL_malloc(len);
		n = EVP_PKEY_get_raw_public_key(s.key, der, &len) == 1 ? 32 : 0;
	} else {
		n = i2d_PUBKEY(s.key, &der);
	}
	buf_printf(&text, "v=DKIM1; k=%s; p=", s.ed25519 ? "ed25519" : "rsa");
	enc_base64(slice_of(der, (size_t)n), &text);
	memcpy(s.record, buf_str(&text), text.len + 1);
	buf_fini(&text);
	OPENSSL_free(der);
	return s;
}

static void signer_feed(void *arg, struct slice piece)
{
	buf_add(arg, piece);
}

/* The fields of h= as they stand in header, each at most once, in the order of h=. */
static void signer_fields(struct slice header, struct slice names, enum dkim_canon c,
                          struct buf *out)
{
	struct slice all = names, name;

	while (dkim_item_next(&names, &name)) {
		struct slice rest = header;
		/* A name again stands for a further field of that name: there is none. */
		if (dkim_names_have(slice_head(all, (size_t)(name.p - all.p)), name))
			continue;
		while (rest.len > 0) {
			size_t end = 0;
			do {
				size_t n = slice_find(slice_skip(rest, end), '\n');
				end = n == SIZE_MAX ? rest.len : end + n + 1;
			} while (end < rest.len && (rest.p[end] == ' ' || rest.p[end] == '\t'));
			struct slice field = slice_head(rest, end - 2);
			size_t colon = slice_find(field, ':');
			if (slice_eq_i(slice_head(field, colon), name)) {
				dkim_canon_field(field, c, true, signer_feed, out);
				break;
			}
			rest = slice_skip(rest, end);
		}
	}
}

static void signer_sign(const struct signer *s, struct slice input, struct buf *out)
{
	unsigned char sig[1024], digest[SHA256_SIZE];
	size_t len = sizeof(sig);
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	enc_sha256(input, digest);
	if (s->ed25519) {
		(void)EVP_DigestSignInit(md, NULL, NULL, NULL, s->key);
		(void)EVP_DigestSign(md, sig, &len, digest, sizeof(digest));
	} else {
		(void)EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, s->key);
		(void)EVP_DigestSign(md, sig, &len, (const unsigned char *)input.p, input.len);
	}
	EVP_MD_CTX_free(md);
	enc_base64(slice_of(sig, len), out);
}

/*
 * Appends a whole signed message to out.  tags: all but a=, c=, bh= and b=, with its h=, as
 * "d=a.example; s=k; h=From:To"; header ends with CRLF and has no empty line.
 */
__attribute__((unused)) static void signer_message(const struct signer *s, const char *tags,
                                                   enum dkim_canon hc, enum dkim_canon bc,
                                                   struct slice header, struct slice body,
                                                   struct buf *out)
{
	static const char *const names[] = { "simple", "relaxed" };
	unsigned char digest[SHA256_SIZE];
	struct buf canon, field, input;
	struct dkim_tags t;

	buf_init(&canon, SIGN_MAX);
	buf_init(&field, SIGN_MAX);
	buf_init(&input, SIGN_MAX);
	dkim_canon_body(body, bc, signer_feed, &canon);
	enc_sha256(buf_slice(&canon), digest);
	buf_printf(&field, "DKIM-Signature: v=1; a=%s; c=%s/%s;\r\n\t%s; bh=",
	           s->ed25519 ? "ed25519-sha256" : "rsa-sha256", names[hc], names[bc], tags);
	enc_base64(slice_of(digest, sizeof(digest)), &field);
	buf_add_str(&field, "; b=");
	(void)!dkim_tags_parse(slice_str(tags), &t);
	signer_fields(header, dkim_tags_value(&t, "h", S("")), hc, &input);
	dkim_canon_field(buf_slice(&field), hc, false, signer_feed, &input);
	signer_sign(s, buf_slice(&input), &field);
	buf_add(out, buf_slice(&field));
	buf_add_str(out, "\r\n");
	buf_add(out, header);
	buf_add_str(out, "\r\n");
	buf_add(out, body);
	buf_fini(&canon);
	buf_fini(&field);
	buf_fini(&input);
}

#endif
