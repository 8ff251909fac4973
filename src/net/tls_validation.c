/* The certificate of RFC 8737: seen by a CA that validates a name, and by nobody else. */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/tls_internal.h"

#define OID_ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31"
#define DIGEST 32u
#define HOUR 3600
#define LIFE (7 * 24 * HOUR)

static bool add_name(X509 *x, const char *host)
{
	char text[TLS_NAME_SIZE + 8];
	X509_EXTENSION *e;
	bool good;

	(void)snprintf(text, sizeof(text), "DNS:%s", host); /* a longer name was refused before */
	e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
	good = e != NULL && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

/* RFC 8737, 3: critical, and in it an octet string of the digest. */
static bool add_digest(X509 *x, const unsigned char digest[DIGEST])
{
	unsigned char inner[2 + DIGEST] = { V_ASN1_OCTET_STRING, DIGEST };
	ASN1_OBJECT *oid = OBJ_txt2obj(OID_ACME_IDENTIFIER, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e = NULL;
	bool good;

	memcpy(inner + 2, digest, DIGEST);
	if (oid != NULL && value != NULL && ASN1_OCTET_STRING_set(value, inner, sizeof(inner)) == 1)
		e = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
	good = e != NULL && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	return good;
}

static bool make(X509 *x, EVP_PKEY *key, const char *host, const unsigned char digest[DIGEST])
{
	X509_NAME *name = X509_get_subject_name(x);

	return X509_set_version(x, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(x), -HOUR) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(x), LIFE) != NULL &&
	       X509_set_pubkey(x, key) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	                                  (const unsigned char *)"ACME validation", -1, -1,
	                                  0) == 1 &&
	       X509_set_issuer_name(x, name) == 1 && add_name(x, host) && add_digest(x, digest) &&
	       X509_sign(x, key, EVP_sha256()) > 0;
}

enum err tls_identity_validation(const char *host, const unsigned char digest[32],
                                 struct tls_identity **out)
{
	struct tls_identity *id;

	if (strlen(host) >= TLS_NAME_SIZE)
		return ERR_SYNTAX;
	id = mem_alloc(sizeof(*id));
	id->refs = 1;
	id->leaf = X509_new();
	id->key = EVP_EC_gen("P-256");
	id->chain = sk_X509_new_null();
	if (id->leaf == NULL || id->key == NULL || id->chain == NULL ||
	    !make(id->leaf, id->key, host, digest)) {
		ERR_clear_error();
		tls_identity_unref(id);
		return ERR_CRYPTO;
	}
	*out = id;
	return OK;
}
