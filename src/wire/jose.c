#include "wire/jose.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>

#include "base/enc.h"
#include "base/mem.h"
#include "wire/json.h"

#define COORDINATE 32u
#define KEY_DER_MAX 512
#define SIGNATURE_DER_MAX 80u
#define JWK_MAX 256u

EVP_PKEY *jose_key_new(void)
{
	return EVP_EC_gen("P-256");
}

static bool is_p256(const EVP_PKEY *key)
{
	char group[64] = "";

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	       strcmp(group, SN_X9_62_prime256v1) == 0;
}

enum err jose_key_format(const EVP_PKEY *key, struct buf *out)
{
	unsigned char *der = NULL;
	int n = is_p256(key) ? i2d_PrivateKey(key, &der) : 0;

	if (n <= 0)
		return ERR_SYNTAX;
	buf_add(out, slice_of(der, (size_t)n));
	OPENSSL_clear_free(der, (size_t)n);
	return buf_status(out);
}

enum err jose_key_parse(struct slice der, EVP_PKEY **out)
{
	const unsigned char *p = (const unsigned char *)der.p;
	EVP_PKEY *key =
	        der.len > KEY_DER_MAX ? NULL : d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, (long)der.len);

	if (key == NULL || p != (const unsigned char *)der.p + der.len || !is_p256(key)) {
		EVP_PKEY_free(key);
		return ERR_SYNTAX;
	}
	*out = key;
	return OK;
}

/* One coordinate of the public point, left-padded: RFC 7518, 6.2.1.2. */
static enum err add_coordinate(const EVP_PKEY *key, const char *which, struct buf *out)
{
	unsigned char bytes[COORDINATE];
	BIGNUM *n = NULL;
	enum err e = ERR_CRYPTO;

	if (EVP_PKEY_get_bn_param(key, which, &n) == 1 &&
	    BN_bn2binpad(n, bytes, sizeof(bytes)) == (int)sizeof(bytes)) {
		enc_base64url(slice_of(bytes, sizeof(bytes)), out);
		e = buf_status(out);
	}
	BN_free(n);
	return e;
}

enum err jose_jwk(const EVP_PKEY *key, struct buf *out)
{
	enum err e;

	buf_add_str(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	e = add_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, out);
	buf_add_str(out, "\",\"y\":\"");
	if (e == OK)
		e = add_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, out);
	buf_add_str(out, "\"}");
	return e == OK ? buf_status(out) : e;
}

enum err jose_thumbprint(const EVP_PKEY *key, char out[JOSE_THUMBPRINT_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	struct buf jwk, text;
	enum err e;

	buf_init(&jwk, JWK_MAX);
	buf_init(&text, JOSE_THUMBPRINT_SIZE);
	e = jose_jwk(key, &jwk);
	if (e == OK) {
		enc_sha256(buf_slice(&jwk), digest);
		enc_base64url(slice_of(digest, sizeof(digest)), &text);
		memcpy(out, buf_str(&text), JOSE_THUMBPRINT_SIZE);
	}
	buf_fini(&jwk);
	buf_fini(&text);
	return e;
}

enum err jose_key_authorization(const EVP_PKEY *key, struct slice token, struct buf *out)
{
	char thumbprint[JOSE_THUMBPRINT_SIZE];
	enum err e = jose_thumbprint(key, thumbprint);

	if (e != OK)
		return e;
	buf_add(out, token);
	buf_add_char(out, '.');
	buf_add_str(out, thumbprint);
	return buf_status(out);
}

bool jose_is_base64url(struct slice s)
{
	static const char also[] = "-_";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool alnum =
		        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!alnum && memchr(also, c, sizeof(also) - 1) == NULL)
			return false;
	}
	return s.len > 0;
}

/* The library's DER to two numbers of fixed width. */
static bool flatten(const unsigned char *der, size_t len, unsigned char out[JOSE_SIGNATURE_SIZE])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool good = sig != NULL &&
	            BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, COORDINATE) == (int)COORDINATE &&
	            BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + COORDINATE, COORDINATE) ==
	                    (int)COORDINATE;

	ECDSA_SIG_free(sig);
	return good;
}

enum err jose_es256(EVP_PKEY *key, struct slice bytes, unsigned char out[JOSE_SIGNATURE_SIZE])
{
	unsigned char der[SIGNATURE_DER_MAX], raw[JOSE_SIGNATURE_SIZE];
	size_t len = sizeof(der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good =
	        ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	        EVP_DigestSign(ctx, der, &len, (const unsigned char *)bytes.p, bytes.len) == 1 &&
	        flatten(der, len, raw);

	EVP_MD_CTX_free(ctx);
	if (!good)
		return ERR_CRYPTO;
	memcpy(out, raw, sizeof(raw));
	return OK;
}

void jose_hs256(struct slice key, struct slice bytes, unsigned char out[32])
{
	unsigned len = 0;

	(void)HMAC(EVP_sha256(), key.p, (int)key.len, (const unsigned char *)bytes.p, bytes.len,
	           out, &len); /* cannot fail with these arguments */
}

static enum err write_head(const EVP_PKEY *key, const char *alg, const struct jose_head *head,
                           struct buf *out)
{
	enum err e = OK;

	buf_printf(out, "{\"alg\":\"%s\",", alg);
	if (head->kid == NULL) {
		buf_add_str(out, "\"jwk\":");
		e = jose_jwk(key, out);
	} else {
		buf_add_str(out, "\"kid\":");
		json_add_string(out, slice_str(head->kid));
	}
	if (head->nonce != NULL) {
		buf_add_str(out, ",\"nonce\":");
		json_add_string(out, slice_str(head->nonce));
	}
	buf_add_str(out, ",\"url\":");
	json_add_string(out, slice_str(head->url));
	buf_add_char(out, '}');
	return e == OK ? buf_status(out) : e;
}

/* A signature in the making: what is signed lies in text, its parts around the dot. */
struct signing {
	struct buf text;
	size_t head_len;
};

static enum err begin(struct signing *s, const EVP_PKEY *key, const char *alg,
                      const struct jose_head *head, struct slice payload)
{
	struct buf plain;
	enum err e;

	buf_init(&s->text, 2 * (JOSE_HEAD_MAX + payload.len));
	buf_init(&plain, JOSE_HEAD_MAX);
	e = write_head(key, alg, head, &plain);
	enc_base64url(buf_slice(&plain), &s->text);
	s->head_len = s->text.len;
	buf_add_char(&s->text, '.');
	enc_base64url(payload, &s->text);
	buf_fini(&plain);
	return e == OK ? buf_status(&s->text) : e;
}

static enum err end(const struct signing *s, struct slice signature, struct buf *out)
{
	struct slice all = buf_slice(&s->text);

	buf_add_str(out, "{\"protected\":\"");
	buf_add(out, slice_head(all, s->head_len));
	buf_add_str(out, "\",\"payload\":\"");
	buf_add(out, slice_skip(all, s->head_len + 1));
	buf_add_str(out, "\",\"signature\":\"");
	enc_base64url(signature, out);
	buf_add_str(out, "\"}");
	return buf_status(out);
}

enum err jose_sign(EVP_PKEY *key, const struct jose_head *head, struct slice payload,
                   struct buf *out)
{
	unsigned char raw[JOSE_SIGNATURE_SIZE];
	struct signing s;
	enum err e = begin(&s, key, "ES256", head, payload);

	if (e == OK)
		e = jose_es256(key, buf_slice(&s.text), raw);
	if (e == OK)
		e = end(&s, slice_of(raw, sizeof(raw)), out);
	buf_fini(&s.text);
	return e;
}

enum err jose_bind(const EVP_PKEY *key, const char *url, const char *kid, struct slice mac_key,
                   struct buf *out)
{
	/* RFC 8555, 7.3.4: the payload is the account's public key, and there is no nonce. */
	struct jose_head head = { .url = url, .kid = kid };
	unsigned char mac[32];
	struct signing s;
	struct buf jwk;
	enum err e;

	buf_init(&jwk, JWK_MAX);
	e = jose_jwk(key, &jwk);
	if (e == OK) {
		e = begin(&s, key, "HS256", &head, buf_slice(&jwk));
		if (e == OK) {
			jose_hs256(mac_key, buf_slice(&s.text), mac);
			e = end(&s, slice_of(mac, sizeof(mac)), out);
		}
		buf_fini(&s.text);
	}
	buf_fini(&jwk);
	return e;
}
