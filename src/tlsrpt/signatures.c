#include "tlsrpt/signatures.h"

#include <inttypes.h>

#include "tlsrpt/report_show.h"
#include "wire/json.h"

static void add_moment(struct buf *out, const char *name, bool has, int64_t t)
{
	buf_printf(out, ",\"%s\":", name);
	if (has)
		buf_printf(out, "%" PRId64, t);
	else
		buf_add_str(out, "null");
}

static void add_text(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, ",\"%s\":", name);
	json_add_string_or_null(out, value);
}

static void add_signature(struct buf *out, const struct dkim_signed *s)
{
	char hex[SHA256_HEX_SIZE];

	buf_printf(out, "{\"fault\":\"%s\"", dkim_fault_code(s->fault));
	add_text(out, "domain", s->domain);
	add_text(out, "selector", s->selector);
	if (s->fault == DKIM_NONE) {
		add_text(out, "identity", s->identity);
		add_text(out, "algorithm", slice_str(dkim_algorithm_name(s->algorithm)));
		add_text(out, "digest", slice_str(enc_hex(s->digest, SHA256_SIZE, hex)));
		buf_add_str(out, ",\"b\":\"");
		enc_base64(s->b, out);
		buf_add_char(out, '"');
		add_moment(out, "time", s->has_time, s->time);
		add_moment(out, "expiry", s->has_expiry, s->expiry);
		buf_printf(out, ",\"covers_domain\":%s,\"covers_submitter\":%s",
		           s->covers_domain ? "true" : "false",
		           s->covers_submitter ? "true" : "false");
	}
	buf_add_char(out, '}');
}

void report_show_signatures(const struct dkim_scan *scan, struct slice file, struct buf *out)
{
	buf_add_str(out, "{\"schema\":\"mxseal.signatures/1\",\"file\":");
	json_add_string(out, file);
	add_text(out, "from", scan->from);
	buf_printf(out, ",\"left_out\":%zu,\"signatures\":[", scan->left_out);
	for (size_t i = 0; i < scan->count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_signature(out, &scan->signatures[i]);
	}
	buf_add_str(out, "]}");
}

static bool is_lower(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return false;
	return true;
}

/* A name in lower case, or null. */
static bool read_name(const json_t *o, const char *member, bool (*is_name)(struct slice),
                      struct arena *a, struct slice *out)
{
	const json_t *value = json_member(o, member);

	if (json_is_null(value))
		return true;
	*out = arena_copy(a, json_slice(value));
	return json_is_string(value) && is_name(*out) && is_lower(*out);
}

static bool read_moment(const json_t *o, const char *member, bool *has, int64_t *out)
{
	const json_t *value = json_member(o, member);

	*has = json_is_integer(value);
	*out = json_integer_value(value);
	return json_is_null(value) || (*has && *out >= 0);
}

static bool read_algorithm(const json_t *o, enum dkim_algorithm *out)
{
	struct slice name = json_slice(json_member(o, "algorithm"));

	*out = slice_eq(name, slice_str(dkim_algorithm_name(DKIM_ED25519_SHA256)))
	               ? DKIM_ED25519_SHA256
	               : DKIM_RSA_SHA256;
	return slice_eq(name, slice_str(dkim_algorithm_name(*out)));
}

static bool read_bytes(const json_t *o, struct arena *a, struct dkim_signed *s)
{
	size_t len = 0;
	struct buf b;
	bool good;

	buf_init(&b, DKIM_B_MAX);
	good = enc_unhex(json_slice(json_member(o, "digest")), s->digest, SHA256_SIZE, &len) ==
	               OK &&
	       len == SHA256_SIZE && enc_unbase64(json_slice(json_member(o, "b")), &b) == OK &&
	       b.len > 0;
	s->b = arena_copy(a, buf_slice(&b));
	buf_fini(&b);
	return good;
}

static bool read_whole(const json_t *o, struct arena *a, struct dkim_signed *s)
{
	const json_t *domain = json_member(o, "covers_domain");
	const json_t *submitter = json_member(o, "covers_submitter");

	s->covers_domain = json_is_true(domain);
	s->covers_submitter = json_is_true(submitter);
	return s->domain.len > 0 && s->selector.len > 0 && json_is_boolean(domain) &&
	       json_is_boolean(submitter) &&
	       read_name(o, "identity", dkim_is_domain, a, &s->identity) &&
	       slice_ends(s->identity, s->domain) && read_algorithm(o, &s->algorithm) &&
	       read_bytes(o, a, s) && read_moment(o, "time", &s->has_time, &s->time) &&
	       read_moment(o, "expiry", &s->has_expiry, &s->expiry);
}

static bool read_signature(const json_t *o, struct arena *a, struct dkim_signed *s)
{
	if (dkim_fault_by_code(json_slice(json_member(o, "fault")), &s->fault) != OK ||
	    !read_name(o, "domain", dkim_is_domain, a, &s->domain) ||
	    !read_name(o, "selector", dkim_is_selector, a, &s->selector))
		return false;
	return s->fault != DKIM_NONE || read_whole(o, a, s);
}

enum err signatures_parse(const json_t *root, struct arena *arena, struct dkim_scan **out)
{
	const json_t *list = json_member(root, "signatures");
	const json_t *left = json_member(root, "left_out");
	struct dkim_scan *scan = arena_alloc(arena, sizeof(*scan));

	if (!json_is_array(list) || json_array_size(list) > DKIM_SIGNATURES_MAX ||
	    !json_is_integer(left) || json_integer_value(left) < 0 ||
	    !read_name(root, "from", dkim_is_domain, arena, &scan->from))
		return ERR_SYNTAX;
	scan->left_out = (size_t)json_integer_value(left);
	scan->count = json_array_size(list);
	for (size_t i = 0; i < scan->count; i++)
		if (!read_signature(json_array_get(list, i), arena, &scan->signatures[i]))
			return ERR_SYNTAX;
	*out = scan;
	return OK;
}
