#include "service/dns_server.h"

#include "base/log.h"
#include "net/clock.h"
#include "service/dns_internal.h"

#define QUESTION_ROOM                                                               \
	(DNS_HEADER_SIZE + DNS_NAME_MAX + 4u) /* of a message that has nothing else \
	                                       */

#define ACCEPT_TURN 64 /* connections taken from one listener before others get their turn */
#define BATCH_TURN 8   /* the same for batches of datagrams */

const struct dns_limits dns_limits_default = {
	.connections = 256,
	.per_address = 32,
	.transfers = 8,
	.query_ms = 5000,
	.total_ms = 60000,
	.stall_ms = 30000,
	.transfer_ms = 600000,
};

/* RFC 8945, 5.2: what is wrong with a signature comes before what was asked. */
static enum dns_tsig_error check_signature(struct dns_server *s, struct dns_asked *q)
{
	enum dns_tsig_error error;

	if (q->ask.reading != DNS_READ_QUERY || q->ask.query.tsig_at == 0)
		return DNS_TSIG_GOOD;
	error = dns_tsig_check(q->message, q->ask.query.tsig_at, s->peers_allowed.keys,
	                       s->peers_allowed.key_count, s->o.now_s(), &q->tsig);
	q->is_signed = error != DNS_TSIG_FORMERR;
	return error;
}

static bool wants_transfer(const struct dns_asked *q)
{
	return !q->udp && q->ask.reading == DNS_READ_QUERY &&
	       (q->ask.query.type == DNS_AXFR || q->ask.query.type == DNS_IXFR);
}

static void say_refused(const struct dns_server *s, const struct dns_asked *q)
{
	char peer[ADDRESS_TEXT_SIZE];

	(void)address_format_host(q->peer, peer);
	/* A stranger can ask as often as it likes; a secondary that is refused needs somebody. */
	if (dns_transfer_allowed(&s->peers_allowed, q->peer, true))
		log_warn("transfer of the service zone refused", F("peer", peer),
		         F("why", q->is_signed ? "its key or clock is wrong" : "it is not signed"));
	else
		log_debug("transfer of the service zone refused", F("peer", peer));
}

static enum zone_outcome answer_checked(struct dns_server *s, struct dns_asked *q, void *out,
                                        size_t room, struct slice *answer_out)
{
	enum zone_outcome outcome = zone_answer(*s->zone, &q->ask, out, room, answer_out);

	if (outcome != ZONE_TRANSFER ||
	    dns_transfer_allowed(&s->peers_allowed, q->peer, q->is_signed))
		return outcome;
	zone_answer_error(&q->ask, DNS_REFUSED, out, room, answer_out);
	return ZONE_ERROR;
}

/* Room for a signature is left.  ZONE_TRANSFER: it may have one. */
static enum zone_outcome answer_plain(struct dns_server *s, struct dns_asked *q, void *out,
                                      size_t size, struct slice *answer_out)
{
	enum dns_tsig_error error = check_signature(s, q);
	enum zone_outcome outcome = ZONE_ERROR;
	size_t room = zone_answer_room(&q->ask);
	size_t signature = q->is_signed ? dns_tsig_room(&q->tsig) : 0;

	room = room < size ? room : size;
	/* The question is repeated whatever the signature takes. */
	room = room > signature + QUESTION_ROOM ? room - signature : QUESTION_ROOM;
	if (error == DNS_TSIG_GOOD)
		outcome = answer_checked(s, q, out, room, answer_out);
	else
		zone_answer_error(&q->ask, error == DNS_TSIG_FORMERR ? DNS_FORMERR : DNS_NOTAUTH,
		                  out, room, answer_out);
	if (outcome == ZONE_ERROR && wants_transfer(q))
		say_refused(s, q);
	return outcome;
}

enum dns_deed dns_answer_one(struct dns_server *s, struct dns_asked *q, void *out, size_t size,
                             struct slice *answer_out, enum zone_outcome *outcome_out)
{
	size_t len;

	q->ask.reading = dns_query_read(q->message, &q->ask.query);
	q->ask.udp = q->udp;
	if (q->ask.reading == DNS_READ_NOTHING)
		return DNS_SILENCE;
	*outcome_out = answer_plain(s, q, out, size, answer_out);
	if (*outcome_out == ZONE_TRANSFER)
		return DNS_TRANSFER;
	if (!q->is_signed)
		return DNS_ANSWERED;
	if (dns_tsig_sign(&q->tsig, out, answer_out->len, size, s->o.now_s(), &len) != OK)
		return DNS_SILENCE;
	answer_out->len = len;
	return DNS_ANSWERED;
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
	if (o->peers != NULL)
		s->peers_allowed = *o->peers;
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
	mem_wipe(&s->peers_allowed, sizeof(s->peers_allowed));
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
