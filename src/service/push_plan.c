#include "service/push_plan.h"

#include <arpa/inet.h>

#include "net/resolver.h"
#include "tlsrpt/record.h"
#include "wire/dns_rdata.h"

#define TEXT_MAX 8192u
#define RUA_MAX 32u

static const char *type_name(uint16_t type)
{
	return type == DNS_A       ? "A"
	       : type == DNS_AAAA  ? "AAAA"
	       : type == DNS_CNAME ? "CNAME"
	                           : "TXT";
}

static enum err add(struct push_set *out, const struct push_record *r)
{
	if (out->count == PUSH_RECORDS_MAX)
		return ERR_LIMIT;
	out->list[out->count++] = *r;
	return OK;
}

/* The data of the one record of a set. */
static struct slice only_rdata(struct arena *a, const struct buf *set)
{
	struct slice rest = buf_slice(set), rdata = S("");

	(void)dns_set_next(&rest, &rdata); /* there is one */
	return arena_copy(a, rdata);
}

enum err push_add_text(struct arena *a, uint16_t type, uint32_t ttl, const char *value,
                       struct push_set *out)
{
	struct push_record r = { .type = type, .ttl = ttl, .value = value };
	unsigned char bytes[16];
	struct dns_name name;
	struct buf set;
	enum err e = OK;

	buf_init(&set, DNS_SET_MAX);
	if (type == DNS_TXT)
		dns_set_txt(&set, slice_str(value));
	else if (type == DNS_A && inet_pton(AF_INET, value, bytes) == 1)
		dns_set_address(&set, bytes, 4);
	else if (type == DNS_AAAA && inet_pton(AF_INET6, value, bytes) == 1)
		dns_set_address(&set, bytes, 16);
	else if (type == DNS_CNAME && dns_name_from_text(slice_str(value), &name) == OK)
		dns_set_name(&set, dns_name_slice(&name));
	else
		e = ERR_SYNTAX;
	if (e == OK && (buf_status(&set) != OK || set.len == 0))
		e = ERR_LIMIT;
	if (e == OK)
		r.rdata = only_rdata(a, &set);
	buf_fini(&set);
	return e == OK ? add(out, &r) : e;
}

static enum err value_of(struct arena *a, uint16_t type, struct slice rdata, const char **out)
{
	char text[DIAL_TEXT_SIZE], name[RESOLVER_NAME_SIZE];
	struct dial_addr addr;
	struct slice joined;
	enum err e;

	if (type == DNS_TXT) {
		e = dns_rdata_text(rdata, a, &joined);
		if (e == OK)
			*out = arena_str(a, joined);
		return e;
	}
	if (type == DNS_CNAME) {
		e = dns_rdata_name(rdata, name);
		if (e == OK)
			*out = arena_str(a, slice_str(name));
		return e;
	}
	e = dial_addr_of(rdata, 0, &addr);
	if (e == OK)
		*out = arena_str(a, slice_str(dial_addr_format(&addr, true, text)));
	return e;
}

enum err push_add_rdata(struct arena *a, uint16_t type, uint32_t ttl, struct slice rdata,
                        struct push_set *out)
{
	struct push_record r = { .type = type, .ttl = ttl, .rdata = arena_copy(a, rdata) };
	enum err e = value_of(a, type, rdata, &r.value);

	return e == OK ? add(out, &r) : e;
}

static const char *line_of(struct arena *a, const struct push_record *r)
{
	return arena_printf(a, "%s %s", type_name(r->type), r->value);
}

const char *push_set_text(struct arena *a, const struct push_set *set)
{
	const char *text = "";

	for (size_t i = 0; i < set->count; i++)
		text = arena_printf(a, "%s%s%s", text, i == 0 ? "" : "\n",
		                    line_of(a, &set->list[i]));
	return text;
}

static bool has_line(const char *text, const char *line)
{
	struct slice rest = slice_str(text), one;

	while (slice_next(&rest, '\n', &one))
		if (slice_eq_i(one, slice_str(line)))
			return true;
	return false;
}

static bool has(const struct push_set *set, const struct push_record *r)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct push_record *s = &set->list[i];
		if (s->type == r->type &&
		    (r->type == DNS_TXT ? slice_eq(slice_str(s->value), slice_str(r->value))
		                        : slice_eq_i(slice_str(s->value), slice_str(r->value))))
			return true;
	}
	return false;
}

/* Other texts at the name mean nothing to senders (RFC 8461, 3.1; RFC 8460, 3). */
static bool is_meant(enum domain_record record, const struct push_record *r)
{
	if (r->type != DNS_TXT)
		return true;
	return slice_starts(slice_str(r->value),
	                    record == RECORD_ID ? S("v=STSv1") : S("v=TLSRPTv1"));
}

/* An address that we put there before, and that may have changed since. */
static bool was_ours(const struct push_facts *f, struct slice uri)
{
	struct slice rest = slice_str(f->kept), line, key, list, one;

	while (slice_next(&rest, '\n', &line))
		if (slice_eq(line, uri))
			return false;
	rest = slice_str(f->remembered);
	while (slice_next(&rest, '\n', &line)) {
		if (!slice_cut(line, '=', &key, &line) || !slice_cut(line, '=', &key, &list))
			continue;
		list = slice_head(list, slice_find(list, ';'));
		while (slice_next(&list, ',', &one))
			if (slice_eq(slice_trim(one), uri))
				return true;
	}
	return false;
}

static bool is_own_rua(const struct push_facts *f, const struct tlsrpt_rua *rua)
{
	struct slice host = slice_str(f->report_host), at = rua->address;

	if (was_ours(f, rua->uri))
		return true;
	if (host.len == 0)
		return false;
	if (rua->kind == TLSRPT_MAILTO)
		return slice_ends_i(at, host) && at.len > host.len &&
		       at.p[at.len - host.len - 1] == '@';
	return slice_starts_i(rua->uri, S("https://")) &&
	       slice_starts_i(slice_skip(rua->uri, strlen("https://")), host);
}

static bool take_rua(struct slice list[RUA_MAX], size_t *count, struct slice uri)
{
	for (size_t i = 0; i < *count; i++)
		if (slice_eq(list[i], uri))
			return true;
	if (*count == RUA_MAX)
		return false;
	list[(*count)++] = uri;
	return true;
}

static bool read_rua(struct arena *a, const char *text, struct tlsrpt_record *out)
{
	struct findings findings = findings_in(a);

	return tlsrpt_record_read(slice_str(text), 1, &findings, out) == OK;
}

/* Theirs first, then ours: their reports go on as before. */
static bool merge_rua(struct arena *a, const struct push_facts *f, const struct push_record *theirs,
                      struct push_set *want)
{
	uint32_t ttl = want->count == 0 ? theirs->ttl : want->list[0].ttl;
	struct tlsrpt_record t, o = { .rua_count = 0 };
	struct slice list[RUA_MAX];
	size_t count = 0;
	bool good = want->count <= 1 && read_rua(a, theirs->value, &t) &&
	            (want->count == 0 || read_rua(a, want->list[0].value, &o));
	struct buf text;

	for (size_t i = 0; good && i < t.rua_count; i++)
		if (!is_own_rua(f, &t.rua[i]))
			good = take_rua(list, &count, t.rua[i].uri);
	for (size_t i = 0; good && i < o.rua_count; i++)
		good = take_rua(list, &count, o.rua[i].uri);
	want->count = 0;
	if (!good || count == 0)
		return good;
	buf_init(&text, TEXT_MAX);
	good = tlsrpt_record_format(list, count, &text) == OK &&
	       push_add_text(a, DNS_TXT, ttl, arena_str(a, buf_slice(&text)), want) == OK;
	buf_fini(&text);
	return good;
}

static void refuse(struct arena *a, struct push_plan *p, const struct push_record *r)
{
	p->verdict = PUSH_FOREIGN;
	p->why = arena_printf(a,
	                      "%s stands there, which mxseal did not put there and does not "
	                      "overwrite; remove it, or choose another way for this record",
	                      line_of(a, r));
}

/* Somebody else's, or ours with addresses of others in it that go on when nothing is wanted. */
static bool is_foreign(struct arena *a, const struct push_facts *f, const struct push_set *want,
                       const struct push_record *r)
{
	if (!is_meant(f->record, r) || has(want, r))
		return false;
	if (f->record == RECORD_REPORTS && want->count == 0 && f->kept[0] != '\0')
		return true;
	return !has_line(f->before, line_of(a, r));
}

/* What somebody else put there: merged into *want, or the reason to stop. */
static void judge_foreign(struct arena *a, const struct push_facts *f, struct push_set *want,
                          struct push_plan *p)
{
	const struct push_record *foreign = NULL;
	size_t count = 0;

	for (size_t i = 0; i < f->have->count; i++) {
		const struct push_record *r = &f->have->list[i];
		if (!is_foreign(a, f, want, r))
			continue;
		foreign = r;
		count++;
	}
	if (count == 0)
		return;
	if (count > 1 || f->record != RECORD_REPORTS || foreign->type != DNS_TXT ||
	    !merge_rua(a, f, foreign, want))
		refuse(a, p, foreign);
}

/* A person who takes our record away is not fought. */
static void judge_taken(const struct push_facts *f, struct push_plan *p)
{
	if (f->remembered[0] == '\0' || f->want->count == 0)
		return;
	for (size_t i = 0; i < f->have->count; i++)
		if (is_meant(f->record, &f->have->list[i]))
			return;
	p->verdict = PUSH_FOREIGN;
	p->why = "what mxseal had put there was taken away by somebody else; "
	         "`mxseal domain set DOMAIN --way update` puts it back";
}

static void list_changes(const struct push_facts *f, const struct push_set *want,
                         struct push_plan *p)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < f->have->count; i++)
		if (is_meant(f->record, &f->have->list[i]) && !has(want, &f->have->list[i]))
			e = add(&p->drop, &f->have->list[i]);
	for (size_t i = 0; e == OK && i < want->count; i++)
		if (!has(f->have, &want->list[i]))
			e = add(&p->add, &want->list[i]);
	p->verdict = p->drop.count + p->add.count > 0 ? PUSH_CHANGE : PUSH_NOTHING;
}

void push_plan(struct arena *a, const struct push_facts *f, struct push_plan *out)
{
	struct push_set *want = arena_alloc(a, sizeof(*want));

	*want = *f->want;
	*out = (struct push_plan){ .verdict = PUSH_NOTHING };
	judge_taken(f, out);
	if (out->verdict == PUSH_NOTHING)
		judge_foreign(a, f, want, out);
	if (out->verdict == PUSH_NOTHING)
		list_changes(f, want, out);
}
