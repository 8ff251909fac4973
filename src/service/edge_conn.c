#include "base/log.h"
#include "net/clock.h"
#include "service/edge_internal.h"

static const char *const state_names[] = {
	[CONN_PROXY] = "proxy",   [CONN_FIRST] = "first",   [CONN_CROWD] = "crowd",
	[CONN_HELLO] = "hello",   [CONN_HAND] = "hand",     [CONN_HEAD] = "head",
	[CONN_ANSWER] = "answer", [CONN_FINISH] = "finish", [CONN_LINGER] = "linger",
};

void edge_conn_pool(struct edge *e)
{
	/* Pages that were never used are not there yet. */
	e->pool = mem_calloc(e->o.limits.connections, sizeof(*e->pool));
}

/* Waiting for the peer: the connection is now among those a cap or a deadline closes. */
static void await_head(struct edge_conn *c)
{
	c->head_due_ms = clock_mono_ms() + c->edge->o.limits.head_ms;
	link_append(&c->edge->headless, &c->headless);
	if (c->peer != NULL)
		link_append(&c->peer->headless, &c->of_peer);
}

static void have_head(struct edge_conn *c)
{
	link_remove(&c->headless);
	link_remove(&c->of_peer);
}

enum err edge_conn_enter(struct edge_conn *c, enum conn_state next)
{
	log_debug("connection state", F("from", state_names[c->state]), F("to", state_names[next]));
	c->state = next;
	return OK;
}

/* Gives the slot back; the stream has been closed or taken by somebody else. */
static void release(struct edge_conn *c)
{
	struct edge *e = c->edge;

	have_head(c);
	link_remove(&c->crowd);
	loop_watch_fini(&c->watch);
	buf_fini(&c->in);
	buf_fini(&c->out);
	if (c->peer != NULL)
		edge_peers_leave(e->peers, c->peer);
	link_remove(&c->age);
	link_append(&e->unused, &c->age);
	e->open_count--;
}

void edge_conn_close(struct edge_conn *c)
{
	loop_watch_fini(&c->watch);
	stream_close(&c->stream);
	release(c);
}

bool edge_conn_shed(struct edge *e)
{
	struct link *oldest = link_first(&e->headless);

	if (oldest == NULL)
		return false;
	edge_conn_close(LINK_OWNER(oldest, struct edge_conn, headless));
	return true;
}

/* Makes room under the cap of one peer; false: nothing of it may be closed. */
static bool shed_peer(struct edge *e, uint64_t key)
{
	struct edge_peer *peer = edge_peers_find(e->peers, key);
	struct link *oldest;

	if (peer == NULL || peer->open < e->o.limits.per_address)
		return true;
	oldest = link_first(&peer->headless);
	if (oldest == NULL)
		return false;
	edge_conn_close(LINK_OWNER(oldest, struct edge_conn, of_peer));
	return true;
}

bool edge_conn_join(struct edge_conn *c)
{
	uint64_t key = address_peer_key(&c->address);

	if (!shed_peer(c->edge, key))
		return false;
	c->peer = edge_peers_enter(c->edge->peers, key);
	link_append(&c->peer->headless, &c->of_peer);
	return true;
}

/* The handlers: OK: go on with the (maybe new) state; ERR_AGAIN: wait; else: close. */

static enum err on_first(struct edge_conn *c)
{
	enum err e;

	if (!c->tls)
		return edge_conn_enter(c, CONN_HEAD);
	e = tls_await_hello(&c->stream);
	return e == OK ? edge_conn_enter(c, CONN_CROWD) : e;
}

static bool is_crowded(const struct edge_conn *c)
{
	return c->peer != NULL && c->peer->open > EDGE_CROWDED;
}

/*
 * A handshake is what costs.  Those of an address with many connections are a few a turn of the
 * loop, so that others never wait behind thousands of them; the newest first, since under more than
 * can be served whoever waits long gives up.
 */
static enum err on_crowd(struct edge_conn *c)
{
	struct edge *e = c->edge;

	if (is_crowded(c)) {
		loop_timer_set(&e->crowd_turn, 0);
		if (e->crowd_left == 0) {
			link_append(&e->crowd, &c->crowd);
			c->stream.want = 0;
			return ERR_AGAIN;
		}
		e->crowd_left--;
	}
	tls_accept(e->tls, &c->stream, c);
	return edge_conn_enter(c, CONN_HELLO);
}

static enum err on_hello(struct edge_conn *c)
{
	enum err e = tls_handshake(&c->stream);

	if (e != OK)
		return e;
	if (c->validation)
		return edge_conn_enter(c, CONN_FINISH);
	return edge_conn_enter(c, c->kind == EDGE_POLICY ? CONN_HEAD : CONN_HAND);
}

/* The bytes may lie inside the TLS library already, or come later. */
static enum err on_hand(struct edge_conn *c)
{
	enum err e;

	if (!c->awaited && !tls_has_pending(&c->stream)) {
		c->awaited = true;
		c->stream.want = LOOP_READ;
		return ERR_AGAIN;
	}
	e = edge_relay_open(c->edge, c, &c->stream, S(""));
	if (e == OK)
		return ERR_CLOSED; /* the stream has gone; only the slot is given back */
	c->unavailable = e == ERR_LIMIT ? "too many connections" : "not available now";
	return edge_conn_enter(c, CONN_HEAD);
}

/* Sends what it can at once; the rest is kept for on_answer. */
enum err edge_conn_send(struct edge_conn *c, bool close)
{
	struct slice left = buf_slice(&c->edge->answer);
	enum err e = OK;

	c->close = close || c->edge->draining;
	c->stream.last = c->close;
	have_head(c);
	while (e == OK && left.len > 0) {
		size_t put = 0;

		e = stream_write(&c->stream, left, &put);
		left = slice_skip(left, put);
	}
	if (e != OK && e != ERR_AGAIN)
		return e;
	buf_reset(&c->out);
	buf_add(&c->out, left);
	return edge_conn_enter(c, CONN_ANSWER);
}

void edge_conn_note(const struct edge_conn *c, const struct edge_site *site, unsigned status)
{
	struct edge *e = c->edge;
	struct fetch_record r;

	if (e->o.fetches < 0 || site == NULL || site->kind != EDGE_POLICY)
		return;
	fetch_record_make(site->publication, status, &c->address, e->o.now_s(), &r);
	if (!fetch_say(e->o.fetches, &r) && e->o.board != NULL)
		board_lost(e->o.board, e->o.slot, 1);
}

enum err edge_conn_refuse(struct edge_conn *c, unsigned status, const char *why)
{
	if (c->tls)
		edge_conn_note(c, edge_index_find(c->edge->index, slice_str(c->name)), status);
	c->linger = true;
	buf_reset(&c->edge->answer);
	edge_refuse(status, why, c->edge->o.now_s(), &c->edge->answer);
	return edge_conn_send(c, true);
}

static enum err answer(struct edge_conn *c, struct http_head *head)
{
	struct edge *e = c->edge;
	struct slice name = slice_str(c->tls ? c->name : "");
	struct edge_request q = { .head = head, .name = name, .now = e->o.now_s() };
	unsigned status = 0;
	bool close;

	if (c->unavailable != NULL)
		return edge_conn_refuse(c, 503, c->unavailable);
	c->linger = http_head_has_body(head);
	if (++c->requests >= EDGE_REQUESTS_MAX)
		head->keep_alive = false;
	if (c->tls)
		q.site = edge_index_find(e->index, name);
	else
		q.challenge = edge_challenges_find(e->challenges, head->host, head->path);
	buf_reset(&e->answer);
	close = edge_answer(&q, &e->answer, &status);
	edge_conn_note(c, q.site, status);
	return edge_conn_send(c, close);
}

/* What lies behind the head is kept for the next one. */
static void keep_rest(struct edge_conn *c, struct slice in, size_t size)
{
	if (c->in.len > 0)
		buf_consume(&c->in, size);
	else
		buf_add(&c->in, slice_skip(in, size));
}

/* All bytes of the head so far: those kept, and what the stream has. */
static enum err gather(struct edge_conn *c, struct slice *in_out)
{
	struct edge *e = c->edge;
	size_t got = 0;
	enum err result = OK;

	if (c->in.len == 0 || c->starved) {
		result = stream_read(&c->stream, e->scratch, sizeof(e->scratch), &got);
		if (result != OK)
			return result;
	}
	if (c->in.len > 0)
		buf_add(&c->in, slice_of(e->scratch, got)); /* room for a head and a record */
	*in_out = c->in.len > 0 ? buf_slice(&c->in) : slice_of(e->scratch, got);
	return OK;
}

static enum err on_head(struct edge_conn *c)
{
	struct http_head head;
	struct slice in = { NULL, 0 };
	struct diag d = { .why = "" };
	enum err e = gather(c, &in);

	if (e != OK)
		return e;
	e = http_head_read(&c->reader, in, &head, &d);
	c->starved = e == ERR_AGAIN;
	if (e == ERR_AGAIN) {
		if (c->in.len == 0)
			buf_add(&c->in, in);
		return OK;
	}
	if (e != OK)
		return edge_conn_refuse(c, c->reader.status, d.why);
	if (c->behind)
		return edge_behind_answer(c, &head, slice_skip(in, head.size));
	e = answer(c, &head);
	keep_rest(c, in, head.size);
	return e;
}

static enum err on_answer(struct edge_conn *c)
{
	while (c->out.len > 0) {
		size_t put = 0;
		enum err e = stream_write(&c->stream, buf_slice(&c->out), &put);

		if (e != OK)
			return e;
		buf_consume(&c->out, put);
	}
	if (c->close)
		return edge_conn_enter(c, CONN_FINISH);
	c->reader = (struct http_reader){ 0 };
	await_head(c);
	return edge_conn_enter(c, CONN_HEAD);
}

/* Who has its answer and stays is among those a cap or a deadline closes. */
static enum err on_finish(struct edge_conn *c)
{
	enum err e = stream_finish(&c->stream);

	if (e != OK)
		return e;
	if (!c->linger && c->in.len == 0)
		return ERR_CLOSED;
	have_head(c);
	await_head(c);
	return edge_conn_enter(c, CONN_LINGER);
}

/*
 * A close with unread bytes would make the kernel reset the connection, and the peer
 * might lose the answer; so read on until the peer ends, or sent too much, or is late.
 */
static enum err on_linger(struct edge_conn *c)
{
	size_t got = 0;
	enum err e = stream_read(&c->stream, c->edge->scratch, sizeof(c->edge->scratch), &got);

	c->lingered += got;
	return e == OK && c->lingered > EDGE_LINGER_MAX ? ERR_CLOSED : e;
}

static void run(struct edge_conn *c)
{
	static enum err (*const on[])(struct edge_conn *) = {
		[CONN_PROXY] = edge_behind_preamble,
		[CONN_FIRST] = on_first,
		[CONN_CROWD] = on_crowd,
		[CONN_HELLO] = on_hello,
		[CONN_HAND] = on_hand,
		[CONN_HEAD] = on_head,
		[CONN_ANSWER] = on_answer,
		[CONN_FINISH] = on_finish,
		[CONN_LINGER] = on_linger,
	};
	enum err e = OK;

	while (e == OK)
		e = on[c->state](c);
	if (e == ERR_AGAIN)
		loop_watch_want(&c->watch, c->stream.want);
	else
		edge_conn_close(c);
}

static void on_ready(void *arg, unsigned ready)
{
	(void)ready; /* the stream finds out */
	run(arg);
}

void edge_conn_crowd_turn(void *arg)
{
	struct edge *e = arg;

	e->crowd_left = EDGE_CROWD_TURN;
	while (e->crowd_left > 0 && !link_is_alone(&e->crowd)) {
		struct edge_conn *c = LINK_OWNER(e->crowd.prev, struct edge_conn, crowd);

		link_remove(&c->crowd);
		run(c);
	}
}

/* NULL: all are in use, and none of them may be closed. */
static struct edge_conn *take_slot(struct edge *e)
{
	struct link *l = link_first(&e->unused);

	if (l == NULL && e->pool_used < e->o.limits.connections) {
		l = &e->pool[e->pool_used++].age;
		link_init(l);
	}
	if (l == NULL && edge_conn_shed(e))
		l = link_first(&e->unused);
	if (l == NULL)
		return NULL;
	link_remove(l);
	return LINK_OWNER(l, struct edge_conn, age);
}

/* Clients that a proxy will name are counted when it did. */
static bool counts_later(const struct edge *e, bool trusted, enum edge_listens how)
{
	return trusted && (how == EDGE_BEHIND || e->o.preamble);
}

static void open_slot(struct edge_conn *c, const struct edge_conn *start)
{
	struct edge *e = start->edge;

	*c = *start;
	c->due_ms = clock_mono_ms() + e->o.limits.total_ms;
	buf_init(&c->in, HTTP_HEAD_MAX + EDGE_SCRATCH);
	buf_init(&c->out, EDGE_ANSWER_MAX);
	link_init(&c->age);
	link_init(&c->headless);
	link_init(&c->of_peer);
	link_init(&c->crowd);
	link_append(&e->open, &c->age);
	edge_rest_note(&e->rest, ++e->open_count);
	loop_watch_init(&c->watch, e->loop, c->stream.fd, on_ready, c);
}

void edge_conn_open(struct edge *e, int fd, const struct sockaddr_storage *peer,
                    enum edge_listens how)
{
	bool trusted = edge_behind_trusts(e, peer), later = counts_later(e, trusted, how);
	struct edge_conn start = { .edge = e,
		                   .tls = how == EDGE_TLS,
		                   .behind = how == EDGE_BEHIND,
		                   .state = trusted && e->o.preamble ? CONN_PROXY : CONN_FIRST,
		                   .address = *peer };
	struct edge_conn *c = NULL;

	stream_init_fd(&start.stream, fd);
	if (start.behind && !trusted)
		edge_behind_complain(e, peer, "it is not in [proxy] trusted");
	else if (later || shed_peer(e, address_peer_key(peer)))
		c = take_slot(e);
	if (c == NULL) {
		stream_close(&start.stream);
		return;
	}
	open_slot(c, &start);
	if (!later)
		c->peer = edge_peers_enter(e->peers, address_peer_key(peer));
	await_head(c);
	run(c);
}

/* The next one that has passed a deadline, or NULL. */
static struct edge_conn *late(struct edge *e, int64_t now_ms)
{
	struct link *l = link_first(&e->headless);

	if (l != NULL && LINK_OWNER(l, struct edge_conn, headless)->head_due_ms <= now_ms)
		return LINK_OWNER(l, struct edge_conn, headless);
	l = link_first(&e->open);
	if (l != NULL && LINK_OWNER(l, struct edge_conn, age)->due_ms <= now_ms)
		return LINK_OWNER(l, struct edge_conn, age);
	return NULL;
}

bool edge_conn_expire(struct edge *e, int64_t now_ms)
{
	struct edge_conn *c = late(e, now_ms);

	for (int n = 0; c != NULL && n < EDGE_EXPIRE_TURN; n++) {
		edge_conn_close(c);
		c = late(e, now_ms);
	}
	return c != NULL;
}

void edge_conn_drain(struct edge *e, bool silent)
{
	struct link *l = e->open.next;

	while (l != &e->open) {
		struct edge_conn *c = LINK_OWNER(l, struct edge_conn, age);

		l = l->next;
		if ((silent && (c->state == CONN_PROXY || c->state == CONN_FIRST)) ||
		    (c->state == CONN_HEAD && c->requests > 0 && c->in.len == 0))
			edge_conn_close(c);
	}
}
