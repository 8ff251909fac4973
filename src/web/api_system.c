/* The service itself: sign-in links, waiting, state, metrics, the description of the API. */
#include "base/num.h"
#include "base/utc.h"
#include "net/clock.h"
#include "service/board.h"
#include "store/held.h"
#include "store/orders.h"
#include "store/taken.h"
#include "web/api_internal.h"
#include "web/session.h"

#define WAIT_MS 30000u
#define BEAT_MS 5000

void api_login(const struct request *q, struct response *r)
{
	const struct desk_settings *set = &q->desk->set;
	char token[SESSION_TOKEN_SIZE];
	const char *base = set->admin_url, *ssh = NULL;

	if (base[0] == '\0' && set->service_host[0] != '\0')
		base = arena_printf(q->arena, "https://%s", set->service_host);
	if (base[0] == '\0') {
		problem_say(r, ERR_CONFLICT, "no-dashboard", "no listener serves the dashboard",
		            "set [listen] admin, for example to 127.0.0.1:8000");
		return;
	}
	enum err e = session_link(q->desk, q->now, token);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	if (!set->demo && slice_starts(slice_str(base), S("http://")))
		ssh = arena_printf(q->arena, "ssh -L %s:%s %s", strrchr(base, ':') + 1,
		                   base + strlen("http://"),
		                   set->service_host[0] == '\0' ? "THIS-MACHINE"
		                                                : set->service_host);
	response_json(
	        r, json_pack("{s:s, s:o, s:o, s:o}", "schema", "mxseal.login/1", "url",
	                     json_string(arena_printf(q->arena, "%s/login?token=%s", base, token)),
	                     "expires", api_time(q->now + SESSION_LINK_SECONDS), "ssh",
	                     api_string(ssh)));
	mem_wipe(token, sizeof(token));
}

void api_wait(const struct request *q, struct response *r)
{
	struct slice text = request_query(q, "seq", 0);
	uint64_t seq;

	if (text.p == NULL || num_parse_u64(text, INT64_MAX, &seq) != OK) {
		problem_say(r, ERR_SYNTAX, "seq", "seq is not a number",
		            "take it from \"seq\" of a change");
		return;
	}
	if (seq > board_committed(q->desk->board)) {
		problem_say(r, ERR_NOTFOUND, "seq-unknown", "there was no such change yet",
		            "take it from \"seq\" of a change");
		return;
	}
	if (!publish_wait(q->desk, (int64_t)seq, WAIT_MS)) {
		problem_say(r, ERR_UNAVAILABLE, "not-served",
		            "not every edge serves the change yet",
		            "try again; `mxseal doctor` and the log say more");
		return;
	}
	publish_settle(q->desk, q->now);
	response_json(r, json_pack("{s:s, s:I, s:b}", "schema", "mxseal.wait/1", "seq",
	                           (json_int_t)seq, "served_everywhere", 1));
}

static json_t *processes_json(const struct desk *d, int64_t now_ms)
{
	json_t *out = json_array();

	for (unsigned i = 0; i < BOARD_SLOTS; i++) {
		struct board_view v = board_view(d->board, i);
		if (v.pid == 0)
			continue;
		(void)json_array_append_new(
		        out,
		        json_pack("{s:s, s:i, s:i, s:I, s:o, s:I}", "role", role_name(v.role),
		                  "pid", v.pid, "generation", (int)v.generation, "applied",
		                  (json_int_t)v.applied, "silent_ms",
		                  v.beat_ms == 0 ? json_null() : json_integer(now_ms - v.beat_ms),
		                  "lost", (json_int_t)v.lost));
	}
	return out;
}

static json_t *fault_json(const struct desk *d)
{
	return d->fault == NULL ? json_null()
	                        : json_pack("{s:s, s:s}", "why", d->fault, "fix", d->fault_fix);
}

/* Without databases: what is known without them. */
static void status_at_fault(const struct request *q, struct response *r)
{
	uint64_t seq = board_committed(q->desk->board);

	response_json(r, json_pack("{s:s, s:b, s:I, s:b, s:o, s:o}", "schema", "mxseal.status/1",
	                           "demo", (int)q->desk->set.demo, "seq", (json_int_t)seq,
	                           "served_everywhere",
	                           (int)board_served_everywhere(q->desk->board, seq), "processes",
	                           processes_json(q->desk, clock_mono_ms()), "fault",
	                           fault_json(q->desk)));
}

void api_status(const struct request *q, struct response *r)
{
	uint64_t seq = board_committed(q->desk->board);
	int64_t quarantined = 0, held = 0, due;
	enum err e;

	if (q->desk->fault != NULL) {
		status_at_fault(q, r);
		return;
	}
	e = quarantine_count(q->desk->db, S(""), &quarantined);
	if (e == OK)
		e = held_count(q->desk->db, &held, &due);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	response_json(r, json_pack("{s:s, s:b, s:I, s:b, s:I, s:I, s:o, s:o, s:o, s:b, s:o}",
	                           "schema", "mxseal.status/1", "demo", (int)q->desk->set.demo,
	                           "seq", (json_int_t)seq, "served_everywhere",
	                           (int)board_served_everywhere(q->desk->board, seq), "quarantined",
	                           (json_int_t)quarantined, "held", (json_int_t)held, "processes",
	                           processes_json(q->desk, clock_mono_ms()), "alerts",
	                           api_alerts_brief(q), "alert_command", api_alerts_sending(q),
	                           "master_key_is_other", (int)atomic_load(&q->desk->key_is_other),
	                           "fault", fault_json(q->desk)));
}

/* Path parameters of a pattern as OpenAPI wants them. */
static json_t *parameters_json(const char *pattern)
{
	struct slice rest = slice_str(pattern), before, name;
	json_t *out = json_array();

	while (slice_cut(rest, '{', &before, &rest) && slice_cut(rest, '}', &name, &rest))
		(void)json_array_append_new(
		        out, json_pack("{s:o, s:s, s:b, s:{s:s}}", "name", json_text(name), "in",
		                       "path", "required", 1, "schema", "type", "string"));
	return out;
}

static void describe(json_t *paths, const struct route *row)
{
	char method[16] = "";
	json_t *path = json_object_get(paths, row->pattern), *params;

	if (path == NULL) {
		path = json_object();
		(void)json_object_set_new(paths, row->pattern, path);
	}
	for (size_t i = 0; row->method[i] != '\0' && i + 1 < sizeof(method); i++)
		method[i] = (char)(row->method[i] | 0x20);
	json_t *o = json_pack("{s:s, s:{s:{s:s}, s:{s:s, s:{s:{s:{s:s}}}}}}", "summary",
	                      row->summary, "responses", "2XX", "description", "Done", "default",
	                      "description", "Refused", "content", "application/problem+json",
	                      "schema", "$ref", "#/components/schemas/Problem");
	params = parameters_json(row->pattern);
	if (json_array_size(params) > 0)
		(void)json_object_set(o, "parameters", params);
	json_decref(params);
	if (row->access == ROUTE_OPEN)
		(void)json_object_set_new(o, "security", json_array());
	(void)json_object_set_new(path, method, o);
}

void api_openapi(const struct request *q, struct response *r)
{
	json_t *paths = json_object();

	(void)q;
	for (size_t i = 0; i < api_route_count; i++)
		describe(paths, &api_routes[i]);
	response_json(r, json_pack("{s:s, s:{s:s, s:s}, s:[{s:[]}, {s:[]}], s:o, s:{s:{s:{s:s, "
	                           "s:{s:{s:s}, s:{s:s}, "
	                           "s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}}, s:{s:{s:s, "
	                           "s:s}, s:{s:s, s:s, "
	                           "s:s}}}}",
	                           "openapi", "3.1.0", "info", "title", "mxseal", "version", "1",
	                           "security", "bearer", "session", "paths", paths, "components",
	                           "schemas", "Problem", "type", "object", "properties", "type",
	                           "type", "string", "title", "type", "string", "status", "type",
	                           "integer", "detail", "type", "string", "code", "type", "string",
	                           "fix", "type", "string", "exit", "type", "integer",
	                           "securitySchemes", "bearer", "type", "http", "scheme", "bearer",
	                           "session", "type", "apiKey", "in", "cookie", "name", "mxseal"));
}

/* One number of each process that lives; the lines of a metric stand together. */
struct process_metric {
	const char *name, *type, *help;
	bool edges; /* of these only */
	void (*put)(const struct board_view *v, int64_t now_ms, struct buf *b);
};

static void put_generation(const struct board_view *v, int64_t now_ms, struct buf *b)
{
	(void)now_ms;
	buf_printf(b, "%u", v->generation);
}

static void put_applied(const struct board_view *v, int64_t now_ms, struct buf *b)
{
	(void)now_ms;
	buf_printf(b, "%llu", (unsigned long long)v->applied);
}

static void put_lost(const struct board_view *v, int64_t now_ms, struct buf *b)
{
	(void)now_ms;
	buf_printf(b, "%llu", (unsigned long long)v->lost);
}

static void put_silence(const struct board_view *v, int64_t now_ms, struct buf *b)
{
	int64_t ms = v->beat_ms == 0 ? 0 : now_ms - v->beat_ms;

	buf_printf(b, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

static const struct process_metric process_metrics[] = {
	{ "mxseal_process_generation", "gauge", "How often a process was started", false,
	  put_generation },
	{ "mxseal_process_silent_seconds", "gauge", "Since its last sign of life", false,
	  put_silence },
	{ "mxseal_edge_applied_seq", "gauge", "Newest change that an edge serves", true,
	  put_applied },
	{ "mxseal_edge_lost_records_total", "counter", "Fetches that an edge could not count", true,
	  put_lost },
};

static void put_process_metric(const struct request *q, const struct process_metric *m,
                               struct buf *b)
{
	int64_t now = clock_mono_ms();

	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
	for (unsigned i = 0; i < BOARD_SLOTS; i++) {
		struct board_view v = board_view(q->desk->board, i);
		if (v.pid == 0 || (m->edges && v.role != ROLE_EDGE))
			continue;
		buf_printf(b, "%s{role=\"%s\",slot=\"%u\"} ", m->name, role_name(v.role), i);
		m->put(&v, now, b);
		buf_add_char(b, '\n');
	}
}

static void put_processes(const struct request *q, struct buf *b)
{
	for (size_t i = 0; i < ARRAY_LEN(process_metrics); i++)
		put_process_metric(q, &process_metrics[i], b);
}

/* Progress of many first certificates, and whether any is held up. */
static enum err put_orders(const struct request *q, struct buf *out)
{
	int64_t counts[ORDER_STATES], waiting;
	enum err e = orders_count(q->desk->db, TENANT_ONLY, counts, &waiting);

	if (e != OK)
		return e;
	buf_add_str(out,
	            "# HELP mxseal_certificate_hosts Hosts by state of their certificate's order\n"
	            "# TYPE mxseal_certificate_hosts gauge\n");
	for (unsigned i = 0; i < ORDER_STATES; i++)
		buf_printf(out, "mxseal_certificate_hosts{state=\"%s\"} %lld\n",
		           order_state_name((enum order_state)i), (long long)counts[i]);
	buf_printf(out,
	           "# HELP mxseal_certificate_hosts_waiting Of these, held up for a reason\n"
	           "# TYPE mxseal_certificate_hosts_waiting gauge\n"
	           "mxseal_certificate_hosts_waiting %lld\n",
	           (long long)waiting);
	return OK;
}

/* Also what left nothing behind: foreign reports, and messages without any. */
static enum err put_taken(const struct request *q, struct buf *out)
{
	struct taken *rows;
	size_t count;
	enum err e = taken_list(q->desk->db, q->arena, &rows, &count);

	if (e != OK)
		return e;
	buf_add_str(out,
	            "# HELP mxseal_taken_total Messages by the way they came, and their reports "
	            "by what became of them\n# TYPE mxseal_taken_total counter\n");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "mxseal_taken_total{way=\"%s\",outcome=\"%s\"} %lld\n", rows[i].way,
		           rows[i].outcome, (long long)rows[i].count);
	return OK;
}

/* Over the admin host anybody comes. */
static bool is_stranger(const struct request *q)
{
	return q->secure && q->who == WHO_NOBODY;
}

void api_metrics(const struct request *q, struct response *r)
{
	int64_t counts[STAGE_COUNT];
	int64_t quarantined = 0, held = 0, due;

	if (is_stranger(q)) {
		problem_say(r, ERR_DENIED, "sign-in", "nobody is signed in here",
		            "send a bearer token");
		response_header(r, "WWW-Authenticate", "Bearer");
		return;
	}
	/* Without names: the page is open to whoever reaches the loopback listener. */
	enum err e = domains_count_stages(q->desk->db, TENANT_ONLY, counts);
	if (e == OK)
		e = quarantine_count(q->desk->db, S(""), &quarantined);
	if (e == OK)
		e = held_count(q->desk->db, &held, &due);
	if (e == OK)
		e = put_orders(q, &r->body);
	if (e == OK)
		e = put_taken(q, &r->body);
	if (e == OK)
		e = api_ways_metrics(q, &r->body);
	if (e == OK)
		e = api_fetches_metrics(q, &r->body);
	if (e == OK)
		e = api_alerts_metrics(q, &r->body);
	if (e != OK) {
		buf_reset(&r->body);
		api_store_failed(q, e, r);
		return;
	}
	r->content_type = "text/plain; version=0.0.4; charset=utf-8";
	buf_add_str(&r->body,
	            "# HELP mxseal_domains Domains by stage\n# TYPE mxseal_domains gauge\n");
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		buf_printf(&r->body, "mxseal_domains{stage=\"%s\"} %lld\n",
		           domain_stage_name((enum domain_stage)i), (long long)counts[i]);
	buf_printf(&r->body,
	           "# HELP mxseal_quarantined_messages Messages that could not be read\n"
	           "# TYPE mxseal_quarantined_messages gauge\nmxseal_quarantined_messages %lld\n"
	           "# HELP mxseal_held_messages Mails that wait for their signer's key\n"
	           "# TYPE mxseal_held_messages gauge\nmxseal_held_messages %lld\n"
	           "# HELP mxseal_change_seq Newest change for the edges\n"
	           "# TYPE mxseal_change_seq counter\nmxseal_change_seq %llu\n",
	           (long long)quarantined, (long long)held,
	           (unsigned long long)board_committed(q->desk->board));
	put_processes(q, &r->body);
}

void api_healthz(const struct request *q, struct response *r)
{
	const struct desk *d = q->desk;
	json_t *o = json_pack("{s:s}", "status", d->fault == NULL ? "ok" : "no-database");

	if (d->fault != NULL && !is_stranger(q))
		(void)json_object_set_new(o, "fault", fault_json(d));
	else if (d->fault == NULL && !is_stranger(q))
		(void)json_object_set_new(o, "alerts", api_alerts_brief(q));
	response_json(r, o);
	r->status = d->fault == NULL ? 200 : 503;
}

/* Policies can be served while one edge lives and answers; the database does not matter. */
void api_readyz(const struct request *q, struct response *r)
{
	int64_t now = clock_mono_ms();
	unsigned live = 0;

	for (unsigned i = 0; i < BOARD_SLOTS; i++) {
		struct board_view v = board_view(q->desk->board, i);
		if (v.pid != 0 && v.role == ROLE_EDGE && v.beat_ms != 0 &&
		    now - v.beat_ms < BEAT_MS)
			live++;
	}
	response_json(r, json_pack("{s:s, s:i}", "status", live > 0 ? "ready" : "not-ready",
	                           "edges", (int)live));
	r->status = live > 0 ? 200 : 503;
}
