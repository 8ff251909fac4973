/* Numbers from text, with a ceiling each.  Decimal only; no sign, blank or prefix is accepted. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/slice.h"

/*
 * The whole of s must be 1 to 20 decimal digits.
 * ERR_SYNTAX: empty, or a byte that is no digit.  ERR_LIMIT: above max.
 */
enum err num_parse_u64(struct slice s, uint64_t max, uint64_t *out) MUST_USE;

/* As above with an optional leading minus; the magnitude may not pass INT64_MAX. */
enum err num_parse_i64(struct slice s, int64_t *out) MUST_USE;

/* Saturating, for arithmetic on times that may stand at the end of time. */
int64_t num_add_sat(int64_t a, int64_t b);

#endif
