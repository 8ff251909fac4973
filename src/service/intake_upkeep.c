/* Intake's upkeep of quarantine: a newer program reads it again, and what is too old goes. */
#include "base/log.h"
#include "net/clock.h"
#include "service/intake_internal.h"
#include "store/quarantine.h"

#define PAGE 16u          /* read again at once */
#define UPKEEP_MS 3600000 /* between looks for what is too old */
#define DAY_S INT64_C(86400)

static void on_done(void *arg, const struct item *it, enum err e)
{
	struct intake *in = arg;

	(void)it;
	(void)e; /* what was not stored lies there still, and the next start finds it */
	if (--in->upkeep_open == 0)
		loop_timer_set(&in->upkeep, 0);
}

struct item *intake_quarantined(struct intake *in, const struct quarantine_row *row)
{
	struct item *it = item_new(ITEM_RETRY);
	struct archive_pos at = { (uint32_t)row->place.segment, (uint64_t)row->place.offset };

	if (archive_read(in->archive, at, &it->store, &it->record) != OK) {
		item_free(it);
		return NULL;
	}
	it->archived = true;
	it->trust = row->trust;
	if (row->domain.len < sizeof(it->domain))
		memcpy(it->domain, row->domain.p, row->domain.len);
	return it;
}

/* What an older program could not read; false: that was all. */
static bool read_page(struct intake *in)
{
	struct arena *a = arena_new();
	struct quarantine_row *rows = NULL;
	size_t count = 0;
	enum err e = quarantine_others(in->db, in->set->program, slice_str(in->upkeep_after), PAGE,
	                               a, &rows, &count);

	for (size_t i = 0; e == OK && i < count; i++) {
		struct item *it = intake_quarantined(in, &rows[i]);

		memcpy(in->upkeep_after, rows[i].sha256, sizeof(in->upkeep_after));
		if (it == NULL)
			continue; /* its segment is gone, by age; so will be its entry */
		it->done = on_done;
		it->arg = in;
		in->upkeep_open++;
		intake_submit(in, it);
	}
	arena_free(a);
	return e == OK && count > 0;
}

static void drop_old(struct intake *in)
{
	int64_t days = in->set->keep_quarantine;

	if (quarantine_purge(in->db, clock_now_s() - days * DAY_S) != OK)
		log_warn("old entries of quarantine cannot be dropped",
		         F("database", db_why(in->db)));
}

static void on_upkeep(void *arg)
{
	struct intake *in = arg;

	if (in->draining)
		return;
	while (!in->upkeep_read && in->upkeep_open == 0)
		in->upkeep_read = !read_page(in);
	if (in->upkeep_open > 0)
		return;
	drop_old(in);
	loop_timer_set(&in->upkeep, UPKEEP_MS);
}

void intake_upkeep_init(struct intake *in)
{
	loop_timer_init(&in->upkeep, in->loop, on_upkeep, in);
	loop_timer_set(&in->upkeep, 0);
}

void intake_upkeep_fini(struct intake *in)
{
	loop_timer_fini(&in->upkeep);
}
