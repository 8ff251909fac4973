/*
 * Certificates that are decoded before anybody asks for them, a few at a time, as long as those of
 * all names fit: then the first fetch of a name costs no more than the next one.
 */
#ifndef SERVICE_EDGE_WARM_H
#define SERVICE_EDGE_WARM_H

#include "service/edge_certs.h"
#include "service/edge_index.h"

struct edge_warm;

struct edge_warm *edge_warm_new(void);
void edge_warm_free(struct edge_warm *w); /* NULL does nothing */

/* A name has this certificate now. */
void edge_warm_add(struct edge_warm *w, const unsigned char fingerprint[EDGE_FINGERPRINT_SIZE]);
/*
 * Decodes the next few into certs; one that is of no use is passed over, as is all of it when db
 * does not answer or there is not room for all: then those come that are asked for.  False:
 * nothing is left to do.
 */
bool edge_warm_turn(struct edge_warm *w, struct edge_certs *certs, struct edgedb *db);

#endif
