#include "wire/dkim_scan.h"

#include <openssl/evp.h>

#include "wire/dkim_canon.h"
#include "wire/dkim_from.h"

#define FIELDS_FIRST 32u

struct field {
	struct slice name, value; /* value: all behind the colon, folds included */
	struct slice whole;
};

struct reading {
	struct arena *arena;
	struct field *fields;
	size_t count, room; /* of fields: those there, those that fit */
	struct slice body;
	enum dkim_fault fault; /* of the header as a whole */
	bool hashed[2];        /* by canonicalization of the body */
	unsigned char body_hash[2][SHA256_SIZE];
};

static void feed_digest(void *arg, struct slice piece)
{
	(void)EVP_DigestUpdate(arg, piece.p, piece.len); /* fails only without init */
}

static EVP_MD_CTX *digest_new(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(c);
		c = NULL;
	}
	return c;
}

/* The digest of a library that refuses to work fits nothing. */
static void digest_end(EVP_MD_CTX *c, unsigned char out[SHA256_SIZE])
{
	unsigned n = 0;

	memset(out, 0, SHA256_SIZE);
	if (c != NULL)
		(void)EVP_DigestFinal_ex(c, out, &n); /* as above */
	EVP_MD_CTX_free(c);
}

/*
 * The next line of the header with its end; line_out is without.  A CR elsewhere than before LF,
 * or a NUL, is read differently by different programs: ERR_SYNTAX.
 */
static enum err header_line(struct slice *rest, struct slice *line_out)
{
	if (!slice_next_line(rest, line_out))
		return ERR_NOTFOUND;
	return slice_find(*line_out, '\r') == SIZE_MAX && slice_find(*line_out, '\0') == SIZE_MAX
	               ? OK
	               : ERR_SYNTAX;
}

static bool starts_blank(struct slice line)
{
	return line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

static bool field_name(struct slice line, struct slice *name_out)
{
	struct slice value;

	if (!slice_cut(line, ':', name_out, &value))
		return false;
	*name_out = slice_trim_wsp(*name_out); /* blanks before the colon are obsolete syntax */
	return name_out->len > 0 && slice_is_printable(*name_out) &&
	       slice_find(*name_out, ' ') == SIZE_MAX;
}

/* Most mails have few fields. */
static void make_room(struct reading *r)
{
	size_t room = r->room == 0 ? FIELDS_FIRST : 2 * r->room;
	struct field *fields = arena_calloc(r->arena, room, sizeof(*fields));

	if (r->count > 0)
		memcpy(fields, r->fields, r->count * sizeof(*fields));
	r->fields = fields;
	r->room = room;
}

static enum dkim_fault add_field(struct reading *r, struct slice line)
{
	struct slice before;
	struct field *f;

	if (r->count == r->room)
		make_room(r);
	f = &r->fields[r->count];
	if (r->count == DKIM_FIELDS_MAX || !field_name(line, &f->name))
		return DKIM_MESSAGE;
	f->whole = line;
	(void)slice_cut(line, ':', &before, &f->value); /* found before */
	r->count++;
	return DKIM_NONE;
}

static void extend_field(struct reading *r, struct slice line)
{
	struct field *f = &r->fields[r->count - 1];
	const char *end = line.p + line.len;

	f->whole.len = (size_t)(end - f->whole.p);
	f->value.len = (size_t)(end - f->value.p);
}

static enum dkim_fault take_line(struct reading *r, struct slice line)
{
	if (!starts_blank(line))
		return add_field(r, line);
	if (r->count == 0)
		return DKIM_MESSAGE;
	extend_field(r, line);
	return DKIM_NONE;
}

/* Cuts the message into fields and body. */
static enum dkim_fault read_header(struct reading *r, struct slice message)
{
	struct slice rest = message, line = { 0 };
	enum dkim_fault f = DKIM_NONE;
	enum err e;

	/* A line that a mailbox program put on top; it is no field and never was. */
	if (slice_starts(message, S("From ")))
		(void)slice_next_line(&rest, &line); /* there is one */
	while (f == DKIM_NONE && (e = header_line(&rest, &line)) != ERR_NOTFOUND) {
		if (e != OK || (size_t)(rest.p - message.p) > DKIM_HEADER_MAX)
			return DKIM_MESSAGE;
		if (line.len == 0)
			break;
		f = take_line(r, line);
	}
	r->body = rest;
	return f;
}

/*
 * RFC 6376, 5.4.2 and 8.15: a signature covers one of several fields of the same name, and who
 * reads the mail may see another.  What this program reads in a report mail must occur once.
 */
static enum dkim_fault find_repeats(const struct reading *r)
{
	static const struct slice single[] = {
		SLICE_INIT("From"),
		SLICE_INIT("Subject"),
		SLICE_INIT("Date"),
		SLICE_INIT("MIME-Version"),
		SLICE_INIT("Content-Type"),
		SLICE_INIT("Content-Transfer-Encoding"),
		SLICE_INIT("TLS-Report-Domain"),
		SLICE_INIT("TLS-Report-Submitter"),
	};
	unsigned seen = 0;

	for (size_t i = 0; i < r->count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(single); k++) {
			if (!slice_eq_i(r->fields[i].name, single[k]))
				continue;
			if ((seen & 1u << k) != 0)
				return DKIM_REPEATED;
			seen |= 1u << k;
		}
	}
	return DKIM_NONE;
}

static const unsigned char *body_hash(struct reading *r, enum dkim_canon c)
{
	if (!r->hashed[c]) {
		EVP_MD_CTX *ctx = digest_new();

		if (ctx != NULL)
			dkim_canon_body(r->body, c, feed_digest, ctx);
		digest_end(ctx, r->body_hash[c]);
		r->hashed[c] = true;
	}
	return r->body_hash[c];
}

/* RFC 6376, 5.4.2: from the bottom, each field once; SIZE_MAX: there is none (left). */
static size_t select_field(const struct reading *r, struct slice name, const bool *used,
                           size_t self)
{
	for (size_t i = r->count; i > 0; i--)
		if (!used[i - 1] && i - 1 != self && slice_eq_i(r->fields[i - 1].name, name))
			return i - 1;
	return SIZE_MAX;
}

/* The signature's own field without the value of b= (section 3.7). */
static struct slice without_b(const struct reading *r, const struct field *f,
                              const struct dkim_signature *s)
{
	size_t before = (size_t)(s->b_text.p - f->whole.p);
	struct slice after = slice_skip(f->whole, before + s->b_text.len);
	char *copy = arena_alloc(r->arena, f->whole.len + 1);

	memcpy(copy, f->whole.p, before);
	if (after.len > 0)
		memcpy(copy + before, after.p, after.len);
	return slice_of(copy, before + after.len);
}

static void header_hash(const struct reading *r, size_t self, const struct dkim_signature *s,
                        unsigned char out[SHA256_SIZE])
{
	bool *used = arena_calloc(r->arena, r->count, sizeof(*used));
	EVP_MD_CTX *ctx = digest_new();
	struct slice rest = s->names, name;

	while (ctx != NULL && dkim_item_next(&rest, &name)) {
		size_t i = select_field(r, name, used, self);

		if (i == SIZE_MAX)
			continue; /* it vouches for the absence of such a field */
		used[i] = true;
		dkim_canon_field(r->fields[i].whole, s->header, true, feed_digest, ctx);
	}
	if (ctx != NULL)
		dkim_canon_field(without_b(r, &r->fields[self], s), s->header, false, feed_digest,
		                 ctx);
	digest_end(ctx, out);
}

static void fill(struct reading *r, size_t self, const struct dkim_signature *s,
                 struct dkim_signed *out)
{
	out->algorithm = s->algorithm;
	out->b = arena_copy(r->arena, slice_of(s->b, s->b_len));
	out->has_time = s->has_time;
	out->time = s->time;
	out->has_expiry = s->has_expiry;
	out->expiry = s->expiry;
	out->covers_domain = dkim_names_have(s->names, S("TLS-Report-Domain"));
	out->covers_submitter = dkim_names_have(s->names, S("TLS-Report-Submitter"));
	header_hash(r, self, s, out->digest);
}

static struct dkim_signed read_signature(struct reading *r, size_t self)
{
	struct dkim_signature *s = arena_alloc(r->arena, sizeof(*s));
	struct dkim_signed out = { .fault = dkim_signature_parse(r->fields[self].value, s) };
	char query[DKIM_QUERY_SIZE];

	if (dkim_is_domain(s->domain) && dkim_is_selector(s->selector)) {
		out.domain = arena_lower(r->arena, s->domain);
		out.selector = arena_lower(r->arena, s->selector);
		out.identity = arena_lower(r->arena, s->identity);
	}
	if (out.fault == DKIM_NONE)
		out.fault = r->fault;
	if (out.fault == DKIM_NONE && dkim_query_name(s->selector, s->domain, query) != OK)
		out.fault = DKIM_TOO_LARGE;
	if (out.fault == DKIM_NONE && memcmp(body_hash(r, s->body), s->body_hash, SHA256_SIZE) != 0)
		out.fault = DKIM_BODY;
	if (out.fault == DKIM_NONE)
		fill(r, self, s, &out);
	return out;
}

static void read_from(const struct reading *r, struct dkim_scan *out)
{
	for (size_t i = 0; i < r->count && out->from.len == 0; i++)
		if (slice_eq_i(r->fields[i].name, S("From")))
			out->from = dkim_from_domain(r->fields[i].value, r->arena);
}

void dkim_scan(struct slice message, struct arena *arena, struct dkim_scan *out)
{
	struct reading r = { .arena = arena };

	*out = (struct dkim_scan){ .count = 0 };
	r.fault = read_header(&r, message);
	if (r.fault == DKIM_NONE)
		r.fault = find_repeats(&r);
	read_from(&r, out);
	for (size_t i = 0; i < r.count; i++) {
		if (!slice_eq_i(r.fields[i].name, S("DKIM-Signature")))
			continue;
		if (out->count == DKIM_SIGNATURES_MAX)
			out->left_out++;
		else
			out->signatures[out->count++] = read_signature(&r, i);
	}
}
