/*
 * Fills a demonstration: certificates of its own authority, three domains with their past, and
 * sixty days of reports that go through intake like everybody's.  A job of desk in a thread of its
 * own; repeated after a restart it adds nothing twice.
 */
#ifndef APP_DESK_FEED_H
#define APP_DESK_FEED_H

#include "service/desk.h"

struct feed;

/* Domains and certificates are there when it returns; reports follow. */
struct feed *feed_new(struct desk *d, int64_t now);
/* Ends it, also in the middle; NULL does nothing. */
void feed_free(struct feed *f);
/* True when everything was sent and answered, or cannot be. */
bool feed_done(struct feed *f);

#endif
