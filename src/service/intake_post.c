#include "service/intake_post.h"

#include "net/loop.h"

#define READ_SIZE 16384u
#define ANSWER_MAX 2048u
#define HEAD_MS 10000
#define TOTAL_MS 120000
#define DRAIN_MS 5000

#define PATH "/v1/report/"

/* What each refusal says; constant words, so that nothing is reflected. */
static const struct answer {
	unsigned status;
	const char *field;  /* a header field of its own, or "" */
	const char *detail; /* NULL: no body */
} answers[] = {
	{ 200, "", NULL },
	{ 201, "", NULL },
	{ 400, "", "The request could not be read as HTTP/1.1 with a body." },
	{ 404, "",
	  "There is no such report address. Reports go to the https URI in the rua of the domain's "
	  "_smtp._tls record." },
	{ 405, "Allow: POST\r\n", "Reports are sent by POST." },
	{ 411, "", "The request must say how long the report is." },
	{ 413, "", "The report is larger than 25 MiB." },
	{ 414, "", "The address is too long." },
	{ 415, "Accept: application/tlsrpt+gzip, application/tlsrpt+json\r\n",
	  "Reports are application/tlsrpt+gzip or application/tlsrpt+json." },
	{ 417, "", "The only expectation met is 100-continue." },
	{ 421, "", "The host asked for is not the host of this connection." },
	{ 429, "", "The allowance of this report address is used up for today." },
	{ 431, "", "The header is too large." },
	{ 501, "", "The method or the transfer coding is not known." },
	{ 503, "", "The report could not be stored now. It is not lost: send it again." },
	{ 505, "", "The version of HTTP is not 1.0 or 1.1." },
};

void post_init(struct post *p, struct stream *io, const struct post_owner *owner, const char *host)
{
	*p = (struct post){ .io = io, .owner = owner, .host = host };
	buf_init(&p->in, HTTP_HEAD_MAX + READ_SIZE);
	buf_init(&p->body, POST_BODY_MAX);
	buf_init(&p->out, ANSWER_MAX);
}

static void drop_body(struct post *p)
{
	p->owner->release(p->owner->arg, p->body.len);
	buf_fini(&p->body);
}

void post_fini(struct post *p)
{
	drop_body(p);
	buf_fini(&p->in);
	buf_fini(&p->out);
}

/* The one place where state changes. */
static enum err enter(struct post *p, enum post_state next)
{
	p->state = next;
	return OK;
}

static const struct answer *answer_of(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		if (answers[i].status == status)
			return &answers[i];
	}
	return &answers[2]; /* every other refusal of the head is a bad request */
}

static enum err answer(struct post *p, struct post_verdict v)
{
	const struct answer *a = answer_of(v.status);
	char text[512];
	int length = 0;

	if (a->detail != NULL)
		length = snprintf(text, sizeof(text),
		                  "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,"
		                  "\"detail\":\"%s\"}\n",
		                  http_status_text(a->status), a->status, a->detail);
	buf_printf(&p->out, "HTTP/1.1 %u %s\r\n%s", a->status, http_status_text(a->status),
	           a->field);
	if (a->detail != NULL)
		buf_add_str(&p->out, "Content-Type: application/problem+json\r\n");
	if (v.retry_after > 0)
		buf_printf(&p->out, "Retry-After: %u\r\n", v.retry_after);
	buf_printf(&p->out,
	           "Content-Length: %d\r\nCache-Control: no-store\r\n"
	           "Connection: close\r\n\r\n",
	           length);
	if (a->detail != NULL && !p->head_only)
		buf_add_str(&p->out, text);
	p->status = a->status;
	drop_body(p);
	return enter(p, POST_REPLY);
}

static enum err refuse(struct post *p, unsigned status)
{
	return answer(p, (struct post_verdict){ .status = status });
}

/* More bytes into p->in.  ERR_AGAIN, ERR_CLOSED, ERR_IO. */
static enum err read_more(struct post *p)
{
	char bytes[READ_SIZE];
	size_t got = 0;
	enum err e = stream_read(p->io, bytes, sizeof(bytes), &got);

	if (e == OK)
		buf_add(&p->in, slice_of(bytes, got));
	return e;
}

static bool is_tag(struct slice tag)
{
	if (tag.len == 0 || tag.len > POST_TAG_MAX)
		return false;
	for (size_t i = 0; i < tag.len; i++) {
		char c = tag.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return true;
}

static bool is_report_type(const struct http_head *h)
{
	struct slice type = { NULL, 0 }, rest;

	if (http_head_get(h, S("Content-Type"), &type) != 1)
		return false;
	(void)slice_cut(type, ';', &type, &rest); /* no parameter: the whole value */
	type = slice_trim_wsp(type);
	return slice_eq_i(type, S("application/tlsrpt+gzip")) ||
	       slice_eq_i(type, S("application/tlsrpt+json"));
}

/* A gzip coding is taken: the bytes are stored as they are and looked at later. */
static bool is_known_coding(const struct http_head *h)
{
	struct slice coding = { NULL, 0 };
	size_t n = http_head_get(h, S("Content-Encoding"), &coding);

	return n == 0 ||
	       (n == 1 && (slice_eq_i(coding, S("gzip")) || slice_eq_i(coding, S("x-gzip")) ||
	                   slice_eq_i(coding, S("identity"))));
}

/* What is wrong with a whole head, in the order of what a client must fix first; 0: nothing. */
static unsigned judge(const struct post *p, const struct http_head *h)
{
	struct slice tag = slice_skip(h->path, sizeof(PATH) - 1);

	if (p->host[0] != '\0' && !http_same_host(h->host, slice_str(p->host)))
		return 421;
	if (!slice_starts(h->path, S(PATH)) || !is_tag(tag))
		return 404;
	if (h->method != HTTP_POST)
		return 405;
	if (!is_report_type(h) || !is_known_coding(h))
		return 415;
	if (!h->chunked && !h->has_length)
		return 411;
	if (h->has_length && h->length > POST_BODY_MAX)
		return 413;
	return 0;
}

static enum err begin_body(struct post *p, const struct http_head *h)
{
	p->chunked = h->chunked;
	p->left = h->length;
	if (h->expect_continue && p->in.len == h->size)
		buf_add_str(&p->out, "HTTP/1.1 100 Continue\r\n\r\n");
	buf_consume(&p->in, h->size);
	return enter(p, POST_BODY);
}

static enum err on_head(struct post *p)
{
	struct slice tag;
	struct http_head h;
	struct post_verdict v;
	enum err e = http_head_read(&p->reader, buf_slice(&p->in), &h, NULL);

	if (e == ERR_AGAIN)
		return read_more(p);
	if (e != OK)
		return refuse(p, p->reader.status);
	p->head_only = h.method == HTTP_HEAD;
	v.status = judge(p, &h);
	if (v.status != 0)
		return refuse(p, v.status);
	tag = slice_skip(h.path, sizeof(PATH) - 1);
	memcpy(p->tag, tag.p, tag.len);
	v = p->owner->admit(p->owner->arg, tag);
	return v.status != 0 ? answer(p, v) : begin_body(p, &h);
}

static enum err flush(struct post *p)
{
	while (p->out.len > 0) {
		size_t put = 0;
		enum err e = stream_write(p->io, buf_slice(&p->out), &put);

		if (e != OK)
			return e;
		buf_consume(&p->out, put);
	}
	return OK;
}

/* The next piece of content in p->in.  ERR_CLOSED: the body is whole. */
static enum err next_piece(struct post *p, struct slice *rest, struct slice *piece)
{
	if (p->chunked)
		return http_chunked_step(&p->chunks, rest, piece);
	if (p->left == 0)
		return ERR_CLOSED;
	if (rest->len == 0)
		return ERR_AGAIN;
	*piece = slice_head(*rest, p->left < rest->len ? (size_t)p->left : rest->len);
	*rest = slice_skip(*rest, piece->len);
	p->left -= piece->len;
	return OK;
}

static enum err store(struct post *p)
{
	if (p->body.len == 0)
		return refuse(p, 400);
	(void)enter(p, POST_DISK); /* before the owner, who may answer at once */
	p->owner->store(p->owner->arg, p, slice_str(p->tag), buf_slice(&p->body));
	return OK;
}

static enum err add_piece(struct post *p, struct slice piece)
{
	if (piece.len > POST_BODY_MAX - p->body.len)
		return refuse(p, 413);
	if (!p->owner->hold(p->owner->arg, piece.len))
		return answer(p, (struct post_verdict){ .status = 503, .retry_after = 60 });
	buf_add(&p->body, piece);
	return OK;
}

static enum err on_body(struct post *p)
{
	struct slice rest, piece;
	enum err e = flush(p);

	if (e != OK)
		return e;
	rest = buf_slice(&p->in);
	while ((e = next_piece(p, &rest, &piece)) == OK) {
		e = add_piece(p, piece);
		if (e != OK || p->state != POST_BODY)
			return e;
	}
	if (e == ERR_CLOSED)
		return store(p);
	if (e != ERR_AGAIN)
		return refuse(p, 400);
	buf_reset(&p->in);
	return read_more(p);
}

/* Called with nothing to do: the owner has the body. */
static enum err on_disk(struct post *p)
{
	(void)p;
	return ERR_AGAIN;
}

static enum err on_reply(struct post *p)
{
	enum err e = flush(p);

	if (e == OK)
		e = stream_finish(p->io);
	return e == OK ? enter(p, POST_DRAIN) : e;
}

static enum err on_drain(struct post *p)
{
	enum err e;

	buf_reset(&p->in);
	e = read_more(p);
	return e == ERR_CLOSED ? enter(p, POST_CLOSED) : e;
}

enum err post_step(struct post *p)
{
	static enum err (*const on[])(struct post *) = {
		[POST_HEAD] = on_head,   [POST_BODY] = on_body,   [POST_DISK] = on_disk,
		[POST_REPLY] = on_reply, [POST_DRAIN] = on_drain,
	};
	enum err e = OK;

	while (e == OK && p->state != POST_CLOSED)
		e = on[p->state](p);
	return e;
}

unsigned post_want(const struct post *p)
{
	return p->state == POST_DISK ? 0 : p->io->want;
}

void post_stored(struct post *p, unsigned status)
{
	(void)answer(p, (struct post_verdict){ .status = status,
	                                       .retry_after = status == 503 ? 60 : 0 });
}

int64_t post_deadline_ms(const struct post *p)
{
	static const int64_t limits[] = {
		[POST_HEAD] = HEAD_MS,   [POST_BODY] = TOTAL_MS,  [POST_DISK] = TOTAL_MS,
		[POST_REPLY] = TOTAL_MS, [POST_DRAIN] = DRAIN_MS, [POST_CLOSED] = 0,
	};

	return limits[p->state];
}
