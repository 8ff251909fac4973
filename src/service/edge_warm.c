#include "service/edge_warm.h"

#include "base/buf.h"

#define AT_ONCE 8u                                   /* some two milliseconds of work */
#define WAITING_MAX (16384u * EDGE_FINGERPRINT_SIZE) /* more never fit */

struct edge_warm {
	struct buf waiting; /* fingerprints, one behind the other */
	size_t done;        /* bytes of it */
};

struct edge_warm *edge_warm_new(void)
{
	struct edge_warm *w = mem_alloc(sizeof(*w));

	w->done = 0;
	buf_init(&w->waiting, WAITING_MAX);
	return w;
}

void edge_warm_free(struct edge_warm *w)
{
	if (w == NULL)
		return;
	buf_fini(&w->waiting);
	mem_free(w);
}

void edge_warm_add(struct edge_warm *w, const unsigned char fingerprint[EDGE_FINGERPRINT_SIZE])
{
	buf_add(&w->waiting, slice_of(fingerprint, EDGE_FINGERPRINT_SIZE));
}

static bool end(struct edge_warm *w)
{
	buf_fini(&w->waiting);
	buf_init(&w->waiting, WAITING_MAX);
	w->done = 0;
	return false;
}

bool edge_warm_turn(struct edge_warm *w, struct edge_certs *certs, struct edgedb *db)
{
	size_t left = (w->waiting.len - w->done) / EDGE_FINGERPRINT_SIZE;
	struct tls_identity *id;

	if (db == NULL || buf_status(&w->waiting) != OK || left > edge_certs_room(certs))
		return end(w);
	for (size_t n = 0; n < AT_ONCE && n < left; n++, w->done += EDGE_FINGERPRINT_SIZE) {
		enum err e = edge_certs_get(certs, db,
		                            (const unsigned char *)w->waiting.p + w->done, &id);
		if (e == ERR_UNAVAILABLE || e == ERR_IO)
			return end(w);
	}
	return left > AT_ONCE || end(w);
}
