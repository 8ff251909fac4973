#include "service/publish_steps.h"

const char *publish_step_state_name(enum publish_step_state s)
{
	static const char *const names[] = {
		[STEP_DONE] = "done",
		[STEP_WAITING] = "waiting",
		[STEP_LATER] = "later",
	};

	return names[s];
}

struct row {
	const char *name, *words;
	bool has;
	int64_t at;
};

size_t publish_steps(const struct publication *p, const char *why, int64_t now,
                     struct publish_step out[PUBLISH_STEPS_MAX])
{
	int64_t alone = publication_alone_from(p);
	const struct row rows[] = {
		{ "saved", "saved", true, p->staged },
		{ "certificate", "certificate valid", p->hosting == HOSTING_HERE, p->offered },
		{ "served", "text served everywhere", true, p->served },
		{ "fetched", "fetched from outside", publication_needs_fetch(p) || p->fetched != 0,
		  p->fetched },
		{ "alone", "text before it gone everywhere", p->hosting != HOSTING_HERE,
		  p->served != 0 && alone <= now ? alone : 0 },
		{ "announced", "id answered in DNS", true, p->announced },
		{ "seen", "id seen at every name server", true, p->id_seen },
	};
	bool waiting = p->end != END_NOT; /* nothing is waited for any more */
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct publish_step *s = &out[n];
		if (!rows[i].has || (rows[i].at == 0 && p->end != END_NOT))
			continue;
		*s = (struct publish_step){ .name = rows[i].name,
			                    .words = rows[i].words,
			                    .at = rows[i].at,
			                    .state = rows[i].at != 0 ? STEP_DONE
			                             : waiting       ? STEP_LATER
			                                             : STEP_WAITING };
		if (s->state == STEP_WAITING) {
			s->why = why;
			waiting = true;
		}
		n++;
	}
	return n;
}
