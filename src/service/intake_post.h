/*
 * One report arriving by POST: a machine on a stream (RFC 8460, section 5.4).
 *
 *   POST /v1/report/TAG    application/tlsrpt+gzip or application/tlsrpt+json
 *
 * 201: the bytes are on disk.  200: they were there before.  4xx, as an RFC 9457 problem, only
 * for tag, method, type and size; nothing a client sent comes back to it.  What the bytes mean is
 * not looked at here.  One request a connection: the answer says close.
 */
#ifndef SERVICE_INTAKE_POST_H
#define SERVICE_INTAKE_POST_H

#include "base/buf.h"
#include "net/stream.h"
#include "wire/http_chunked.h"
#include "wire/http_head.h"

#define POST_BODY_MAX (25u << 20) /* bytes as sent; more: 413 */
#define POST_TAG_MAX 64u

enum post_state {
	POST_HEAD,  /* reading the head */
	POST_BODY,  /* reading the body; before it, maybe writing 100 Continue */
	POST_DISK,  /* the owner has the body and will call post_stored */
	POST_REPLY, /* writing the answer */
	POST_DRAIN, /* what still comes is dropped, so that the answer arrives */
	POST_CLOSED,
};

/* What the owner says to a tag or to a body: 0, or the status of a refusal. */
struct post_verdict {
	unsigned status;      /* 0: go on; 404, 429 or 503 */
	unsigned retry_after; /* seconds, with 429 and 503 */
};

struct post;

struct post_owner {
	/* After the head: is a report for tag taken now? */
	struct post_verdict (*admit)(void *arg, struct slice tag);
	/* size bytes more of a body are to be held; false: no room at present (503). */
	bool (*hold)(void *arg, size_t size);
	void (*release)(void *arg, size_t size);
	/* The body is whole; post_stored must follow, from here or later. */
	void (*store)(void *arg, struct post *p, struct slice tag, struct slice body);
	void *arg;
};

struct post {
	struct stream *io;
	const struct post_owner *owner;
	const char *host; /* the host this connection is for; "": any */
	enum post_state state;
	struct http_reader reader;
	struct http_chunked chunks;
	bool chunked;
	bool head_only;  /* the method is HEAD: no body in the answer */
	uint64_t left;   /* of a body with Content-Length */
	struct buf in;   /* read, not yet used */
	struct buf body; /* its len is what was asked of hold */
	struct buf out;  /* to be written */
	char tag[POST_TAG_MAX + 1];
	unsigned status; /* of the answer, for the log; 0: none yet */
};

/* The stream and the owner stay the caller's; host lives as long as p. */
void post_init(struct post *p, struct stream *io, const struct post_owner *owner, const char *host);
void post_fini(struct post *p);

/*
 * Runs p until it must wait.  OK: finished.  ERR_AGAIN: wait for post_want, or in POST_DISK for
 * nothing at all.  Anything else: the connection is broken; drop it.
 */
enum err post_step(struct post *p) MUST_USE;
/* LOOP_READ, LOOP_WRITE, or 0 in POST_DISK. */
unsigned post_want(const struct post *p);

/*
 * The end of store: 201, 200, or 503 when the disk said no.  Then call post_step, not from
 * within store.
 */
void post_stored(struct post *p, unsigned status);

/* How long the present state may last from the connection's start (drain: from its own). */
int64_t post_deadline_ms(const struct post *p);

#endif
