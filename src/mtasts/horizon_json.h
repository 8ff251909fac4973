/*
 * The JSON of `mxseal horizon`: history in, answer ("mxseal.horizon/1") out.  Pure.
 */
#ifndef MTASTS_HORIZON_JSON_H
#define MTASTS_HORIZON_JSON_H

#include <jansson.h>

#include "mtasts/horizon.h"

#define HORIZON_JSON_MAX 16777216u
#define HORIZON_TIME_MAX 9007199254740991 /* 2^53 - 1 */

/*
 * Reads a history.  What is not given: leftover 60, fetch 60, give_up 86400, ended
 * false, id_seen and ttl not known.  Strings are copied into the arena.
 * ERR_SYNTAX: not JSON, or not this shape; diag->line is the line or the number of
 * the policy.  ERR_LIMIT: too large, or too many policies.
 */
enum err horizon_history_parse(struct arena *a, struct slice text, struct horizon_history *out,
                               struct diag *diag) MUST_USE;

/* The answer as a new object, the caller's to release. */
json_t *horizon_answer_json(const struct horizon_answer *answer);

#endif
