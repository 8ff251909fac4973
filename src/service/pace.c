#include "service/pace.h"

int64_t pace_take(struct pace *p, int64_t now_ms, int64_t wanted, int64_t a_second)
{
	int64_t next = atomic_load(&p->next_ms), mine;

	do
		mine = next > now_ms ? next : now_ms;
	while (!atomic_compare_exchange_weak(&p->next_ms, &next, mine + 1000 / a_second));
	int64_t in = (mine - now_ms) / 1000;
	return in > wanted ? in : wanted;
}
