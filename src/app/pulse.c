#include "app/pulse.h"

/* It is looked at after half of its patience, and then from half to half. */
bool pulse_is_there(struct pulse *p, int64_t silent_ms, int64_t patience_ms, int64_t used_us)
{
	int64_t half_ms = patience_ms / 2;
	bool goes_on;

	if (silent_ms < half_ms) {
		*p = (struct pulse){ 0 };
		return true;
	}
	if (p->looked_ms == 0)
		*p = (struct pulse){ silent_ms, used_us, used_us };
	if (silent_ms < p->looked_ms + half_ms)
		return true;
	goes_on = used_us > p->last_us && used_us - p->first_us < half_ms * 1000;
	p->looked_ms = silent_ms;
	p->last_us = used_us;
	return goes_on && silent_ms < PULSE_SLOW * patience_ms;
}
