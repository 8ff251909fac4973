/* DNS over TCP: queries with a length before them, answered in their order (RFC 7766). */
#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"
#include "service/dns_internal.h"

#define TURNS_MAX 16

void dns_conn_pool(struct dns_server *s)
{
	s->pool = mem_calloc(s->o.limits.connections, sizeof(*s->pool));
	for (size_t i = 0; i < s->o.limits.connections; i++) {
		link_init(&s->pool[i].age);
		link_append(&s->unused, &s->pool[i].age);
	}
}

static void be_quiet(struct dns_conn *c)
{
	if (!link_is_alone(&c->quiet))
		return;
	link_append(&c->server->quiet, &c->quiet);
	link_append(&c->peer->headless, &c->of_peer);
}

static void be_busy(struct dns_conn *c)
{
	link_remove(&c->quiet);
	link_remove(&c->of_peer);
}

static void end_transfer(struct dns_conn *c)
{
	if (!c->transferring)
		return;
	dns_transfer_end(&c->transfer);
	c->transferring = false;
	c->server->transfer_count--;
}

void dns_conn_close(struct dns_conn *c)
{
	struct dns_server *s = c->server;

	if (c->transferring)
		log_warn("transfer of the service zone broken off",
		         FN("records", c->transfer.records));
	end_transfer(c);
	be_busy(c);
	loop_watch_fini(&c->watch);
	(void)close(c->fd); /* the peer sees the end either way */
	buf_fini(&c->out);
	edge_peers_leave(s->peers, c->peer);
	link_remove(&c->age);
	link_append(&s->unused, &c->age);
	s->open_count--;
}

bool dns_conn_shed(struct dns_server *s)
{
	struct link *oldest = link_first(&s->quiet);

	if (oldest == NULL)
		return false;
	dns_conn_close(LINK_OWNER(oldest, struct dns_conn, quiet));
	return true;
}

/* Makes room under the cap of one peer; false: nothing of it may be closed. */
static bool shed_peer(struct dns_server *s, uint64_t key)
{
	struct edge_peer *peer = edge_peers_find(s->peers, key);
	struct link *oldest;

	if (peer == NULL || peer->open < s->o.limits.per_address)
		return true;
	oldest = link_first(&peer->headless);
	if (oldest == NULL)
		return false;
	dns_conn_close(LINK_OWNER(oldest, struct dns_conn, of_peer));
	return true;
}

/* Something was done: there is time for the next thing. */
static void extend(struct dns_conn *c)
{
	const struct dns_limits *l = &c->server->o.limits;

	c->due_ms = clock_mono_ms() + (c->transferring ? l->stall_ms : l->query_ms);
}

/* ERR_AGAIN: nothing more can be sent now.  ERR_CLOSED: the connection is broken. */
static enum err send_out(struct dns_conn *c)
{
	while (c->out.len > 0) {
		ssize_t n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_CLOSED;
		buf_consume(&c->out, (size_t)n);
		extend(c);
	}
	return OK;
}

static enum err receive_in(struct dns_conn *c)
{
	ssize_t n;

	if (c->ended || c->in_len == sizeof(c->in))
		return ERR_AGAIN;
	n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_CLOSED;
	c->ended = n == 0;
	c->in_len += (size_t)n;
	return n == 0 ? ERR_AGAIN : OK;
}

static void put_message(struct dns_conn *c, struct slice message)
{
	char length[2];

	dns_put16(length, (unsigned)message.len);
	buf_add(&c->out, slice_of(length, sizeof(length)));
	buf_add(&c->out, message);
}

static void begin_transfer(struct dns_conn *c, struct dns_asked *q)
{
	struct dns_server *s = c->server;
	struct slice answer;

	if (s->transfer_count >= s->o.limits.transfers ||
	    dns_transfer_begin(*s->zone, &q->ask, q->is_signed ? &q->tsig : NULL, &c->transfer) !=
	            OK) {
		zone_answer_error(&q->ask, DNS_SERVFAIL, s->answer, sizeof(s->answer), &answer);
		put_message(c, answer); /* the secondary tries again */
		return;
	}
	c->transferring = true;
	s->transfer_count++;
	c->end_ms = clock_mono_ms() + s->o.limits.transfer_ms;
}

static enum err transfer_next(struct dns_conn *c)
{
	struct dns_server *s = c->server;
	struct slice m =
	        dns_transfer_next(&c->transfer, s->o.now_s(), s->answer, sizeof(s->answer));
	char peer[ADDRESS_TEXT_SIZE];

	if (m.len > 0) {
		put_message(c, m);
		return OK;
	}
	log_info("service zone transferred", F("peer", address_format_host(&c->address, peer)),
	         FN("records", c->transfer.records));
	end_transfer(c);
	return OK;
}

/* ERR_AGAIN: no whole query is there.  ERR_CLOSED: it is none that we take. */
static enum err answer_next(struct dns_conn *c)
{
	struct dns_asked q = { .peer = &c->address };
	enum zone_outcome outcome;
	struct slice answer;
	size_t len;

	if (c->transferring)
		return transfer_next(c);
	if (c->in_len < 2)
		return ERR_AGAIN;
	len = dns_get16((const char *)c->in);
	if (len > DNS_QUERY_MAX)
		return ERR_CLOSED;
	if (c->in_len < 2 + len)
		return ERR_AGAIN;
	q.message = slice_of(c->in + 2, len);
	switch (dns_answer_one(c->server, &q, c->server->answer, sizeof(c->server->answer), &answer,
	                       &outcome)) {
	case DNS_SILENCE:
		return ERR_CLOSED;
	case DNS_ANSWERED:
		put_message(c, answer);
		break;
	case DNS_TRANSFER:
		begin_transfer(c, &q);
		break;
	}
	c->in_len -= 2 + len;
	memmove(c->in, c->in + 2 + len, c->in_len);
	extend(c);
	return OK;
}

/* Answers what is there, until enough waits to be sent (OK) or no whole query is left. */
static enum err answer_some(struct dns_conn *c)
{
	enum err e = OK;

	while (e == OK && c->out.len < DNS_OUT_ENOUGH)
		e = answer_next(c);
	return e;
}

/* OK: wait for more queries.  ERR_AGAIN: for the peer to read.  ERR_CLOSED: it is over. */
static enum err step(struct dns_conn *c)
{
	enum err in, some, out;
	int turns = 0;

	do {
		if (turns++ == TURNS_MAX)
			return ERR_AGAIN; /* others get their turn first */

		in = receive_in(c);
		if (in == ERR_CLOSED)
			return in;
		some = answer_some(c);
		if (some == ERR_CLOSED)
			return some;
		out = send_out(c);
		if (out != OK)
			return out;
	} while (in == OK || some == OK);
	return c->ended || c->server->draining ? ERR_CLOSED : OK;
}

static void on_ready(void *arg, unsigned ready)
{
	struct dns_conn *c = arg;
	enum err e = step(c);

	(void)ready;
	if (e != OK && e != ERR_AGAIN) {
		dns_conn_close(c);
		return;
	}
	if (c->out.len > 0)
		be_busy(c);
	else
		be_quiet(c);
	/* Who does not read what was answered is not read from. */
	loop_watch_want(&c->watch, e == ERR_AGAIN ? LOOP_WRITE : LOOP_READ);
}

/* NULL: there is no room for a connection of that peer. */
static struct dns_conn *take_slot(struct dns_server *s, uint64_t key)
{
	struct link *l = NULL;

	if (shed_peer(s, key) && (!link_is_alone(&s->unused) || dns_conn_shed(s)))
		l = link_first(&s->unused);
	if (l == NULL)
		return NULL;
	link_remove(l);
	return LINK_OWNER(l, struct dns_conn, age);
}

void dns_conn_open(struct dns_server *s, int fd, const struct sockaddr_storage *peer)
{
	uint64_t key = address_peer_key(peer);
	struct dns_conn *c = take_slot(s, key);

	if (c == NULL) {
		(void)close(fd); /* refused */
		return;
	}
	link_init(&c->quiet);
	link_init(&c->of_peer);
	c->server = s;
	c->fd = fd;
	c->address = *peer;
	c->in_len = 0;
	c->ended = c->transferring = false;
	c->due_ms = clock_mono_ms() + s->o.limits.query_ms;
	c->end_ms = clock_mono_ms() + s->o.limits.total_ms;
	buf_init(&c->out, DNS_OUT_MAX);
	c->peer = edge_peers_enter(s->peers, key);
	link_append(&s->open, &c->age);
	s->open_count++;
	be_quiet(c);
	loop_watch_init(&c->watch, s->loop, fd, on_ready, c);
	loop_watch_want(&c->watch, LOOP_READ);
}
