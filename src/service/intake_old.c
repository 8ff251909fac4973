/* Retention of what was read: old reports go, a page in each turn of the loop; figures stay. */
#include "base/log.h"
#include "base/utc.h"
#include "net/clock.h"
#include "service/intake_internal.h"
#include "store/reports.h"

#define PAGE 200
#define PAUSE_MS 1
#define AGAIN_S 3600 /* after what went wrong */

struct old {
	struct intake *in;
	struct loop_timer timer;
	int64_t before; /* what arrived sooner goes */
	uint64_t removed;
};

void old_free(struct old *o)
{
	if (o == NULL)
		return;
	loop_timer_fini(&o->timer);
	mem_free(o);
}

static void end(struct old *o, enum err e)
{
	struct intake *in = o->in;

	if (o->removed > 0)
		log_info("old reports removed", FN("reports", o->removed));
	if (e != OK) {
		log_error("old reports cannot be removed", F("reason", err_name(e)),
		          F("database", db_why(in->db)));
		in->old_at = clock_now_s() + AGAIN_S;
	}
	in->old = NULL;
	old_free(o);
}

/* It rests as long as it worked: whoever else writes the database gets a turn. */
static void on_turn(void *arg)
{
	struct old *o = arg;
	int64_t count = 0, since = clock_mono_ms();
	enum err e = reports_purge(o->in->db, o->before, PAGE, &count);

	o->removed += (uint64_t)count;
	if (e == OK && count == PAGE)
		loop_timer_set(&o->timer, PAUSE_MS + clock_mono_ms() - since);
	else
		end(o, e);
}

void intake_old_daily(struct intake *in)
{
	uint64_t days = in->set->keep_reports;
	int64_t now = clock_now_s();
	struct old *o;

	if (now < in->old_at || in->old != NULL || days == UINT64_MAX)
		return;
	in->old_at = utc_day_start(now) + UTC_DAY;
	o = mem_alloc(sizeof(*o));
	*o = (struct old){ .in = in, .before = utc_day_start(now) - (int64_t)days * UTC_DAY };
	loop_timer_init(&o->timer, in->loop, on_turn, o);
	loop_timer_set(&o->timer, 0);
	in->old = o;
}
