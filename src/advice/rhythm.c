#include "advice/rhythm.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/utc.h"

#define STEP_MAX 31 /* a longer usual step is none */

/* Steps of each length between reported days; the last one takes all that are longer. */
struct steps {
	size_t of[STEP_MAX + 2];
	size_t count;
	int64_t longest;
};

static struct steps count_steps(const int64_t *days, size_t count)
{
	struct steps s = { .count = count - 1 };

	for (size_t i = 1; i < count; i++) {
		int64_t step = (days[i] - days[i - 1]) / UTC_DAY;

		s.of[step <= STEP_MAX ? step : STEP_MAX + 1]++;
		s.longest = step > s.longest ? step : s.longest;
	}
	return s;
}

static int64_t median(const struct steps *s)
{
	size_t seen = 0;
	int64_t step = 0;

	while (step <= STEP_MAX && 2 * (seen += s->of[step]) < s->count)
		step++;
	return step;
}

/* Most steps are of that length, give or take a day and a quarter of it. */
static int is_usual(const struct steps *s, int64_t step)
{
	int64_t slack = step == 1 ? 0 : step / 4 + 1;
	size_t near = 0;

	for (int64_t i = step - slack; i <= step + slack && i <= STEP_MAX; i++)
		near += s->of[i];
	return 5 * near >= 3 * s->count;
}

struct rhythm rhythm_of(const int64_t *days, size_t count, int64_t today)
{
	struct rhythm r = { 0 };

	if (count < RHYTHM_DAYS_MIN)
		return r;
	struct steps s = count_steps(days, count);
	int64_t step = median(&s);
	int64_t away = (today - days[count - 1]) / UTC_DAY - 1 - RHYTHM_LATE_DAYS;
	if (step > STEP_MAX || !is_usual(&s, step))
		return r;
	r.every = step;
	if (away >= RHYTHM_SILENT_MIN && away >= 2 * step && away >= s.longest)
		r.silent = away;
	return r;
}

const char *rhythm_words(int64_t every, char out[32])
{
	if (every == 0)
		return "irregular";
	if (every == 1)
		return "daily";
	if (every == 7)
		return "weekly";
	(void)snprintf(out, 32, "every %" PRId64 " days", every); /* always fits */
	return out;
}
