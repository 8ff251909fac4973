#include "net/authority.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <unistd.h>

#include "net/clock.h"

#define FIRST_WAIT_MS 700 /* until a datagram is sent again; then twice as long */
#define QUERY_MAX 320u    /* header, a name, a question, OPT */
#define PREFIX 2u         /* length, by TCP (RFC 1035, 4.2.2) */

enum ask_state { ASK_UDP, ASK_TCP_SENDING, ASK_TCP_READING, ASK_DONE };

/* One question on its way. */
struct ask {
	struct authority_query *q;
	const struct authority_asker *who;
	enum ask_state state;
	int fd; /* -1: none */
	int64_t again_ms, wait_ms;
	uint16_t id;
	bool plain; /* without EDNS: the server did not understand it */
	unsigned char out[PREFIX + QUERY_MAX];
	size_t out_len, out_done; /* with the prefix */
	struct buf in;            /* by TCP */
};

static void ask_enter(struct ask *k, enum ask_state next)
{
	k->state = next;
	if (next != ASK_DONE)
		return;
	if (k->fd >= 0)
		(void)close(k->fd); /* nothing to lose */
	k->fd = -1;
	buf_fini(&k->in);
}

static void end_with(struct ask *k, enum authority_state state, const char *why)
{
	k->q->reply = (struct authority_reply){ .state = state, .why = why };
	ask_enter(k, ASK_DONE);
}

/* Every message has an id of its own; the kernel chooses the port. */
static bool format(struct ask *k)
{
	struct dns_writer w;
	struct dns_name name;

	if (dns_name_from_text(slice_str(k->q->name), &name) != OK)
		return false;
	randombytes_buf(&k->id, sizeof(k->id));
	dns_write_begin(&w, k->out + PREFIX, QUERY_MAX, k->id, 0);
	dns_write_question(&w, dns_name_slice(&name), (uint16_t)k->q->type, DNS_CLASS_IN);
	if (!k->plain)
		(void)dns_write_opt(&w, 0, false); /* the room is enough */
	k->out_len = PREFIX + dns_write_end(&w, 0).len;
	k->out_done = 0;
	dns_put16(k->out, (unsigned)(k->out_len - PREFIX));
	return true;
}

static void send_datagram(struct ask *k, int64_t now)
{
	k->again_ms = now + k->wait_ms;
	k->wait_ms *= 2;
	/* What cannot be sent now is sent again. */
	if (send(k->fd, k->out + PREFIX, k->out_len - PREFIX, 0) < 0 && errno != EAGAIN &&
	    errno != ECONNREFUSED && errno != EINTR)
		end_with(k, AUTHORITY_NO_WAY, "no route leads there from here");
}

static void begin(struct ask *k, const struct authority_asker *who, struct authority_query *q,
                  int64_t now)
{
	struct diag diag = { .why = "" };
	enum err e;

	*k = (struct ask){ .q = q, .who = who, .fd = -1, .wait_ms = FIRST_WAIT_MS };
	buf_init(&k->in, PREFIX + DNS_MESSAGE_MAX);
	q->reply = (struct authority_reply){ .state = AUTHORITY_SILENT, .why = "does not answer" };
	if (q->server->at.len == 0) {
		end_with(k, AUTHORITY_SILENT, "its address cannot be found");
		return;
	}
	e = format(k) ? dial_start_udp(who->rules, &q->server->at, &k->fd, &diag)
	              : diag_set(&diag, ERR_SYNTAX, 0, "the name cannot be asked");
	if (e == ERR_DENIED)
		end_with(k, AUTHORITY_NO_WAY,
		         arena_printf(who->arena, "is not asked: its address is not allowed (%s)",
		                      diag.why));
	else if (e != OK)
		end_with(k, AUTHORITY_NO_WAY, "no route leads there from here");
	else
		send_datagram(k, now);
}

static void go_tcp(struct ask *k)
{
	struct diag diag = { .why = "" };

	(void)close(k->fd); /* nothing more is expected there */
	k->fd = -1;
	k->out_done = 0;
	ask_enter(k, ASK_TCP_SENDING);
	if (dial_start(k->who->rules, &k->q->server->at, &k->fd, &diag) != OK)
		end_with(k, AUTHORITY_SILENT, "truncates its answer and does not take TCP");
}

/* RFC 6891, 7: a server that does not know EDNS says FORMERR, and is asked without. */
static bool retry_plain(struct ask *k, struct slice message, int64_t now)
{
	if (k->plain || message.len < DNS_HEADER_SIZE ||
	    (dns_get16(message.p + 2) & 15u) != DNS_FORMERR)
		return false;
	k->plain = true;
	(void)format(k); /* it could be formatted before */
	send_datagram(k, now);
	return true;
}

static void take_datagram(struct ask *k, int64_t now)
{
	char message[DNS_UDP_MAX * 4];
	bool truncated = false;
	ssize_t n = recv(k->fd, message, sizeof(message), 0);

	if (n < 0)
		return; /* refused by the host, perhaps for now only: it is asked again */
	struct slice m = slice_of(message, (size_t)n);
	if (m.len >= 2 && dns_get16(m.p) == k->id && retry_plain(k, m, now))
		return;
	/* What does not belong to the question is no answer; the wait goes on. */
	if (!authority_reply_read(m, k->id, k->q, k->who->arena, &truncated))
		return;
	if (truncated)
		go_tcp(k);
	else
		ask_enter(k, ASK_DONE);
}

static void send_tcp(struct ask *k)
{
	ssize_t n = send(k->fd, k->out + k->out_done, k->out_len - k->out_done, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		end_with(k, AUTHORITY_SILENT, "truncates its answer and does not take TCP");
		return;
	}
	k->out_done += (size_t)n;
	if (k->out_done == k->out_len)
		ask_enter(k, ASK_TCP_READING);
}

static void read_tcp(struct ask *k)
{
	char bytes[4096];
	bool truncated = false;
	ssize_t n = recv(k->fd, bytes, sizeof(bytes), 0);
	struct slice in;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		buf_add(&k->in, slice_of(bytes, (size_t)n));
	in = buf_slice(&k->in);
	if (n > 0 && (in.len < PREFIX || in.len - PREFIX < dns_get16(in.p)))
		return;
	if (n <= 0 || !authority_reply_read(slice_head(slice_skip(in, PREFIX), dns_get16(in.p)),
	                                    k->id, k->q, k->who->arena, &truncated))
		end_with(k, AUTHORITY_SILENT, "gives no whole answer by TCP");
	else if (truncated)
		end_with(k, AUTHORITY_LAME, "truncates its answer by TCP, too");
	else
		ask_enter(k, ASK_DONE);
}

static void step(struct ask *k, int64_t now)
{
	if (k->state == ASK_UDP)
		take_datagram(k, now);
	else if (k->state == ASK_TCP_SENDING)
		send_tcp(k);
	else if (k->state == ASK_TCP_READING)
		read_tcp(k);
}

/* Sends again what is due; returns when the next one is. */
static int64_t repeat(struct ask *list, size_t count, int64_t now, int64_t deadline)
{
	int64_t next = deadline;

	for (size_t i = 0; i < count; i++) {
		struct ask *k = &list[i];
		if (k->state == ASK_UDP && k->again_ms <= now)
			send_datagram(k, now);
		if (k->state == ASK_UDP && k->again_ms < next)
			next = k->again_ms;
	}
	return next;
}

/* One wait for whatever comes first.  False: all are done. */
static bool turn(struct ask *list, size_t count, struct pollfd *polls, int64_t deadline)
{
	int64_t now = clock_mono_ms(), next = repeat(list, count, now, deadline);
	bool open = false;

	for (size_t i = 0; i < count; i++) {
		polls[i] = (struct pollfd){ .fd = list[i].fd,
			                    .events = list[i].state == ASK_TCP_SENDING ? POLLOUT
			                                                               : POLLIN };
		open = open || list[i].state != ASK_DONE;
	}
	if (!open || now >= deadline)
		return false;
	if (poll(polls, count, next > now ? (int)(next - now) : 0) <= 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (polls[i].revents != 0)
			step(&list[i], clock_mono_ms());
	return true;
}

void authority_ask(const struct authority_asker *who, struct authority_query *list, size_t count)
{
	int64_t now = clock_mono_ms(), deadline = now + who->timeout_ms;
	size_t n = count < AUTHORITY_QUERIES_MAX ? count : AUTHORITY_QUERIES_MAX;
	struct pollfd *polls = mem_calloc(n, sizeof(*polls));
	struct ask *asks = mem_calloc(n, sizeof(*asks));

	for (size_t i = n; i < count; i++)
		list[i].reply =
		        (struct authority_reply){ .state = AUTHORITY_SILENT,
			                          .why = "was not asked: too many servers" };
	for (size_t i = 0; i < n; i++)
		begin(&asks[i], who, &list[i], now);
	while (turn(asks, n, polls, deadline))
		continue;
	for (size_t i = 0; i < n; i++)
		ask_enter(&asks[i], ASK_DONE);
	mem_free(asks);
	mem_free(polls);
}
