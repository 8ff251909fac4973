/*
 * The caged reader: from hostile bytes to facts, one message after the other.
 *
 * Intake and a reader share a SOCK_SEQPACKET pair.  A request is struct reader_request with two
 * descriptors of memory: the sealed input and an empty output.  The reader writes the lines of
 * tlsrpt/report_show.h into the output and answers with struct reader_reply.  It says hello when
 * it starts and whenever it is asked; who it is intake learns from the kernel, not from the words.
 * It holds nothing else, and it ends by itself after READER_MESSAGES_MAX messages.
 */
#ifndef SERVICE_READER_H
#define SERVICE_READER_H

#include <stdint.h>

#include "service/archive.h"

#define READER_MESSAGES_MAX 1000u
#define READER_TIME_MS 30000 /* for one message; then intake kills the reader */
#define READER_NAME_SIZE 256u

struct reader_request {
	uint64_t id;
	uint32_t kind; /* enum archive_kind; 0: say hello, no descriptors */
	uint32_t name_len;
	char name[READER_NAME_SIZE]; /* of the file, for hints; not terminated */
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
	uint64_t length;
};

/*
 * Serves requests from fd until the other side is closed (OK), READER_MESSAGES_MAX are done (OK)
 * or the socket is broken (ERR_IO).
 */
enum err reader_run(int fd) MUST_USE;

/* The lines for one message, appended to out.  Pure; what reader_run does in between. */
void reader_read(struct slice bytes, enum archive_kind kind, struct slice name, struct buf *out);

#endif
