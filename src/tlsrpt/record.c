#include "tlsrpt/record.h"

#include <arpa/inet.h>

#include "mtasts/name.h"
#include "mtasts/record.h"
#include "mtasts/txtfield.h"
#include "tlsrpt/uri.h"

#define VERSION S("v=TLSRPTv1")
#define DUPLICATES_REMEMBERED 256u

static bool local_is_atoms(struct slice local)
{
	if (local.len == 0 || local.p[0] == '.' || local.p[local.len - 1] == '.' ||
	    slice_find_slice(local, S("..")) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < local.len; i++) {
		unsigned char c = (unsigned char)local.p[i];

		if (c <= 0x20 || c == 0x7f || strchr("()<>[]:;@\\,\"", c) != NULL)
			return false;
	}
	return true;
}

static bool local_is_quoted(struct slice local)
{
	if (local.len < 3 || local.p[0] != '"' || local.p[local.len - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < local.len; i++) {
		if (local.p[i] == '"')
			return false;
		if (local.p[i] == '\\')
			i++;
		if (i + 1 == local.len || (unsigned char)local.p[i] < 0x20 || local.p[i] == 0x7f)
			return false;
	}
	return true;
}

/* One addr-spec with a domain name; no control byte can be in it. */
static bool is_address(struct slice s)
{
	const char *sign = s.len == 0 ? NULL : memrchr(s.p, '@', s.len);
	struct slice local;

	if (sign == NULL || !slice_is_utf8(s))
		return false;
	local = slice_head(s, (size_t)(sign - s.p));
	return (local_is_atoms(local) || local_is_quoted(local)) &&
	       name_fault(slice_skip(s, local.len + 1)) == NULL;
}

static enum err deny(enum finding_kind *kind_out, enum finding_kind kind)
{
	*kind_out = kind;
	return ERR_DENIED;
}

static enum err read_mailto(struct arena *a, const struct uri *u, struct tlsrpt_rua *out,
                            enum finding_kind *kind_out)
{
	struct slice to = slice_head(u->rest, slice_find(u->rest, '?'));

	to = uri_unescape(a, to);
	/* RFC 6068, 2: the address follows the colon; behind "//" is none of it. */
	if (u->has_authority || !is_address(to))
		return deny(kind_out, FINDING_RUA_MAILTO);
	out->kind = TLSRPT_MAILTO;
	out->address = to;
	return OK;
}

/*
 * A host that is an IPv6 address in brackets, a dotted IPv4 address or a name.  What some resolvers
 * take for an address (127.1, 0x7f000001) is none of them.
 */
static bool host_is_formed(const struct uri_host *h)
{
	struct slice name = h->name;
	char text[INET6_ADDRSTRLEN] = { 0 };
	unsigned char ip[16];
	size_t last;

	if (h->literal || name_is_numeric(name)) {
		if (name.len >= sizeof(text))
			return false;
		memcpy(text, name.p, name.len);
		return inet_pton(h->literal ? AF_INET6 : AF_INET, text, ip) == 1;
	}
	if (slice_ends(name, S(".")))
		name.len--;
	for (last = name.len; last > 0 && name.p[last - 1] != '.';)
		last--;
	return name_fault(name) == NULL && !name_is_numeric(name) &&
	       !slice_starts_i(slice_skip(name, last), S("0x"));
}

static enum err read_https(const struct uri *u, struct tlsrpt_rua *out, enum finding_kind *kind_out)
{
	struct uri_host host;

	if (!u->has_authority || slice_find(u->tail, '#') != SIZE_MAX ||
	    uri_host(u->authority, &host) != OK || host.has_userinfo || !host_is_formed(&host))
		return deny(kind_out, FINDING_RUA_HTTPS);
	if (uri_host_is_private(&host))
		return deny(kind_out, FINDING_RUA_PRIVATE);
	out->kind = TLSRPT_HTTPS;
	return OK;
}

enum err tlsrpt_rua_read(struct arena *a, struct slice uri, struct tlsrpt_rua *out,
                         enum finding_kind *kind_out)
{
	struct tlsrpt_rua rua = { .uri = uri };
	struct uri u;
	enum err e;

	*kind_out = FINDING_RUA_URI;
	if (uri_split(uri, &u) != OK)
		return ERR_SYNTAX;
	/* RFC 8460, 3: these three must be escaped. */
	if (slice_find(uri, '!') != SIZE_MAX || slice_find(uri, ',') != SIZE_MAX ||
	    slice_find(uri, ';') != SIZE_MAX) {
		*kind_out = FINDING_RUA_RESERVED;
		return ERR_SYNTAX;
	}
	if (slice_eq_i(u.scheme, S("mailto")))
		e = read_mailto(a, &u, &rua, kind_out);
	else if (slice_eq_i(u.scheme, S("https")))
		e = read_https(&u, &rua, kind_out);
	else
		e = deny(kind_out, FINDING_RUA_SCHEME);
	if (e == OK)
		*out = rua;
	return e;
}

/* What the fields gave so far. */
struct pass {
	struct txtfield_reader reader;
	bool rua_seen, good;
	struct tlsrpt_record record;
	size_t cap;
};

static void keep(struct pass *p, const struct tlsrpt_rua *rua)
{
	struct tlsrpt_record *r = &p->record;

	if (r->rua_count == p->cap) {
		size_t cap = p->cap == 0 ? 4 : p->cap * 2;
		struct tlsrpt_rua *list = arena_calloc(p->reader.f->arena, cap, sizeof(*list));

		if (p->cap > 0)
			memcpy(list, r->rua, p->cap * sizeof(*list));
		r->rua = list;
		p->cap = cap;
	}
	r->rua[r->rua_count++] = *rua;
}

static bool is_repeated(const struct tlsrpt_record *r, struct slice uri)
{
	for (size_t i = 0; i < r->rua_count && i < DUPLICATES_REMEMBERED; i++)
		if (slice_eq(r->rua[i].uri, uri))
			return true;
	return false;
}

static void apply_uri(struct pass *p, struct slice uri)
{
	struct findings *f = p->reader.f;
	struct finding_at at = { p->reader.number, (size_t)(uri.p - p->reader.text.p) };
	enum finding_kind kind = FINDING_RUA_EMPTY;
	struct tlsrpt_rua rua;
	enum err e = uri.len == 0 ? ERR_SYNTAX : tlsrpt_rua_read(f->arena, uri, &rua, &kind);

	if (e != OK) {
		findings_add(f, kind, at, uri);
		p->good = p->good && e == ERR_DENIED;
		return;
	}
	if (rua.kind == TLSRPT_MAILTO && slice_find(uri, '?') != SIZE_MAX)
		findings_add(f, FINDING_RUA_MAILTO_FIELDS, at, uri);
	if (is_repeated(&p->record, uri))
		findings_add(f, FINDING_RUA_DUPLICATE, at, uri);
	else
		keep(p, &rua);
}

static void apply_rua(struct pass *p, const struct txtfield *field)
{
	struct finding_at at = txtfield_at(&p->reader, field);
	struct slice rest = field->value, uri;

	if (p->rua_seen)
		findings_add(p->reader.f, FINDING_RUA_REPEATED, at, S(""));
	p->rua_seen = true;
	/* RFC 8460, 3: blanks may stand around a comma, and only there. */
	if (slice_starts(rest, S(" ")) || slice_starts(rest, S("\t"))) {
		findings_add_why(p->reader.f, FINDING_RECORD_FIELD, at, rest,
		                 "a blank follows the equals sign");
		p->good = false;
	}
	while (slice_cut(rest, ',', &uri, &rest))
		apply_uri(p, slice_trim_wsp(uri));
	apply_uri(p, slice_trim_wsp(rest));
}

static void apply(struct pass *p, const struct txtfield *field)
{
	struct finding_at at = txtfield_at(&p->reader, field);

	if (slice_eq(field->name, S("rua"))) {
		apply_rua(p, field);
	} else if (!txtfield_is_extension(field)) {
		findings_add(p->reader.f, FINDING_RECORD_FIELD, at, field->value);
		p->good = false;
	} else if (slice_eq_i(field->name, S("rua"))) {
		findings_add(p->reader.f, FINDING_RECORD_NAME_CASE, at, field->name);
	} else {
		findings_add(p->reader.f, FINDING_RECORD_EXTENSION, at, field->name);
	}
}

enum err tlsrpt_record_read(struct slice text, unsigned number, struct findings *f,
                            struct tlsrpt_record *out)
{
	struct pass p = { .reader = { .text = text, .number = number, .f = f }, .good = true };
	struct txtfield field;
	enum err e = txtfield_open(&p.reader, VERSION);

	if (e != OK)
		return e;
	while ((e = txtfield_next(&p.reader, &field)) != ERR_NOTFOUND) {
		if (e == OK)
			apply(&p, &field);
		else
			p.good = false;
	}
	if (!p.rua_seen)
		findings_add(f, FINDING_RUA_MISSING, (struct finding_at){ number, 0 }, S(""));
	else if (p.good && p.record.rua_count == 0)
		findings_add(f, FINDING_RUA_NOT_USABLE, (struct finding_at){ number, 0 }, S(""));
	*out = p.record;
	return p.good && p.record.rua_count > 0 ? OK : ERR_SYNTAX;
}

enum err tlsrpt_record_set_read(const struct slice *texts, size_t count, struct findings *f,
                                struct tlsrpt_record *out)
{
	struct txtfield_choice choice = txtfield_choose(texts, count, VERSION, f);

	if (choice.kept == 0)
		return ERR_NOTFOUND;
	if (choice.kept > 1)
		return ERR_CONFLICT;
	return tlsrpt_record_read(texts[choice.index], (unsigned)choice.index + 1, f, out);
}

/* Appends s with every byte that is in escape, or not printable, as %XX. */
static void add_escaped(struct buf *out, struct slice s, const char *escape)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c > 0x20 && c < 0x7f && strchr(escape, c) == NULL)
			buf_add_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

static enum err check_escaped(struct slice uri)
{
	struct arena *a = arena_new();
	struct buf text;
	struct tlsrpt_rua rua;
	enum finding_kind kind;
	enum err e;

	buf_init(&text, RECORD_TEXT_MAX);
	add_escaped(&text, uri, "!,;");
	e = buf_status(&text);
	if (e == OK && tlsrpt_rua_read(a, buf_slice(&text), &rua, &kind) != OK)
		e = ERR_SYNTAX;
	buf_fini(&text);
	arena_free(a);
	return e;
}

enum err tlsrpt_record_format(const struct slice *uris, size_t count, struct buf *out)
{
	if (count == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < count; i++) {
		enum err e = check_escaped(uris[i]);

		if (e != OK)
			return e;
	}
	buf_add_str(out, "v=TLSRPTv1; rua=");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_escaped(out, uris[i], "!,;");
	}
	return buf_status(out);
}

enum err tlsrpt_mailto_format(struct slice address, struct buf *out)
{
	const char *sign = address.len == 0 ? NULL : memrchr(address.p, '@', address.len);
	size_t at;

	if (sign == NULL || !is_address(address))
		return ERR_SYNTAX;
	at = (size_t)(sign - address.p);
	buf_add_str(out, "mailto:");
	/* RFC 6068, 2: what a URI gives a meaning to is escaped, and what RFC 8460 wants so. */
	add_escaped(out, slice_head(address, at), "@%/?#[]&;=!,\"\\`{}|^<>:");
	buf_add(out, slice_skip(address, at));
	return buf_status(out);
}
