/* The pure half of certificate import: PEM files to leaves with key and chain. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/enc.h"
#include "base/utc.h"
#include "service/certs.h"

#define POOL_MAX 20000u

struct pem_cert {
	X509 *x;
	size_t file;
};
struct pem_key {
	EVP_PKEY *key;
	size_t file;
};

/* Everything that lay in the files. */
struct pool {
	struct arena *a;
	const struct cert_file *files;
	size_t file_count, cert_count, key_count;
	struct pem_cert *certs;
	struct pem_key *keys;
	X509_STORE *roots;
	int64_t now;
	struct certs_reading *out;
};

static void add_note(struct arena *a, struct cert_note **list, size_t *count, struct cert_note note)
{
	struct cert_note *grown;

	if ((*count & (*count - 1)) == 0) { /* at powers of two */
		grown = arena_calloc(a, *count == 0 ? 1 : *count * 2, sizeof(*grown));
		if (*count > 0)
			memcpy(grown, *list, *count * sizeof(*grown));
		*list = grown;
	}
	(*list)[(*count)++] = note;
}

static void refused(struct pool *p, size_t file, const char *name, const char *code,
                    const char *message)
{
	add_note(p->a, &p->out->refused, &p->out->refused_count,
	         (struct cert_note){ p->files[file].name, name, code, message });
}

static void unused(struct pool *p, size_t file, const char *code, const char *message)
{
	add_note(p->a, &p->out->unused, &p->out->unused_count,
	         (struct cert_note){ p->files[file].name, NULL, code, message });
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

static bool pool_add(struct pool *p, size_t file, X509 *x, EVP_PKEY *key)
{
	if (p->cert_count + p->key_count >= POOL_MAX)
		return false;
	if (x != NULL && X509_up_ref(x) == 1)
		p->certs[p->cert_count++] = (struct pem_cert){ x, file };
	if (key != NULL && EVP_PKEY_up_ref(key) == 1)
		p->keys[p->key_count++] = (struct pem_key){ key, file };
	return true;
}

static enum err read_file(struct pool *p, size_t file)
{
	struct slice pem = p->files[file].pem;
	bool encrypted = false, good = true;

	if (pem.len > CERTS_FILE_MAX)
		return ERR_LIMIT;
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	STACK_OF(X509_INFO) *infos = PEM_X509_INFO_read_bio(bio, NULL, no_password, &encrypted);
	(void)BIO_free(bio); /* memory only */
	int n = infos == NULL ? 0 : sk_X509_INFO_num(infos);
	if (encrypted)
		refused(p, file, NULL, "key-encrypted",
		        "the private key is encrypted; remove its pass phrase first");
	else if (n <= 0)
		unused(p, file, "no-pem", "holds no certificate or key in PEM form");
	good = n <= (int)CERTS_IN_FILE_MAX;
	for (int i = 0; good && i < n; i++) {
		X509_INFO *info = sk_X509_INFO_value(infos, i);
		EVP_PKEY *key = info->x_pkey == NULL ? NULL : info->x_pkey->dec_pkey;
		good = pool_add(p, file, info->x509, key);
	}
	sk_X509_INFO_pop_free(infos, X509_INFO_free);
	return good ? OK : ERR_LIMIT;
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

static bool is_key_beside(const char *cert, const char *key)
{
	return slice_eq(stem_of(cert), stem_of(key)) && slice_ends_i(slice_str(key), S(".key"));
}

/* The nearest key that fits; *other_out: one lies in the expected place and does not. */
static EVP_PKEY *find_key(const struct pool *p, const struct pem_cert *c, bool *other_out)
{
	EVP_PKEY *near = NULL, *far = NULL;

	*other_out = false;
	for (size_t i = 0; i < p->key_count; i++) {
		const char *name = p->files[p->keys[i].file].name, *own = p->files[c->file].name;
		bool fits = X509_check_private_key(c->x, p->keys[i].key) == 1;
		bool expected = p->keys[i].file == c->file || is_key_beside(own, name);
		if (fits && expected)
			near = p->keys[i].key;
		else if (fits && slice_eq(folder_of(own), folder_of(name)))
			far = p->keys[i].key;
		else if (expected && !fits)
			*other_out = true;
	}
	return near != NULL ? near : far;
}

static int64_t when(const ASN1_TIME *t)
{
	struct tm tm;
	struct utc_date d;
	int64_t at = 0;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return 0;
	d = (struct utc_date){ .year = tm.tm_year + 1900,
		               .month = (unsigned)tm.tm_mon + 1,
		               .day = (unsigned)tm.tm_mday,
		               .hour = (unsigned)tm.tm_hour,
		               .min = (unsigned)tm.tm_min,
		               .sec = (unsigned)tm.tm_sec };
	return utc_from_civil(&d, &at) == OK ? at : 0;
}

static struct slice cert_der(struct arena *a, X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct slice copy =
	        n <= 0 ? (struct slice){ NULL, 0 } : arena_copy(a, slice_of(der, (size_t)n));

	OPENSSL_free(der);
	return copy;
}

/* The type's own form, which edges decode 30 times faster than PKCS#8. */
static struct slice key_der(struct arena *a, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int n = i2d_PrivateKey(key, &der);
	struct slice copy =
	        n <= 0 ? (struct slice){ NULL, 0 } : arena_copy(a, slice_of(der, (size_t)n));

	OPENSSL_clear_free(der, n <= 0 ? 0 : (size_t)n);
	return copy;
}

static const char *name_text(struct arena *a, const X509_NAME *name)
{
	char text[512];

	if (X509_NAME_oneline(name, text, sizeof(text)) == NULL)
		return "";
	return arena_str(a, slice_str(text));
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static void read_names(struct arena *a, X509 *x, struct cert *c)
{
	GENERAL_NAMES *sans = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	int n = sans == NULL ? 0 : sk_GENERAL_NAME_num(sans);
	struct slice *names = arena_calloc(a, (size_t)(n > 0 ? n : 1), sizeof(*names));

	for (int i = 0; i < n && c->name_count < CERT_NAMES_MAX; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(sans, i);
		if (g->type != GEN_DNS)
			continue;
		const unsigned char *p = ASN1_STRING_get0_data(g->d.dNSName);
		size_t len = (size_t)ASN1_STRING_length(g->d.dNSName);
		char *copy = arena_str(a, slice_of(p, len));
		for (size_t j = 0; j < len; j++)
			copy[j] = lower(copy[j]);
		/* A name with a NUL or a blank in it covers nothing of ours. */
		if (len > 0 && len <= 255 && memchr(copy, 0, len) == NULL &&
		    strchr(copy, ' ') == NULL)
			names[c->name_count++] = slice_of(copy, len);
	}
	c->names = names;
	GENERAL_NAMES_free(sans);
}

/* The issuer among everything read; the leaf's own file first, so that its order wins. */
static X509 *find_issuer(const struct pool *p, X509 *x, size_t file)
{
	X509 *other = NULL;

	for (size_t i = 0; i < p->cert_count; i++) {
		X509 *c = p->certs[i].x;
		if (X509_check_issued(c, x) != X509_V_OK || X509_cmp(c, x) == 0)
			continue;
		if (p->certs[i].file == file)
			return c;
		other = c;
	}
	return other;
}

/* Issuer of the leaf first, the root left out: clients have it or do not trust it. */
static STACK_OF(X509) * build_chain(struct pool *p, X509 *leaf, size_t file, struct cert *c)
{
	struct slice *chain = arena_calloc(p->a, CERT_CHAIN_MAX, sizeof(*chain));
	STACK_OF(X509) *stack = sk_X509_new_null();
	X509 *at = leaf;

	while (c->chain_count < CERT_CHAIN_MAX) {
		X509 *issuer = find_issuer(p, at, file);
		if (issuer == NULL || X509_check_issued(issuer, issuer) == X509_V_OK)
			break;
		chain[c->chain_count++] = cert_der(p->a, issuer);
		(void)sk_X509_push(stack,
		                   issuer); /* too short a stack only loses the warning's proof */
		at = issuer;
	}
	c->chain = chain;
	return stack;
}

static bool has_public_root(struct pool *p, X509 *leaf, STACK_OF(X509) * chain)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool good = false;

	if (ctx != NULL && X509_STORE_CTX_init(ctx, p->roots, leaf, chain) == 1) {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(param, (time_t)p->now);
		good = X509_verify_cert(ctx) == 1;
	}
	X509_STORE_CTX_free(ctx);
	return good;
}

static void fill_cert(struct pool *p, X509 *x, size_t file, struct cert_found *f)
{
	char hex[SHA256_HEX_SIZE];
	struct cert *c = &f->cert;
	STACK_OF(X509) * chain;

	c->tenant = TENANT_ONLY;
	c->der = cert_der(p->a, x);
	c->fingerprint = arena_str(p->a, slice_str(enc_sha256_hex(c->der, hex)));
	c->subject = name_text(p->a, X509_get_subject_name(x));
	c->issuer = name_text(p->a, X509_get_issuer_name(x));
	c->not_before = when(X509_get0_notBefore(x));
	c->not_after = when(X509_get0_notAfter(x));
	read_names(p->a, x, c);
	chain = build_chain(p, x, file, c);
	c->note = "";
	if (!has_public_root(p, x, chain)) {
		c->note = "no-public-root";
		f->doubt = "its chain leads to no public root: senders will not accept it";
	}
	sk_X509_free(chain);
	f->file = p->files[file].name;
	f->name = c->name_count > 0 ? arena_str(p->a, c->names[0]) : c->subject;
}

static const char *key_type(const EVP_PKEY *key)
{
	int id = EVP_PKEY_get_base_id(key);

	return id == EVP_PKEY_EC ? "ec" : id == EVP_PKEY_RSA ? "rsa" : NULL;
}

static bool met_before(struct pool *p, const struct cert_found *f)
{
	for (size_t i = 0; i < p->out->found_count; i++) {
		struct cert_found *old = &p->out->found[i];
		if (strcmp(old->cert.fingerprint, f->cert.fingerprint) != 0)
			continue;
		if (f->cert.chain_count > old->cert.chain_count) {
			mem_wipe((void *)(uintptr_t)old->key.p, old->key.len);
			*old = *f;
		} else {
			mem_wipe((void *)(uintptr_t)f->key.p, f->key.len);
		}
		return true;
	}
	return false;
}

static const char *time_fault(const struct pool *p, const struct cert *c, const char **code)
{
	char day[UTC_TEXT_SIZE];

	if (c->not_after <= p->now) {
		*code = "cert-expired";
		return arena_printf(p->a, "the certificate has expired on %s",
		                    utc_format_day(c->not_after, day));
	}
	if (c->not_before > p->now) {
		*code = "cert-not-yet-valid";
		return arena_printf(p->a, "the certificate is valid from %s only",
		                    utc_format_day(c->not_before, day));
	}
	return NULL;
}

/* One certificate for use, or the reason why it is none. */
static void add_leaf(struct pool *p, const struct pem_cert *pc, EVP_PKEY *key)
{
	struct cert_found f = { 0 };
	const char *type = key_type(key), *code = NULL, *fault;

	fill_cert(p, pc->x, pc->file, &f);
	fault = time_fault(p, &f.cert, &code);
	if (type == NULL) {
		code = "key-type";
		fault = "the key is neither RSA nor EC";
	} else if (fault == NULL && f.cert.name_count == 0) {
		code = "cert-no-name";
		fault = "the certificate has no DNS name in subjectAltName";
	}
	if (fault != NULL) {
		refused(p, pc->file, f.name, code, fault);
		return;
	}
	f.cert.key_type = type;
	f.key = key_der(p->a, key);
	if (!met_before(p, &f))
		p->out->found[p->out->found_count++] = f;
}

static bool is_ca(X509 *x)
{
	return X509_check_ca(x) != 0;
}

static bool file_has_leaf(const struct pool *p, size_t file, const bool *leaf)
{
	for (size_t i = 0; i < p->cert_count; i++)
		if (p->certs[i].file == file && leaf[i])
			return true;
	return false;
}

static void sort_out(struct pool *p)
{
	bool *leaf = arena_calloc(p->a, p->cert_count + 1, sizeof(*leaf));

	for (size_t i = 0; i < p->cert_count; i++) {
		bool other;
		EVP_PKEY *key = find_key(p, &p->certs[i], &other);
		leaf[i] = key != NULL;
		if (key != NULL) {
			add_leaf(p, &p->certs[i], key);
		} else if (!is_ca(p->certs[i].x)) {
			leaf[i] = true;
			refused(p, p->certs[i].file,
			        name_text(p->a, X509_get_subject_name(p->certs[i].x)),
			        other ? "key-mismatch" : "key-missing",
			        other ? "the key beside it belongs to another certificate"
			              : "no private key was found for it: put it into the same "
			                "file, or "
			                "into NAME.key beside it");
		}
	}
	for (size_t f = 0; f < p->file_count; f++) {
		bool has_cert = false;
		for (size_t i = 0; i < p->cert_count; i++)
			has_cert = has_cert || p->certs[i].file == f;
		if (has_cert && !file_has_leaf(p, f, leaf))
			unused(p, f, "only-issuers", "holds issuers' certificates only");
	}
}

static void pool_fini(struct pool *p)
{
	for (size_t i = 0; i < p->cert_count; i++)
		X509_free(p->certs[i].x);
	for (size_t i = 0; i < p->key_count; i++)
		EVP_PKEY_free(p->keys[i].key);
	X509_STORE_free(p->roots);
}

enum err certs_read(struct arena *a, const struct cert_file *files, size_t count, int64_t now,
                    const char *roots, struct certs_reading *out)
{
	struct certs_reading r = { 0 };
	struct pool p = { .a = a, .files = files, .file_count = count, .now = now, .out = &r };
	enum err e = OK;

	if (count > CERTS_FILES_MAX)
		return ERR_LIMIT;
	p.certs = arena_calloc(a, POOL_MAX, sizeof(*p.certs));
	p.keys = arena_calloc(a, POOL_MAX, sizeof(*p.keys));
	p.roots = X509_STORE_new();
	if (p.roots == NULL)
		return ERR_IO;
	(void)X509_STORE_set_default_paths(p.roots); /* none: every chain is doubtful */
	if (roots != NULL)
		(void)X509_STORE_load_file(p.roots, roots); /* as above */
	for (size_t i = 0; e == OK && i < count; i++)
		e = read_file(&p, i);
	r.found = arena_calloc(a, p.cert_count + 1, sizeof(*r.found));
	if (e == OK)
		sort_out(&p);
	pool_fini(&p);
	if (e == OK)
		*out = r;
	return e;
}

void certs_reading_fini(struct certs_reading *r)
{
	for (size_t i = 0; i < r->found_count; i++) {
		mem_wipe((void *)(uintptr_t)r->found[i].key.p, r->found[i].key.len);
		r->found[i].key = (struct slice){ NULL, 0 };
	}
}

bool certs_name_covers(struct slice name, struct slice host)
{
	struct slice first, rest;

	if (slice_eq_i(name, host))
		return true;
	/* RFC 9525, 6.3: the star is a whole label and stands for exactly one. */
	return slice_starts(name, S("*.")) && slice_cut(host, '.', &first, &rest) &&
	       first.len > 0 && slice_eq_i(slice_skip(name, 2), rest);
}
