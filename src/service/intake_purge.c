/* Retention: raw bytes go by whole days of arrival; what was read from them stays. */
#include "base/log.h"
#include "base/utc.h"
#include "net/clock.h"
#include "service/intake_internal.h"
#include "service/intake_line.h"

/* The segment of that moment's day. */
static uint32_t segment_of(int64_t t)
{
	struct utc_date d = utc_civil(t);

	return d.year < 1970 ? 0 : (uint32_t)d.year * 10000 + d.month * 100 + d.day;
}

/* Rows first: bytes without rows are waste, rows without bytes would promise what is gone. */
static enum err purge(struct intake *in, uint32_t day, struct line_purged *p)
{
	struct archive_purge gone = { 0 };
	int64_t messages = 0;
	enum err e = arrivals_before(in->db, day, &messages);

	if (e == OK && !p->dry_run && messages > 0)
		e = arrivals_purge(in->db, day);
	if (e == OK)
		e = archive_purge(in->archive, day, p->dry_run, &gone);
	p->messages = (uint64_t)messages;
	p->segments = gone.segments;
	p->bytes = gone.bytes;
	return e;
}

void intake_purge(struct intake *in, const struct line_purge *wish, struct line_purged *out)
{
	struct line_purged p = { .dry_run = wish->dry_run,
		                 .days = wish->days > 0 ? wish->days : in->set->keep_raw };
	int64_t today = utc_day_start(clock_now_s());
	enum err e = OK;

	if (p.days != UINT64_MAX) {
		/* The oldest day is still a day that can be named. */
		int64_t days = p.days < 36500 ? (int64_t)p.days : 36500;
		uint32_t day;

		p.before = today - days * UTC_DAY;
		day = segment_of(p.before);
		/* Nothing that is not stored yet, whatever its age. */
		if (day > in->stored.day)
			day = in->stored.day;
		e = purge(in, day, &p);
	}
	if (e != OK)
		p.error = "not everything could be removed; look at the service's log";
	if (e != OK)
		log_error("old raw reports cannot be removed", F("reason", err_name(e)));
	else if (!p.dry_run && p.segments > 0)
		log_info("old raw reports removed", FN("segments", p.segments),
		         FN("bytes", p.bytes), FN("messages", p.messages));
	*out = p;
}

void intake_purge_daily(struct intake *in)
{
	static const struct line_purge as_configured = { 0 };
	struct line_purged done;
	int64_t today = utc_day_start(clock_now_s());

	if (today == in->purged || !intake_is_idle(in))
		return;
	in->purged = today;
	intake_purge(in, &as_configured, &done);
}
