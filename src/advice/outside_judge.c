#include "advice/outside_judge.h"

#include "base/doc_page.h"
#include "base/utc.h"

const char *outside_severity_name(enum outside_severity s)
{
	static const char *const names[] = { "pass", "skip", "warn", "fail" };

	return names[s];
}

static const char *time_left(int64_t seconds, struct arena *a)
{
	int64_t days = seconds / UTC_DAY;

	return arena_printf(a, "%lld %s", (long long)days, days == 1 ? "day" : "days");
}

static struct outside_finding in_vain(const struct outside_seen *s, struct arena *a)
{
	return (struct outside_finding){
		.severity = OUTSIDE_FAIL,
		.title = arena_printf(a, "%s is not answered as it should be", s->host),
		.detail = arena_printf(a, "from outside, %lld times in a row: %s",
		                       (long long)s->faults, s->why),
		.fix = s->policy ? "repair it at the web server that answers for this host, with "
		                   "the lines of " DOC_PAGE("behind.md")
		                 : "let the web server in front pass this host on, with the lines "
		                   "of " DOC_PAGE("behind.md"),
	};
}

static struct outside_finding running_out(const struct outside_seen *s, int64_t now,
                                          struct arena *a)
{
	int64_t left = s->not_after - now;
	char day[UTC_TEXT_SIZE];

	return (struct outside_finding){
		.severity = left < OUTSIDE_FAIL_S ? OUTSIDE_FAIL : OUTSIDE_WARN,
		.title = arena_printf(a, "The certificate of %s runs out", s->host),
		.detail = arena_printf(a, "its last day is %s UTC, %s left, and it was not renewed",
		                       utc_format_day(s->not_after, day),
		                       left <= 0 ? "no time is" : time_left(left, a)),
		.fix = "renew it at the web server that ends TLS for this host; it is not ours to "
		       "renew",
	};
}

struct outside_finding outside_judge(const struct outside_seen *s, int64_t now, struct arena *a)
{
	char at[UTC_TEXT_SIZE];

	if (s->faults >= OUTSIDE_FAULTS)
		return in_vain(s, a);
	if (s->not_after != 0 && s->not_after - now < OUTSIDE_WARN_S)
		return running_out(s, now, a);
	if (s->checked == 0 || s->not_after == 0)
		return (struct outside_finding){
			.severity = OUTSIDE_SKIP,
			.title = arena_printf(a, "%s was not seen from outside yet", s->host),
			.detail = s->why[0] == '\0' ? "it is about to be looked at" : s->why,
		};
	return (struct outside_finding){
		.severity = OUTSIDE_PASS,
		.title = arena_printf(a, "%s is answered as it should be", s->host),
		.detail =
		        arena_printf(a, "seen from outside at %s, %s left of its certificate",
		                     utc_format(s->checked, at), time_left(s->not_after - now, a)),
	};
}
