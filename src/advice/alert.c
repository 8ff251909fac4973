#include "advice/alert.h"

#include "advice/outside_judge.h"
#include "base/utc.h"

#define EXTENT_MAX 999u

struct level {
	bool fail;
	enum explain_impact impact;
};

static const struct {
	const char *code;
	bool speaks; /* another subject is another thing to do, and is said */
	struct level levels[3];
} causes[ALERT_CAUSES] = {
	[ALERT_CERT] = { "certificate-will-not-last",
	                 false,
	                 { { false, IMPACT_NONE }, { false, IMPACT_NONE }, { true, IMPACT_OFF } } },
	[ALERT_POLICY] = { "policy-unreachable",
	                   false,
	                   { { true, IMPACT_OFF }, { true, IMPACT_OFF } } },
	[ALERT_ID] = { "id-differs", false, { { false, IMPACT_UNTIDY }, { true, IMPACT_OFF } } },
	[ALERT_MX] = { "mx-not-matched",
	               false,
	               { { false, IMPACT_WOULD_REFUSE },
	                 { true, IMPACT_REFUSED },
	                 { true, IMPACT_REFUSED } } },
	[ALERT_TYPING] = { "waiting-for-you",
	                   true,
	                   { { false, IMPACT_NONE }, { false, IMPACT_UNTIDY } } },
	[ALERT_REPORTS] = { "reports-stopped", false, { { false, IMPACT_BLIND } } },
	[ALERT_FAILURES] = { "refusable-failures",
	                     false,
	                     { { false, IMPACT_WOULD_REFUSE }, { true, IMPACT_REFUSED } } },
};

const char *alert_code(enum alert_cause cause)
{
	return causes[cause].code;
}

enum err alert_cause_parse(struct slice code, enum alert_cause *out)
{
	for (unsigned i = 0; i < ALERT_CAUSES; i++) {
		if (slice_eq(code, slice_str(causes[i].code))) {
			*out = (enum alert_cause)i;
			return OK;
		}
	}
	return ERR_SYNTAX;
}

static const struct level *level_of(enum alert_cause cause, unsigned level)
{
	size_t i = level == 0 ? 0 : level - 1;

	return &causes[cause].levels[i < ARRAY_LEN(causes[cause].levels) ? i : 0];
}

bool alert_is_fail(enum alert_cause cause, unsigned level)
{
	return level_of(cause, level)->fail;
}

enum explain_impact alert_impact(enum alert_cause cause, unsigned level)
{
	return level_of(cause, level)->impact;
}

/* Certificates */

static unsigned cert_level(const struct alert_facts *f)
{
	int64_t life = f->cert.not_after - f->cert.not_before, left = f->cert.not_after - f->now;

	if (f->cert.not_after == 0)
		return f->announced != 0 ? 3 : 0; /* before that somebody is at it */
	if (left <= 0)
		return 3;
	if (left < life / 10)
		return 2;
	/* Renewal begins at a third: what looks after it gets a while to do so. */
	if (!f->cert.ordered)
		return left < life * 3 / 10;
	return left < (f->cert.failed ? life / 4 : life / 6);
}

/* Somebody else's has the limits of outside_judge.h: how long its life is nobody says. */
static void judge_foreign_cert(const struct alert_facts *f, struct arena *a,
                               struct alert_finding *out)
{
	char day[UTC_TEXT_SIZE];
	int64_t left = f->cert.seen_until - f->now;

	out->level = left <= 0 ? 3 : left < OUTSIDE_FAIL_S ? 2 : left < OUTSIDE_WARN_S ? 1 : 0;
	if (out->level == 0)
		return;
	out->subject = "";
	out->detail =
	        arena_printf(a, "The certificate that %s shows outside %s on %s UTC.", f->cert.host,
	                     left <= 0 ? "ended" : "ends", utc_format_day(f->cert.seen_until, day));
	out->step = "It is renewed where TLS ends, in front of mxseal or elsewhere: look why it "
	            "was not.";
}

static void judge_cert(const struct alert_facts *f, struct arena *a, struct alert_finding *out)
{
	char day[UTC_TEXT_SIZE];
	unsigned level = f->cert.ours ? cert_level(f) : 0;

	*out = (struct alert_finding){ .known = true, .level = level, .extent = 1 };
	if (!f->cert.ours && f->cert.seen_until != 0)
		judge_foreign_cert(f, a, out);
	if (level == 0)
		return;
	out->subject = f->cert.not_after == 0 ? "" : f->cert.fingerprint;
	if (f->cert.not_after == 0)
		out->detail = arena_printf(a, "There is no certificate for %s.", f->cert.host);
	else
		out->detail = arena_printf(a, "The certificate of %s %s on %s UTC.", f->cert.host,
		                           level == 3 ? "ended" : "ends",
		                           utc_format_day(f->cert.not_after, day));
	if (f->cert.ordered && f->cert.order_words[0] != '\0')
		out->detail = arena_printf(a, "%s Of the next one: %s.", out->detail,
		                           f->cert.order_words);
	out->step = f->cert.ordered ? "mxseal tries again by itself. To try now:"
	                            : "Import one that names this host:";
	out->command = f->cert.ordered
	                       ? arena_printf(a, "mxseal cert renew %s", f->cert.host)
	                       : arena_printf(a, "mxseal cert import /etc/letsencrypt/live/%s",
	                                      f->cert.host);
}

/* A policy of no mode takes part in nothing: whoever leaves is not told of it. */
static bool takes_part(const struct alert_facts *f)
{
	return f->hosted && f->announced != 0 && f->mode != POLICY_NONE;
}

static void judge_policy(const struct alert_facts *f, struct arena *a, struct alert_finding *out)
{
	char since[UTC_TEXT_SIZE];
	int64_t from = f->policy.good != 0 ? f->policy.good : f->policy.since;

	*out = (struct alert_finding){ .known = true, .extent = 1 };
	if (!takes_part(f) || f->policy.look == ALERT_GOOD)
		return;
	/* One failure may be the network's: it takes two, or two days in which nobody knows. */
	bool unasked = f->policy.look == ALERT_UNKNOWN;
	if (unasked ? f->policy.since == 0 || f->now - f->policy.since <= ALERT_UNASKED_S
	            : f->policy.bad < 2) {
		out->known = false;
		return;
	}
	out->level = f->now - from > f->max_age ? 2 : 1;
	out->subject = "";
	out->detail = arena_printf(
	        a, "%s since %s: %s. %s",
	        unasked ? "Where the policy host is could not be found out"
	                : "Fetched as a sender does, through public DNS, it has failed",
	        utc_format(f->policy.since, since), f->policy.why,
	        out->level == 1 ? "Senders that know the policy go on with it until it is too old."
	                        : "By now no sender holds it any more.");
	out->step = "See what the policy host answers:";
	out->command = arena_printf(a, "mxseal alert check %s", f->domain);
}

static bool is_id(const char *id, const char *other)
{
	return other != NULL && strcmp(id, other) == 0;
}

static void judge_id(const struct alert_facts *f, struct arena *a, struct alert_finding *out)
{
	int64_t cached = f->ttl > ALERT_ID_CACHED_S ? f->ttl : ALERT_ID_CACHED_S;

	*out = (struct alert_finding){ .known = true, .extent = 1 };
	if (!takes_part(f))
		return;
	if (f->seen.look == ALERT_UNKNOWN || f->now - f->announced <= cached) {
		out->known = false;
		return;
	}
	if (f->seen.look == ALERT_GOOD &&
	    (is_id(f->seen.id, f->id) || is_id(f->seen.id, f->newest_id)))
		return;
	out->level = f->seen.look == ALERT_GOOD ? 1 : 2;
	out->subject = f->seen.id;
	out->detail =
	        out->level == 1
	                ? arena_printf(a, "DNS says id %s, and the policy that is served has %s.",
	                               f->seen.id, f->id)
	                : arena_printf(a,
	                               "There is no valid record at _mta-sts.%s, and the policy "
	                               "that is served has id %s.",
	                               f->domain, f->id);
	out->step = "Put the record right as it stands here, with the id as it is:";
	out->command = arena_printf(a, "mxseal records %s", f->domain);
}

static const char *join(const char *const *words, size_t count, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = arena_printf(a, "%s%s%s", text, i == 0 ? "" : ", ", words[i]);
	return text;
}

static void judge_mx(const struct alert_facts *f, struct arena *a, struct alert_finding *out)
{
	*out = (struct alert_finding){ .known = true };
	if (!takes_part(f))
		return;
	out->known = f->mx.look != ALERT_UNKNOWN;
	if (!out->known || f->mx.unmatched_count == 0)
		return;
	out->extent = (unsigned)f->mx.unmatched_count;
	out->level = f->mode != POLICY_ENFORCE ? 1 : f->mx.unmatched_count < f->mx.count ? 2 : 3;
	out->subject = join(f->mx.unmatched, f->mx.unmatched_count, a);
	out->detail =
	        arena_printf(a, "No mx line of the policy matches %s, MX in DNS%s.", out->subject,
	                     out->level == 3 ? "; it matches no other MX host either" : "");
	out->step = "Add it to the policy, or remove the MX record if it is not used:";
	out->command =
	        arena_printf(a, "mxseal policy set %s --add-mx %s", f->domain, f->mx.unmatched[0]);
}

static void judge_typing(const struct alert_facts *f, struct arena *a, struct alert_finding *out)
{
	char since[UTC_TEXT_SIZE];
	int64_t waited = f->now - f->typing.since;

	*out = (struct alert_finding){ .known = true, .extent = 1 };
	if (f->typing.since == 0 || waited < ALERT_TYPING_S)
		return;
	out->level = waited < ALERT_TYPING_LONG_S ? 1 : 2;
	out->subject = f->typing.id;
	out->detail = arena_printf(
	        a, "A new text has been served since %s, and its id does not stand in DNS yet.",
	        utc_format(f->typing.since, since));
	out->step = arena_printf(a, "Set the TXT record at %s to:", f->typing.name);
	out->command = f->typing.value;
}

/* Reports */

static int64_t longest_gap(const int64_t *days, size_t count)
{
	int64_t longest = 0;

	for (size_t i = 1; i < count; i++)
		longest = days[i] - days[i - 1] > longest ? days[i] - days[i - 1] : longest;
	return longest;
}

static void judge_reports(const struct alert_facts *f, struct arena *a, struct alert_finding *out)
{
	char day[UTC_TEXT_SIZE];

	*out = (struct alert_finding){ .known = true, .extent = 1 };
	if (f->day_count < ALERT_REPORT_DAYS_MIN)
		return;
	int64_t last = f->days[f->day_count - 1], gap = utc_day_start(f->now) - last;
	/* Small domains hear of themselves seldom: only what is unusual for this one counts. */
	if (gap <= ALERT_SILENT_DAYS * UTC_DAY || gap <= 2 * longest_gap(f->days, f->day_count))
		return;
	out->level = 1;
	out->subject = "";
	out->detail =
	        arena_printf(a, "The last report is for %s (UTC day).", utc_format_day(last, day));
	out->step = "Compare the reports record in DNS with the one that is wanted:";
	out->command = arena_printf(a, "mxseal records %s", f->domain);
}

/* Failures that enforce refuses, of one kind or another. */
struct refused {
	int64_t last_day, sessions;
	bool trusted;
	size_t kind_count;
	const struct alert_failure *kinds[32];
};

static bool is_refusable(struct slice result_type)
{
	const struct explain_entry *e = explain_find(result_type);

	return e != NULL && e->kind == EXPLAIN_RESULT_TYPE && e->enforce == IMPACT_REFUSED;
}

static void add_kind(struct refused *r, const struct alert_failure *x)
{
	for (size_t i = 0; i < r->kind_count; i++)
		if (slice_eq(r->kinds[i]->result_type, x->result_type))
			return;
	if (r->kind_count < ARRAY_LEN(r->kinds))
		r->kinds[r->kind_count++] = x;
}

static struct refused sum_refused(const struct alert_facts *f)
{
	struct refused r = { 0 };

	for (size_t i = 0; i < f->failure_count; i++) {
		const struct alert_failure *x = &f->failures[i];

		if (x->sessions <= 0 || !is_refusable(x->result_type) ||
		    utc_day_start(f->now) - x->day > ALERT_RECENT_DAYS * UTC_DAY)
			continue;
		r.last_day = x->day > r.last_day ? x->day : r.last_day;
		r.sessions += x->sessions;
		r.trusted = r.trusted || x->trusted;
		add_kind(&r, x);
	}
	return r;
}

static const char *kinds_of(const struct refused *r, struct arena *a)
{
	const char *names[ARRAY_LEN(r->kinds)] = { NULL };

	for (size_t i = 0; i < r->kind_count; i++)
		names[i] = arena_str(a, r->kinds[i]->result_type);
	return join(names, r->kind_count, a);
}

static void judge_failures(const struct alert_facts *f, struct arena *a, struct alert_finding *out)
{
	struct refused r = sum_refused(f);
	char day[UTC_TEXT_SIZE];

	*out = (struct alert_finding){ .known = true, .extent = (unsigned)r.kind_count };
	/* A whole day with reports and without such a failure ends it. */
	if (r.kind_count == 0 || (f->day_count > 0 && f->days[f->day_count - 1] > r.last_day))
		return;
	out->level = f->mode == POLICY_ENFORCE && r.trusted ? 2 : 1;
	out->subject = kinds_of(&r, a);
	out->detail = arena_printf(
	        a, "%lld %s of the last %lld days failed (%s), the last on %s (UTC day)%s.",
	        (long long)r.sessions, r.sessions == 1 ? "session" : "sessions",
	        (long long)ALERT_RECENT_DAYS, out->subject, utc_format_day(r.last_day, day),
	        r.trusted ? "" : "; only reports that nobody signed say so");
	out->step = "See which MX hosts, and read what it means:";
	out->command = arena_printf(a, "mxseal report summary %s", f->domain);
}

void alert_judge(const struct alert_facts *f, struct arena *a,
                 struct alert_finding out[ALERT_CAUSES])
{
	static void (*const judges[ALERT_CAUSES])(const struct alert_facts *, struct arena *,
	                                          struct alert_finding *) = {
		[ALERT_CERT] = judge_cert,
		[ALERT_POLICY] = judge_policy,
		[ALERT_ID] = judge_id,
		[ALERT_MX] = judge_mx,
		[ALERT_TYPING] = judge_typing,
		[ALERT_REPORTS] = judge_reports,
		[ALERT_FAILURES] = judge_failures,
	};

	for (unsigned i = 0; i < ALERT_CAUSES; i++)
		judges[i](f, a, &out[i]);
}

/* Over time */

int64_t alert_rank(unsigned level, unsigned extent)
{
	if (level == 0)
		return 0;
	return (int64_t)level * (EXTENT_MAX + 1) + (extent < EXTENT_MAX ? extent : EXTENT_MAX);
}

struct alert_state alert_step(const struct alert_state *before, const struct alert_finding *found,
                              int64_t now)
{
	struct alert_state s = *before;

	if (!found->known)
		return s;
	/* What comes back before anybody heard that it had gone never went. */
	if (found->level != 0 && before->level == 0) {
		s.opened = before->said != 0 ? before->opened : now;
		s.closed = 0;
	}
	if (found->level == 0 && before->level != 0)
		s.closed = now;
	s.level = found->level;
	if (found->level != 0) {
		s.extent = found->extent;
		s.subject = found->subject;
	}
	return s;
}

const char *alert_event_name(enum alert_event e)
{
	static const char *const names[] = { [ALERT_NOTHING] = "nothing",
		                             [ALERT_OPENED] = "opened",
		                             [ALERT_WORSE] = "worse",
		                             [ALERT_CLOSED] = "closed" };

	return names[e];
}

static bool is_rested(const struct alert_state *s, int64_t now)
{
	return s->said_at == 0 || now - s->said_at >= ALERT_EVERY_S;
}

enum alert_event alert_event(enum alert_cause cause, const struct alert_state *s, int64_t now)
{
	int64_t rank = alert_rank(s->level, s->extent);
	bool other = causes[cause].speaks && strcmp(s->subject, s->said_subject) != 0;

	if (s->level == 0)
		return s->said != 0 ? ALERT_CLOSED : ALERT_NOTHING;
	if (s->said == 0)
		return other || rank > s->peak || is_rested(s, now) ? ALERT_OPENED : ALERT_NOTHING;
	if (other || s->level > s->said / (EXTENT_MAX + 1))
		return ALERT_WORSE;
	return rank > s->said && is_rested(s, now) ? ALERT_WORSE : ALERT_NOTHING;
}
