/*
 * Changes of edge.db, and telling the edges of them.
 *
 * One change is begin, calls of store/edgedb.h, end.  Many of them can be made one: between
 * edge_batch_begin and edge_batch_end everything written to either database is one transaction
 * there, with one sequence number.  The main database is committed first, so that what edges may
 * show is never unknown to it.  The lock is held all the time.
 */
#ifndef SERVICE_EDGE_WRITE_H
#define SERVICE_EDGE_WRITE_H

#include "service/desk.h"
#include "store/edgedb.h"

/* *seq_out is what the change will be known as.  ERR_IO, ERR_UNAVAILABLE. */
enum err edge_write_begin(struct desk *d, int64_t *seq_out) MUST_USE;
/*
 * Commits when so_far is OK, and tells the edges; in a batch both wait for its end.  *seq_out is
 * set when it gives OK.
 */
enum err edge_write_end(struct desk *d, int64_t seq, enum err so_far, int64_t *seq_out) MUST_USE;

/* Begins nothing in edge.db before something changes there.  Batches do not nest. */
enum err edge_batch_begin(struct desk *d) MUST_USE;
/*
 * Commits both databases, or, when so_far or anything since the beginning is not OK, neither.
 * *seq_out: the change of edge.db, 0 when there was none.
 */
enum err edge_batch_end(struct desk *d, enum err so_far, int64_t *seq_out) MUST_USE;

#endif
