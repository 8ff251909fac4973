/*
 * When the memory that many connections needed goes back to the system.
 *
 * That is one step for thousands of pieces, in which nobody is served: so not whenever most of a
 * crowd has gone, since one that comes again needs the memory again, but once there was none for
 * EDGE_REST_MS.
 */
#ifndef SERVICE_EDGE_REST_H
#define SERVICE_EDGE_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDGE_CROWD 512u    /* connections whose memory is worth giving back */
#define EDGE_REST_MS 30000 /* without a crowd */

/* All zero at first. */
struct edge_rest {
	size_t peak;      /* open at once since memory was last given back */
	int64_t crowd_ms; /* when there was last a crowd, or nothing to give back */
};

/* A connection was opened, and now so many are open. */
void edge_rest_note(struct edge_rest *r, size_t open);
/* Whether memory is to be given back now; asked from time to time.  True once for each crowd. */
bool edge_rest_due(struct edge_rest *r, size_t open, int64_t now_ms);

#endif
