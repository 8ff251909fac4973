/* Mails that wait for a signer's key: the DNS is asked again, later and later. */
#include "net/clock.h"
#include "service/intake_internal.h"
#include "store/held.h"
#include "tlsrpt/reporters.h"

#define HELD_TURN 16u         /* looked at again at once */
#define HELD_MAX 10000        /* more are settled as unsigned */
#define HELD_AUTHOR_MAX 100   /* the same for those that claim one author */
#define HELD_GIVE_UP_S 345600 /* after four days the mail is settled as unsigned */

/* After so many tries in vain; further ones as the last. */
static const int64_t delays[] = { 30, 120, 600, 1800, 7200, 21600 };

static int64_t delay_after(int64_t tries)
{
	size_t last = ARRAY_LEN(delays) - 1;

	return delays[tries < (int64_t)last ? (size_t)tries : last];
}

/* Known reporters are always waited for; others as long as they are not too many. */
static enum err has_room(struct intake *in, const char *author, bool *out)
{
	int64_t all = 0, same = 0, due;
	enum err e = OK;

	*out = true;
	if (reporters_by_signer(slice_str(author)) != NULL)
		return OK;
	e = held_count(in->db, &all, &due);
	if (e == OK)
		e = held_count_author(in->db, author, &same);
	*out = all < HELD_MAX && same < HELD_AUTHOR_MAX;
	return e;
}

enum err held_take(struct intake *in, const struct item *it, const char *hex,
                   const struct archive_place *place, int64_t now, bool *held_out)
{
	struct held_row row = { .place = *place, .arrived = it->record.received, .tries = 0 };
	struct held_row before;
	enum err e = held_get(in->db, hex, it->arena, &before);

	*held_out = now < it->record.received + HELD_GIVE_UP_S;
	memcpy(row.sha256, hex, sizeof(row.sha256));
	row.author = arena_str(it->arena, it->proof->author);
	if (e == OK)
		row.tries = before.tries + 1;
	else if (e == ERR_NOTFOUND && *held_out)
		e = has_room(in, row.author, held_out);
	if (e == ERR_NOTFOUND)
		e = OK;
	if (e != OK || !*held_out)
		return e;
	row.due = now + delay_after(row.tries);
	if (row.due < in->held_due)
		in->held_due = row.due;
	return held_put(in->db, &row);
}

static void on_done(void *arg, const struct item *it, enum err e)
{
	struct intake *in = arg;

	(void)it;
	(void)e; /* what could not be stored is still held */
	if (--in->held_busy == 0)
		in->held_due = 0; /* look what is next */
}

static void look_again(struct intake *in, const struct held_row *row)
{
	struct item *it = item_new(ITEM_HELD);
	struct archive_pos at = { (uint32_t)row->place.segment, (uint64_t)row->place.offset };

	if (archive_read(in->archive, at, &it->store, &it->record) != OK) {
		item_free(it);                         /* gone by age */
		(void)!held_drop(in->db, row->sha256); /* else at the next look */
		return;
	}
	it->archived = true;
	it->trust = intake_way_trust(it->record.way);
	it->done = on_done;
	it->arg = in;
	in->held_busy++;
	intake_submit(in, it);
}

void held_tick(struct intake *in)
{
	int64_t now = clock_now_s(), count;
	struct held_row *rows = NULL;
	struct arena *a;
	size_t n = 0;

	if (in->held_busy > 0 || in->draining || now < in->held_due)
		return;
	a = arena_new();
	if (held_due(in->db, now, HELD_TURN, a, &rows, &n) == OK && n == 0 &&
	    held_count(in->db, &count, &in->held_due) != OK)
		in->held_due = now + delay_after(0);
	for (size_t i = 0; i < n; i++)
		look_again(in, &rows[i]);
	arena_free(a);
}

void held_wake_all(struct intake *in)
{
	in->held_due = 0;
	(void)!held_wake(in->db, clock_now_s()); /* else they are looked at when they are due */
}
