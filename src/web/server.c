#include "web/server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"
#include "web/dispatch.h"

#define IDLE_SECONDS 30u

/* A connection; its place in the table outlives libmicrohttpd's interest in the descriptor. */
struct conn {
	bool used, closing;
	int fd;
	struct server_peer peer;
	int64_t since_ms; /* it opened, or its last answer was sent: the head must come */
	int64_t head_ms;  /* a head is complete since; 0: none */
};

struct server {
	struct desk *desk;
	struct MHD_Daemon *daemon;
	atomic_size_t held;   /* of bodies by the admin host */
	pthread_mutex_t lock; /* of conns */
	struct conn conns[SERVER_CONNECTIONS];
};

/* A request while its body comes in. */
struct incoming {
	struct arena *arena;
	struct conn *conn;
	struct buf body;
	size_t held; /* of it, in the server's count */
	bool too_much;
	char *target; /* as sent; the library's own copy is decoded */
};

static struct conn *find_conn(struct server *s, int fd)
{
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		if (s->conns[i].used && s->conns[i].fd == fd)
			return &s->conns[i];
	return NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct server *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = info == NULL ? NULL : find_conn(s, info->connect_fd);
	} else if (*context != NULL) {
		struct conn *c = *context;
		c->used = false;
	}
	(void)pthread_mutex_unlock(&s->lock);
}

static void mark(struct server *s, struct conn *c, bool head)
{
	int64_t now = clock_mono_ms();

	(void)pthread_mutex_lock(&s->lock);
	c->head_ms = head ? now : 0;
	c->since_ms = now;
	(void)pthread_mutex_unlock(&s->lock);
}

/* Called with the target as sent, before anything else is read of the request. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct incoming *in = mem_alloc(sizeof(*in));

	(void)arg;
	(void)connection;
	in->arena = arena_new();
	in->target = arena_str(in->arena, slice_str(target));
	buf_init(&in->body, ROUTE_BODY_MAX);
	return in;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
	struct incoming *in = *context;

	(void)connection;
	(void)why;
	if (in == NULL)
		return;
	if (in->conn != NULL)
		mark(arg, in->conn, false);
	atomic_fetch_sub(&((struct server *)arg)->held, in->held);
	if (in->body.p != NULL)
		mem_wipe(in->body.p, in->body.len); /* certificates come with their keys */
	buf_fini(&in->body);
	arena_free(in->arena);
	mem_free(in);
	*context = NULL;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static void add_headers(struct MHD_Response *m, const struct response *r)
{
	/* Each fails for lack of memory only, or for a line end that none of ours has. */
	(void)MHD_add_response_header(m, "Content-Type", r->content_type);
	(void)MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(m, "X-Frame-Options", "DENY");
	(void)MHD_add_response_header(m, "Referrer-Policy", "same-origin");
	(void)MHD_add_response_header(m, "Cross-Origin-Opener-Policy", "same-origin");
	(void)MHD_add_response_header(m, "Cross-Origin-Resource-Policy", "same-origin");
	for (size_t i = 0; i < r->header_count; i++)
		(void)MHD_add_response_header(m, r->headers[i].name, r->headers[i].value);
}

static enum MHD_Result send_response(struct MHD_Connection *connection, const struct response *r)
{
	static char nothing[1];
	struct MHD_Response *m = MHD_create_response_from_buffer(
	        r->body.len, r->body.len == 0 ? nothing : r->body.p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result sent;

	if (m == NULL)
		return MHD_NO;
	add_headers(m, r);
	sent = MHD_queue_response(connection, r->status, m);
	MHD_destroy_response(m);
	return sent;
}

static enum MHD_Result answer(struct server *s, struct MHD_Connection *connection,
                              struct incoming *in, const char *method)
{
	struct dispatch_head head = {
		.method = method,
		.target = in->target,
		.host = header(connection, "Host"),
		.origin = header(connection, "Origin"),
		.cookie = header(connection, "Cookie"),
		.authorization = header(connection, "Authorization"),
		.csrf = header(connection, "X-CSRF-Token"),
		.content_type = header(connection, "Content-Type"),
		.if_none_match = header(connection, "If-None-Match"),
		.if_match = header(connection, "If-Match"),
	};
	struct response r = { .status = 200, .content_type = "application/json" };
	bool too_long = in->too_much || buf_status(&in->body) != OK;

	buf_init(&r.body, ROUTE_ANSWER_MAX);
	dispatch(s->desk, &in->conn->peer, &head, buf_slice(&in->body), too_long, clock_now_s(),
	         in->arena, &r);
	enum MHD_Result sent = send_response(connection, &r);
	buf_fini(&r.body);
	return sent;
}

/* A body is there in full before anybody looks at who sends it: strangers share some room. */
static void keep(struct server *s, struct incoming *in, struct slice piece)
{
	if (in->conn->peer.via == SERVER_ADMIN) {
		in->held += piece.len;
		in->too_much = in->too_much || atomic_fetch_add(&s->held, piece.len) + piece.len >
		                                       SERVER_ADMIN_HELD_MAX;
	}
	if (!in->too_much)
		buf_add(&in->body, piece);
}

/* Called with the head, then with each piece of the body, then once more. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
	struct incoming *in = *context;
	struct server *s = arg;

	(void)url;
	(void)version;
	if (in == NULL)
		return MHD_NO;
	if (in->conn == NULL) {
		const union MHD_ConnectionInfo *info =
		        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
		in->conn = info == NULL ? NULL : info->socket_context;
		if (in->conn == NULL)
			return MHD_NO;
		mark(s, in->conn, true);
		return MHD_YES;
	}
	if (*upload_size > 0) {
		keep(s, in, slice_of(upload, *upload_size));
		*upload_size = 0;
		return MHD_YES;
	}
	return answer(s, connection, in, method);
}

/* The target is decoded by the routes, piece by piece. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

static void quiet(void *arg, const char *fmt, va_list args)
{
	(void)arg; /* the library's messages speak of peers' mistakes */
	(void)fmt;
	(void)args;
}

enum err server_open(struct desk *desk, struct server **out)
{
	struct server *s = mem_alloc(sizeof(*s));
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
	                 MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_USE_POLL | MHD_USE_ERROR_LOG;

	s->desk = desk;
	(void)pthread_mutex_init(&s->lock, NULL); /* cannot fail with these arguments */
	s->daemon = MHD_start_daemon(
	        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL,
	        MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
	        IDLE_SECONDS, MHD_OPTION_URI_LOG_CALLBACK, on_target, s,
	        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED,
	        on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
	        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (s->daemon == NULL) {
		(void)pthread_mutex_destroy(&s->lock); /* nobody holds it */
		mem_free(s);
		return ERR_IO;
	}
	*out = s;
	return OK;
}

/* The lock is held. */
static struct conn *find_room(struct server *s, enum server_via via)
{
	struct conn *c = NULL;
	size_t same = 0;

	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		same += s->conns[i].used && s->conns[i].peer.via == via;
		if (!s->conns[i].used)
			c = &s->conns[i];
	}
	return via == SERVER_ADMIN && same >= SERVER_ADMIN_CONNECTIONS ? NULL : c;
}

static struct conn *claim(struct server *s, int fd, const struct server_peer *peer, int64_t now_ms)
{
	struct conn *c;

	(void)pthread_mutex_lock(&s->lock);
	c = find_room(s, peer->via);
	if (c != NULL)
		*c = (struct conn){ .used = true, .fd = fd, .peer = *peer, .since_ms = now_ms };
	(void)pthread_mutex_unlock(&s->lock);
	return c;
}

enum err server_add(struct server *s, int fd, const struct server_peer *peer, int64_t now_ms)
{
	/* The library wants an Internet address; who the peer is stands in our table. */
	struct sockaddr_in nobody = { .sin_family = AF_INET };
	struct conn *c = claim(s, fd, peer, now_ms);

	if (c == NULL) {
		(void)close(fd); /* nothing was written */
		return ERR_LIMIT;
	}
	if (MHD_add_connection(s->daemon, fd, (struct sockaddr *)&nobody, sizeof(nobody)) ==
	    MHD_YES)
		return OK;
	(void)pthread_mutex_lock(&s->lock);
	c->used = false;
	(void)pthread_mutex_unlock(&s->lock);
	return ERR_LIMIT; /* it closed the descriptor */
}

void server_tick(struct server *s, int64_t now_ms)
{
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		struct conn *c = &s->conns[i];
		bool late = c->head_ms == 0 ? now_ms - c->since_ms > SERVER_HEAD_MS
		                            : now_ms - c->head_ms > SERVER_REQUEST_MS;
		if (!c->used || c->closing || !late)
			continue;
		/* Its thread sees the end and lets go; only then is the place free. */
		c->closing = true;
		(void)shutdown(c->fd, SHUT_RDWR); /* it may be over already */
	}
	(void)pthread_mutex_unlock(&s->lock);
}

void server_close(struct server *s)
{
	if (s == NULL)
		return;
	MHD_stop_daemon(s->daemon);
	(void)pthread_mutex_destroy(&s->lock); /* all threads have ended */
	mem_free(s);
}
