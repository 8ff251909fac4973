/*
 * Whether two domains belong to the same organisation: the public suffix list decides where one
 * organisation's names end (as DMARC does it, RFC 7489, section 3.2).
 *
 * Pure: the list is the caller's.
 */
#ifndef TLSRPT_ALIGNED_H
#define TLSRPT_ALIGNED_H

#include <libpsl.h>

#include "base/slice.h"

#define ALIGNED_NAME_MAX 253u

/*
 * The registrable domain of name (lower case, A-labels, no final dot) as a part of name; empty:
 * it is itself a public suffix, or no name of at most ALIGNED_NAME_MAX characters.
 */
struct slice aligned_organization(const psl_ctx_t *list, struct slice name);

/* Equal names, or names of one organisation; case does not count.  Nothing aligns with "". */
bool aligned_same(const psl_ctx_t *list, struct slice a, struct slice b);

#endif
