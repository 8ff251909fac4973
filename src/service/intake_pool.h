/*
 * Intake's side of the caged readers: one request at a time for each, with a time limit.
 *
 * The parent starts readers and starts them again; here they are known by their sockets, which
 * outlive them.  A reader that is silent for READER_TIME_MS is killed through its pidfd.
 */
#ifndef SERVICE_INTAKE_POOL_H
#define SERVICE_INTAKE_POOL_H

#include "net/loop.h"
#include "service/reader.h"

struct pool;

enum pool_result {
	POOL_READ,    /* record is the reader's */
	POOL_DIED,    /* the reader ended in the middle */
	POOL_TIMEOUT, /* it took too long and was killed */
	POOL_FAILED,  /* no memory for the exchange: nothing about the message is known */
	POOL_AGAIN,   /* it was not reached: submit it again */
	POOL_ALONE,   /* the reader ended over several messages: submit each of them alone */
};

struct pool_message {
	void *job;
	enum archive_kind kind;
	struct slice name, bytes;
};

struct pool_owner {
	/* One submitted message is finished, in their order.  record is valid during the call. */
	void (*done)(void *arg, void *job, enum pool_result result, struct slice record);
	/* A reader has nothing to do: submit if there is something. */
	void (*idle)(void *arg);
	void *arg;
};

/* fds are SOCK_SEQPACKET ends, the pool's from now on; count is at least 1. */
struct pool *pool_new(struct loop *loop, const int *fds, size_t count,
                      const struct pool_owner *owner);
void pool_free(struct pool *p); /* NULL does nothing; what is being read is forgotten */

bool pool_has_idle(const struct pool *p);
/*
 * Gives 1 to READER_BATCH_MAX messages to an idle reader (there must be one); done follows for
 * each, never within this call.
 */
void pool_submit(struct pool *p, const struct pool_message *list, size_t count);

#endif
