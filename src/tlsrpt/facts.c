#include "tlsrpt/facts.h"

#include "tlsrpt/facts_internal.h"

#define ENTRY_MIN 1u /* bytes of the smallest entry of any list */

/* The first error counts; what is read behind it is nothing. */
struct reading {
	struct slice rest;
	struct arena *arena;
	size_t values, failures; /* of the message; of the report */
	enum err error;
};

static void fail(struct reading *r, enum err e)
{
	if (r->error == OK)
		r->error = e;
	r->rest.len = 0;
}

static void require(struct reading *r, bool good)
{
	if (!good)
		fail(r, ERR_SYNTAX);
}

/* At most top.  Only the shortest form of a number is one. */
static uint64_t number(struct reading *r, uint64_t top)
{
	uint64_t n = 0;
	unsigned char byte = 0x80;
	size_t len = 0;

	for (; len < r->rest.len && len < NUMBER_MAX && (byte & 0x80) != 0; len++) {
		byte = (unsigned char)r->rest.p[len];
		n |= (uint64_t)(byte & 0x7F) << (7 * len);
	}
	if ((byte & 0x80) != 0 || (byte == 0 && len > 1) || (len == NUMBER_MAX && byte > 1) ||
	    n > top) {
		fail(r, ERR_SYNTAX);
		return 0;
	}
	r->rest = slice_skip(r->rest, len);
	return n;
}

static struct slice bytes(struct reading *r, size_t n)
{
	struct slice s = slice_head(r->rest, n);

	require(r, s.len == n);
	r->rest = slice_skip(r->rest, n);
	return r->error == OK ? s : S("");
}

static struct slice text(struct reading *r)
{
	uint64_t len = number(r, UINT64_MAX);
	struct slice s = S("");

	if (len > REPORT_STRING_MAX)
		fail(r, ERR_LIMIT);
	else
		s = bytes(r, (size_t)len);
	require(r, slice_is_utf8(s));
	return s;
}

static void moment(struct reading *r, int64_t from, int64_t to, bool *has_out, int64_t *out)
{
	uint64_t n = number(r, UINT64_MAX);

	if (n == 0)
		return;
	n--;
	*has_out = true;
	*out = (int64_t)(n >> 1 ^ (0 - (n & 1)));
	require(r, *out >= from && *out <= to);
}

/* Of a report or mail. */
static void written_moment(struct reading *r, bool *has_out, int64_t *out)
{
	moment(r, WRITTEN_MIN, WRITTEN_MAX, has_out, out);
}

/* The size of a list whose entries follow; there is no memory for more than stand there. */
static size_t list_size(struct reading *r, size_t top)
{
	uint64_t n = number(r, UINT64_MAX);

	require(r, n <= r->rest.len / ENTRY_MIN);
	if (r->error == OK && (n > top || n > FACTS_VALUES_MAX - r->values))
		fail(r, ERR_LIMIT);
	if (r->error != OK)
		return 0;
	r->values += (size_t)n;
	return (size_t)n;
}

static struct slice *texts(struct reading *r, size_t *count_out)
{
	size_t n = list_size(r, FACTS_VALUES_MAX);
	struct slice *list = n == 0 ? NULL : arena_calloc(r->arena, n, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = text(r);
	*count_out = n;
	return list;
}

static struct report_failure failure(struct reading *r)
{
	struct report_failure f;

	f.result_type = text(r);
	f.sending_mta_ip = text(r);
	f.receiving_mx_hostname = text(r);
	f.receiving_mx_helo = text(r);
	f.receiving_ip = text(r);
	f.failed_sessions = number(r, REPORT_COUNT_MAX);
	f.additional_information = text(r);
	f.reason_code = text(r);
	require(r, f.result_type.len > 0);
	return f;
}

static void failures(struct reading *r, struct report_policy *p)
{
	size_t n = list_size(r, REPORT_FAILURES_MAX - r->failures);

	r->failures += n;
	p->failures = n == 0 ? NULL : arena_calloc(r->arena, n, sizeof(*p->failures));
	p->failure_count = n;
	for (size_t i = 0; i < n; i++)
		p->failures[i] = failure(r);
}

static struct report_policy policy(struct reading *r)
{
	struct report_policy p = { .type = (enum report_type)number(r, REPORT_TYPE_OTHER) };

	if (p.type == REPORT_TYPE_OTHER) {
		p.type_text = text(r);
		require(r, report_type_of(p.type_text) == REPORT_TYPE_OTHER);
	}
	p.domain = text(r);
	p.strings = texts(r, &p.string_count);
	p.mx_hosts = texts(r, &p.mx_host_count);
	p.successful = number(r, REPORT_COUNT_MAX);
	p.failed = number(r, REPORT_COUNT_MAX);
	failures(r, &p);
	return p;
}

static void policies(struct reading *r, struct report *out)
{
	size_t n = list_size(r, REPORT_POLICIES_MAX);
	struct report_totals totals;

	r->failures = 0;
	out->policies = n == 0 ? NULL : arena_calloc(r->arena, n, sizeof(*out->policies));
	out->policy_count = n;
	for (size_t i = 0; i < n; i++)
		out->policies[i] = policy(r);
	totals = report_totals(out); /* 10 000 times 2^53 does not overflow */
	require(r, totals.successful <= REPORT_COUNT_MAX && totals.failed <= REPORT_COUNT_MAX);
}

static void report(struct reading *r, struct report_item *item)
{
	struct report *out = &item->report;

	out->organization = text(r);
	out->report_id = text(r);
	out->contact = text(r);
	written_moment(r, &out->has_start, &out->start);
	written_moment(r, &out->has_end, &out->end);
	policies(r, out);
	out->notes = number(r, NOTE_BIT(NOTE_COUNT) - 1);
	item->file_name = text(r);
	item->hint = text(r);
	item->inner_hint = text(r);
	item->forwarded = (unsigned)number(r, MIME_DEPTH_MAX);
}

/* Of several faults the first one is told. */
static void fault(struct reading *r, enum fault_code code, struct facts *f)
{
	struct slice words = text(r);

	if (code == FAULT_NO_REPORT) {
		f->no_report = true;
	} else if (f->reason == NULL) {
		f->reason = fault_name(code);
		f->detail = words;
	}
}

static void items(struct reading *r, struct facts *f)
{
	size_t n = list_size(r, FACTS_ITEMS_MAX);

	require(r, n > 0);
	f->items = arena_calloc(r->arena, n, sizeof(*f->items));
	for (size_t i = 0; r->error == OK && i < n; i++) {
		enum fault_code code = (enum fault_code)number(r, FAULT_COUNT - 1);

		if (code == FAULT_NONE)
			report(r, &f->items[f->count++]);
		else
			fault(r, code, f);
	}
}

static void mail(struct reading *r, struct mail_facts *m)
{
	m->from = text(r);
	m->subject = text(r);
	m->date = text(r);
	m->message_id = text(r);
	m->report_domain = text(r);
	m->report_submitter = text(r);
	written_moment(r, &m->has_time, &m->time);
}

/* A name in lower case, or none. */
static struct slice name(struct reading *r, bool (*is_name)(struct slice))
{
	struct slice s = text(r);

	require(r, s.len == 0 || is_name(s));
	for (size_t i = 0; i < s.len; i++)
		require(r, s.p[i] < 'A' || s.p[i] > 'Z');
	return s;
}

static void signature(struct reading *r, struct dkim_signed *s)
{
	uint64_t covers;

	s->fault = (enum dkim_fault)number(r, DKIM_FAULT_COUNT - 1);
	s->domain = name(r, dkim_is_domain);
	s->selector = name(r, dkim_is_selector);
	if (s->fault != DKIM_NONE || r->error != OK)
		return;
	s->identity = name(r, dkim_is_domain);
	s->algorithm = (enum dkim_algorithm)number(r, DKIM_ED25519_SHA256);
	struct slice digest = bytes(r, sizeof(s->digest));
	s->b = bytes(r, (size_t)number(r, DKIM_B_MAX));
	moment(r, 0, INT64_MAX, &s->has_time, &s->time);
	moment(r, 0, INT64_MAX, &s->has_expiry, &s->expiry);
	covers = number(r, COVERS_DOMAIN | COVERS_SUBMITTER);
	s->covers_domain = (covers & COVERS_DOMAIN) != 0;
	s->covers_submitter = (covers & COVERS_SUBMITTER) != 0;
	require(r, s->domain.len > 0 && s->selector.len > 0 && s->b.len > 0 &&
	                   slice_ends(s->identity, s->domain));
	memcpy(s->digest, digest.p, digest.len);
}

static struct dkim_scan *scan(struct reading *r)
{
	struct dkim_scan *s = arena_alloc(r->arena, sizeof(*s));

	s->from = name(r, dkim_is_domain);
	s->left_out = (size_t)number(r, DKIM_FIELDS_MAX);
	s->count = (size_t)number(r, DKIM_SIGNATURES_MAX);
	for (size_t i = 0; i < s->count; i++)
		signature(r, &s->signatures[i]);
	return s;
}

enum err facts_parse(struct slice record, struct arena *arena, struct facts *out)
{
	struct reading r = { .rest = record, .arena = arena };
	struct facts f = { .items = NULL };
	uint64_t has = number(&r, HAS_MAIL | HAS_SIGNATURES);

	items(&r, &f);
	f.is_mail = (has & HAS_MAIL) != 0;
	if (f.is_mail)
		mail(&r, &f.mail);
	if ((has & HAS_SIGNATURES) != 0)
		f.signatures = scan(&r);
	require(&r, r.rest.len == 0);
	if (r.error == OK)
		*out = f;
	return r.error;
}

struct facts facts_failed(const char *reason, const char *detail)
{
	return (struct facts){ .reason = reason, .detail = slice_str(detail) };
}

struct slice facts_domain(const struct report_item *item, struct slice fallback, bool first)
{
	if (first && fallback.len > 0)
		return fallback;
	return item->hint.len > 0 ? item->hint : fallback;
}
