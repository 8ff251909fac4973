#include "service/certs_pool.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define POOL_MAX 20000u
#define NUMBER_MAX 2048u /* bytes of an RSA modulus; other public keys are shorter */

void pool_init(struct pool *p, struct arena *a, const struct cert_file *files, size_t count)
{
	*p = (struct pool){ .a = a, .files = files, .file_count = count };
	p->certs = arena_calloc(a, POOL_MAX, sizeof(*p->certs));
	p->keys = arena_calloc(a, POOL_MAX, sizeof(*p->keys));
	p->places = arena_calloc(a, count + 1, sizeof(*p->places));
	p->key_files = table_new();
}

void pool_fini(struct pool *p)
{
	for (size_t i = 0; i < p->cert_count; i++)
		X509_free(p->certs[i].x);
	for (size_t i = 0; i < p->key_count; i++)
		EVP_PKEY_free(p->keys[i].key);
	table_free(p->key_files);
}

/* No terminal to ask on: an encrypted key is told apart by its failure. */
static int no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)arg = true;
	return -1;
}

/*
 * What a private key and a certificate have in common whatever their form: the modulus, or of a
 * point its first coordinate, which is the same in the short and in the long form.
 */
static void digest_public(const EVP_PKEY *key, unsigned char out[SHA256_SIZE])
{
	unsigned char bytes[NUMBER_MAX] = { 0 };
	struct slice number = { "", 0 };
	BIGNUM *n = NULL;
	size_t len = 0;

	memset(out, 0, SHA256_SIZE);
	if (key == NULL)
		return;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    BN_num_bytes(n) <= (int)sizeof(bytes)) {
		number = slice_of(bytes, (size_t)BN_bn2bin(n, bytes));
	} else if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes,
	                                           sizeof(bytes), &len) == 1 &&
	           len > 1) {
		number = slice_of(bytes + 1,
		                  bytes[0] == POINT_CONVERSION_UNCOMPRESSED ? len / 2 : len - 1);
	}
	BN_free(n);
	enc_sha256(number, out);
}

static bool add(struct pool *p, size_t file, X509 *x, EVP_PKEY *key)
{
	if (p->cert_count + p->key_count >= POOL_MAX)
		return false;
	if (x != NULL && X509_up_ref(x) == 1) {
		p->certs[p->cert_count++] = (struct pool_cert){ x, file };
		p->places[file].count++;
	}
	if (key != NULL && EVP_PKEY_up_ref(key) == 1) {
		struct pool_key *k = &p->keys[p->key_count];

		*k = (struct pool_key){ .key = key, .file = file, .number = p->key_count++ };
		digest_public(key, k->digest);
		p->places[file].keys++;
	}
	return true;
}

static struct slice stem_of(const char *name)
{
	struct slice s = slice_str(name);

	for (size_t i = s.len; i > 0 && s.p[i - 1] != '/'; i--)
		if (s.p[i - 1] == '.')
			return slice_head(s, i - 1);
	return s;
}

static struct slice folder_of(const char *name)
{
	const char *end = strrchr(name, '/');

	return end == NULL ? S("") : slice_of(name, (size_t)(end - name));
}

enum pool_read pool_read_file(struct pool *p, size_t file)
{
	struct slice pem = p->files[file].pem;
	bool encrypted = false, good = true;

	p->places[file].first = p->cert_count;
	if (slice_ends_i(slice_str(p->files[file].name), S(".key")))
		*table_at(p->key_files, stem_of(p->files[file].name)) = file;
	if (pem.len > CERTS_FILE_MAX)
		return POOL_BUNDLE;
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	STACK_OF(X509_INFO) *infos = PEM_X509_INFO_read_bio(bio, NULL, no_password, &encrypted);
	(void)BIO_free(bio); /* memory only */
	int n = infos == NULL ? 0 : sk_X509_INFO_num(infos);
	bool bundle = n > (int)CERTS_IN_FILE_MAX;
	for (int i = 0; good && !bundle && i < n; i++) {
		X509_INFO *info = sk_X509_INFO_value(infos, i);
		EVP_PKEY *key = info->x_pkey == NULL ? NULL : info->x_pkey->dec_pkey;
		good = add(p, file, info->x509, key);
	}
	sk_X509_INFO_pop_free(infos, X509_INFO_free);
	if (!good)
		return POOL_TOO_MUCH;
	if (bundle)
		return POOL_BUNDLE;
	return encrypted ? POOL_ENCRYPTED : n <= 0 ? POOL_NO_PEM : POOL_GOOD;
}

/* The order in which they were read decides among equals. */
static int by_digest(const void *a, const void *b)
{
	const struct pool_key *x = a, *y = b;
	int way = memcmp(x->digest, y->digest, SHA256_SIZE);

	return way != 0 ? way : (x->number > y->number) - (x->number < y->number);
}

static int by_subject(const void *a, const void *b)
{
	const struct pool_cert *x = a, *y = b;
	int way = X509_NAME_cmp(X509_get_subject_name(x->x), X509_get_subject_name(y->x));

	return way != 0 ? way : (x->file > y->file) - (x->file < y->file);
}

void pool_index(struct pool *p)
{
	p->by_subject = arena_calloc(p->a, p->cert_count + 1, sizeof(*p->by_subject));
	for (size_t i = 0; i < p->cert_count; i++)
		p->by_subject[i] = (struct pool_cert){ p->certs[i].x, i };
	qsort(p->keys, p->key_count, sizeof(*p->keys), by_digest);
	qsort(p->by_subject, p->cert_count, sizeof(*p->by_subject), by_subject);
}

/* The first key whose digest is not below. */
static size_t first_key(const struct pool *p, const unsigned char digest[SHA256_SIZE])
{
	size_t low = 0, high = p->key_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(p->keys[middle].digest, digest, SHA256_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

EVP_PKEY *pool_key_of(const struct pool *p, const struct pool_cert *c, bool *other_out)
{
	const char *own = p->files[c->file].name;
	size_t beside = table_get(p->key_files, stem_of(own));
	EVP_PKEY *near = NULL, *far = NULL;
	unsigned char digest[SHA256_SIZE];

	digest_public(X509_get0_pubkey(c->x), digest);
	for (size_t i = first_key(p, digest);
	     i < p->key_count && memcmp(p->keys[i].digest, digest, SHA256_SIZE) == 0; i++) {
		const struct pool_key *k = &p->keys[i];

		if (X509_check_private_key(c->x, k->key) != 1)
			continue;
		if (k->file == c->file || k->file == beside)
			near = k->key;
		else if (slice_eq(folder_of(own), folder_of(p->files[k->file].name)))
			far = k->key;
	}
	*other_out =
	        p->places[c->file].keys > 0 || (beside != TABLE_NONE && p->places[beside].keys > 0);
	return near != NULL ? near : far;
}

static bool issued(X509 *issuer, X509 *x)
{
	return X509_check_issued(issuer, x) == X509_V_OK && X509_cmp(issuer, x) != 0;
}

/* Behind the last certificate of that subject. */
static size_t after_subject(const struct pool *p, const X509_NAME *name)
{
	size_t low = 0, high = p->cert_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (X509_NAME_cmp(X509_get_subject_name(p->by_subject[middle].x), name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

X509 *pool_issuer_of(const struct pool *p, X509 *x, size_t file)
{
	const struct pool_file *own = &p->places[file];
	const X509_NAME *name = X509_get_issuer_name(x);

	for (size_t i = own->first; i < own->first + own->count; i++)
		if (issued(p->certs[i].x, x))
			return p->certs[i].x;
	for (size_t i = after_subject(p, name); i > 0; i--) {
		X509 *other = p->by_subject[i - 1].x;

		if (X509_NAME_cmp(X509_get_subject_name(other), name) != 0)
			break;
		if (issued(other, x))
			return other;
	}
	return NULL;
}
