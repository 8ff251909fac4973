/* What people are shown of a publication's way. */
#include "service/publish_steps.h"

#include <string.h>

#include "test.h"

#define NOON INT64_C(1893499200)

/* "saved+ certificate+ served. seen-": done, waiting, later. */
static const char *shown(const struct publication *p, int64_t now)
{
	static char text[256];
	static const char marks[] = { [STEP_DONE] = '+', [STEP_WAITING] = '.', [STEP_LATER] = '-' };
	struct publish_step steps[PUBLISH_STEPS_MAX];
	size_t n = publish_steps(p, "the reason", now, steps), len = 0;

	for (size_t i = 0; i < n && len < sizeof(text); i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%c",
		                        len == 0 ? "" : " ", steps[i].name, marks[steps[i].state]);
		EXPECT((steps[i].why != NULL) == (steps[i].state == STEP_WAITING),
		       "the step that waits says why");
		EXPECT((steps[i].at != 0) == (steps[i].state == STEP_DONE),
		       "what is done has a time");
	}
	return text;
}

TEST(each_stage)
{
	static const struct row {
		const char *label, *want;
		struct publication p;
	} rows[] = {
		{ "saved",
		  "saved+ certificate. served- fetched- announced- seen-",
		  { .staged = NOON, .first = true } },
		{ "a later one is not fetched",
		  "saved+ certificate+ served. announced- seen-",
		  { .staged = NOON, .offered = NOON } },
		{ "STS-86: served, then fetched",
		  "saved+ certificate+ served+ fetched. announced- seen-",
		  { .staged = NOON, .offered = NOON, .served = NOON, .first = true } },
		{ "announced",
		  "saved+ certificate+ served+ fetched+ announced+ seen.",
		  { .staged = NOON,
		    .offered = NOON,
		    .served = NOON,
		    .fetched = NOON,
		    .announced = NOON,
		    .first = true } },
		{ "STS-90: behind a proxy the text before it must be gone",
		  "saved+ served+ fetched+ alone. announced- seen-",
		  { .staged = NOON,
		    .offered = NOON,
		    .served = NOON,
		    .fetched = NOON,
		    .hosting = HOSTING_BEHIND } },
		{ "one that was superseded shows what it came to",
		  "saved+ certificate+",
		  { .staged = NOON, .offered = NOON, .end = END_SUPERSEDED } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT_SLICE(slice_str(shown(&rows[i].p, NOON + 10)), slice_str(rows[i].want),
		             rows[i].label);
}

TEST_MAIN(UNIT(each_stage))
