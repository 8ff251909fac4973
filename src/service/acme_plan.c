#include "service/acme_plan.h"

#include "base/err.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* A part of span, from 0 up to span. */
static int64_t part(int64_t span, uint32_t random)
{
	return span <= 0 ? 0 : (int64_t)((double)span * ((double)random / 4294967296.0));
}

int64_t acme_plan_renewal(int64_t not_before, int64_t not_after, bool foreign, uint32_t random)
{
	int64_t life = not_after - not_before;

	return foreign ? not_before + life / 6 * 5
	               : not_before + life / 3 * 2 - part(life / 20, random);
}

int64_t acme_plan_window(int64_t start, int64_t end, int64_t now, uint32_t random)
{
	int64_t from = start > now ? start : now;

	return end <= now ? now : from + part(end - from, random);
}

int64_t acme_plan_ask(int64_t now, int64_t retry_after)
{
	int64_t wait = retry_after == 0 ? 6 * HOUR : retry_after;

	return now + (wait < MINUTE ? MINUTE : wait > DAY ? DAY : wait);
}

static int64_t pick(const int64_t *steps, size_t count, int64_t n)
{
	return steps[n < 1 ? 0 : (size_t)n > count ? count - 1 : (size_t)n - 1];
}

int64_t acme_plan_refused(int64_t n)
{
	static const int64_t steps[] = { 10 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY };

	return pick(steps, ARRAY_LEN(steps), n);
}

int64_t acme_plan_fault(int64_t n)
{
	static const int64_t steps[] = { 5, 10, 20, 40, 80, 160, 5 * MINUTE, 10 * MINUTE };

	return pick(steps, ARRAY_LEN(steps), n);
}

bool acme_plan_may_spend(const struct acme_spending *s, bool renewal)
{
	int64_t fresh = s->budget - s->budget / 3, share = s->tenants > 1 ? fresh / 2 : fresh;

	if (renewal)
		return s->all < s->budget;
	return s->all < fresh && s->of_tenant < share;
}
