#include "wire/dkim_signature.h"

#include <stdio.h>

#define MIDDLE "._domainkey."

static const char *const algorithms[] = {
	[DKIM_RSA_SHA256] = "rsa-sha256",
	[DKIM_ED25519_SHA256] = "ed25519-sha256",
};

const char *dkim_algorithm_name(enum dkim_algorithm a)
{
	return algorithms[a];
}

static bool is_let_dig(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* extra: a further character that labels may have anywhere; NUL: none. */
static bool is_label(struct slice s, char extra)
{
	if (s.len == 0 || s.len > 63 || s.p[0] == '-' || s.p[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_let_dig(s.p[i]) && s.p[i] != '-' && (extra == '\0' || s.p[i] != extra))
			return false;
	return true;
}

/* The number of labels; 0: not a name. */
static size_t labels(struct slice s, char extra)
{
	struct slice label;
	size_t n = 0;

	if (s.len > DKIM_DOMAIN_MAX || slice_ends(s, S(".")))
		return 0;
	while (slice_next(&s, '.', &label)) {
		if (!is_label(label, extra))
			return 0;
		n++;
	}
	return n;
}

bool dkim_is_domain(struct slice s)
{
	return labels(s, '\0') >= 2;
}

bool dkim_is_selector(struct slice s)
{
	return labels(s, '_') >= 1; /* the grammar has no underscore, but names in use do */
}

static enum dkim_fault read_algorithm(const struct dkim_tags *t, struct dkim_signature *s)
{
	struct slice a = dkim_tags_value(t, "a", S(""));

	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (slice_eq(a, slice_str(algorithms[i]))) {
			s->algorithm = (enum dkim_algorithm)i;
			return DKIM_NONE;
		}
	}
	return DKIM_ALGORITHM;
}

static bool canon_of(struct slice word, enum dkim_canon *out)
{
	if (!slice_eq(word, S("simple")) && !slice_eq(word, S("relaxed")))
		return false;
	*out = slice_eq(word, S("simple")) ? DKIM_SIMPLE : DKIM_RELAXED;
	return true;
}

/* RFC 6376, 3.5: without c= both are simple; one word alone is the header's, the body's simple. */
static enum dkim_fault read_canon(const struct dkim_tags *t, struct dkim_signature *s)
{
	struct slice c = dkim_tags_value(t, "c", S("simple/simple"));
	struct slice header = c, body = S("simple");

	(void)slice_cut(c, '/', &header, &body); /* one word: as above */
	return canon_of(header, &s->header) && canon_of(body, &s->body) ? DKIM_NONE : DKIM_CANON;
}

static enum dkim_fault read_names(const struct dkim_tags *t, struct dkim_signature *s)
{
	struct slice rest = dkim_tags_value(t, "h", S("")), item;
	size_t n = 0;

	s->names = rest;
	if (rest.len > DKIM_H_MAX)
		return DKIM_TOO_LARGE;
	while (dkim_item_next(&rest, &item)) {
		if (item.len == 0 || !slice_is_printable(item) || slice_find(item, ' ') != SIZE_MAX)
			return DKIM_SYNTAX;
		if (++n > DKIM_NAMES_MAX)
			return DKIM_TOO_LARGE;
	}
	return dkim_names_have(s->names, S("From")) ? DKIM_NONE : DKIM_NO_FROM;
}

static enum dkim_fault read_domains(const struct dkim_tags *t, struct dkim_signature *s)
{
	s->domain = dkim_tags_value(t, "d", S(""));
	s->selector = dkim_tags_value(t, "s", S(""));
	return dkim_is_domain(s->domain) && dkim_is_selector(s->selector) ? DKIM_NONE : DKIM_SYNTAX;
}

/* i= is [local part] "@" domain, where the domain is d= or below it. */
static enum dkim_fault read_identity(const struct dkim_tags *t, struct dkim_signature *s)
{
	struct slice i = dkim_tags_value(t, "i", S("")), rest = i;
	size_t at;

	s->identity = s->domain;
	if (dkim_tags_find(t, "i") == NULL)
		return DKIM_NONE;
	if (slice_find(i, '@') == SIZE_MAX)
		return DKIM_SYNTAX;
	while ((at = slice_find(rest, '@')) != SIZE_MAX)
		rest = slice_skip(rest, at + 1);
	if (!dkim_is_domain(rest))
		return DKIM_SYNTAX;
	if (!slice_ends_i(rest, s->domain) ||
	    (rest.len > s->domain.len && rest.p[rest.len - s->domain.len - 1] != '.'))
		return DKIM_IDENTITY;
	s->identity = rest;
	return DKIM_NONE;
}

/* Decimal digits, as many as the writer likes; more than an int64_t holds is its end. */
static bool read_moment(const struct dkim_tags *t, const char *name, bool *has, int64_t *out)
{
	const struct dkim_tag *tag = dkim_tags_find(t, name);
	int64_t n = 0;

	if (tag == NULL)
		return true;
	if (tag->value.len == 0)
		return false;
	for (size_t i = 0; i < tag->value.len; i++) {
		char c = tag->value.p[i];

		if (c < '0' || c > '9')
			return false;
		n = n > (INT64_MAX - 9) / 10 ? INT64_MAX : n * 10 + (c - '0');
	}
	*has = true;
	*out = n;
	return true;
}

static enum dkim_fault read_times(const struct dkim_tags *t, struct dkim_signature *s)
{
	if (!read_moment(t, "t", &s->has_time, &s->time) ||
	    !read_moment(t, "x", &s->has_expiry, &s->expiry))
		return DKIM_SYNTAX;
	return s->has_time && s->has_expiry && s->expiry < s->time ? DKIM_TIMES : DKIM_NONE;
}

static enum dkim_fault read_query(const struct dkim_tags *t, struct dkim_signature *s)
{
	struct slice rest = dkim_tags_value(t, "q", S("dns/txt")), item;

	(void)s;
	while (dkim_item_next(&rest, &item))
		if (slice_eq(item, S("dns/txt")))
			return DKIM_NONE;
	return DKIM_QUERY;
}

/*
 * RFC 8460, 3: reports are not signed with l=, even when it names the whole body.
 */
static enum dkim_fault read_length(const struct dkim_tags *t, struct dkim_signature *s)
{
	(void)s;
	return dkim_tags_find(t, "l") == NULL ? DKIM_NONE : DKIM_LENGTH;
}

static enum dkim_fault read_bytes(const struct dkim_tags *t, struct dkim_signature *s)
{
	struct buf bytes;
	enum dkim_fault f = DKIM_SYNTAX;

	buf_init(&bytes, DKIM_B_MAX);
	if (dkim_base64(dkim_tags_value(t, "bh", S("")), &bytes) == OK &&
	    bytes.len == SHA256_SIZE) {
		memcpy(s->body_hash, bytes.p, SHA256_SIZE);
		buf_reset(&bytes);
		enum err e = dkim_base64(dkim_tags_value(t, "b", S("")), &bytes);

		if (e == OK && bytes.len > 0) {
			memcpy(s->b, bytes.p, bytes.len);
			s->b_len = bytes.len;
			s->b_text = dkim_tags_find(t, "b")->whole;
			f = DKIM_NONE;
		} else if (e == ERR_LIMIT) {
			f = DKIM_TOO_LARGE;
		}
	}
	buf_fini(&bytes);
	return f;
}

static enum dkim_fault check_required(const struct dkim_tags *t, struct dkim_signature *s)
{
	static const char *const required[] = { "v", "a", "b", "bh", "d", "h", "s" };

	(void)s;
	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (dkim_tags_find(t, required[i]) == NULL)
			return DKIM_TAG_MISSING;
	return slice_eq(dkim_tags_value(t, "v", S("")), S("1")) ? DKIM_NONE : DKIM_VERSION;
}

enum dkim_fault dkim_signature_parse(struct slice value, struct dkim_signature *out)
{
	static enum dkim_fault (*const steps[])(const struct dkim_tags *,
	                                        struct dkim_signature *) = {
		check_required, read_algorithm, read_canon, read_query,  read_domains,
		read_identity,  read_names,     read_times, read_length, read_bytes,
	};
	struct dkim_tags tags;
	enum err e = dkim_tags_parse(value, &tags);
	enum dkim_fault f = DKIM_NONE;

	*out = (struct dkim_signature){ .b_len = 0 };
	if (e != OK)
		return e == ERR_LIMIT ? DKIM_TOO_LARGE : DKIM_SYNTAX;
	for (size_t i = 0; f == DKIM_NONE && i < ARRAY_LEN(steps); i++)
		f = steps[i](&tags, out);
	return f;
}

enum dkim_fault dkim_time_check(bool has_time, int64_t time, bool has_expiry, int64_t expiry,
                                int64_t now)
{
	if (has_time && time > now + DKIM_CLOCK_SKEW_S)
		return DKIM_FUTURE;
	return has_expiry && expiry < now ? DKIM_EXPIRED : DKIM_NONE;
}

enum err dkim_query_name(struct slice selector, struct slice domain, char out[DKIM_QUERY_SIZE])
{
	if (selector.len + sizeof(MIDDLE) - 1 + domain.len > DKIM_DOMAIN_MAX)
		return ERR_LIMIT;
	(void)snprintf(out, DKIM_QUERY_SIZE, "%.*s" MIDDLE "%.*s", SLICE_ARGS(selector),
	               SLICE_ARGS(domain)); /* measured */
	for (char *p = out; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	return OK;
}

bool dkim_names_have(struct slice names, struct slice field)
{
	struct slice item;

	while (dkim_item_next(&names, &item))
		if (slice_eq_i(item, field))
			return true;
	return false;
}
