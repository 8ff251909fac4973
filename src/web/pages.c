#include "web/pages.h"

#include "base/log.h"
#include "store/quarantine.h"
#include "web/assets.h"
#include "web/pages_data.h"
#include "web/pages_view.h"
#include "web/session.h"

#define QUARANTINE_PAGE 100u

static struct frame frame_of(const struct request *q, const char *title)
{
	return (struct frame){
		.demo = q->desk->set.demo,
		.csrf = q->session == NULL ? NULL : q->session->csrf,
		.title = title,
		.now = q->now,
	};
}

static void is_page(struct response *r)
{
	r->content_type = "text/html; charset=utf-8";
	response_header(r, "Cache-Control", "no-store");
}

static void redirect(struct response *r, const char *where)
{
	r->status = 303;
	response_header(r, "Location", where);
	is_page(r);
}

void pages_error(const struct request *q, unsigned status, const char *title, const char *detail,
                 struct response *r)
{
	struct frame f = frame_of(q, title);

	r->status = status;
	is_page(r);
	page_error(&r->body, &f, detail);
}

/* Turns a result of the store into the page that says so. */
static void put_error(const struct request *q, enum err e, struct response *r)
{
	if (e == ERR_NOTFOUND || e == ERR_SYNTAX) {
		pages_error(q, 404, "No such domain",
		            "No domain of this name is known here. It may have been removed.", r);
		return;
	}
	log_error("a page could not be made", F("path", q->path), F("reason", err_name(e)));
	pages_error(q, 503, "Not now",
	            "The database did not answer. Load the page again in a moment.", r);
}

static void get_domains(const struct request *q, struct response *r)
{
	struct frame f = frame_of(q, "Domains");
	struct slice after = request_query(q, "after", 0);
	struct view_domains v;
	enum err e =
	        pages_read_domains(q->desk, after.p == NULL ? S("") : after, q->now, q->arena, &v);

	if (e != OK) {
		put_error(q, e, r);
		return;
	}
	is_page(r);
	page_domains(&r->body, &f, &v);
}

static void get_domain(const struct request *q, struct response *r)
{
	struct view_domain v;
	enum err e = pages_read_domain(q->desk, q->params[0], q->now, q->arena, &v);

	if (e != OK) {
		put_error(q, e, r);
		return;
	}
	struct frame f = frame_of(q, v.domain->name);
	is_page(r);
	page_domain(&r->body, &f, &v, q->arena);
}

static void get_quarantine(const struct request *q, struct response *r)
{
	struct slice after = request_query(q, "cursor", 0), domain = request_query(q, "domain", 0);
	struct frame f = frame_of(q, "Quarantine");
	struct quarantine_row *rows = NULL;
	size_t count = 0;
	enum err e = quarantine_list(q->desk->db, domain.p == NULL ? S("") : domain,
	                             after.p == NULL ? S("") : after, QUARANTINE_PAGE, q->arena,
	                             &rows, &count);

	if (e != OK) {
		put_error(q, e, r);
		return;
	}
	is_page(r);
	page_quarantine(&r->body, &f, domain, rows, count,
	                count == QUARANTINE_PAGE ? rows[count - 1].sha256 : NULL);
}

/* A person may paste the whole link where the token is asked for. */
static struct slice token_of(struct slice pasted)
{
	size_t at = slice_find_slice(pasted, S("token="));

	return slice_trim(at == SIZE_MAX ? pasted : slice_skip(pasted, at + strlen("token=")));
}

static void get_login(const struct request *q, struct response *r)
{
	struct slice token = request_query(q, "token", 0);
	enum login_why why = LOGIN_ASKED;

	if (token.p != NULL) {
		if (session_open(q, token_of(token), r) == OK) {
			redirect(r, "/");
			return;
		}
		why = LOGIN_EXPIRED;
		r->status = 403;
	} else if (q->session != NULL) {
		redirect(r, "/");
		return;
	} else if (request_query(q, "out", 0).p != NULL) {
		why = LOGIN_OUT;
	}
	struct frame f = frame_of(q, "Sign in");
	is_page(r);
	page_login(&r->body, &f, why);
}

static void post_logout(const struct request *q, struct response *r)
{
	session_close(q, r);
	redirect(r, "/login?out=1");
}

static void get_asset(const struct request *q, struct response *r)
{
	const struct asset_file *file = asset_find(q->params[0]);

	if (file == NULL) {
		pages_error(q, 404, "Not found", "There is no such file.", r);
		return;
	}
	r->content_type = file->type;
	response_header(r, "Cache-Control", "public, max-age=31536000, immutable");
	buf_add(&r->body, file->content);
}

const struct route pages_routes[] = {
	{ "GET", "/", ROUTE_READ, ROUTE_PAGE | ROUTE_LOCKED, get_domains, NULL },
	{ "GET", "/domains/{d}", ROUTE_READ, ROUTE_PAGE, get_domain, NULL },
	{ "GET", "/quarantine", ROUTE_READ, ROUTE_PAGE | ROUTE_LOCKED, get_quarantine, NULL },
	{ "GET", "/login", ROUTE_OPEN, ROUTE_PAGE | ROUTE_LOCKED, get_login, NULL },
	{ "POST", "/logout", ROUTE_WRITE, ROUTE_PAGE | ROUTE_LOCKED, post_logout, NULL },
	{ "GET", "/assets/{name}", ROUTE_OPEN, ROUTE_PAGE, get_asset, NULL },
};
const size_t pages_route_count = ARRAY_LEN(pages_routes);
