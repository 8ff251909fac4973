#include "service/edge.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"
#include "service/edge_internal.h"

/* Connections taken from one listener before others get their turn. */
#define ACCEPT_TURN 64

const struct edge_limits edge_limits_default = {
	.connections = 12288,
	.per_address = 256,
	.relays = 256,
	.relays_per_address = 32,
	.certificates = 12288, /* ten thousand that are asked for alike all fit */
	.head_ms = 5000,
	.total_ms = 10000,
	.relay_idle_ms = 180000,
};

/* Called in the handshake: the name decides everything about the connection. */
static enum tls_choice choose(void *arg, void *connection, const char *name,
                              struct tls_identity **id_out)
{
	struct edge *e = arg;
	struct edge_conn *c = connection;
	struct slice host = slice_str(name);
	const struct edge_site *site = edge_index_find(e->index, host);
	enum err result;

	if (site == NULL || !site->has_cert)
		return TLS_REFUSE_NAME;
	result = edge_certs_get(e->certs, e->db, site->fingerprint, id_out);
	if (result != OK) {
		log_error("no usable certificate", FS("host", host), F("reason", err_name(result)));
		return TLS_REFUSE_FAILED;
	}
	memcpy(c->name, name, host.len + 1);
	c->kind = site->kind;
	return TLS_TAKE;
}

/* Called in place of choose when a CA comes to see its challenge (RFC 8737). */
static enum tls_choice validate(void *arg, void *connection, const char *name,
                                struct tls_identity **id_out)
{
	struct edge *e = arg;
	struct edge_conn *c = connection;

	*id_out = edge_challenges_identity(e->challenges, slice_str(name));
	if (*id_out == NULL)
		return TLS_REFUSE_NAME;
	c->validation = true;
	return TLS_TAKE;
}

static void on_connections(void *arg, unsigned ready)
{
	struct edge_listener *l = arg;
	struct sockaddr_storage peer;
	int fd = -1;

	(void)ready;
	for (int i = 0; i < ACCEPT_TURN; i++) {
		enum err e = listen_accept(l->watch.fd, &fd, &peer);

		if (e == OK)
			edge_conn_open(l->edge, fd, &peer, l->how);
		else if (e != ERR_LIMIT || !edge_conn_shed(l->edge))
			return;
	}
}

static void beat(struct edge *e, int64_t now_ms)
{
	if (e->o.board == NULL || now_ms - e->beat_ms < EDGE_BEAT_MS)
		return;
	e->beat_ms = now_ms;
	board_beat(e->o.board, e->o.slot, now_ms);
}

/* The parent waits for five seconds; whatever is not through by then would be cut anyway. */
static void stop_when_empty(struct edge *e, int64_t now_ms)
{
	size_t open = e->open_count + e->relay_count + dns_server_open(e->dns);

	if (e->draining && (open == 0 || now_ms >= e->drain_due_ms))
		loop_stop(e->loop);
}

static void on_tick(void *arg)
{
	struct edge *e = arg;
	int64_t now_ms = clock_mono_ms();

	if (e->draining && now_ms >= e->drain_first_due_ms)
		edge_conn_drain(e, true);
	bool more = edge_conn_expire(e, now_ms);
	edge_relay_expire(e, now_ms);
	dns_server_expire(e->dns, now_ms);
	edge_feed_look(e);
	beat(e, now_ms);
	if (edge_rest_due(&e->rest, e->open_count, now_ms))
		mem_trim();
	stop_when_empty(e, now_ms);
	loop_timer_set(&e->tick, more ? 0 : EDGE_TICK_MS);
}

static void on_warm(void *arg)
{
	struct edge *e = arg;

	if (edge_warm_turn(e->warm, e->certs, e->db))
		loop_timer_set(&e->warming, EDGE_WARM_MS);
}

static void on_bell(void *arg, unsigned ready)
{
	struct edge *e = arg;
	uint64_t rung;

	(void)ready;
	if (read(e->o.bell, &rung, sizeof(rung)) < 0 && errno != EAGAIN)
		loop_watch_want(&e->bell, 0); /* the tick looks at the board as well */
	edge_feed_look(e);
}

static void listen_on(struct edge *e, const int *fds, size_t count, enum edge_listens how)
{
	for (size_t i = 0; i < count; i++) {
		struct edge_listener *l = &e->listeners[e->listener_count++];

		*l = (struct edge_listener){ .edge = e, .how = how };
		loop_watch_init(&l->watch, e->loop, fds[i], on_connections, l);
		loop_watch_want(&l->watch, LOOP_READ);
	}
}

/* A name that the configuration took fits. */
static struct zone *make_zone(struct slice name)
{
	struct dns_name origin;

	if (name.len == 0 || dns_name_from_text(name, &origin) != OK)
		return NULL;
	return zone_new(&origin);
}

struct edge *edge_new(const struct edge_options *o)
{
	struct edge *e = mem_alloc(sizeof(*e));

	e->o = *o;
	e->loop = loop_new();
	e->tls = tls_server_new(choose, e);
	tls_server_validate(e->tls, validate);
	e->index = edge_index_new();
	e->challenges = edge_challenges_new();
	e->zone = make_zone(o->zone);
	e->certs = edge_certs_new(o->limits.certificates, o->edge_key, o->report_key);
	e->warm = edge_warm_new();
	loop_timer_init(&e->warming, e->loop, on_warm, e);
	loop_timer_init(&e->crowd_turn, e->loop, edge_conn_crowd_turn, e);
	e->peers = edge_peers_new(o->limits.connections);
	e->relay_peers = edge_peers_new(o->limits.relays);
	link_init(&e->unused);
	link_init(&e->open);
	link_init(&e->headless);
	link_init(&e->crowd);
	e->crowd_left = EDGE_CROWD_TURN;
	link_init(&e->relays);
	buf_init(&e->answer, EDGE_ANSWER_MAX);
	edge_conn_pool(e);
	e->listeners =
	        mem_calloc(o->tls_count + o->http_count + o->behind_count, sizeof(*e->listeners));
	/* What is served is known before the first connection is taken. */
	edge_feed_look(e);
	e->dns = dns_server_new(e->loop, &o->dns, &e->zone);
	loop_timer_init(&e->tick, e->loop, on_tick, e);
	on_tick(e);
	if (o->bell >= 0) {
		loop_watch_init(&e->bell, e->loop, o->bell, on_bell, e);
		loop_watch_want(&e->bell, LOOP_READ);
	}
	listen_on(e, o->tls, o->tls_count, EDGE_TLS);
	listen_on(e, o->http, o->http_count, EDGE_HTTP);
	listen_on(e, o->behind, o->behind_count, EDGE_BEHIND);
	return e;
}

static void stop_listening(struct edge *e)
{
	for (size_t i = 0; i < e->listener_count; i++)
		loop_watch_fini(&e->listeners[i].watch);
	e->listener_count = 0;
}

void edge_free(struct edge *e)
{
	struct link *l;

	if (e == NULL)
		return;
	while ((l = link_first(&e->open)) != NULL)
		edge_conn_close(LINK_OWNER(l, struct edge_conn, age));
	edge_relay_close_all(e);
	stop_listening(e);
	loop_watch_fini(&e->bell);
	loop_timer_fini(&e->tick);
	loop_timer_fini(&e->warming);
	loop_timer_fini(&e->crowd_turn);
	edgedb_close(e->db);
	edge_warm_free(e->warm);
	edge_certs_free(e->certs);
	edge_index_free(e->index);
	edge_challenges_free(e->challenges);
	dns_server_free(e->dns);
	zone_free(e->zone);
	edge_peers_free(e->peers);
	edge_peers_free(e->relay_peers);
	tls_server_free(e->tls);
	loop_free(e->loop);
	buf_fini(&e->answer);
	mem_free(e->pool);
	mem_free(e->listeners);
	mem_free(e);
}

void edge_serve(struct edge *e)
{
	loop_run(e->loop);
}

void edge_turn(struct edge *e)
{
	loop_turn(e->loop);
}

void edge_drain(struct edge *e)
{
	int64_t now_ms = clock_mono_ms();

	e->draining = true;
	e->drain_due_ms = now_ms + EDGE_DRAIN_MS;
	e->drain_first_due_ms = now_ms + EDGE_DRAIN_FIRST_MS;
	stop_listening(e);
	edge_conn_drain(e, false);
	dns_server_drain(e->dns);
	stop_when_empty(e, now_ms);
}

struct edge_figures edge_figures(const struct edge *e)
{
	return (struct edge_figures){ .names = edge_index_count(e->index),
		                      .connections = e->open_count,
		                      .relays = e->relay_count,
		                      .peers = edge_peers_count(e->peers),
		                      .certificates = edge_certs_count(e->certs),
		                      .dns_sets = e->zone == NULL ? 0 : zone_count(e->zone),
		                      .dns_connections = dns_server_open(e->dns),
		                      .applied = e->applied };
}

static void on_signal(void *arg, unsigned ready)
{
	struct edge *e = arg;

	(void)ready;
	loop_watch_want(&e->signals, 0); /* one is enough */
	edge_drain(e);
}

void edge_run(const struct edge_options *o)
{
	struct edge *e = edge_new(o);
	sigset_t set;
	int fd;

	if (sigemptyset(&set) != 0 || sigaddset(&set, SIGTERM) != 0 ||
	    sigaddset(&set, SIGINT) != 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		log_fatal("signals cannot be blocked");
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		log_fatal("signals cannot be read");
	loop_watch_init(&e->signals, e->loop, fd, on_signal, e);
	loop_watch_want(&e->signals, LOOP_READ);
	log_info("edge serves", FN("names", edge_index_count(e->index)));
	edge_serve(e);
	loop_watch_fini(&e->signals);
	(void)close(fd); /* nothing to lose */
	edge_free(e);
}
