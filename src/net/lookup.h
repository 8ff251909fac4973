/*
 * Questions for TXT records to the validating resolver, for a loop that never waits.
 *
 * libunbound works inside the caller's loop; there is no thread.  Each question has its own
 * deadline, and its answer always comes from the loop, never from inside of lookup_txt.  What the
 * states mean stands in net/resolver.h.
 */
#ifndef NET_LOOKUP_H
#define NET_LOOKUP_H

#include "net/loop.h"
#include "net/resolver.h"

struct lookups;

/* The set lives until the function returns. */
typedef void (*lookup_fn)(void *arg, const struct txt_set *answer);

/* ERR_SYNTAX: an address or zone of the configuration; ERR_IO: libunbound could not be started. */
enum err lookups_open(struct loop *loop, const struct resolver_conf *conf, struct lookups **out,
                      struct diag *diag) MUST_USE;
/* Questions under way are dropped without a word; before the loop.  NULL does nothing. */
void lookups_close(struct lookups *l);
/* Questions under way. */
size_t lookups_count(const struct lookups *l);

/*
 * Asks for name (presentation form, final dot optional, shorter than RESOLVER_NAME_SIZE); fn is
 * called once, at the latest after timeout_ms.  The question is gone after that.
 */
void lookup_txt(struct lookups *l, const char *name, unsigned timeout_ms, lookup_fn fn, void *arg);

#endif
