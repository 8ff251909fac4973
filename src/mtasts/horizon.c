#include "mtasts/horizon.h"

#include "base/num.h"
#include "mtasts/match.h"

static const struct {
	const char *code, *text;
} warning_rows[HORIZON_WARNING_COUNT] = {
#define HORIZON_ROW(name, code, sentence) { code, sentence },
	HORIZON_WARNINGS(HORIZON_ROW)
#undef HORIZON_ROW
};

const char *horizon_warning_code(enum horizon_warning w)
{
	return warning_rows[w].code;
}

const char *horizon_warning_text(enum horizon_warning w)
{
	return warning_rows[w].text;
}

static int64_t max_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* OPEN stays OPEN, since it is the end of time. */
static int64_t later(int64_t t, int64_t by)
{
	return t == HORIZON_OPEN || by == HORIZON_OPEN ? HORIZON_OPEN : num_add_sat(t, by);
}

/* e: the last moment at which text i can still be fetched. */
static int64_t end_of(const struct horizon_history *h, size_t i)
{
	const struct horizon_policy *p = &h->policies[i];
	int64_t until = p->served_until;

	if (p->ended)
		return until;
	if (i + 1 < h->count) {
		int64_t next = h->policies[i + 1].served_from;

		until = until == HORIZON_OPEN ? next : max_of(until, next);
	}
	return later(until, h->leftover);
}

int64_t horizon_held_until(const struct horizon_history *h, size_t i)
{
	int64_t age = h->policies[i].max_age;

	if (age > (int64_t)POLICY_MAX_AGE_TOP)
		age = (int64_t)POLICY_MAX_AGE_TOP;
	return later(later(end_of(h, i), h->fetch), age);
}

int64_t horizon_host_may_go(int64_t remove_after, int64_t txt_gone, int64_t ttl)
{
	return later(max_of(remove_after, txt_gone), ttl);
}

struct horizon_policy horizon_unknown_before(int64_t take_over)
{
	return (struct horizon_policy){ .id = S(""),
		                        .mode = POLICY_ENFORCE,
		                        .max_age = POLICY_MAX_AGE_TOP,
		                        .served_from = INT64_MIN,
		                        .served_until = take_over,
		                        .id_seen = HORIZON_OPEN,
		                        .ttl = HORIZON_OPEN };
}

static bool same_text(const struct horizon_policy *a, const struct horizon_policy *b)
{
	if (a->mode != b->mode || a->max_age != b->max_age || a->mx_count != b->mx_count)
		return false;
	for (size_t i = 0; i < a->mx_count; i++)
		if (!slice_eq(a->mx[i], b->mx[i]))
			return false;
	return true;
}

/* What is worked out once. */
struct work {
	const struct horizon_history *h;
	const struct horizon_question *q;
	struct horizon_answer *out;
	size_t *first;    /* first publication of the same text without another between */
	int64_t *old_end; /* until when another, older text can be fetched; 0 entries: INT64_MIN */
	int64_t *held_until; /* H */
	bool *bad;           /* would refuse every remaining MX host */
};

static void prepare(struct work *w, struct arena *a)
{
	size_t n = w->h->count;
	int64_t end = INT64_MIN; /* latest e before the run */
	int64_t run = INT64_MIN; /* latest e up to here */

	w->first = arena_calloc(a, n + 1, sizeof(*w->first));
	w->old_end = arena_calloc(a, n + 1, sizeof(*w->old_end));
	w->held_until = arena_calloc(a, n + 1, sizeof(*w->held_until));
	w->bad = arena_calloc(a, n + 1, sizeof(*w->bad));
	for (size_t i = 0; i < n; i++) {
		bool same = i > 0 && same_text(&w->h->policies[i], &w->h->policies[i - 1]);

		w->first[i] = same ? w->first[i - 1] : i;
		if (!same)
			end = run;
		w->old_end[i] = end;
		run = max_of(run, end_of(w->h, i));
		w->held_until[i] = horizon_held_until(w->h, i);
		if (w->h->policies[i].max_age > (int64_t)POLICY_MAX_AGE_TOP)
			w->out->warnings[HORIZON_MAX_AGE_ABOVE_CEILING] = true;
	}
}

static enum err check(const struct horizon_history *h, struct diag *diag)
{
	if (h->count > HORIZON_POLICIES_MAX)
		return diag_set(diag, ERR_LIMIT, 0, "there are too many policies");
	for (size_t i = 0; i < h->count; i++) {
		const struct horizon_policy *p = &h->policies[i];
		unsigned number = (unsigned)i + 1;

		if (p->served_until < p->served_from)
			return diag_set(diag, ERR_SYNTAX, number, "it ends before it begins");
		if (p->ended && p->served_until == HORIZON_OPEN)
			return diag_set(diag, ERR_SYNTAX, number, "it ended, but not when");
		if (i > 0 && p->served_from < h->policies[i - 1].served_from)
			return diag_set(diag, ERR_SYNTAX, number,
			                "it was served before the one above it");
	}
	return OK;
}

/* Edge 3: this id could be seen while an older text could still be fetched. */
static bool is_misordered(const struct work *w, size_t i)
{
	int64_t seen = w->h->policies[i].id_seen;

	return seen != HORIZON_OPEN && seen < w->old_end[i];
}

/*
 * The publication that frees senders stuck with text_end's old text under id i: a later one with
 * another id that appeared when that text was gone.  count: none.
 */
static size_t cure_of(const struct work *w, size_t i, int64_t text_end)
{
	for (size_t j = i + 1; j < w->h->count; j++) {
		int64_t seen = w->h->policies[j].id_seen;

		if (seen != HORIZON_OPEN && seen >= text_end &&
		    !slice_eq(w->h->policies[j].id, w->h->policies[i].id))
			return j;
	}
	return w->h->count;
}

/* Edges 4 and 12: an older text went out under the same id. */
static bool id_had_other_text(const struct work *w, size_t i)
{
	const struct horizon_policy *p = w->h->policies;

	for (size_t j = 0; j < w->first[i]; j++)
		if (slice_eq(p[j].id, p[i].id) && !same_text(&p[j], &p[i]))
			return true;
	return false;
}

static void warn_about_ids(struct work *w)
{
	const struct horizon_policy *p = w->h->policies;
	bool *warnings = w->out->warnings;
	size_t n = w->h->count;

	for (size_t i = 0; i < n; i++) {
		if (is_misordered(w, i) && cure_of(w, i, w->old_end[i]) == n)
			warnings[HORIZON_TXT_BEFORE_TEXT] = true;
		if (w->first[i] != i || i == 0)
			continue;
		if (slice_eq(p[i].id, p[i - 1].id))
			warnings[HORIZON_ID_NOT_CHANGED] = true;
		else if (id_had_other_text(w, i))
			warnings[HORIZON_ID_REUSED] = true;
	}
	if (n > 0 && p[n - 1].id_seen == HORIZON_OPEN)
		warnings[HORIZON_ID_NOT_SEEN] = true;
}

/* The greater of two bounds where HORIZON_OPEN in *sum means "none so far". */
static void widen(int64_t *sum, int64_t t)
{
	*sum = *sum == HORIZON_OPEN ? t : max_of(*sum, t);
}

static void compute_removal(struct work *w)
{
	struct horizon_answer *out = w->out;
	const struct horizon_policy *p = w->h->policies;
	size_t n = w->h->count;
	bool unbounded = false;

	out->old_policy_until = out->remove_after = out->protected_from = HORIZON_OPEN;
	for (size_t i = 0; i < n; i++) {
		int64_t held = w->held_until[i];

		if (i + 1 < n)
			widen(&out->old_policy_until, held);
		if (p[i].mode == POLICY_NONE) {
			if (i + 1 < n && p[n - 1].mode != POLICY_NONE && held > w->q->now)
				widen(&out->protected_from, held);
			continue;
		}
		unbounded = unbounded || held == HORIZON_OPEN;
		widen(&out->remove_after, held);
	}
	if (unbounded)
		out->remove_after = HORIZON_OPEN;
	out->warnings[HORIZON_NONE_STILL_HELD] = out->protected_from != HORIZON_OPEN;
}

static struct slice without_final_dot(struct slice host)
{
	return slice_ends(host, S(".")) ? slice_head(host, host.len - 1) : host;
}

/* Some MX host that remains after the retirement is allowed by policy i. */
static bool allows_remaining(const struct work *w, size_t i)
{
	const struct horizon_policy *p = &w->h->policies[i];
	const struct horizon_policy *newest = &w->h->policies[w->h->count - 1];
	struct slice gone = without_final_dot(w->q->retire);

	/* A pattern with a star among the remaining ones stands for a host with some first label.
	 */
	for (size_t k = 0; k < newest->mx_count; k++)
		if (!slice_eq_i(newest->mx[k], gone) &&
		    mxmatch_any(p->mx, p->mx_count, newest->mx[k]))
			return true;
	return false;
}

static int64_t longest_ttl(const struct work *w, size_t from, size_t to)
{
	int64_t ttl = 0;

	for (size_t i = from; i < to; i++)
		ttl = max_of(ttl, w->h->policies[i].ttl);
	return ttl;
}

/* D_q: held only when every sender with an older text can see by the id that it is older. */
static int64_t after_delays(const struct work *w)
{
	size_t newest = w->h->count - 1;

	if (w->bad[newest] || is_misordered(w, newest) || id_had_other_text(w, newest))
		return HORIZON_OPEN;
	return max_of(w->q->now, later(w->h->policies[newest].id_seen, longest_ttl(w, 0, newest)));
}

static void compute_retirement(struct work *w, struct arena *a)
{
	struct horizon_answer *out = w->out;
	size_t n = w->h->count;
	bool *blocking = arena_calloc(a, n + 1, sizeof(*blocking));

	out->retire = w->q->retire;
	out->blocking = blocking;
	out->retire_after = w->q->now;
	out->retire_after_delays = HORIZON_OPEN;
	for (size_t i = 0; i < n; i++) {
		w->bad[i] = w->h->policies[i].mode == POLICY_ENFORCE && !allows_remaining(w, i);
		if (!w->bad[i])
			continue;
		blocking[i] = w->held_until[i] > w->q->now;
		out->retire_after = max_of(out->retire_after, w->held_until[i]);
	}
	if (n == 0)
		return;
	out->retire_after_delays = after_delays(w);
	out->warnings[HORIZON_NEWEST_BLOCKS] = w->bad[n - 1];
	out->warnings[HORIZON_RETIRED_NOT_LISTED] =
	        w->h->policies[n - 1].mx_count > 0 &&
	        !mxmatch_any(w->h->policies[n - 1].mx, w->h->policies[n - 1].mx_count,
	                     w->q->retire);
}

/* The first publication after the wrong text whose id differs from all ids it had. */
static size_t correction_of(const struct work *w, size_t first, size_t behind)
{
	const struct horizon_policy *p = w->h->policies;

	for (size_t j = behind; j < w->h->count; j++) {
		bool fresh = true;

		for (size_t i = first; i < behind; i++)
			fresh = fresh && !slice_eq(p[i].id, p[j].id);
		if (fresh)
			return j;
	}
	return w->h->count;
}

static enum err compute_mistake(struct work *w, struct diag *diag)
{
	const struct horizon_policy *p = w->h->policies;
	size_t n = w->h->count, k = n, first, behind, fix;
	int64_t text_end, recovered;

	for (size_t i = 0; i < n; i++)
		if (slice_eq(p[i].id, w->q->wrong))
			k = i;
	if (k == n)
		return diag_set(diag, ERR_NOTFOUND, 0, "no policy of the history has that id");

	first = w->first[k];
	for (behind = k + 1; behind < n && w->first[behind] == first;)
		behind++;
	fix = correction_of(w, first, behind);
	w->out->wrong_asked = true;
	w->out->wrong_until =
	        fix == n ? HORIZON_OPEN : later(p[fix].id_seen, longest_ttl(w, first, fix));

	/* Edge 3: senders that keep the wrong text under the new id need one more id. */
	text_end = behind < n ? w->old_end[behind] : HORIZON_OPEN;
	recovered = w->out->wrong_until;
	if (fix < n && p[fix].id_seen != HORIZON_OPEN && p[fix].id_seen < text_end) {
		size_t cure = cure_of(w, fix, text_end);

		recovered = cure == n ? HORIZON_OPEN
		                      : later(p[cure].id_seen, longest_ttl(w, first, cure));
	}
	/* Edge 6: testing and none never hold a message back. */
	w->out->bounce_free = p[k].mode != POLICY_ENFORCE ||
	                      (recovered != HORIZON_OPEN &&
	                       recovered <= later(p[first].served_from, w->h->give_up));
	w->out->warnings[HORIZON_NOT_CORRECTED] = w->out->wrong_until == HORIZON_OPEN;
	return OK;
}

enum err horizon_compute(struct arena *a, const struct horizon_history *h,
                         const struct horizon_question *q, struct horizon_answer *out,
                         struct diag *diag)
{
	struct horizon_answer answer = { .count = h->count, .policies = h->policies };
	struct work w = { .h = h, .q = q, .out = &answer };
	enum err e = check(h, diag);

	if (e != OK)
		return e;
	prepare(&w, a);
	answer.held_until = w.held_until;
	answer.retire_after = answer.retire_after_delays = answer.wrong_until = HORIZON_OPEN;
	warn_about_ids(&w);
	compute_removal(&w);
	if (q->retire.len > 0)
		compute_retirement(&w, a);
	if (q->wrong.len > 0)
		e = compute_mistake(&w, diag);
	if (e == OK)
		*out = answer;
	return e;
}
