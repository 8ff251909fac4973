#include "service/edge_answer.h"

static const char policy_path[] = "/.well-known/mta-sts.txt";

/* Everything that differs between answers. */
struct reply {
	unsigned status;
	struct slice body;
	const char *extra; /* further header lines, each with its CRLF */
	struct slice etag; /* empty: no-store */
	bool without_body; /* HEAD and 304 */
	bool close;
	int64_t now;
};

static void write_reply(const struct reply *r, struct buf *out)
{
	char date[HTTP_DATE_SIZE];

	buf_printf(out, "HTTP/1.1 %u %s\r\nDate: %s\r\n", r->status, http_status_text(r->status),
	           http_date(r->now, date));
	if (r->status != 304)
		buf_printf(out, "Content-Type: text/plain\r\nContent-Length: %zu\r\n", r->body.len);
	if (r->etag.len > 0)
		buf_printf(out, "ETag: \"%.*s\"\r\nCache-Control: max-age=60, must-revalidate\r\n",
		           SLICE_ARGS(r->etag));
	else
		buf_add_str(out, "Cache-Control: no-store\r\n");
	buf_add_str(out, r->extra == NULL ? "" : r->extra);
	buf_add_str(out, r->close ? "Connection: close\r\n\r\n" : "\r\n");
	if (!r->without_body)
		buf_add(out, r->body);
}

/* RFC 9110, 13.1.2: weak comparison, a list or a star. */
static bool etag_matches(struct slice list, struct slice etag)
{
	struct slice item;

	while (slice_next(&list, ',', &item)) {
		item = slice_trim_wsp(item);
		if (slice_starts(item, S("W/")))
			item = slice_skip(item, 2);
		if (slice_eq(item, S("*")))
			return true;
		if (item.len == etag.len + 2 && item.p[0] == '"' && item.p[item.len - 1] == '"' &&
		    slice_eq(slice_head(slice_skip(item, 1), etag.len), etag))
			return true;
	}
	return false;
}

static void reply_policy(const struct edge_request *q, struct reply *r)
{
	struct slice known = { NULL, 0 };

	r->status = 200;
	r->body = q->site->text;
	r->etag = q->site->etag;
	/* Senders never ask so (RFC 8461, 3.3); a proxy in front may. */
	if (http_head_get(q->head, S("If-None-Match"), &known) > 0 &&
	    etag_matches(known, q->site->etag)) {
		r->status = 304;
		r->without_body = true;
	}
}

enum verdict { SERVE, CHALLENGE, PLAIN, MISDIRECTED, GONE, OTHER_PATH, OTHER_METHOD };

static enum verdict judge(const struct edge_request *q)
{
	if (q->name.len == 0 && q->challenge.len > 0 &&
	    (q->head->method == HTTP_GET || q->head->method == HTTP_HEAD))
		return CHALLENGE;
	if (q->name.len == 0)
		return PLAIN;
	if (!http_same_host(q->head->host, q->name))
		return MISDIRECTED;
	if (q->site == NULL || q->site->kind != EDGE_POLICY)
		return GONE;
	if (!slice_eq(q->head->path, slice_of(policy_path, sizeof(policy_path) - 1)))
		return OTHER_PATH;
	return q->head->method == HTTP_GET || q->head->method == HTTP_HEAD ? SERVE : OTHER_METHOD;
}

/* The line of each refusal, and its status. */
static void reply_refusal(const struct edge_request *q, enum verdict v, struct buf *line,
                          struct reply *r)
{
	switch (v) {
	case PLAIN:
		r->status = 404;
		buf_add_str(line, "Only ACME challenges are answered here; "
		                  "policies are served over HTTPS.\n");
		break;
	case MISDIRECTED:
		r->status = 421;
		buf_printf(line, "This connection is for %.*s; Host names another host.\n",
		           SLICE_ARGS(q->name));
		break;
	case OTHER_PATH:
	case OTHER_METHOD:
		r->status = v == OTHER_PATH ? 404 : 405;
		r->extra = v == OTHER_PATH ? NULL : "Allow: GET, HEAD\r\n";
		buf_printf(line, "This host serves the MTA-STS policy of %.*s by GET at %s only.\n",
		           SLICE_ARGS(q->site->domain), policy_path);
		break;
	case GONE:
	case SERVE:
	case CHALLENGE:
	default:
		r->status = 404;
		buf_printf(line, "%.*s is no longer served here.\n", SLICE_ARGS(q->name));
		break;
	}
	r->body = buf_slice(line);
}

bool edge_answer(const struct edge_request *q, struct buf *out, unsigned *status_out)
{
	struct reply r = { .close = !q->head->keep_alive || http_head_has_body(q->head),
		           .without_body = q->head->method == HTTP_HEAD,
		           .now = q->now };
	enum verdict v = judge(q);
	struct buf line;

	buf_init(&line, 1024);
	if (v == SERVE) {
		reply_policy(q, &r);
	} else if (v == CHALLENGE) { /* RFC 8555, 8.3 */
		r.status = 200;
		r.body = q->challenge;
	} else {
		reply_refusal(q, v, &line, &r);
	}
	write_reply(&r, out);
	buf_fini(&line);
	*status_out = r.status;
	return r.close;
}

void edge_refuse(unsigned status, const char *why, int64_t now, struct buf *out)
{
	struct reply r = { .status = status, .close = true, .now = now };
	struct buf line;

	buf_init(&line, 1024);
	buf_printf(&line, "%s: %s.\n", http_status_text(status), why);
	r.body = buf_slice(&line);
	r.extra = status == 503 ? "Retry-After: 10\r\n" : NULL;
	write_reply(&r, out);
	buf_fini(&line);
}
