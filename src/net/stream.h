/*
 * A connection as machines see it: bytes in, bytes out, never a descriptor.
 *
 * The same machine runs on a socket, on TLS (net/tls.h) and on a script in a test.
 * Nothing here blocks.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/slice.h"

struct stream;

struct stream_ops {
	enum err (*read)(struct stream *s, void *buf, size_t size, size_t *got_out);
	enum err (*write)(struct stream *s, struct slice data, size_t *put_out);
	enum err (*finish)(struct stream *s);
	void (*close)(struct stream *s);
};

struct stream {
	const struct stream_ops *ops; /* NULL: closed */
	int fd;                       /* for the loop only; -1 in scripts */
	void *state;                  /* of the ops */
	unsigned want;                /* after ERR_AGAIN: LOOP_READ or LOOP_WRITE */
	bool last;                    /* set by who writes: stream_finish follows what is written
	                                 now, so that both may go in one packet */
	bool lowat;                   /* of the socket: it waits for a number of bytes */
};

/* A plain socket, pipe or socket pair; the stream takes the descriptor, which is non-blocking. */
void stream_init_fd(struct stream *s, int fd);

/*
 * At least one byte, at most size.
 * ERR_AGAIN: wait for s->want.  ERR_CLOSED: the peer has ended its side.  ERR_IO: broken.
 */
enum err stream_read(struct stream *s, void *buf, size_t size, size_t *got_out) MUST_USE;
/* At least one byte of data (which is not empty) was taken; else as above. */
enum err stream_write(struct stream *s, struct slice data, size_t *put_out) MUST_USE;
/* Ends our side (half-close; close_notify on TLS).  ERR_AGAIN: call again after s->want. */
enum err stream_finish(struct stream *s) MUST_USE;
/* Releases everything; a closed stream may be closed again. */
void stream_close(struct stream *s);

#endif
