/*
 * How the TLS library reads and writes a socket.
 *
 * Beside what its own socket BIO does: a read that brought less than was asked for has emptied the
 * socket, so that the next one is not tried; and what goes out last is kept back until our side is
 * ended, so that answer, close_notify and FIN leave in one packet.  The library goes on reading by
 * itself as long as messages come that are no data: a call reads a few times only, and who changes
 * keys again and again is at an end.
 */
#include <errno.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/tls_internal.h"

#define READS_MAX 4u       /* in one call of the library */
#define KEY_UPDATES_MAX 8u /* in one connection: with AES-GCM one stands for 2^24 records */

struct tls_socket {
	int fd;
	unsigned reads, key_updates;
	bool empty, last;
};

static int socket_read(BIO *b, char *buf, size_t size, size_t *got_out)
{
	struct tls_socket *s = BIO_get_data(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	if (s->key_updates > KEY_UPDATES_MAX)
		return 0;
	if (s->empty) {
		BIO_set_retry_read(b);
		return 0;
	}
	n = recv(s->fd, buf, size, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(b);
	if (n <= 0)
		return 0;
	s->empty = (size_t)n < size || ++s->reads == READS_MAX;
	*got_out = (size_t)n;
	return 1;
}

static int socket_write(BIO *b, const char *data, size_t size, size_t *put_out)
{
	struct tls_socket *s = BIO_get_data(b);
	int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (s->last ? MSG_MORE : 0);
	ssize_t n = send(s->fd, data, size, flags);

	BIO_clear_retry_flags(b);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(b);
	if (n < 0)
		return 0;
	*put_out = (size_t)n;
	return 1;
}

static long socket_ctrl(BIO *b, int command, long number, void *arg)
{
	(void)b;
	(void)number;
	(void)arg;
	return command == BIO_CTRL_FLUSH ? 1 : 0; /* nothing lies here; nothing else is offered */
}

static int socket_destroy(BIO *b)
{
	mem_free(BIO_get_data(b));
	return 1;
}

BIO_METHOD *tls_socket_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");

	if (m == NULL || BIO_meth_set_read_ex(m, socket_read) != 1 ||
	    BIO_meth_set_write_ex(m, socket_write) != 1 || BIO_meth_set_ctrl(m, socket_ctrl) != 1 ||
	    BIO_meth_set_destroy(m, socket_destroy) != 1)
		log_fatal("the TLS library takes no sockets");
	return m;
}

BIO *tls_socket_new(const BIO_METHOD *method, int fd)
{
	struct tls_socket *s = mem_alloc(sizeof(*s));
	BIO *b = BIO_new(method);

	if (b == NULL)
		log_fatal("out of memory");
	*s = (struct tls_socket){ .fd = fd };
	BIO_set_data(b, s);
	BIO_set_init(b, 1);
	return b;
}

void tls_socket_begin(BIO *b, bool last)
{
	struct tls_socket *s = BIO_get_data(b);

	s->empty = false;
	s->reads = 0;
	s->last = last;
}

void tls_socket_key_update(BIO *b)
{
	struct tls_socket *s = BIO_get_data(b);

	s->key_updates++;
}
