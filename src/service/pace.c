#include "service/pace.h"

int64_t pace_take(struct pace *p, int64_t now, int64_t wanted, int64_t a_second)
{
	int64_t next = atomic_load(&p->next_ms), mine;

	do
		mine = next > now * 1000 ? next : now * 1000;
	while (!atomic_compare_exchange_weak(&p->next_ms, &next, mine + 1000 / a_second));
	return mine / 1000 > wanted ? mine / 1000 : wanted;
}
