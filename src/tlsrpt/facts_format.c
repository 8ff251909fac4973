#include "base/utf8.h"
#include "tlsrpt/facts.h"
#include "tlsrpt/facts_internal.h"
#include "tlsrpt/report_show.h"

struct writing {
	struct buf *out;
	size_t values;
};

static void number(struct writing *w, uint64_t n)
{
	char bytes[NUMBER_MAX];
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		bytes[len++] = (char)(n | 0x80);
	bytes[len++] = (char)n;
	buf_add(w->out, slice_of(bytes, len));
}

static void list_size(struct writing *w, size_t n)
{
	w->values += n;
	number(w, n);
}

/* 0, -1, 1, -2 … become 1, 2, 3, 4 …; nothing that is written has the lowest number. */
static void moment(struct writing *w, bool has, int64_t t)
{
	uint64_t folded = t < 0 ? ~((uint64_t)t << 1) : (uint64_t)t << 1;

	number(w, has ? folded + 1 : 0);
}

/* A zone can shift a moment over the end of the years. */
static void written_moment(struct writing *w, bool has, int64_t t)
{
	moment(w, has, t < WRITTEN_MIN ? WRITTEN_MIN : t > WRITTEN_MAX ? WRITTEN_MAX : t);
}

/* Each byte that is no UTF-8 becomes U+FFFD. */
static void mended(struct writing *w, struct slice s)
{
	struct buf good;
	uint32_t code;

	buf_init(&good, 3 * s.len);
	while (s.len > 0) {
		size_t n = utf8_next(s, &code);

		buf_add(&good, code == UTF8_BROKEN ? S("\xEF\xBF\xBD") : slice_head(s, n));
		s = slice_skip(s, n);
	}
	number(w, good.len);
	buf_add(w->out, buf_slice(&good));
	buf_fini(&good);
}

static void text(struct writing *w, struct slice s)
{
	if (!slice_is_utf8(s)) {
		mended(w, s);
		return;
	}
	number(w, s.len);
	buf_add(w->out, s);
}

static void texts(struct writing *w, const struct slice *list, size_t n)
{
	list_size(w, n);
	for (size_t i = 0; i < n; i++)
		text(w, list[i]);
}

static void failure(struct writing *w, const struct report_failure *f)
{
	text(w, f->result_type);
	text(w, f->sending_mta_ip);
	text(w, f->receiving_mx_hostname);
	text(w, f->receiving_mx_helo);
	text(w, f->receiving_ip);
	number(w, f->failed_sessions);
	text(w, f->additional_information);
	text(w, f->reason_code);
}

static void policy(struct writing *w, const struct report_policy *p)
{
	number(w, p->type);
	if (p->type == REPORT_TYPE_OTHER)
		text(w, p->type_text);
	text(w, p->domain);
	texts(w, p->strings, p->string_count);
	texts(w, p->mx_hosts, p->mx_host_count);
	number(w, p->successful);
	number(w, p->failed);
	list_size(w, p->failure_count);
	for (size_t i = 0; i < p->failure_count; i++)
		failure(w, &p->failures[i]);
}

static void report(struct writing *w, const struct report_item *item)
{
	const struct report *r = &item->report;

	number(w, FAULT_NONE);
	text(w, r->organization);
	text(w, r->report_id);
	text(w, r->contact);
	written_moment(w, r->has_start, r->start);
	written_moment(w, r->has_end, r->end);
	list_size(w, r->policy_count);
	for (size_t i = 0; i < r->policy_count; i++)
		policy(w, &r->policies[i]);
	number(w, r->notes);
	text(w, item->file_name);
	text(w, item->hint);
	text(w, item->inner_hint);
	number(w, item->forwarded);
}

static void fault(struct writing *w, const struct report_fault *f)
{
	struct buf words;

	buf_init(&words, 1024);
	report_show_words(f, &words);
	number(w, f->code);
	text(w, buf_slice(&words));
	buf_fini(&words);
}

/* The item, or when it does not fit that it does not. */
static void item(struct writing *w, const struct report_item *it)
{
	static const struct report_fault too_large = { .code = FAULT_TOO_LARGE,
		                                       .why = "the facts are too large" };
	size_t before = w->out->len, values = w->values;
	bool full = w->out->full;

	if (it->fault.code != FAULT_NONE) {
		fault(w, &it->fault);
		return;
	}
	report(w, it);
	if ((!w->out->full || full) && w->values <= FACTS_VALUES_MAX)
		return;
	w->out->len = before;
	w->out->full = full;
	w->values = values;
	fault(w, &too_large);
}

static void mail(struct writing *w, const struct mail_facts *m)
{
	text(w, m->from);
	text(w, m->subject);
	text(w, m->date);
	text(w, m->message_id);
	text(w, m->report_domain);
	text(w, m->report_submitter);
	written_moment(w, m->has_time, m->time);
}

static void signature(struct writing *w, const struct dkim_signed *s)
{
	number(w, s->fault);
	text(w, s->domain);
	text(w, s->selector);
	if (s->fault != DKIM_NONE)
		return;
	text(w, s->identity);
	number(w, s->algorithm);
	buf_add(w->out, slice_of(s->digest, sizeof(s->digest)));
	number(w, s->b.len);
	buf_add(w->out, s->b);
	moment(w, s->has_time, s->time);
	moment(w, s->has_expiry, s->expiry);
	number(w, (s->covers_domain ? COVERS_DOMAIN : 0u) |
	                  (s->covers_submitter ? COVERS_SUBMITTER : 0u));
}

static void scan(struct writing *w, const struct dkim_scan *s)
{
	text(w, s->from);
	number(w, s->left_out);
	number(w, s->count);
	for (size_t i = 0; i < s->count; i++)
		signature(w, &s->signatures[i]);
}

enum err facts_format(const struct reports *all, const struct dkim_scan *signatures,
                      struct buf *out)
{
	struct writing w = { .out = out };

	number(&w, (all->is_mail ? HAS_MAIL : 0u) | (signatures != NULL ? HAS_SIGNATURES : 0u));
	list_size(&w, all->count);
	for (size_t i = 0; i < all->count; i++)
		item(&w, &all->items[i]);
	if (all->is_mail)
		mail(&w, &all->mail);
	if (signatures != NULL)
		scan(&w, signatures);
	return buf_status(out);
}
