#include "service/certs_request.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/enc.h"
#include "mtasts/name.h"
#include "service/certs.h"

#define PEM_MAX 262144u
#define KEY_ID_MAX 64

static X509_EXTENSION *names_of(const char *host)
{
	char text[NAME_SIZE + 8];

	(void)snprintf(text, sizeof(text), "DNS:%s", host); /* fits */
	return X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
}

static bool add_names(X509_REQ *req, const char *host)
{
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *names = names_of(host);
	bool good = list != NULL && names != NULL && sk_X509_EXTENSION_push(list, names) > 0;

	if (!good)
		X509_EXTENSION_free(names);
	good = good && X509_REQ_add_extensions(req, list) == 1;
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return good;
}

static enum err add_der(X509_REQ *req, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509_REQ(req, &der);

	if (n <= 0)
		return ERR_CRYPTO;
	buf_add(out, slice_of(der, (size_t)n));
	OPENSSL_free(der);
	return buf_status(out);
}

enum err certs_request(EVP_PKEY *key, struct slice host, struct buf *out)
{
	char name[NAME_SIZE];
	enum err e = ERR_CRYPTO;
	X509_REQ *req;

	if (name_normal(host, name, NULL) != OK)
		return ERR_SYNTAX;
	req = X509_REQ_new();
	if (req != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
	    X509_REQ_set_pubkey(req, key) == 1 && add_names(req, name) &&
	    X509_REQ_sign(req, key, EVP_sha256()) > 0)
		e = add_der(req, out);
	X509_REQ_free(req);
	return e;
}

/* The serial number as its DER contents, with the zero in front that a high bit brings. */
static void add_serial(const X509 *x, struct buf *out)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	unsigned char *der = NULL;
	int n = i2d_ASN1_INTEGER(serial, &der);

	/* Tag and one byte of length: RFC 5280, 4.1.2.2 bounds it to 20 bytes. */
	if (n > 2)
		enc_base64url(slice_of(der + 2, (size_t)n - 2), out);
	OPENSSL_free(der);
}

enum err certs_ari_id(struct slice der, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);
	AUTHORITY_KEYID *aki = NULL;
	enum err e = x == NULL ? ERR_SYNTAX : ERR_NOTFOUND;

	if (x != NULL)
		aki = X509_get_ext_d2i(x, NID_authority_key_identifier, NULL, NULL);
	if (aki != NULL && aki->keyid != NULL && ASN1_STRING_length(aki->keyid) <= KEY_ID_MAX) {
		enc_base64url(slice_of(ASN1_STRING_get0_data(aki->keyid),
		                       (size_t)ASN1_STRING_length(aki->keyid)),
		              out);
		buf_add_char(out, '.');
		add_serial(x, out);
		e = buf_status(out);
	}
	AUTHORITY_KEYID_free(aki);
	X509_free(x);
	return e;
}

/* The key in front of what the CA sent, so that one reader sees both. */
static enum err join(EVP_PKEY *key, struct slice pem, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_secmem());
	enum err e = ERR_CRYPTO;
	char *text;

	if (b != NULL && PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) == 1) {
		long len = BIO_get_mem_data(b, &text);
		buf_add(out, slice_of(text, (size_t)len));
		buf_add(out, pem);
		e = buf_status(out);
	}
	BIO_free(b);
	return e;
}

/* RFC 8555, 7.4.2: the first block is the end-entity certificate. */
static bool leads_with(struct slice pem, const char *fingerprint)
{
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.len);
	X509 *x = b == NULL ? NULL : PEM_read_bio_X509(b, NULL, NULL, NULL);
	char hex[SHA256_HEX_SIZE] = "";
	unsigned char *der = NULL;
	int n = x == NULL ? 0 : i2d_X509(x, &der);

	if (n > 0)
		(void)enc_sha256_hex(slice_of(der, (size_t)n), hex);
	OPENSSL_free(der);
	X509_free(x);
	BIO_free(b);
	return n > 0 && strcmp(hex, fingerprint) == 0;
}

/* Why nothing usable was among what came. */
static enum err refusal_of(const struct cert_note *n, struct diag *diag)
{
	static const struct {
		const char *code;
		enum err e;
		const char *why;
	} rows[] = {
		{ "key-missing", ERR_CRYPTO, "the CA's certificate is for another key" },
		{ "key-mismatch", ERR_CRYPTO, "the CA's certificate is for another key" },
		{ "cert-expired", ERR_CONFLICT, "the CA's certificate has expired" },
		{ "cert-not-yet-valid", ERR_CONFLICT, "the CA's certificate is not valid yet" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(n->code, rows[i].code) == 0)
			return diag_set(diag, rows[i].e, 0, rows[i].why);
	return diag_set(diag, ERR_CONFLICT, 0, "the CA's certificate names no host");
}

static enum err judge(const struct certs_reading *r, struct slice host, struct slice pem,
                      struct diag *diag)
{
	const struct cert *c = r->found_count == 1 ? &r->found[0].cert : NULL;

	if (c == NULL && r->refused_count > 0)
		return refusal_of(&r->refused[0], diag);
	if (c == NULL || !leads_with(pem, c->fingerprint))
		return diag_set(diag, ERR_SYNTAX, 0, "the CA sent no certificate chain");
	if (c->name_count != 1 || !slice_eq_i(c->names[0], host))
		return diag_set(diag, ERR_CONFLICT, 0, "the CA's certificate is for other names");
	return OK;
}

enum err certs_accept(struct arena *a, EVP_PKEY *key, struct slice host, struct slice pem,
                      int64_t now, const char *roots, struct cert_found *out, struct diag *diag)
{
	struct certs_reading r = { 0 };
	struct buf joined;
	enum err e;

	buf_init(&joined, PEM_MAX);
	e = join(key, pem, &joined);
	if (e == OK) {
		struct cert_file file = { "acme", buf_slice(&joined) };
		e = certs_read(a, &file, 1, now, roots, &r);
	}
	if (joined.p != NULL)
		mem_wipe(joined.p, joined.len);
	buf_fini(&joined);
	if (e != OK)
		return diag_set(diag, ERR_SYNTAX, 0, "the CA's answer cannot be read");
	e = judge(&r, host, pem, diag);
	if (e == OK)
		*out = r.found[0];
	else
		certs_reading_fini(&r);
	return e;
}
