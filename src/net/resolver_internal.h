/* Between the resolver_*.c files and lookup.c only. */
#ifndef NET_RESOLVER_INTERNAL_H
#define NET_RESOLVER_INTERNAL_H

#include "net/resolver.h"

struct ub_ctx;

/* What libunbound's event interface reports. */
struct resolver_reply {
	int sec;             /* 0: insecure, 1: bogus, 2: secure */
	struct slice packet; /* p NULL: none */
	const char *why;     /* why bogus; may be NULL */
};

/* ERR_SYNTAX: an address or zone of the configuration.  ERR_IO: libunbound refuses. */
enum err resolver_configure(struct ub_ctx *ctx, const struct resolver_conf *conf,
                            struct diag *diag) MUST_USE;
/* Fills *out whole; words and records lie in a. */
void resolver_read(const struct resolver_reply *reply, enum dns_type type, struct arena *a,
                   struct dns_answer *out);
/* An answer's TXT records. */
void resolver_texts(const struct dns_answer *answer, struct arena *a, struct txt_set *out);

#endif
