/*
 * A validated DNS message taken apart: follows CNAMEs from the question and collects the records
 * of the type that was asked for.  Used by the resolver; the message comes from libunbound.
 */
#ifndef NET_DNS_ANSWER_H
#define NET_DNS_ANSWER_H

#include "net/resolver.h"

/*
 * Fills *out whole, secure excepted.  A message that does not hold together, or an rcode
 * other than NOERROR and NXDOMAIN, is DNS_UNKNOWN with the reason.
 */
void dns_answer_read(struct slice packet, enum dns_type type, struct arena *a,
                     struct dns_answer *out);

/*
 * A name at *at in the message, lower case, no final dot ("" for the root), compression
 * followed.  Moves *at behind it.  ERR_SYNTAX.
 */
enum err dns_name_read(struct slice packet, size_t *at, char out[RESOLVER_NAME_SIZE]) MUST_USE;

#endif
