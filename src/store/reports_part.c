#include "store/reports_part.h"

#include <inttypes.h>

#include "base/utc.h"

#define NAME_TEXT_MAX 255u
#define LIST_TEXT_MAX 8192u /* policy strings and MX hosts of one policy, for people */
#define NOTES_MAX 4096u

/* Each value with its length in front, so that no two reports give the same bytes. */
static void pin_slice(struct buf *b, struct slice s)
{
	char len[8];

	for (int i = 0; i < 8; i++)
		len[i] = (char)((uint64_t)s.len >> (8 * i) & 0xff);
	buf_add(b, slice_of(len, sizeof(len)));
	buf_add(b, s);
}

static void pin_number(struct buf *b, uint64_t n)
{
	pin_slice(b, slice_of(&n, sizeof(n)));
}

static void pin_policy(struct buf *b, const struct report_policy *p)
{
	pin_slice(b, report_type_text(p));
	pin_number(b, p->string_count);
	for (size_t i = 0; i < p->string_count; i++)
		pin_slice(b, p->strings[i]);
	pin_number(b, p->mx_host_count);
	for (size_t i = 0; i < p->mx_host_count; i++)
		pin_slice(b, p->mx_hosts[i]);
	pin_number(b, p->successful);
	pin_number(b, p->failed);
	pin_number(b, p->failure_count);
	for (size_t i = 0; i < p->failure_count; i++) {
		const struct report_failure *f = &p->failures[i];

		pin_slice(b, f->result_type);
		pin_slice(b, f->sending_mta_ip);
		pin_slice(b, f->receiving_mx_hostname);
		pin_slice(b, f->receiving_mx_helo);
		pin_slice(b, f->receiving_ip);
		pin_slice(b, f->additional_information);
		pin_slice(b, f->reason_code);
		pin_number(b, f->failed_sessions);
	}
}

/* Equal facts give equal digests, however the JSON was laid out. */
static void content_digest(const struct report *r, char out[SHA256_HEX_SIZE])
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2); /* a report's own ceilings bound it */
	pin_number(&b, r->has_start ? (uint64_t)r->start : 0);
	pin_number(&b, r->has_end ? (uint64_t)r->end : 0);
	for (size_t i = 0; i < r->policy_count; i++)
		pin_policy(&b, &r->policies[i]);
	(void)enc_sha256_hex(buf_slice(&b), out); /* returns out */
	buf_fini(&b);
}

/* The report-id, its digest when it is too long to be a key, or the digest of the JSON. */
static struct slice key_of(const struct part *p, struct arena *a)
{
	struct slice id = slice_trim(p->model.report_id);
	char hex[SHA256_HEX_SIZE];

	if (id.len > REPORT_ID_MAX)
		return slice_str(arena_printf(a, "h:%s", enc_sha256_hex(id, hex)));
	if (id.len > 0) {
		struct slice clean = db_clean(id, REPORT_ID_MAX, a);
		char *key = arena_alloc(a, clean.len + 2);

		key[0] = 'i';
		key[1] = ':';
		memcpy(key + 2, clean.p, clean.len);
		return slice_of(key, clean.len + 2);
	}
	if (p->in->json_sha256 != NULL)
		(void)enc_hex(p->in->json_sha256, SHA256_SIZE, hex); /* returns hex */
	return slice_str(arena_printf(a, "j:%s", p->in->json_sha256 != NULL ? hex : p->content));
}

static int64_t identity_of(const struct part *p, struct arena *a)
{
	return db_short_digest(
	        slice_str(arena_printf(a, "%" PRId64 " %.*s", p->domain, SLICE_ARGS(p->key))));
}

static int64_t day_of(const struct part *p)
{
	const struct report *r = &p->model;
	int64_t day = 0;

	if (report_day(r, &day))
		return day;
	if (r->has_start)
		return utc_day_start(r->start);
	if (r->has_end)
		return utc_day_start(r->end - 1);
	return utc_day_start(p->in->mail_date != 0 ? p->in->mail_date : p->in->arrived);
}

/* One per line; cut at LIST_TEXT_MAX. */
static struct slice join(const struct slice *items, size_t count, struct arena *a)
{
	struct buf b;

	buf_init(&b, LIST_TEXT_MAX);
	for (size_t i = 0; i < count && buf_status(&b) == OK; i++) {
		if (i > 0)
			buf_add_char(&b, '\n');
		buf_add(&b, db_clean(items[i], REPORTS_TEXT_MAX, a));
	}
	struct slice out = arena_copy(a, buf_slice(&b));
	buf_fini(&b);
	return out;
}

static struct slice host(struct slice s, struct arena *a)
{
	struct slice h = db_clean_lower(s, NAME_TEXT_MAX, a);

	if (h.len > 0 && h.p[h.len - 1] == '.')
		h.len--;
	return h;
}

static struct report_failure_row failure_row(const struct report_failure *f, struct arena *a)
{
	return (struct report_failure_row){
		.result_type = db_clean_lower(f->result_type, NAME_TEXT_MAX, a),
		.reason_code = db_clean(f->reason_code, NAME_TEXT_MAX, a),
		.sending_mta_ip = db_clean(f->sending_mta_ip, REPORTS_TEXT_MAX, a),
		.receiving_mx = host(f->receiving_mx_hostname, a),
		.receiving_helo = db_clean(f->receiving_mx_helo, REPORTS_TEXT_MAX, a),
		.receiving_ip = db_clean(f->receiving_ip, REPORTS_TEXT_MAX, a),
		.additional = db_clean(f->additional_information, REPORTS_TEXT_MAX, a),
		.sessions = (int64_t)f->failed_sessions,
	};
}

static struct report_policy_row policy_row(const struct report_policy *p, struct arena *a)
{
	struct report_policy_row row = {
		.type = db_clean_lower(report_type_text(p), NAME_TEXT_MAX, a),
		.domain = host(p->domain, a),
		.strings = join(p->strings, p->string_count, a),
		.mx_hosts = join(p->mx_hosts, p->mx_host_count, a),
		.successful = (int64_t)p->successful,
		.failed = (int64_t)p->failed,
		.failure_count = p->failure_count,
	};

	if (p->mx_host_count == 1)
		row.mx_hosts = host(p->mx_hosts[0], a);
	row.failures = arena_calloc(a, p->failure_count, sizeof(*row.failures));
	for (size_t i = 0; i < p->failure_count; i++)
		row.failures[i] = failure_row(&p->failures[i], a);
	return row;
}

/* The headline of a part; its policies all count for the one domain, whatever they name. */
static struct report_sessions headline(const struct part *p, struct arena *a)
{
	struct report r = p->model;

	r.policies = arena_calloc(a, r.policy_count, sizeof(*r.policies));
	for (size_t i = 0; i < r.policy_count; i++) {
		r.policies[i] = p->model.policies[i];
		r.policies[i].domain = p->name;
	}
	return report_headline(&r, p->name);
}

/* A verified signer counts under its own name: what it writes as organization-name proves nothing.
 */
static struct slice organization_of(const struct part *p)
{
	if (p->in->organization.len > 0)
		return p->in->organization;
	return p->in->trust == TRUST_DKIM ? p->in->signer : p->model.organization;
}

struct slice part_claimed(enum report_claim claim, struct slice stated, struct arena *a)
{
	static const char *const words[] = {
		[REPORT_CLAIM_OPEN] = "open",
		[REPORT_CLAIM_PROVED] = "proved",
		[REPORT_CLAIM_REFUSED] = "refused",
	};

	return slice_str(arena_printf(a, "%s:%.*s", words[claim], SLICE_ARGS(stated)));
}

void part_finish(struct part *p, struct arena *a)
{
	struct report_policy_row *rows = arena_calloc(a, p->model.policy_count, sizeof(*rows));
	struct slice said = organization_of(p);
	struct report_sessions sessions = headline(p, a);

	for (size_t i = 0; i < p->model.policy_count; i++)
		rows[i] = policy_row(&p->model.policies[i], a);
	p->display = db_clean(slice_trim(said), NAME_TEXT_MAX, a);
	p->organization = db_clean_lower(said, NAME_TEXT_MAX, a);
	p->stated = db_clean_lower(p->model.organization, NAME_TEXT_MAX, a);
	p->claimed = p->in->trust == TRUST_DKIM ? part_claimed(p->in->claim, p->stated, a) : S("");
	p->trust = p->in->trust;
	p->signer =
	        p->trust == TRUST_DKIM ? db_clean_lower(p->in->signer, NAME_TEXT_MAX, a) : S("");
	content_digest(&p->model, p->content);
	(void)enc_hex(p->in->raw_sha256, SHA256_SIZE, p->raw); /* returns p->raw */
	p->key = key_of(p, a);
	p->identity = identity_of(p, a);
	p->figure = (struct figure_key){ p->domain, day_of(p), p->organization, p->trust };
	p->share = (struct figure_share){ (int64_t)sessions.successful, (int64_t)sessions.failed,
		                          p->model.policy_count, rows };
}

struct slice part_notes(const struct report *r, struct arena *a)
{
	struct buf b;

	buf_init(&b, NOTES_MAX);
	for (int n = 0; n < (int)NOTE_COUNT; n++)
		if ((r->notes & NOTE_BIT(n)) != 0) {
			if (b.len > 0)
				buf_add_char(&b, ' ');
			buf_add_str(&b, note_code((enum report_note)n));
		}
	struct slice out = arena_copy(a, buf_slice(&b));
	buf_fini(&b);
	return out;
}
