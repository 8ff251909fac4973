/* The pure half of certificate import: PEM files to leaves with key and chain. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/utc.h"
#include "service/certs_pool.h"

/* One import on its way: what lay in the files and what it comes to. */
struct reading {
	struct pool pool;
	struct arena *a;
	X509_STORE *roots;
	int64_t now;
	struct table *met; /* fingerprints of what was found */
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

static void refused(struct reading *r, size_t file, const char *name, const char *code,
                    const char *message)
{
	add_note(r->a, &r->out->refused, &r->out->refused_count,
	         (struct cert_note){ r->pool.files[file].name, name, code, message });
}

static void unused(struct reading *r, size_t file, const char *code, const char *message)
{
	add_note(r->a, &r->out->unused, &r->out->unused_count,
	         (struct cert_note){ r->pool.files[file].name, NULL, code, message });
}

static enum err read_file(struct reading *r, size_t file)
{
	switch (pool_read_file(&r->pool, file)) {
	case POOL_TOO_MUCH:
		return ERR_LIMIT;
	case POOL_ENCRYPTED:
		refused(r, file, NULL, "key-encrypted",
		        "the private key is encrypted; remove its pass phrase first");
		return OK;
	case POOL_BUNDLE:
		unused(r, file, "cert-bundle", "holds too much for a certificate of a host");
		return OK;
	case POOL_NO_PEM:
		unused(r, file, "no-pem", "holds no certificate or key in PEM form");
		return OK;
	case POOL_GOOD:
	default:
		return OK;
	}
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

/* Issuer of the leaf first, the root left out: clients have it or do not trust it. */
static STACK_OF(X509) * build_chain(struct reading *r, X509 *leaf, size_t file, struct cert *c)
{
	struct slice *chain = arena_calloc(r->a, CERT_CHAIN_MAX, sizeof(*chain));
	STACK_OF(X509) *stack = sk_X509_new_null();
	X509 *at = leaf;

	while (c->chain_count < CERT_CHAIN_MAX) {
		X509 *issuer = pool_issuer_of(&r->pool, at, file);
		if (issuer == NULL || X509_check_issued(issuer, issuer) == X509_V_OK)
			break;
		chain[c->chain_count++] = cert_der(r->a, issuer);
		(void)sk_X509_push(stack,
		                   issuer); /* too short a stack only loses the warning's proof */
		at = issuer;
	}
	c->chain = chain;
	return stack;
}

static bool has_public_root(struct reading *r, X509 *leaf, STACK_OF(X509) * chain)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool good = false;

	if (ctx != NULL && X509_STORE_CTX_init(ctx, r->roots, leaf, chain) == 1) {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(param, (time_t)r->now);
		good = X509_verify_cert(ctx) == 1;
	}
	X509_STORE_CTX_free(ctx);
	return good;
}

static void fill_cert(struct reading *r, X509 *x, size_t file, struct cert_found *f)
{
	char hex[SHA256_HEX_SIZE];
	struct cert *c = &f->cert;
	STACK_OF(X509) * chain;

	c->tenant = TENANT_ONLY;
	c->der = cert_der(r->a, x);
	c->fingerprint = arena_str(r->a, slice_str(enc_sha256_hex(c->der, hex)));
	c->subject = name_text(r->a, X509_get_subject_name(x));
	c->issuer = name_text(r->a, X509_get_issuer_name(x));
	c->not_before = when(X509_get0_notBefore(x));
	c->not_after = when(X509_get0_notAfter(x));
	read_names(r->a, x, c);
	chain = build_chain(r, x, file, c);
	c->note = "";
	if (!has_public_root(r, x, chain)) {
		c->note = "no-public-root";
		f->doubt = "its chain leads to no public root: senders will not accept it";
	}
	sk_X509_free(chain);
	f->file = r->pool.files[file].name;
	f->name = c->name_count > 0 ? arena_str(r->a, c->names[0]) : c->subject;
}

static const char *key_type(const EVP_PKEY *key)
{
	int id = EVP_PKEY_get_base_id(key);

	return id == EVP_PKEY_EC ? "ec" : id == EVP_PKEY_RSA ? "rsa" : NULL;
}

static bool met_before(struct reading *r, const struct cert_found *f)
{
	size_t *place = table_at(r->met, slice_str(f->cert.fingerprint));

	if (*place == TABLE_NONE) {
		*place = r->out->found_count;
		return false;
	}
	struct cert_found *old = &r->out->found[*place];
	if (f->cert.chain_count > old->cert.chain_count) {
		mem_wipe((void *)(uintptr_t)old->key.p, old->key.len);
		*old = *f;
	} else {
		mem_wipe((void *)(uintptr_t)f->key.p, f->key.len);
	}
	return true;
}

static const char *time_fault(const struct reading *r, const struct cert *c, const char **code)
{
	char day[UTC_TEXT_SIZE];

	if (c->not_after <= r->now) {
		*code = "cert-expired";
		return arena_printf(r->a, "the certificate has expired on %s",
		                    utc_format_day(c->not_after, day));
	}
	if (c->not_before > r->now) {
		*code = "cert-not-yet-valid";
		return arena_printf(r->a, "the certificate is valid from %s only",
		                    utc_format_day(c->not_before, day));
	}
	return NULL;
}

/* One certificate for use, or the reason why it is none. */
static void add_leaf(struct reading *r, const struct pool_cert *pc, EVP_PKEY *key)
{
	struct cert_found f = { 0 };
	const char *type = key_type(key), *code = NULL, *fault;

	fill_cert(r, pc->x, pc->file, &f);
	fault = time_fault(r, &f.cert, &code);
	if (type == NULL) {
		code = "key-type";
		fault = "the key is neither RSA nor EC";
	} else if (fault == NULL && f.cert.name_count == 0) {
		code = "cert-no-name";
		fault = "the certificate has no DNS name in subjectAltName";
	}
	if (fault != NULL) {
		refused(r, pc->file, f.name, code, fault);
		return;
	}
	f.cert.key_type = type;
	f.key = key_der(r->a, key);
	if (!met_before(r, &f))
		r->out->found[r->out->found_count++] = f;
}

static bool is_ca(X509 *x)
{
	return X509_check_ca(x) != 0;
}

/* Whether it can be used or not, it was meant to be. */
static bool take_leaf(struct reading *r, const struct pool_cert *c)
{
	bool other;
	EVP_PKEY *key = pool_key_of(&r->pool, c, &other);

	if (key != NULL) {
		add_leaf(r, c, key);
		return true;
	}
	if (is_ca(c->x))
		return false;
	refused(r, c->file, name_text(r->a, X509_get_subject_name(c->x)),
	        other ? "key-mismatch" : "key-missing",
	        other ? "the key beside it belongs to another certificate"
	              : "no private key was found for it: put it into the same file, or into "
	                "NAME.key beside it");
	return true;
}

static void sort_out(struct reading *r)
{
	for (size_t f = 0; f < r->pool.file_count; f++) {
		const struct pool_file *place = &r->pool.places[f];
		bool leaf = false;

		for (size_t i = 0; i < place->count; i++)
			leaf = take_leaf(r, &r->pool.certs[place->first + i]) || leaf;
		if (place->count > 0 && !leaf)
			unused(r, f, "only-issuers", "holds issuers' certificates only");
	}
}

/*
 * The system's roots, and those of a file; none: every chain is doubtful.  Not by
 * X509_STORE_set_default_paths, which for an issuer nobody knows reads every file of the system's
 * folder again.
 */
static X509_STORE *open_roots(const char *file)
{
	X509_STORE *roots = X509_STORE_new();

	if (roots == NULL)
		return NULL;
	X509_LOOKUP *one = X509_STORE_add_lookup(roots, X509_LOOKUP_file());
	X509_LOOKUP *folder = X509_STORE_add_lookup(roots, X509_LOOKUP_hash_dir());
	if (one != NULL)
		(void)X509_LOOKUP_load_file(one, NULL, X509_FILETYPE_DEFAULT); /* as above */
	if (folder != NULL)
		(void)X509_LOOKUP_add_dir(folder, NULL, X509_FILETYPE_DEFAULT); /* as above */
	if (file != NULL)
		(void)X509_STORE_load_file(roots, file); /* as above */
	ERR_clear_error();
	return roots;
}

enum err certs_read(struct arena *a, const struct cert_file *files, size_t count, int64_t now,
                    const char *roots, struct certs_reading *out)
{
	struct certs_reading done = { 0 };
	struct reading r = { .a = a, .now = now, .out = &done };
	enum err e = OK;

	if (count > CERTS_FILES_MAX)
		return ERR_LIMIT;
	r.roots = open_roots(roots);
	if (r.roots == NULL)
		return ERR_IO;
	r.met = table_new();
	pool_init(&r.pool, a, files, count);
	for (size_t i = 0; e == OK && i < count; i++)
		e = read_file(&r, i);
	done.found = arena_calloc(a, r.pool.cert_count + 1, sizeof(*done.found));
	if (e == OK) {
		pool_index(&r.pool);
		sort_out(&r);
	}
	pool_fini(&r.pool);
	table_free(r.met);
	X509_STORE_free(r.roots);
	if (e == OK)
		*out = done;
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
