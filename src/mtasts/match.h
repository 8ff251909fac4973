/*
 * Which MX hosts a policy allows (RFC 8461, 4.1).  Pure.
 */
#ifndef MTASTS_MATCH_H
#define MTASTS_MATCH_H

#include "base/slice.h"

/*
 * True when the pattern allows the host.  Case does not matter; one final dot of
 * the host is ignored; "*." stands for exactly one label.  The pattern of a policy
 * that was read is well-formed; any other pattern matches nothing by accident.
 */
bool mxmatch(struct slice pattern, struct slice host);
/* True when one of the patterns does. */
bool mxmatch_any(const struct slice *patterns, size_t count, struct slice host);

/*
 * Lays a list of patterns over the live MX set.  matched[h] becomes true when host
 * h is allowed by some pattern, used[p] when pattern p allows some host; either
 * array may be NULL.  Returns the number of hosts that no pattern allows.
 */
size_t mxmatch_cover(const struct slice *patterns, size_t pattern_count, const struct slice *hosts,
                     size_t host_count, bool *matched, bool *used);

#endif
