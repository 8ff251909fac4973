#include "service/demo_ca.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "base/utc.h"
#include "mtasts/name.h"

#define PATH_SIZE 4096u
#define KEY_FILE "demo-ca.key"
#define SUBJECT "mxseal demonstration CA"
#define SERIAL_BYTES 16

struct demo_ca {
	X509 *cert;
	EVP_PKEY *key;
};

void demo_ca_close(struct demo_ca *ca)
{
	if (ca == NULL)
		return;
	X509_free(ca->cert);
	EVP_PKEY_free(ca->key);
	mem_free(ca);
}

static bool set_serial(X509 *x)
{
	unsigned char raw[SERIAL_BYTES];
	BIGNUM *n;
	bool good;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return false;
	raw[0] = (unsigned char)((raw[0] & 0x7f) | 0x40); /* positive and of full length */
	n = BN_bin2bn(raw, sizeof(raw), NULL);
	good = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return good;
}

static bool set_times(X509 *x, int64_t now, int64_t days)
{
	time_t from = (time_t)(now - UTC_DAY), to = (time_t)(now + days * UTC_DAY);

	return ASN1_TIME_set(X509_getm_notBefore(x), from) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), to) != NULL;
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx = { 0 };
	X509_EXTENSION *e;
	bool good;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = e != NULL && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

static bool set_name(X509_NAME *name, const char *cn)
{
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1,
	                                  -1, 0) == 1;
}

static bool begin(X509 *x, EVP_PKEY *key, int64_t now, int64_t days)
{
	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	       set_times(x, now, days) && X509_set_pubkey(x, key) == 1;
}

static bool make_authority(struct demo_ca *ca, int64_t now)
{
	ca->key = EVP_EC_gen("P-256");
	ca->cert = X509_new();
	return ca->key != NULL && ca->cert != NULL && begin(ca->cert, ca->key, now, DEMO_CA_DAYS) &&
	       set_name(X509_get_subject_name(ca->cert), SUBJECT) &&
	       X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert)) == 1 &&
	       add_extension(ca->cert, ca->cert, NID_basic_constraints,
	                     "critical,CA:TRUE,pathlen:0") &&
	       add_extension(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(ca->cert, ca->cert, NID_subject_key_identifier, "hash") &&
	       X509_sign(ca->cert, ca->key, EVP_sha256()) > 0;
}

/* The key first: a certificate without its key would be found to be no pair. */
static bool write_files(const struct demo_ca *ca, const char *cert, const char *key)
{
	int fd = open(key, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool good =
	        f != NULL && PEM_write_PKCS8PrivateKey(f, ca->key, NULL, NULL, 0, NULL, NULL) == 1;

	if (f != NULL)
		good = fclose(f) == 0 && good;
	f = good ? fopen(cert, "we") : NULL;
	good = f != NULL && PEM_write_X509(f, ca->cert) == 1 && fchmod(fileno(f), 0644) == 0;
	if (f != NULL)
		good = fclose(f) == 0 && good;
	return good;
}

static enum err read_files(struct demo_ca *ca, const char *cert, const char *key)
{
	FILE *c = fopen(cert, "re"), *k = fopen(key, "re");
	enum err e = ERR_IO;

	if (c != NULL && k != NULL) {
		ca->cert = PEM_read_X509(c, NULL, NULL, NULL);
		ca->key = PEM_read_PrivateKey(k, NULL, NULL, NULL);
		e = ca->cert != NULL && ca->key != NULL &&
		                    X509_check_private_key(ca->cert, ca->key) == 1
		            ? OK
		            : ERR_CRYPTO;
	}
	if (c != NULL)
		(void)fclose(c); /* only read from */
	if (k != NULL)
		(void)fclose(k); /* only read from */
	return e;
}

static bool path_of(char out[PATH_SIZE], const char *state, const char *name)
{
	int n = snprintf(out, PATH_SIZE, "%s/%s", state, name);

	return n > 0 && (size_t)n < PATH_SIZE;
}

enum err demo_ca_open(const char *state, int64_t now, struct demo_ca **out, struct diag *diag)
{
	char cert[PATH_SIZE], key[PATH_SIZE];
	struct demo_ca *ca;
	enum err e = OK;

	if (!path_of(cert, state, DEMO_CA_FILE) || !path_of(key, state, KEY_FILE))
		return diag_set(diag, ERR_IO, 0, "the path is too long");
	ca = mem_alloc(sizeof(*ca));
	if (access(cert, F_OK) == 0) {
		e = read_files(ca, cert, key);
	} else {
		(void)unlink(key); /* of an attempt that did not get as far as the certificate */
		if (!make_authority(ca, now))
			e = ERR_CRYPTO;
		else if (!write_files(ca, cert, key))
			e = ERR_IO;
	}
	if (e == OK) {
		*out = ca;
		return OK;
	}
	demo_ca_close(ca);
	return diag_set(diag, e, 0,
	                e == ERR_CRYPTO
	                        ? "certificate and key of the demonstration are no pair"
	                        : "the demonstration's certificate cannot be read or written");
}

static bool sign(const struct demo_ca *ca, X509 *x, EVP_PKEY *key, const char *host, int64_t now)
{
	char names[NAME_SIZE + 16];

	/*
	 * The name is in subjectAltName only: CN takes 64 characters.  With an empty subject it is
	 * critical (RFC 5280, 4.2.1.6).
	 */
	(void)snprintf(names, sizeof(names), "critical,DNS:%s", host); /* fits */
	return begin(x, key, now, DEMO_CERT_DAYS) &&
	       X509_set_issuer_name(x, X509_get_subject_name(ca->cert)) == 1 &&
	       add_extension(x, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, ca->cert, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x, ca->cert, NID_ext_key_usage, "serverAuth") &&
	       add_extension(x, ca->cert, NID_subject_alt_name, names) &&
	       add_extension(x, ca->cert, NID_authority_key_identifier, "keyid") &&
	       X509_sign(x, ca->key, EVP_sha256()) > 0;
}

static enum err append(const struct demo_ca *ca, X509 *x, EVP_PKEY *key, struct buf *pem_out)
{
	BIO *b = BIO_new(BIO_s_secmem());
	enum err e = ERR_CRYPTO;
	char *text;
	long len;

	if (b != NULL && PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	    PEM_write_bio_X509(b, x) == 1 && PEM_write_bio_X509(b, ca->cert) == 1) {
		len = BIO_get_mem_data(b, &text);
		buf_add(pem_out, slice_of(text, (size_t)len));
		e = buf_status(pem_out);
	}
	BIO_free(b);
	return e;
}

enum err demo_ca_issue(const struct demo_ca *ca, struct slice host, int64_t now,
                       struct buf *pem_out)
{
	char name[NAME_SIZE];
	enum err e = ERR_CRYPTO;
	EVP_PKEY *key;
	X509 *x;

	if (name_normal(host, name, NULL) != OK)
		return ERR_SYNTAX;
	key = EVP_EC_gen("P-256");
	x = X509_new();
	if (key != NULL && x != NULL && sign(ca, x, key, name, now))
		e = append(ca, x, key, pem_out);
	X509_free(x);
	EVP_PKEY_free(key);
	return e;
}
