/*
 * The caged reader: from hostile bytes to facts, one message after the other.
 *
 * Intake and a reader share a SOCK_SEQPACKET pair.  A request is struct reader_request with two
 * descriptors of memory: the sealed input, a bundle of messages (kind: enum archive_kind), and an
 * empty output.  The reader writes a bundle with a record of tlsrpt/facts.h for each
 * message, in order, and answers with struct reader_reply.  It says hello when it starts and
 * whenever it is asked; who it is intake learns from the kernel, not from the words.
 * It holds nothing else, and it ends by itself after READER_MESSAGES_MAX messages; SIGTERM ends it
 * between two requests.
 */
#ifndef SERVICE_READER_H
#define SERVICE_READER_H

#include <stdint.h>

#include "base/mem.h"
#include "service/archive.h"

#define READER_MESSAGES_MAX 1000u
#define READER_TIME_MS 30000         /* for one request; then intake kills the reader */
#define READER_BATCH_MAX 64u         /* messages of one request */
#define READER_ANSWER_MAX (4u << 20) /* answers beyond which the rest is left undone */

struct reader_request {
	uint64_t id;
	uint32_t count; /* of messages; 0: say hello, no descriptors */
	uint32_t unused;
};

enum reader_status {
	READER_HELLO,
	READER_DONE,   /* the output has length bytes */
	READER_FAILED, /* the output could not be written */
};

struct reader_reply {
	uint64_t id;
	uint32_t status;
	uint32_t left; /* messages it will still take */
	uint32_t done; /* messages that were read, the first ones of the request */
	uint32_t unused;
	uint64_t length;
};

/*
 * Serves requests from fd until READER_MESSAGES_MAX are done or SIGTERM came (OK), the other side
 * is closed (ERR_CLOSED) or the socket is broken (ERR_IO).  SIGTERM is the reader's from here on;
 * one that waited while it was blocked counts.
 */
enum err reader_run(int fd) MUST_USE;

/* The record of one message, appended to out.  Pure; what reader_run does in between. */
void reader_read(struct slice bytes, enum archive_kind kind, struct slice name, struct arena *arena,
                 struct buf *out);

#endif
