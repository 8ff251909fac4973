/*
 * The author's domain: of the one address in a From field (RFC 5322, section 3.4).
 *
 * Pure.  Comments, quoted names and folds are read as the grammar has them.  Several addresses,
 * groups, address literals and names that are not in A-labels give none.
 */
#ifndef WIRE_DKIM_FROM_H
#define WIRE_DKIM_FROM_H

#include "base/mem.h"

/* value: all behind the colon.  Lower case, in arena; empty: there is no such domain. */
struct slice dkim_from_domain(struct slice value, struct arena *arena);

#endif
