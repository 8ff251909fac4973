#include "app/restart.h"

/* 0, then first_ms doubled for each further death, up to the ceiling. */
static int64_t back_off(unsigned step, int64_t first_ms)
{
	int64_t wait = first_ms;

	if (step == 0)
		return 0;
	while (--step > 0 && wait < RESTART_WAIT_MAX_MS)
		wait *= 2;
	return wait < RESTART_WAIT_MAX_MS ? wait : RESTART_WAIT_MAX_MS;
}

struct restart_plan restart_after(struct restart *r, int64_t born_ms, int64_t now_ms, bool is_edge,
                                  bool is_last_edge)
{
	struct restart_plan plan = { 0 };
	bool third;

	if (now_ms - born_ms >= RESTART_LIFE_MS)
		*r = (struct restart){ 0 };
	third = r->recent_ms[0] != 0 && now_ms - r->recent_ms[0] < RESTART_WINDOW_MS;
	r->recent_ms[0] = r->recent_ms[1];
	r->recent_ms[1] = now_ms;
	r->deaths++;
	if (!is_edge) {
		plan.wait_ms = back_off(r->deaths - 1, 100);
		return plan;
	}
	if (!third)
		return plan;
	plan.wait_ms = back_off(r->deaths - 2, 500);
	plan.close_listener = !is_last_edge;
	if (is_last_edge && plan.wait_ms > RESTART_LAST_MAX_MS)
		plan.wait_ms = RESTART_LAST_MAX_MS;
	return plan;
}
