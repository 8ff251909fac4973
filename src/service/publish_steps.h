/*
 * Where a publication stands between its save and its id being seen, step by step with times: what
 * commands, the API and the pages show alike.  Pure.
 */
#ifndef SERVICE_PUBLISH_STEPS_H
#define SERVICE_PUBLISH_STEPS_H

#include "store/policies.h"

#define PUBLISH_STEPS_MAX 8u

enum publish_step_state { STEP_DONE, STEP_WAITING, STEP_LATER };

struct publish_step {
	const char *name;  /* "saved", "certificate", "served", ... */
	const char *words; /* for people, lower case */
	enum publish_step_state state;
	int64_t at;      /* done since; 0 otherwise */
	const char *why; /* what the waiting step waits for; NULL: not known, or not waiting */
};

/* "done", "waiting", "later" */
const char *publish_step_state_name(enum publish_step_state s);

/*
 * The steps that this publication has, in their order; one at most is waiting.  One that has
 * ended shows what it came to.  why: what it waits for, as publish_look says; may be NULL.
 */
size_t publish_steps(const struct publication *p, const char *why, int64_t now,
                     struct publish_step out[PUBLISH_STEPS_MAX]);

#endif
