#include "service/edge_write.h"

#include <assert.h>

#include "service/board.h"
#include "store/db.h"

static void tell_edges(struct desk *d, int64_t seq)
{
	board_commit(d->board, (uint64_t)seq);
	board_ring(d->bells, d->bell_count);
}

enum err edge_write_begin(struct desk *d, int64_t *seq_out)
{
	struct desk_batch *b = &d->batch;
	enum err e = b->seq != 0 ? OK : edgedb_begin(d->edge, seq_out);

	if (b->active && b->seq == 0 && e == OK)
		b->seq = *seq_out;
	if (b->active)
		*seq_out = b->seq;
	return e;
}

enum err edge_write_end(struct desk *d, int64_t seq, enum err so_far, int64_t *seq_out)
{
	enum err e = so_far;

	if (!d->batch.active) {
		e = edgedb_end(d->edge, so_far);
		if (e == OK)
			tell_edges(d, seq);
	} else if (so_far != OK && d->batch.failed == OK) {
		d->batch.failed = so_far;
	}
	if (e == OK)
		*seq_out = seq;
	return e;
}

enum err edge_batch_begin(struct desk *d)
{
	assert(!d->batch.active);
	enum err e = db_begin(d->db);

	if (e == OK)
		d->batch = (struct desk_batch){ .active = true };
	return e;
}

enum err edge_batch_end(struct desk *d, enum err so_far, int64_t *seq_out)
{
	struct desk_batch b = d->batch;
	enum err e = db_end(d->db, so_far != OK ? so_far : b.failed);

	d->batch = (struct desk_batch){ .active = false };
	if (b.seq != 0)
		e = edgedb_end(d->edge, e);
	if (e == OK && b.seq != 0)
		tell_edges(d, b.seq);
	if (e == OK)
		*seq_out = b.seq;
	return e;
}
