/*
 * Connections of proxies: who their client is, and the answers on the listener for proxies that
 * end TLS themselves.
 *
 * Only what a trusted proxy says counts.  With the PROXY protocol it says so once, before anything
 * else; otherwise each request has X-Forwarded-For.  One request is answered on a connection, so
 * that no proxy and client can make two requests out of what was one.
 */
#include <assert.h>

#include "base/log.h"
#include "net/clock.h"
#include "service/edge_internal.h"
#include "wire/forwarded_for.h"
#include "wire/proxy_head.h"

bool edge_behind_trusts(const struct edge *e, const struct sockaddr_storage *peer)
{
	return e->o.proxies != NULL && trusted_has(e->o.proxies, peer);
}

void edge_behind_complain(struct edge *e, const struct sockaddr_storage *proxy, const char *why)
{
	int64_t now_ms = clock_mono_ms();
	char text[ADDRESS_TEXT_SIZE];

	if (e->said_ms != 0 && now_ms - e->said_ms < EDGE_SAY_MS)
		return;
	e->said_ms = now_ms;
	log_warn("a proxy is refused", F("address", address_format_host(proxy, text)),
	         F("why", why));
}

/* Takes what certainly belongs to the preamble, and never a byte behind it. */
static enum err read_preamble(struct edge_conn *c, struct proxy_head *out, struct diag *diag)
{
	struct edge *e = c->edge;
	size_t need = 0, got = 0;
	enum err result;

	static_assert(PROXY_HEAD_MAX <= EDGE_SCRATCH, "a preamble is read in one step");
	while ((result = proxy_head_read(buf_slice(&c->in), out, &need, diag)) == ERR_AGAIN) {
		result = stream_read(&c->stream, e->scratch, need, &got);
		if (result != OK)
			return result;
		buf_add(&c->in, slice_of(e->scratch, got));
	}
	return result;
}

enum err edge_behind_preamble(struct edge_conn *c)
{
	struct diag d = { .why = "" };
	struct proxy_head h;
	enum err e = read_preamble(c, &h, &d);

	if (e == ERR_SYNTAX || e == ERR_LIMIT)
		edge_behind_complain(c->edge, &c->address, d.why);
	if (e != OK)
		return e;
	buf_reset(&c->in);
	if (h.has_client)
		c->address = h.from;
	return edge_conn_join(c) ? edge_conn_enter(c, CONN_FIRST) : ERR_CLOSED;
}

static bool trusts(const void *arg, const struct sockaddr_storage *address)
{
	return edge_behind_trusts(arg, address);
}

/* The site of the Host field; NULL: none is served to proxies under that name. */
static const struct edge_site *site_of(const struct edge *e, struct slice host)
{
	char name[HTTP_HOST_MAX];
	const struct edge_site *site;

	if (host.len > 1 && host.p[host.len - 1] == '.')
		host.len--;
	if (host.len > sizeof(name))
		return NULL;
	for (size_t i = 0; i < host.len; i++)
		name[i] = host.p[i] >= 'A' && host.p[i] <= 'Z' ? (char)(host.p[i] - 'A' + 'a')
		                                               : host.p[i];
	site = edge_index_find(e->index, slice_of(name, host.len));
	/* With a certificate of ours nothing stands between senders and this process. */
	return site != NULL && site->kind == EDGE_POLICY && site->has_cert ? NULL : site;
}

/* What concerns the connection to the proxy alone, or says whom it speaks for. */
static bool goes_on(struct slice name)
{
	static const struct slice stay[] = {
		SLICE_INIT("Connection"),
		SLICE_INIT("Keep-Alive"),
		SLICE_INIT("Proxy-Connection"),
		SLICE_INIT("Upgrade"),
		SLICE_INIT("TE"),
		SLICE_INIT("Forwarded"),
		SLICE_INIT("X-Forwarded-For"),
		SLICE_INIT("X-Forwarded-Host"),
		SLICE_INIT("X-Forwarded-Proto"),
		SLICE_INIT("X-Real-IP"),
	};

	for (size_t i = 0; i < ARRAY_LEN(stay); i++)
		if (slice_eq_i(stay[i], name))
			return false;
	return true;
}

/* The head anew, so that the service ends the connection behind its answer; then the rest. */
static void write_first(const struct http_head *h, struct slice rest, struct buf *out)
{
	buf_add(out, h->method_text);
	buf_add_char(out, ' ');
	buf_add(out, h->target);
	buf_printf(out, " HTTP/1.%u\r\nConnection: close\r\n", h->minor);
	for (size_t i = 0; i < h->field_count; i++) {
		if (!goes_on(h->fields[i].name))
			continue;
		buf_add(out, h->fields[i].name);
		buf_add_str(out, ": ");
		buf_add(out, h->fields[i].value);
		buf_add_str(out, "\r\n");
	}
	buf_add_str(out, "\r\n");
	buf_add(out, rest);
}

/* To intake or desk, as from a handshake with that name. */
static enum err hand_over(struct edge_conn *c, const struct edge_site *site,
                          const struct http_head *head, struct slice rest)
{
	struct buf first;
	enum err e;

	memcpy(c->name, site->name.p, site->name.len);
	c->name[site->name.len] = '\0';
	c->kind = site->kind;
	buf_init(&first, 2 * HTTP_HEAD_MAX + EDGE_SCRATCH);
	write_first(head, rest, &first);
	e = buf_status(&first);
	if (e == OK)
		e = edge_relay_open(c->edge, c, &c->stream, buf_slice(&first));
	buf_fini(&first);
	if (e == OK)
		return ERR_CLOSED; /* the stream has gone; only the slot is given back */
	return edge_conn_refuse(c, 503,
	                        e == ERR_LIMIT ? "too many connections" : "not available now");
}

static enum err answer_policy(struct edge_conn *c, const struct edge_site *site,
                              struct http_head *head, size_t more)
{
	struct edge *e = c->edge;
	struct edge_request q = {
		.head = head, .name = site->name, .site = site, .now = e->o.now_s()
	};
	unsigned status = 0;
	bool close;

	c->linger = http_head_has_body(head) || more > 0;
	head->keep_alive = false;
	buf_reset(&e->answer);
	close = edge_answer(&q, &e->answer, &status);
	edge_conn_note(c, site, status);
	return edge_conn_send(c, close);
}

enum err edge_behind_answer(struct edge_conn *c, struct http_head *head, struct slice rest)
{
	const struct edge_site *site = site_of(c->edge, head->host);
	enum err known =
	        c->edge->o.preamble ? OK : forwarded_for(head, trusts, c->edge, &c->address);

	if (known == ERR_SYNTAX || known == ERR_LIMIT)
		return edge_conn_refuse(c, 400, "X-Forwarded-For malformed");
	if (site == NULL)
		return edge_conn_refuse(c, 421, "no host of that name is served behind a proxy");
	if (site->kind == EDGE_POLICY)
		return answer_policy(c, site, head, rest.len);
	if (known != OK) {
		edge_behind_complain(c->edge, &c->address, "it does not send X-Forwarded-For");
		return edge_conn_refuse(c, 400, "the proxy does not say who asks");
	}
	return hand_over(c, site, head, rest);
}
