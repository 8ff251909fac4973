#include "web/dispatch.h"

#include "web/pages.h"
#include "web/problem.h"
#include "web/session.h"

#define CSP                                                                                 \
	"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "   \
	"connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; " \
	"base-uri 'none'"

/* One request on its way. */
struct call {
	struct request q;
	const struct server_peer *peer;
	const struct dispatch_head *head;
	const struct route *route; /* NULL: none was found */
	struct web_session session;
	struct response *r;
};

static bool wants_page(const struct call *c)
{
	return !c->q.control && !slice_starts(slice_str(c->q.path), S("/api/")) &&
	       (c->route == NULL || (c->route->flags & ROUTE_PAGE) != 0);
}

static void fail(struct call *c, enum err code, const char *slug, const char *title,
                 const char *detail, const char *fix)
{
	buf_reset(&c->r->body);
	c->r->header_count = 0;
	if (wants_page(c))
		pages_error(&c->q, problem_status(code, slug), title, detail, c->r);
	else
		problem_say(c->r, code, slug, detail, fix);
}

static bool split_query(struct call *c, struct slice text)
{
	struct slice pair, name, value;

	while (slice_next(&text, '&', &pair)) {
		struct request_pair *to = &c->q.query[c->q.query_count];
		if (pair.len == 0)
			continue;
		if (c->q.query_count == ROUTE_QUERY_MAX)
			return false;
		if (!slice_cut(pair, '=', &name, &value)) {
			name = pair;
			value = S("");
		}
		if (route_decode(c->q.arena, name, true, &to->name) != OK ||
		    route_decode(c->q.arena, value, true, &to->value) != OK)
			return false;
		c->q.query_count++;
	}
	return true;
}

static bool split_target(struct call *c)
{
	struct slice target = slice_str(c->head->target), path = target, query = S("");

	(void)slice_cut(target, '?', &path, &query); /* without a mark both stay */
	c->q.path = arena_str(c->q.arena, path);
	return split_query(c, query);
}

/* A page of another site may point a browser at us by a name that it made up (rebinding). */
static bool host_fits(const struct call *c)
{
	switch (c->peer->via) {
	case SERVER_CONTROL:
		return true;
	case SERVER_LOOPBACK:
		return session_host_is_loopback(c->q.host);
	case SERVER_ADMIN:
		return session_host_fits(c->q.host, c->q.desk->set.service_host);
	}
	return false;
}

static void find_out_who(struct call *c)
{
	struct desk *d = c->q.desk;

	if (c->q.control) {
		c->q.who = c->peer->who;
		c->q.actor = c->peer->actor;
		return;
	}
	c->q.actor = "nobody";
	desk_lock(d);
	if (session_find(d, c->q.cookie, c->q.secure, c->q.now, &c->session) == OK) {
		c->q.session = &c->session;
		c->q.who = WHO_OWNER;
		c->q.actor = "session";
	} else if (c->head->authorization != NULL &&
	           session_bearer(d, c->head->authorization, c->q.now) == OK) {
		c->q.who = WHO_OWNER;
		c->q.actor = "token";
	}
	desk_unlock(d);
}

static bool may_write(const struct call *c)
{
	struct slice token =
	        c->head->csrf == NULL ? request_field(&c->q, "csrf") : slice_str(c->head->csrf);

	/* Only what a browser sends by itself can be abused by another site. */
	if (c->q.session == NULL)
		return true;
	return session_origin_fits(c->head->origin, c->q.host) &&
	       session_csrf_fits(c->q.session, token);
}

static void ask_to_sign_in(struct call *c)
{
	if (wants_page(c)) {
		c->r->status = 303;
		response_header(c->r, "Location", "/login");
		return;
	}
	fail(c, ERR_DENIED, c->q.control ? "control-denied" : "sign-in", "Sign in",
	     c->q.control ? "this user may not use the control socket" : "nobody is signed in here",
	     c->q.control ? "run it as root, as the service's user, or in the group mxseal"
	                  : "open the link that `mxseal login` prints");
	if (!c->q.control)
		response_header(c->r, "WWW-Authenticate", "Bearer");
}

static bool access_given(struct call *c)
{
	enum route_access need = c->route->access;

	if (need == ROUTE_OPEN)
		return true;
	if (c->q.who == WHO_NOBODY) {
		ask_to_sign_in(c);
		return false;
	}
	if (need == ROUTE_OWNER && c->q.who != WHO_OWNER) {
		fail(c, ERR_DENIED, "owner-only", "Not allowed", "only an owner may do this",
		     "run it as root or as the service's user");
		return false;
	}
	if (need != ROUTE_READ && !may_write(c)) {
		fail(c, ERR_DENIED, "cross-site", "Not allowed",
		     "the request did not come from a page of this service",
		     "load the page again and repeat");
		return false;
	}
	return true;
}

static bool find_route(struct call *c)
{
	const char *allow = "";
	enum route_found found =
	        route_find(c->q.arena, c->q.method, c->q.path, &c->route, c->q.params, &allow);

	if (found == ROUTE_FOUND)
		return true;
	if (found == ROUTE_NO_PATH) {
		/* Who is not signed in learns nothing about what there is. */
		if (c->q.who == WHO_NOBODY && !c->q.control)
			ask_to_sign_in(c);
		else
			fail(c, ERR_NOTFOUND, "no-such-path", "Not found", "there is nothing here",
			     NULL);
		return false;
	}
	fail(c, ERR_SYNTAX, "method", "Not this way", "this method does nothing here", NULL);
	response_header(c->r, "Allow", allow);
	return false;
}

static void call_handler(struct call *c)
{
	bool locked = (c->route->flags & ROUTE_LOCKED) != 0;

	if (locked)
		desk_lock(c->q.desk);
	c->route->handler(&c->q, c->r);
	if (locked)
		desk_unlock(c->q.desk);
	if (buf_status(&c->r->body) != OK)
		fail(c, ERR_LIMIT, "answer-too-long", "Too large", "the answer is too long", NULL);
}

/*
 * While the databases cannot be used: what needs none of them is answered, all else with the
 * reason, which is no stranger's business.
 */
static void say_fault(struct call *c)
{
	static const char *const without[] = { "/readyz", "/healthz", "/api/v1/status" };
	const struct desk *d = c->q.desk;
	bool open = false;

	if (c->q.control) {
		c->q.who = c->peer->who;
		c->q.actor = c->peer->actor;
	}
	for (size_t i = 0; i < ARRAY_LEN(without); i++)
		open = open || strcmp(c->q.path, without[i]) == 0;
	if (open) {
		if (find_route(c) && access_given(c))
			call_handler(c);
		return;
	}
	if (c->q.control && c->q.who == WHO_NOBODY)
		ask_to_sign_in(c);
	else if (c->q.secure)
		fail(c, ERR_UNAVAILABLE, "no-database", "Not now", "come again later", NULL);
	else
		fail(c, ERR_UNAVAILABLE, "no-database", "Not now",
		     arena_printf(c->q.arena,
		                  "policies are served, nothing else: the database cannot be "
		                  "used: %s",
		                  d->fault),
		     d->fault_fix);
}

static void run(struct call *c, bool too_long)
{
	if (!split_target(c)) {
		fail(c, ERR_SYNTAX, "target", "Not readable", "the address cannot be read", NULL);
		return;
	}
	if (!host_fits(c)) {
		fail(c, ERR_DENIED, "host", "Another host", "this is not a name of this service",
		     "use the address that `mxseal login` prints");
		return;
	}
	if (c->q.desk->fault != NULL) {
		say_fault(c);
		return;
	}
	find_out_who(c);
	if (!find_route(c) || !access_given(c))
		return;
	if (too_long) {
		fail(c, ERR_LIMIT, "body-too-long", "Too large", "the request is too long", NULL);
		return;
	}
	call_handler(c);
}

static bool has_header(const struct response *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (slice_eq_i(slice_str(r->headers[i].name), slice_str(name)))
			return true;
	return false;
}

void dispatch(struct desk *desk, const struct server_peer *peer, const struct dispatch_head *head,
              struct slice body, bool too_long, int64_t now, struct arena *a, struct response *r)
{
	struct call *c = arena_alloc(a, sizeof(*c));

	*c = (struct call){ .peer = peer, .head = head, .r = r };
	c->q = (struct request){
		.desk = desk,
		.arena = a,
		.method = head->method,
		.path = "",
		.body = body,
		.form = head->content_type != NULL &&
		        slice_starts_i(slice_str(head->content_type),
		                       S("application/x-www-form-urlencoded")),
		.host = head->host,
		.if_none_match = head->if_none_match,
		.if_match = slice_trim(slice_str(head->if_match)),
		.cookie = head->cookie,
		.actor = "nobody",
		.control = peer->via == SERVER_CONTROL,
		.secure = peer->via == SERVER_ADMIN,
		.now = now,
	};
	run(c, too_long);
	mem_wipe(&c->session, sizeof(c->session));
	if (!has_header(r, "Content-Security-Policy") && wants_page(c))
		response_header(r, "Content-Security-Policy", CSP);
	if (!has_header(r, "Cache-Control"))
		response_header(r, "Cache-Control", "no-store");
}
