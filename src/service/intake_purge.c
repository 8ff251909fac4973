/* Retention: raw bytes go by whole days of arrival; what was read from them stays. */
#include "base/log.h"
#include "base/utc.h"
#include "net/clock.h"
#include "service/intake_internal.h"
#include "service/intake_line.h"

#define PAGE 1000        /* rows that go in one turn of the loop */
#define PAGE_COUNT 10000 /* rows that are only counted */
#define PAUSE_MS 1
#define LATE_S (7 * UTC_DAY) /* a row stands so far behind its place; held mails come late */

struct purge {
	struct intake *in;
	struct loop_timer timer;
	struct line_purged p;
	uint32_t day, until; /* what lies before day goes; rows from until on are not looked at */
	int64_t after;       /* rows up to this one were looked at */
	bool any;            /* there is a segment of such a day */
	enum err looked;     /* whether that could be found out */
	purge_done_fn done;
	void *arg;
};

/* The segment of that moment's day. */
static uint32_t segment_of(int64_t t)
{
	struct utc_date d = utc_civil(t);

	return d.year < 1970 ? 0 : (uint32_t)d.year * 10000 + d.month * 100 + d.day;
}

/* A page of rows; *over_out: there are no more that are old. */
static enum err take_page(struct purge *g, bool *over_out)
{
	int64_t limit = g->p.dry_run ? PAGE_COUNT : PAGE;
	struct arrivals_page page;
	enum err e = arrivals_page(g->in->db, g->after, g->day, limit, &page);

	if (e == OK && page.old > 0 && !g->p.dry_run)
		e = arrivals_purge(g->in->db, g->after, page.last, g->day);
	if (e != OK)
		return e;
	g->p.messages += (uint64_t)page.old;
	g->after = page.last;
	*over_out = page.count < limit || page.earliest >= g->until;
	return OK;
}

static enum err take_segments(struct purge *g)
{
	struct archive_purge gone = { 0 };
	enum err e = archive_purge(g->in->archive, g->day, g->p.dry_run, &gone);

	g->p.segments = gone.segments;
	g->p.bytes = gone.bytes;
	return e;
}

static void tell(struct purge *g, enum err e)
{
	const struct line_purged *p = &g->p;

	if (e != OK) {
		g->p.error = "not everything could be removed; look at the service's log";
		log_error("old raw reports cannot be removed", F("reason", err_name(e)));
	} else if (!p->dry_run && p->segments > 0) {
		log_info("old raw reports removed", FN("segments", p->segments),
		         FN("bytes", p->bytes), FN("messages", p->messages));
	}
}

/* Rows first: bytes without rows are waste, rows without bytes would promise what is gone. */
static void on_turn(void *arg)
{
	struct purge *g = arg;
	bool over = !g->any;
	enum err e = g->looked;

	if (e == OK && !over)
		e = take_page(g, &over);
	if (e == OK && !over) {
		loop_timer_set(&g->timer, PAUSE_MS);
		return;
	}
	if (e == OK && g->any)
		e = take_segments(g);
	tell(g, e);
	g->done(g->arg, &g->p);
	purge_free(g);
}

/* The oldest day is still a day that can be named; nothing goes that is not stored yet. */
static void find_days(struct purge *g)
{
	int64_t days = g->p.days < 36500 ? (int64_t)g->p.days : 36500;
	struct archive_purge old = { 0 };

	g->p.before = utc_day_start(clock_now_s()) - days * UTC_DAY;
	g->day = segment_of(g->p.before);
	g->until = segment_of(g->p.before + LATE_S);
	if (g->day > g->in->stored.day)
		g->day = g->in->stored.day;
	g->looked = archive_purge(g->in->archive, g->day, true, &old);
	g->any = old.segments > 0;
}

struct purge *purge_new(struct intake *in, const struct line_purge *wish, purge_done_fn done,
                        void *arg)
{
	struct purge *g = mem_alloc(sizeof(*g));

	*g = (struct purge){ .in = in, .looked = OK, .done = done, .arg = arg };
	g->p.dry_run = wish->dry_run;
	g->p.days = wish->days > 0 ? wish->days : in->set->keep_raw;
	if (g->p.days != UINT64_MAX)
		find_days(g);
	loop_timer_init(&g->timer, in->loop, on_turn, g);
	loop_timer_set(&g->timer, 0);
	return g;
}

void purge_free(struct purge *g)
{
	if (g == NULL)
		return;
	loop_timer_fini(&g->timer);
	mem_free(g);
}

static void on_daily(void *arg, const struct line_purged *done)
{
	struct intake *in = arg;

	(void)done; /* it is in the log */
	in->purge = NULL;
}

void intake_purge_daily(struct intake *in)
{
	static const struct line_purge as_configured = { 0 };
	int64_t today = utc_day_start(clock_now_s());

	if (today == in->purged || in->purge != NULL || !intake_is_idle(in))
		return;
	in->purged = today;
	in->purge = purge_new(in, &as_configured, on_daily, in);
}
