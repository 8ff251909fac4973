#include "service/demo_data.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/utc.h"
#include "tlsrpt/report_write.h"

#define REPORT_BYTES_MAX (1u << 20)

static const char *const acme_mx[] = { "mx1.acme.example", "mx2.acme.example", NULL };
static const char *const bank_mx[] = { "mx.bank.example", NULL };
static const char *const clinic_mx[] = { "mail.clinic.example", NULL };
static const struct demo_policy acme_policies[] = { { "testing", 86400, 70 } };
static const struct demo_policy bank_policies[] = { { "testing", 86400, 160 },
	                                            { "enforce", 86400, 120 },
	                                            { "enforce", 1209600, 80 } };
static const struct demo_policy clinic_policies[] = { { "testing", 86400, 90 },
	                                              { "enforce", 86400, 62 } };

const struct demo_domain demo_domains[] = {
	{ "acme.example", acme_mx, acme_policies, 1 },
	{ "bank.example", bank_mx, bank_policies, 3 },
	{ "clinic.example", clinic_mx, clinic_policies, 2 },
};
const size_t demo_domain_count = ARRAY_LEN(demo_domains);

/* A sender: how it writes, how often it reports, how much it sends. */
struct sender {
	const char *organization, *domain, *contact;
	enum report_style style;
	enum demo_form form;
	bool gzip;
	unsigned every;    /* reports on one day of so many; 1: daily */
	unsigned sessions; /* of a usual day */
};

static const struct sender senders[] = {
	{ "Google Inc.", "google.com", "smtp-tls-reporting@google.com", STYLE_GOOGLE, DEMO_POSTED,
	  true, 1, 90 },
	{ "Microsoft Corporation", "microsoft.com", "tlsrpt-noreply@microsoft.com", STYLE_MICROSOFT,
	  DEMO_POSTED, true, 2, 160 },
	{ "Fern Mail", "fern.example", "postmaster@fern.example", STYLE_PLAIN, DEMO_POSTED, false,
	  3, 12 },
	{ "Oak Hosting", "oak.example", "tlsrpt@oak.example", STYLE_POSTFIX, DEMO_MAIL, true, 5,
	  6 },
};

/* What goes wrong, for whom, when (days ago, the earlier first) and how often a day. */
struct trouble {
	const char *domain, *sender;
	unsigned from, to;
	unsigned sessions;
	const char *result_type, *reason_code, *mx;
};

static const struct trouble troubles[] = {
	{ "acme.example", "google.com", 44, 44, 2, "starttls-not-supported", "",
	  "mx2.acme.example" },
	{ "clinic.example", "google.com", 19, 1, 7, "certificate-expired", "",
	  "mail.clinic.example" },
	{ "clinic.example", "microsoft.com", 34, 1, 11, "validation-failure", "MX_HOSTS_MISMATCH",
	  "backup.clinic.example" },
	{ "clinic.example", "fern.example", 30, 1, 1, "certificate-not-trusted",
	  "unable_to_get_local_issuer_certificate", "backup.clinic.example" },
	{ "clinic.example", "microsoft.com", 52, 47, 3, "sts-webpki-invalid", "", "" },
};

/* Days on which nobody reported about a domain, so that the pages have a gap to show. */
static bool is_gap(const struct demo_domain *d, unsigned days_ago)
{
	return strcmp(d->name, "acme.example") != 0 && (days_ago == 40 || days_ago == 17);
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

static const struct demo_policy *policy_then(const struct demo_domain *d, unsigned days_ago)
{
	const struct demo_policy *found = &d->policies[0];

	for (size_t i = 0; i < d->policy_count; i++)
		if (d->policies[i].days_ago > days_ago)
			found = &d->policies[i];
	return found;
}

static size_t mx_count(const struct demo_domain *d)
{
	size_t n = 0;

	while (d->mx[n] != NULL)
		n++;
	return n;
}

/* The policy that senders saw that day, line by line. */
static void add_policy(struct report_policy *p, const struct demo_domain *d, unsigned days_ago,
                       struct arena *a)
{
	const struct demo_policy *then = policy_then(d, days_ago);
	size_t hosts = mx_count(d), n = 0;

	p->type = REPORT_TYPE_STS;
	p->domain = slice_str(d->name);
	p->mx_hosts = arena_calloc(a, hosts, sizeof(*p->mx_hosts));
	p->strings = arena_calloc(a, hosts + 3, sizeof(*p->strings));
	p->strings[n++] = S("version: STSv1");
	p->strings[n++] = slice_str(arena_printf(a, "mode: %s", then->mode));
	for (; p->mx_host_count < hosts; p->mx_host_count++) {
		const char *mx = d->mx[p->mx_host_count];

		p->mx_hosts[p->mx_host_count] = slice_str(mx);
		p->strings[n++] = slice_str(arena_printf(a, "mx: %s", mx));
	}
	p->strings[n++] = slice_str(arena_printf(a, "max_age: %u", then->max_age));
	p->string_count = n;
}

static bool applies(const struct trouble *t, const struct demo_domain *d, const struct sender *s,
                    unsigned days_ago)
{
	return strcmp(t->domain, d->name) == 0 && strcmp(t->sender, s->domain) == 0 &&
	       days_ago <= t->from && days_ago >= t->to;
}

static void add_troubles(struct report_policy *p, const struct demo_domain *d,
                         const struct sender *s, unsigned days_ago, struct arena *a)
{
	p->failures = arena_calloc(a, ARRAY_LEN(troubles), sizeof(*p->failures));
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
		const struct trouble *t = &troubles[i];

		if (!applies(t, d, s, days_ago))
			continue;
		p->failures[p->failure_count++] = (struct report_failure){
			.result_type = slice_str(t->result_type),
			.sending_mta_ip = t->mx[0] != '\0' ? S("192.0.2.33") : S(""),
			.receiving_mx_hostname = slice_str(t->mx),
			.failed_sessions = t->sessions,
			.reason_code = slice_str(t->reason_code),
		};
		p->failed += t->sessions;
	}
}

/* One report on its way to the sink. */
struct making {
	const struct demo_domain *domain;
	const struct sender *sender;
	unsigned days_ago;
	int64_t day, sent;
	struct slice to;
	struct arena *arena;
	struct buf bytes;
};

static struct report report_of(const struct making *m, unsigned sessions)
{
	char day[UTC_TEXT_SIZE];
	struct report_policy *p = arena_calloc(m->arena, 1, sizeof(*p));

	add_policy(p, m->domain, m->days_ago, m->arena);
	add_troubles(p, m->domain, m->sender, m->days_ago, m->arena);
	p->successful = sessions;
	return (struct report){
		.organization = slice_str(m->sender->organization),
		.report_id = slice_str(
		        arena_printf(m->arena, "%s_%s", utc_format(m->day, day), m->domain->name)),
		.contact = slice_str(m->sender->contact),
		.has_start = true,
		.has_end = true,
		.start = m->day,
		.end = m->day + UTC_DAY - 1,
		.policies = p,
		.policy_count = 1,
	};
}

static enum err write_report(struct making *m, const struct report *r)
{
	struct report_mail mail = {
		.from = slice_str(m->sender->contact),
		.to = m->to,
		.domain = slice_str(m->domain->name),
		.message_id = slice_str(arena_printf(m->arena, "%lld.%s@%s", (long long)m->day,
		                                     m->domain->name, m->sender->domain)),
		.date = m->sent,
		.style = m->sender->style,
		.plain = !m->sender->gzip,
	};

	buf_reset(&m->bytes);
	if (m->sender->form == DEMO_MAIL)
		return report_write_mail(r, &mail, &m->bytes);
	return report_write_file(r, !m->sender->gzip, &m->bytes);
}

static enum err make_one(struct making *m, unsigned sessions, demo_sink sink, void *arg)
{
	struct report r = report_of(m, sessions);
	enum err e = write_report(m, &r);
	struct demo_report made = {
		.domain = m->domain,
		.form = m->sender->form,
		.gzip = m->sender->gzip,
		.bytes = buf_slice(&m->bytes),
		.sent = m->sent,
	};

	arena_reset(m->arena);
	return e == OK ? sink(arg, &made) : e;
}

/* All reports about one UTC day. */
static enum err make_day(struct making *m, uint64_t *seed, demo_sink sink, void *arg)
{
	enum err e = OK;

	for (size_t d = 0; e == OK && d < demo_domain_count; d++) {
		m->domain = &demo_domains[d];
		for (size_t s = 0; e == OK && s < ARRAY_LEN(senders); s++) {
			uint32_t luck = next_random(seed);
			unsigned half = senders[s].sessions / 2;

			m->sender = &senders[s];
			if (is_gap(m->domain, m->days_ago) || luck % senders[s].every != 0)
				continue;
			e = make_one(m, half + next_random(seed) % (half * 2), sink, arg);
		}
	}
	return e;
}

enum err demo_reports(int64_t now, uint64_t seed, struct slice to, demo_sink sink, void *arg)
{
	struct making m = { .to = to, .arena = arena_new() };
	int64_t today = utc_day_start(now);
	enum err e = OK;

	buf_init(&m.bytes, REPORT_BYTES_MAX);
	for (m.days_ago = DEMO_DAYS; e == OK && m.days_ago > 0; m.days_ago--) {
		m.day = today - (int64_t)m.days_ago * UTC_DAY;
		m.sent = m.day + UTC_DAY + (m.days_ago > 1 ? 10 * 3600 : 0);
		e = make_day(&m, &seed, sink, arg);
	}
	buf_fini(&m.bytes);
	arena_free(m.arena);
	return e;
}
