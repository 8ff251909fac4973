#include "advice/alert_pace.h"

/* Domains are judged every five minutes, and whoever is told reads a few times a day. */
static const struct {
	int64_t seconds;
	const char *words;
} pauses[] = {
	{ 0, "" }, { 300, "" }, { 900, "" }, { 3600, "an hour" }, { 21600, "six hours" },
};

/* What refuses mail is heard of within the hour, and at once where it did not before. */
static const unsigned longest[ALERT_CLOSED + 1][2] = {
	[ALERT_OPENED] = { 4, 3 },
	[ALERT_WORSE] = { 4, 0 },
	[ALERT_CLOSED] = { 4, 4 },
};

struct alert_kind alert_kind(enum alert_cause cause, const struct alert_state *s, int64_t now)
{
	return (struct alert_kind){
		.cause = cause,
		.event = alert_event(cause, s, now),
		.refuses = s->level != 0 && alert_impact(cause, s->level) == IMPACT_REFUSED,
	};
}

bool alert_kind_eq(const struct alert_kind *a, const struct alert_kind *b)
{
	return a->cause == b->cause && a->event == b->event && a->refuses == b->refuses;
}

const struct alert_pace *alert_pace(const struct alert_paces *all, const struct alert_kind *k)
{
	return &all->of[k->cause][k->event][k->refuses ? 1 : 0];
}

static unsigned no_longer(const struct alert_kind *k, unsigned pause)
{
	unsigned most = longest[k->event][k->refuses ? 1 : 0];

	return pause < most ? pause : most;
}

/* A clock that went back makes nobody wait. */
bool alert_pace_is_over(const struct alert_kind *k, const struct alert_pace *p, int64_t now)
{
	return now < p->said_at || now - p->said_at >= pauses[no_longer(k, p->pause)].seconds;
}

unsigned alert_pace_next(const struct alert_kind *k, const struct alert_pace *p, int64_t now)
{
	bool quiet = now < p->said_at || now - p->said_at >= ALERT_QUIET_S;

	return no_longer(k, quiet || p->said_at == 0 ? 1 : p->pause + 1);
}

const char *alert_pace_words(unsigned pause)
{
	return pause < ARRAY_LEN(pauses) ? pauses[pause].words : "";
}
