/*
 * Senders against the arithmetic: random histories, each with senders that fetch, refresh without
 * looking at DNS, check ids through stale resolvers and meet edges of which some still serve the
 * old text.  Whatever they do, nobody holds policy i after H_i; and where D_q is given, nobody
 * keeps an old text under the newest id.
 */
#include "mtasts/horizon.h"

#include "test.h"

#define POLICIES 6u
#define SENDERS 60u
#define EVENTS 24u
#define ROUNDS 3000u

struct world {
	uint64_t seed;
	struct horizon_policy list[POLICIES];
	char ids[POLICIES][8];
	struct horizon_history h;
	struct horizon_answer got;
	int64_t end[POLICIES]; /* e, told to the senders by the world and not by the code under test
	                        */
	int64_t stop;          /* when nothing happens any more */
};

struct sender {
	bool holds;
	size_t text;   /* which policy it holds */
	size_t id;     /* the publication whose id it stored with it */
	int64_t until; /* expiry */
	bool refreshes, checks;
};

static int64_t roll(struct world *w, int64_t n)
{
	return (int64_t)(test_random(&w->seed) % (uint64_t)n);
}

static const struct slice hosts[] = { SLICE_INIT("mx1.example"), SLICE_INIT("mx2.example"),
	                              SLICE_INIT("*.example") };

static struct horizon_policy random_policy(struct world *w, size_t i, int64_t from)
{
	static const int64_t ages[] = { 0, 1, 500, 5000, 86400, 1209600, 31557600, 99999999 };
	struct horizon_policy p = { .id = slice_str(w->ids[i]),
		                    .mode = (enum policy_mode)roll(w, 3),
		                    .max_age = ages[roll(w, (int64_t)ARRAY_LEN(ages))],
		                    .mx_count = 1,
		                    .mx = &hosts[roll(w, (int64_t)ARRAY_LEN(hosts))],
		                    .served_from = from,
		                    .served_until = HORIZON_OPEN,
		                    .ttl = 1 + roll(w, 4000) };

	if (i > 0 && roll(w, 5) == 0) { /* the same text again, under another id */
		p.mode = w->list[i - 1].mode;
		p.max_age = w->list[i - 1].max_age;
		p.mx = w->list[i - 1].mx;
	}
	return p;
}

/* The id appears some time around the text, before it at times; ids come in order. */
static int64_t random_seen(struct world *w, size_t i)
{
	int64_t t = w->list[i].served_from - 300 + roll(w, 3000);

	if (i > 0 && t <= w->list[i - 1].id_seen)
		t = w->list[i - 1].id_seen + 1;
	return t;
}

static void make_world(struct world *w)
{
	size_t n = 2 + (size_t)roll(w, POLICIES - 1);
	int64_t t = 100000;

	w->h = (struct horizon_history){ n, w->list, roll(w, 120), 60, 86400 };
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(w->ids[i], sizeof(w->ids[i]), "id%zu", i);
		w->list[i] = random_policy(w, i, t);
		w->list[i].id_seen = random_seen(w, i);
		t += 1 + roll(w, i % 2 == 0 ? 300 : 200000);
		if (i + 1 == n)
			break;
		w->list[i].served_until = t;
		w->list[i].ended = roll(w, 6) == 0;
		w->end[i] = w->list[i].ended ? t : t + w->h.leftover;
		if (w->list[i].ended)
			t += roll(w, 5000);
	}
	w->end[n - 1] = HORIZON_OPEN;
	w->stop = t + 400000;
}

/* A text that some edge answers at t; count when none does. */
static size_t fetched(struct world *w, int64_t t)
{
	size_t can[POLICIES], n = 0;

	for (size_t i = 0; i < w->h.count; i++)
		if (t >= w->list[i].served_from && t <= w->end[i])
			can[n++] = i;
	return n == 0 ? w->h.count : can[roll(w, (int64_t)n)];
}

/* An id that some resolver answers at t, stale within its TTL; count when there is none yet. */
static size_t looked_up(struct world *w, int64_t t)
{
	size_t can[POLICIES], n = 0;

	for (size_t i = 0; i < w->h.count; i++) {
		bool last = i + 1 == w->h.count;

		if (t >= w->list[i].id_seen &&
		    (last || t < w->list[i + 1].id_seen + w->list[i].ttl))
			can[n++] = i;
	}
	return n == 0 ? w->h.count : can[roll(w, (int64_t)n)];
}

static bool same_text(const struct world *w, size_t a, size_t b)
{
	return w->list[a].mode == w->list[b].mode && w->list[a].max_age == w->list[b].max_age &&
	       w->list[a].mx == w->list[b].mx;
}

/* The sender lets go of what it holds at t at the latest. */
static void check_hold(const struct world *w, const struct sender *s, int64_t t, const char *label)
{
	int64_t let_go = t < s->until ? t : s->until;

	EXPECT(let_go <= w->got.held_until[s->text], label);
}

/* RFC 8461, 3.3: what was fetched lives max_age from then, at most the ceiling in honest senders.
 */
static void take(struct world *w, struct sender *s, size_t text, size_t id, int64_t done,
                 const char *label)
{
	int64_t age = w->list[text].max_age;

	if (s->holds)
		check_hold(w, s, done, label);
	*s = (struct sender){
		true,         text,
		id,           done + (age < POLICY_MAX_AGE_TOP ? age : POLICY_MAX_AGE_TOP),
		s->refreshes, s->checks
	};
	if (w->got.retire_after_delays != HORIZON_OPEN && id + 1 == w->h.count)
		EXPECT(same_text(w, text, id), label);
}

static void act(struct world *w, struct sender *s, int64_t t, const char *label)
{
	bool fresh = s->holds && t <= s->until;
	size_t id = looked_up(w, t), text;

	if (s->holds && !fresh)
		check_hold(w, s, t, label);
	s->holds = fresh;
	if (fresh && s->refreshes && roll(w, 2) == 0) {
		text = fetched(w, t); /* 10.2: whatever DNS says */
		if (text < w->h.count)
			take(w, s, text, s->id, t + roll(w, w->h.fetch + 1), label);
		return;
	}
	if (id == w->h.count || (fresh && (!s->checks || id == s->id)))
		return;
	text = fetched(w, t + 1);
	if (text < w->h.count)
		take(w, s, text, id, t + 1 + roll(w, w->h.fetch), label);
}

static void run_sender(struct world *w, const char *label)
{
	struct sender s = { .refreshes = roll(w, 2) == 0, .checks = roll(w, 3) > 0 };
	int64_t t = 99000 + roll(w, 3000);

	for (size_t i = 0; i < EVENTS && t < w->stop; i++) {
		act(w, &s, t, label);
		t += 1 + roll(w, roll(w, 2) == 0 ? 200 : 90000);
	}
	if (s.holds)
		check_hold(w, &s, HORIZON_OPEN, label);
}

/* The bound is tight: a last fetch at e_i that takes its time, and no refresh. */
static void check_tight(const struct world *w, const char *label)
{
	for (size_t i = 0; i + 1 < w->h.count; i++) {
		int64_t age = w->list[i].max_age;

		if (age > POLICY_MAX_AGE_TOP)
			age = POLICY_MAX_AGE_TOP;
		EXPECT(w->end[i] + w->h.fetch + age == w->got.held_until[i], label);
	}
}

TEST(nobody_holds_a_policy_after_its_horizon)
{
	uint64_t seed = 8461;
	size_t with_delays = 0;

	for (size_t round = 0; round < ROUNDS; round++) {
		struct world w = { .seed = seed };
		struct arena *a = arena_new();
		char label[80];

		(void)snprintf(label, sizeof(label), "the horizon holds, seed %llu",
		               (unsigned long long)seed);
		make_world(&w);
		const struct horizon_question q = { 100000 + roll(&w, 500000), S("mx1.example"),
			                            S("id0") };
		EXPECT(horizon_compute(a, &w.h, &q, &w.got, NULL) == OK, label);
		check_tight(&w, label);
		for (size_t i = 0; i < SENDERS; i++)
			run_sender(&w, label);
		with_delays += w.got.retire_after_delays != HORIZON_OPEN;
		(void)test_random(&w.seed);
		seed = w.seed;
		arena_free(a);
	}
	EXPECT(with_delays > ROUNDS / 10, "enough histories have a D_q");
}

/* One more second of an old policy, or one more policy, never makes a horizon earlier. */
TEST(horizon_is_monotone)
{
	uint64_t seed = 31;

	for (size_t round = 0; round < 500; round++) {
		struct world w = { .seed = seed };
		struct arena *a = arena_new();
		struct horizon_answer more;

		make_world(&w);
		const struct horizon_question q = { 100000, S("mx1.example"), S("") };
		EXPECT(horizon_compute(a, &w.h, &q, &w.got, NULL) == OK, "computed");
		w.h.leftover++;
		EXPECT(horizon_compute(a, &w.h, &q, &more, NULL) == OK, "computed again");
		EXPECT(more.old_policy_until >= w.got.old_policy_until &&
		               more.retire_after >= w.got.retire_after &&
		               more.remove_after >= w.got.remove_after,
		       "a longer leftover moves nothing earlier");
		EXPECT(w.got.retire_after >= q.now, "D is not in the past");
		seed = w.seed;
		arena_free(a);
	}
}

TEST_MAIN(UNIT(nobody_holds_a_policy_after_its_horizon), UNIT(horizon_is_monotone))
