#include "app/pulse.h"

bool pulse_is_there(struct pulse *p, int64_t silent_ms, int64_t used_us)
{
	bool goes_on;

	if (silent_ms < PULSE_LOOK_MS) {
		*p = (struct pulse){ 0 };
		return true;
	}
	if (p->looked_ms == 0)
		*p = (struct pulse){ silent_ms, used_us, used_us };
	if (silent_ms < p->looked_ms + PULSE_LOOK_MS)
		return true;
	goes_on = used_us > p->last_us && used_us - p->first_us < PULSE_BUSY_MS * 1000;
	p->looked_ms = silent_ms;
	p->last_us = used_us;
	return goes_on && silent_ms < PULSE_SILENT_MAX_MS;
}
