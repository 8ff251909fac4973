/*
 * Handed-over connections: decrypted bytes between a peer and intake or desk.
 *
 * Two directions, each with a buffer of EDGE_RELAY_BUFFER bytes: a full one is not read
 * into, and an end on one side is passed on once its bytes are through.  A side that breaks has
 * ended: what it said before still goes to the other one, and what it was to be told is dropped.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"
#include "service/edge_internal.h"

/* Bytes moved in one direction before others get their turn. */
#define TURN_MAX (16u * EDGE_RELAY_BUFFER)

struct flow {
	char *bytes;
	size_t start, end;
	bool began;    /* a byte or the end came */
	bool ended;    /* nothing more comes in */
	bool finished; /* and that was passed on */
};

struct side {
	struct stream stream;
	struct loop_watch watch;
	unsigned blocked; /* what its last read or write that could not go on waits for */
};

struct relay {
	struct edge *edge;
	struct link all;    /* in edge->relays */
	struct link silent; /* in peer->headless until the service has said something */
	struct edge_peer *peer;
	struct side client, service;
	struct flow in, out; /* client to service, service to client */
	int64_t idle_due_ms;
};

static void relay_close(struct relay *r)
{
	struct edge *e = r->edge;

	loop_watch_fini(&r->client.watch);
	loop_watch_fini(&r->service.watch);
	stream_close(&r->client.stream);
	stream_close(&r->service.stream);
	link_remove(&r->all);
	link_remove(&r->silent);
	edge_peers_leave(e->relay_peers, r->peer);
	e->relay_count--;
	mem_free(r->in.bytes);
	mem_free(r->out.bytes);
	mem_free(r);
}

static bool has_room(const struct flow *f)
{
	return !f->ended && (f->end < EDGE_RELAY_BUFFER || f->start > 0);
}

static bool is_empty(const struct flow *f)
{
	return f->start == f->end;
}

/* OK: something came, or the end did, said or not.  ERR_AGAIN: not now. */
static enum err fill(struct flow *f, struct side *from)
{
	size_t got = 0;
	enum err e;

	if (!has_room(f))
		return ERR_AGAIN;
	if (f->start > 0) {
		memmove(f->bytes, f->bytes + f->start, f->end - f->start);
		f->end -= f->start;
		f->start = 0;
	}
	e = stream_read(&from->stream, f->bytes + f->end, EDGE_RELAY_BUFFER - f->end, &got);
	if (e == ERR_AGAIN) {
		from->blocked |= from->stream.want;
		return e;
	}
	f->began = true;
	f->ended = e != OK;
	f->end += got;
	return OK;
}

/* Whoever it was for is gone. */
static void drop(struct flow *f)
{
	f->ended = f->finished = true;
	f->start = f->end = 0;
}

/* OK: something went, the end was passed on, or nobody is there to take it.  ERR_AGAIN: not now. */
static enum err drain(struct flow *f, struct side *to)
{
	size_t put = 0;
	enum err e;

	if (is_empty(f)) {
		if (!f->ended || f->finished)
			return ERR_AGAIN;
		e = stream_finish(&to->stream);
		f->finished = e == OK;
	} else {
		e = stream_write(&to->stream, slice_of(f->bytes + f->start, f->end - f->start),
		                 &put);
		f->start += put;
		if (is_empty(f))
			f->start = f->end = 0;
	}
	if (e == ERR_AGAIN)
		to->blocked |= to->stream.want;
	else if (e != OK)
		drop(f);
	return e == ERR_AGAIN ? e : OK;
}

/* Moves what can be moved one way.  True: it stopped only to be fair. */
static bool pump(struct flow *f, struct side *from, struct side *to)
{
	size_t turns = TURN_MAX / EDGE_RELAY_BUFFER;
	enum err in = OK, out = OK;

	while (turns-- > 0 && (in == OK || out == OK)) {
		in = fill(f, from);
		out = drain(f, to);
	}
	return in == OK || out == OK;
}

/* What the side waits for: input if there is room for it, and whatever a call was blocked on. */
static void rewatch(struct side *s, const struct flow *from_it, bool more)
{
	unsigned want = s->blocked & LOOP_WRITE;

	if (has_room(from_it))
		want |= LOOP_READ;
	if (more)
		want |= LOOP_WRITE; /* writable most of the time: called again in the next turn */
	loop_watch_want(&s->watch, want);
}

static void run(struct relay *r)
{
	bool more_in, more_out, lingers;

	r->client.blocked = r->service.blocked = 0;
	more_in = pump(&r->in, &r->client, &r->service);
	more_out = pump(&r->out, &r->service, &r->client);
	if (r->in.finished && r->out.finished) {
		relay_close(r);
		return;
	}
	if (r->out.began)
		link_remove(&r->silent);
	lingers = r->out.finished && is_empty(&r->in);
	r->idle_due_ms = clock_mono_ms() +
	                 (lingers ? EDGE_RELAY_LINGER_MS : r->edge->o.limits.relay_idle_ms);
	rewatch(&r->client, &r->in, more_out);
	rewatch(&r->service, &r->out, more_in);
}

static void on_ready(void *arg, unsigned ready)
{
	(void)ready; /* the streams find out */
	run(arg);
}

/* The oldest that has had no answer yet; NULL: each had one. */
static struct relay *oldest_silent(struct edge *e)
{
	for (struct link *l = e->relays.next; l != &e->relays; l = l->next) {
		struct relay *r = LINK_OWNER(l, struct relay, all);

		if (!link_is_alone(&r->silent))
			return r;
	}
	return NULL;
}

/* Under both caps, closing the oldest relay that has had no answer yet if need be. */
static bool make_room(struct edge *e, uint64_t key)
{
	struct edge_peer *peer = edge_peers_find(e->relay_peers, key);
	struct link *oldest;
	struct relay *r;

	if (peer != NULL && peer->open >= e->o.limits.relays_per_address) {
		oldest = link_first(&peer->headless);
		if (oldest == NULL)
			return false;
		relay_close(LINK_OWNER(oldest, struct relay, silent));
	}
	r = e->relay_count < e->o.limits.relays ? NULL : oldest_silent(e);
	if (r != NULL)
		relay_close(r);
	return e->relay_count < e->o.limits.relays;
}

/* One end for the relay, the other for the process of that duty. */
static enum err hand_over(struct edge *e, const struct edge_conn *c, int *ours_out)
{
	struct hand h = { .duty = c->kind == EDGE_ADMIN ? HAND_ADMIN : HAND_POST,
		          .peer = c->address };
	socklen_t len = sizeof(h.local);
	int channel = c->kind == EDGE_ADMIN ? e->o.hand_desk : e->o.hand_intake;
	int pair[2];
	enum err result;

	memcpy(h.sni, c->name, sizeof(c->name));
	if (getsockname(c->stream.fd, (struct sockaddr *)&h.local, &len) != 0)
		h.local.ss_family = AF_UNSPEC;
	if (channel < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		return ERR_UNAVAILABLE;
	result = hand_send(channel, &h, pair[1]);
	(void)close(pair[1]); /* the receiver has its own by now */
	if (result == OK) {
		*ours_out = pair[0];
		return OK;
	}
	(void)close(pair[0]); /* nobody is at its other end */
	log_warn("hand-over failed", F("host", c->name), F("reason", err_name(result)));
	return ERR_UNAVAILABLE;
}

enum err edge_relay_open(struct edge *e, const struct edge_conn *c, struct stream *client,
                         struct slice first)
{
	uint64_t key = address_peer_key(&c->address);
	struct relay *r;
	int ours = -1;
	enum err result;

	if (first.len > EDGE_RELAY_BUFFER || !make_room(e, key))
		return ERR_LIMIT;
	result = hand_over(e, c, &ours);
	if (result != OK)
		return result;
	r = mem_alloc(sizeof(*r));
	r->edge = e;
	r->peer = edge_peers_enter(e->relay_peers, key);
	r->in.bytes = mem_alloc(EDGE_RELAY_BUFFER);
	r->out.bytes = mem_alloc(EDGE_RELAY_BUFFER);
	memcpy(r->in.bytes, first.p, first.len);
	r->in.end = first.len;
	r->in.began = first.len > 0;
	link_init(&r->all);
	link_init(&r->silent);
	link_append(&e->relays, &r->all);
	link_append(&r->peer->headless, &r->silent);
	e->relay_count++;
	r->client.stream = *client;
	*client = (struct stream){ .ops = NULL, .fd = -1 };
	stream_init_fd(&r->service.stream, ours);
	loop_watch_init(&r->client.watch, e->loop, r->client.stream.fd, on_ready, r);
	loop_watch_init(&r->service.watch, e->loop, ours, on_ready, r);
	run(r);
	return OK;
}

void edge_relay_expire(struct edge *e, int64_t now_ms)
{
	struct link *l = e->relays.next;

	while (l != &e->relays) {
		struct relay *r = LINK_OWNER(l, struct relay, all);

		l = l->next;
		if (r->idle_due_ms <= now_ms)
			relay_close(r);
	}
}

void edge_relay_close_all(struct edge *e)
{
	struct link *l;

	while ((l = link_first(&e->relays)) != NULL)
		relay_close(LINK_OWNER(l, struct relay, all));
}
