#include "service/dns_server.h"

#include "net/clock.h"
#include "service/dns_internal.h"

#define ACCEPT_TURN 64 /* connections taken from one listener before others get their turn */
#define BATCH_TURN 8   /* the same for batches of datagrams */

const struct dns_limits dns_limits_default = {
	.connections = 256,
	.per_address = 32,
	.query_ms = 5000,
	.total_ms = 60000,
};

bool dns_answer_one(struct dns_server *s, struct dns_asked *q, void *out, size_t size,
                    struct slice *answer_out, enum zone_outcome *outcome_out)
{
	size_t room;

	q->ask.reading = dns_query_read(q->message, &q->ask.query);
	q->ask.udp = q->udp;
	if (q->ask.reading == DNS_READ_NOTHING)
		return false;
	room = zone_answer_room(&q->ask);
	*outcome_out = zone_answer(*s->zone, &q->ask, out, room < size ? room : size, answer_out);
	if (*outcome_out == ZONE_TRANSFER) {
		zone_answer_error(&q->ask, DNS_REFUSED, out, size, answer_out);
		*outcome_out = ZONE_ERROR;
	}
	return true;
}

/* The length of the answer in out; 0: none is sent. */
static size_t answer_datagram(struct dns_server *s, struct slice message,
                              const struct sockaddr_storage *peer, unsigned char *out)
{
	struct dns_asked q = { .message = message, .peer = peer, .udp = true };
	enum zone_outcome outcome;
	struct slice answer;

	/* Port 0 cannot be answered, and is what only a forger writes. */
	if (address_port(peer) == 0 || !dns_answer_one(s, &q, out, DNS_UDP_MAX, &answer, &outcome))
		return 0;
	switch (dns_rate_count(s->rate, peer, outcome, &q.ask.query, clock_mono_ms())) {
	case DNS_RATE_DROP:
		return 0;
	case DNS_RATE_SLIP:
		zone_answer_slip(&q.ask, out, DNS_UDP_MAX, &answer);
		break;
	case DNS_RATE_SEND:
		break;
	}
	return answer.len;
}

/* One system call to take, one to send; false: nothing more waits. */
static bool answer_batch(struct dns_server *s, int fd)
{
	struct mmsghdr in[DNS_BATCH] = { 0 }, out[DNS_BATCH] = { 0 };
	struct iovec in_at[DNS_BATCH], out_at[DNS_BATCH];
	struct sockaddr_storage peers[DNS_BATCH];
	unsigned sending = 0;
	int got;

	for (size_t i = 0; i < DNS_BATCH; i++) {
		in_at[i] = (struct iovec){ s->batch_in[i], DNS_QUERY_MAX };
		in[i].msg_hdr = (struct msghdr){ .msg_name = &peers[i],
			                         .msg_namelen = sizeof(peers[i]),
			                         .msg_iov = &in_at[i],
			                         .msg_iovlen = 1 };
	}
	got = recvmmsg(fd, in, DNS_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		struct slice message = slice_of(s->batch_in[i], in[i].msg_len);

		if ((in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0)
			continue;
		out_at[sending].iov_base = s->batch_out[sending];
		out_at[sending].iov_len =
		        answer_datagram(s, message, &peers[i], s->batch_out[sending]);
		if (out_at[sending].iov_len == 0)
			continue;
		out[sending].msg_hdr = (struct msghdr){ .msg_name = &peers[i],
			                                .msg_namelen = in[i].msg_hdr.msg_namelen,
			                                .msg_iov = &out_at[sending],
			                                .msg_iovlen = 1 };
		sending++;
	}
	/* An answer that cannot be sent now is lost as datagrams are: the client asks again. */
	for (unsigned sent = 0; sent < sending;) {
		int n = sendmmsg(fd, out + sent, sending - sent, MSG_DONTWAIT);

		sent += n > 0 ? (unsigned)n : 1;
	}
	return got == (int)DNS_BATCH;
}

static void on_datagrams(void *arg, unsigned ready)
{
	struct dns_listener *l = arg;

	(void)ready;
	for (int i = 0; i < BATCH_TURN && answer_batch(l->server, l->watch.fd); i++)
		;
}

static void on_connections(void *arg, unsigned ready)
{
	struct dns_listener *l = arg;
	struct sockaddr_storage peer;
	int fd = -1;

	(void)ready;
	for (int i = 0; i < ACCEPT_TURN; i++) {
		enum err e = listen_accept(l->watch.fd, &fd, &peer);

		if (e == OK)
			dns_conn_open(l->server, fd, &peer);
		else if (e != ERR_LIMIT || !dns_conn_shed(l->server))
			return;
	}
}

static void listen_on(struct dns_server *s, const int *fds, size_t count, loop_ready_fn fn)
{
	for (size_t i = 0; i < count; i++) {
		struct dns_listener *l = &s->listeners[s->listener_count++];

		l->server = s;
		loop_watch_init(&l->watch, s->loop, fds[i], fn, l);
		loop_watch_want(&l->watch, LOOP_READ);
	}
}

struct dns_server *dns_server_new(struct loop *loop, const struct dns_options *o,
                                  struct zone *const *zone)
{
	struct dns_server *s = mem_alloc(sizeof(*s));

	s->loop = loop;
	s->o = *o;
	s->zone = zone;
	s->rate = dns_rate_new(o->rate);
	s->peers = edge_peers_new(o->limits.connections);
	link_init(&s->unused);
	link_init(&s->open);
	link_init(&s->quiet);
	dns_conn_pool(s);
	s->listeners = mem_calloc(o->udp_count + o->tcp_count, sizeof(*s->listeners));
	listen_on(s, o->udp, o->udp_count, on_datagrams);
	listen_on(s, o->tcp, o->tcp_count, on_connections);
	return s;
}

static void stop_listening(struct dns_server *s)
{
	for (size_t i = 0; i < s->listener_count; i++)
		loop_watch_fini(&s->listeners[i].watch);
	s->listener_count = 0;
}

void dns_server_free(struct dns_server *s)
{
	struct link *l;

	if (s == NULL)
		return;
	while ((l = link_first(&s->open)) != NULL)
		dns_conn_close(LINK_OWNER(l, struct dns_conn, age));
	stop_listening(s);
	edge_peers_free(s->peers);
	dns_rate_free(s->rate);
	mem_free(s->pool);
	mem_free(s->listeners);
	mem_free(s);
}

void dns_server_expire(struct dns_server *s, int64_t now_ms)
{
	struct link *l = s->open.next;

	while (l != &s->open) {
		struct dns_conn *c = LINK_OWNER(l, struct dns_conn, age);

		l = l->next;
		if (now_ms >= c->due_ms || now_ms >= c->end_ms)
			dns_conn_close(c);
	}
}

void dns_server_drain(struct dns_server *s)
{
	s->draining = true;
	stop_listening(s);
	while (dns_conn_shed(s))
		;
}

size_t dns_server_open(const struct dns_server *s)
{
	return s->open_count;
}
