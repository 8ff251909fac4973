#include "advice/guard.h"

#include <stdio.h>

#include "base/utc.h"

struct profile {
	struct slice name;
	int64_t testing;
};

/* The first row is the default; a profile nobody knows is no way around it. */
static const struct profile profiles[] = {
	{ SLICE_INIT("default"), INT64_C(14) * UTC_DAY },
	{ SLICE_INIT("careful"), INT64_C(30) * UTC_DAY },
};

int64_t guard_testing_time(struct slice profile)
{
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++)
		if (slice_eq(profile, profiles[i].name))
			return profiles[i].testing;
	return profiles[0].testing;
}

int64_t guard_testing_since(const struct guard_served *rows, size_t count)
{
	int64_t since = 0;

	for (size_t i = 0; i < count; i++) {
		if (rows[i].served == 0)
			continue;
		/* A stop leaves senders without a policy: time before it proves nothing. */
		if (rows[i].mode == POLICY_NONE || rows[i].stopped)
			since = 0;
		else if (since == 0)
			since = rows[i].served;
	}
	return since;
}

/* Stricter: senders refuse mail that they delivered before, or hold a policy for longer. */
static bool is_stricter(const struct guard_facts *f)
{
	if (f->new_mode == POLICY_NONE)
		return false;
	if (f->new_mode == POLICY_ENFORCE && (!f->had_policy || f->old_mode != POLICY_ENFORCE))
		return true;
	return f->new_max_age > GUARD_STAGE_MAX_AGE &&
	       (!f->had_policy || f->old_mode == POLICY_NONE || f->new_max_age > f->old_max_age);
}

bool guard_needs(const struct guard_facts *f, enum guard_code code)
{
	if (is_stricter(f))
		return true;
	return code == GUARD_MX && f->new_mode == POLICY_ENFORCE && f->patterns_removed;
}

bool guard_is_needed(const struct guard_facts *f)
{
	return guard_needs(f, GUARD_MX); /* the one that binds whenever any does */
}

/* Sentences are far below the size; a cut one would still be a reason. */
#define WORDS(out, ...) (void)snprintf((out), GUARD_WORDS_SIZE, __VA_ARGS__)

static const char *step_name(const struct guard_facts *f)
{
	return f->new_mode == POLICY_ENFORCE ? "enforce" : "a max_age above 86400";
}

static bool check_time(const struct guard_facts *f, struct guard_result *r)
{
	char day[UTC_TEXT_SIZE];
	int64_t due = f->testing_since == 0 ? 0 : f->testing_since + f->testing_needed;
	long long needed = (long long)(f->testing_needed / UTC_DAY);

	if (f->testing_since != 0 && f->now >= due)
		return true;
	if (f->testing_since == 0) {
		WORDS(r->reason,
		      "%s needs %lld days of testing first, and no testing policy of %s is served",
		      step_name(f), needed, f->domain);
		WORDS(r->fix,
		      "save mode testing with max_age 86400, publish the records, and come back "
		      "after %lld "
		      "days; or override with --anyway REASON",
		      needed);
		return false;
	}
	(void)utc_format_day(f->testing_since, day);
	WORDS(r->reason, "%s needs %lld days of testing first; %s is in testing since %s",
	      step_name(f), needed, f->domain, day);
	(void)utc_format(due, day);
	WORDS(r->fix, "wait until %s, or override with --anyway REASON", day);
	return false;
}

static bool check_waiting(const struct guard_facts *f, struct guard_result *r)
{
	if (!f->waiting)
		return true;
	WORDS(r->reason,
	      "the last policy id of %s is not answered by all its name servers yet, so senders "
	      "may "
	      "not know the last policy",
	      f->domain);
	WORDS(r->fix,
	      "type the TXT record that `mxseal records %s` shows and wait until it is seen, or "
	      "override with --anyway REASON",
	      f->domain);
	return false;
}

static bool check_tlsrpt(const struct guard_facts *f, struct guard_result *r)
{
	if (f->tlsrpt == GUARD_YES)
		return true;
	if (f->tlsrpt == GUARD_NO) {
		WORDS(r->reason,
		      "there is no valid TLS-RPT record at _smtp._tls.%s, so failures would go "
		      "unseen",
		      f->domain);
		WORDS(r->fix,
		      "publish the record that `mxseal records %s` prints, or override with "
		      "--anyway REASON",
		      f->domain);
		return false;
	}
	WORDS(r->reason,
	      "the TLS-RPT record at _smtp._tls.%s could not be looked up (%s), which counts as "
	      "not seen",
	      f->domain, f->dns_why != NULL ? f->dns_why : "DNS was not asked");
	WORDS(r->fix,
	      "make the resolver reachable and try again, or override with --anyway REASON");
	return false;
}

static bool check_mx(const struct guard_facts *f, struct guard_result *r)
{
	if (f->mx == GUARD_YES)
		return true;
	if (f->mx == GUARD_NO) {
		const char *host = f->first_unmatched != NULL ? f->first_unmatched : "an MX host";
		if (f->unmatched_count > 1)
			WORDS(r->reason,
			      "%s and %zu more MX hosts are matched by no pattern: senders would "
			      "refuse them",
			      host, f->unmatched_count - 1);
		else
			WORDS(r->reason,
			      "the MX host %s is matched by no pattern: senders would refuse it",
			      host);
		WORDS(r->fix, "add it with --add-mx %s, or override with --anyway REASON", host);
		return false;
	}
	WORDS(r->reason,
	      "the MX hosts of %s could not be looked up (%s), which counts as not matched",
	      f->domain, f->dns_why != NULL ? f->dns_why : "DNS was not asked");
	WORDS(r->fix,
	      "make the resolver reachable and try again, or override with --anyway REASON");
	return false;
}

struct guard {
	const char *slug;
	bool offline;
	bool (*check)(const struct guard_facts *, struct guard_result *);
};

static const struct guard guards[GUARD_COUNT] = {
	[GUARD_TESTING_TIME] = { "guard-testing-time", true, check_time },
	[GUARD_WAITING] = { "guard-waiting-for-you", true, check_waiting },
	[GUARD_TLSRPT] = { "guard-tls-rpt", false, check_tlsrpt },
	[GUARD_MX] = { "guard-mx-unmatched", false, check_mx },
};

size_t guard_check(const struct guard_facts *f, bool offline_only,
                   struct guard_result out[GUARD_COUNT])
{
	size_t n = 0;

	for (unsigned i = 0; i < GUARD_COUNT; i++) {
		if (!guard_needs(f, (enum guard_code)i) || (offline_only && !guards[i].offline))
			continue;
		out[n].code = (enum guard_code)i;
		out[n].slug = guards[i].slug;
		if (!guards[i].check(f, &out[n]))
			n++;
	}
	return n;
}
