#include "service/edge_answer.h"

#include "test.h"

#define PATH "/.well-known/mta-sts.txt"
#define HOST "Host: mta-sts.a.example\r\n"
#define TEXT "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"

static const struct edge_site policy = { .kind = EDGE_POLICY,
	                                 .name = SLICE_INIT("mta-sts.a.example"),
	                                 .domain = SLICE_INIT("a.example"),
	                                 .text = SLICE_INIT(TEXT),
	                                 .etag = SLICE_INIT("abc") };

struct got {
	unsigned status;
	bool close;
	struct slice head, body;
};

/* The answer to one request on a connection for mta-sts.a.example, or on the plain listener. */
static struct got ask(struct slice request, bool plain, bool gone, struct buf *out)
{
	struct http_reader r = { 0 };
	struct http_head head = { .size = 0 };
	struct edge_request q = { .head = &head,
		                  .name = plain ? S("") : policy.name,
		                  .site = plain || gone ? NULL : &policy,
		                  .now = 784111777 };
	struct got g = { .status = 0 };
	struct slice all;
	size_t end;

	assert_int_equal(http_head_read(&r, request, &head, NULL), OK);
	buf_reset(out);
	g.close = edge_answer(&q, out, &g.status);
	all = buf_slice(out);
	end = slice_find_slice(all, S("\r\n\r\n"));
	g.head = slice_head(all, end + 2);
	g.body = slice_skip(all, end + 4);
	return g;
}

TEST(a_policy_to_the_byte)
{
	static const char want[] = "HTTP/1.1 200 OK\r\n"
	                           "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	                           "Content-Type: text/plain\r\n"
	                           "Content-Length: 44\r\n"
	                           "ETag: \"abc\"\r\n"
	                           "Cache-Control: max-age=60, must-revalidate\r\n"
	                           "\r\n" TEXT;
	struct buf out;

	buf_init(&out, EDGE_ANSWER_MAX);
	(void)ask(S("GET " PATH " HTTP/1.1\r\n" HOST "\r\n"), false, false, &out);
	EXPECT_SLICE(buf_slice(&out), slice_str(want),
	             "STS-47 STS-54 STS-90: no redirect, no coding, one minute in caches");
	buf_fini(&out);
}

TEST(requests)
{
	static const struct {
		const char *label;
		struct slice in;
		bool plain, gone;
		unsigned status;
		bool close;
		const char *has; /* a header line that must be there */
	} rows[] = {
		{ "STS-98: GET", SLICE_INIT("GET " PATH " HTTP/1.1\r\n" HOST "\r\n"), false, false,
		  200, false, "\r\nETag: \"abc\"\r\n" },
		{ "STS-98: HEAD", SLICE_INIT("HEAD " PATH " HTTP/1.1\r\n" HOST "\r\n"), false,
		  false, 200, false, "\r\nContent-Length: 44\r\n" },
		{ "STS-98: a query is ignored",
		  SLICE_INIT("GET " PATH "?x=y HTTP/1.1\r\n" HOST "\r\n"), false, false, 200, false,
		  "\r\nContent-Length: 44\r\n" },
		{ "the client closes",
		  SLICE_INIT("GET " PATH " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), false,
		  false, 200, true, "\r\nConnection: close\r\n" },
		{ "HTTP/1.0 closes", SLICE_INIT("GET " PATH " HTTP/1.0\r\n" HOST "\r\n"), false,
		  false, 200, true, "\r\nConnection: close\r\n" },
		{ "a body closes",
		  SLICE_INIT("GET " PATH " HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n"), false,
		  false, 200, true, "\r\nConnection: close\r\n" },
		{ "STS-98: other path", SLICE_INIT("GET / HTTP/1.1\r\n" HOST "\r\n"), false, false,
		  404, false, "\r\nCache-Control: no-store\r\n" },
		{ "STS-47: a final slash is another path",
		  SLICE_INIT("GET " PATH "/ HTTP/1.1\r\n" HOST "\r\n"), false, false, 404, false,
		  NULL },
		{ "case of the path matters",
		  SLICE_INIT("GET /.well-known/MTA-STS.txt HTTP/1.1\r\n" HOST "\r\n"), false, false,
		  404, false, NULL },
		{ "nothing is decoded",
		  SLICE_INIT("GET /.well-known/mta%2dsts.txt HTTP/1.1\r\n" HOST "\r\n"), false,
		  false, 404, false, NULL },
		{ "two slashes", SLICE_INIT("GET /" PATH " HTTP/1.1\r\n" HOST "\r\n"), false, false,
		  404, false, NULL },
		{ "STS-98: POST", SLICE_INIT("POST " PATH " HTTP/1.1\r\n" HOST "\r\n"), false,
		  false, 405, false, "\r\nAllow: GET, HEAD\r\n" },
		{ "STS-98: DELETE", SLICE_INIT("DELETE " PATH " HTTP/1.1\r\n" HOST "\r\n"), false,
		  false, 405, false, "\r\nCache-Control: no-store\r\n" },
		{ "OPTIONS *", SLICE_INIT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), false, false, 404,
		  false, NULL },
		{ "STS-45: another Host",
		  SLICE_INIT("GET " PATH " HTTP/1.1\r\nHost: b.example\r\n\r\n"), false, false, 421,
		  false, "\r\nCache-Control: no-store\r\n" },
		{ "STS-45: case, final dot and port are ignored",
		  SLICE_INIT("GET " PATH " HTTP/1.1\r\nHost: MTA-STS.a.Example.:8443\r\n\r\n"),
		  false, false, 200, false, NULL },
		{ "gone since the handshake", SLICE_INIT("GET " PATH " HTTP/1.1\r\n" HOST "\r\n"),
		  false, true, 404, false, "\r\nCache-Control: no-store\r\n" },
		{ "STS-20: plain HTTP serves no policy",
		  SLICE_INIT("GET " PATH " HTTP/1.1\r\n" HOST "\r\n"), true, false, 404, false,
		  "\r\nCache-Control: no-store\r\n" },
		{ "a challenge that nobody set",
		  SLICE_INIT("GET /.well-known/acme-challenge/x HTTP/1.1\r\n" HOST "\r\n"), true,
		  false, 404, false, NULL },
		{ "the tag a cache has",
		  SLICE_INIT("GET " PATH " HTTP/1.1\r\n" HOST
		             "If-None-Match: \"x\", W/\"abc\"\r\n\r\n"),
		  false, false, 304, false, "\r\nETag: \"abc\"\r\n" },
		{ "any tag",
		  SLICE_INIT("GET " PATH " HTTP/1.1\r\n" HOST "If-None-Match: *\r\n\r\n"), false,
		  false, 304, false, NULL },
		{ "another tag",
		  SLICE_INIT("GET " PATH " HTTP/1.1\r\n" HOST "If-None-Match: \"ab\", abc\r\n\r\n"),
		  false, false, 200, false, NULL },
	};
	struct buf out;

	buf_init(&out, EDGE_ANSWER_MAX);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct got g = ask(rows[i].in, rows[i].plain, rows[i].gone, &out);
		bool empty = slice_starts(rows[i].in, S("HEAD")) || g.status == 304;

		EXPECT(g.status == rows[i].status && g.close == rows[i].close, rows[i].label);
		EXPECT(rows[i].has == NULL ||
		               slice_find_slice(g.head, slice_str(rows[i].has)) != SIZE_MAX,
		       rows[i].label);
		EXPECT((g.body.len == 0) == empty, rows[i].label);
		EXPECT(slice_find_slice(g.head, S("Location")) == SIZE_MAX, "STS-47: no redirect");
		EXPECT(slice_find_slice(g.head, S("Set-Cookie")) == SIZE_MAX, "STS-98: no cookie");
		if (g.status >= 400)
			EXPECT(slice_find(g.body, '\n') == g.body.len - 1, "one line");
	}
	buf_fini(&out);
}

TEST(refusals)
{
	struct buf out;

	buf_init(&out, EDGE_ANSWER_MAX);
	edge_refuse(400, "second Host", 0, &out);
	EXPECT(slice_starts(buf_slice(&out), S("HTTP/1.1 400 Bad Request\r\n")), "status");
	EXPECT(slice_ends(buf_slice(&out), S("\r\n\r\nBad Request: second Host.\n")), "one line");
	EXPECT(slice_find_slice(buf_slice(&out), S("\r\nConnection: close\r\n")) != SIZE_MAX,
	       "closes");
	buf_reset(&out);
	edge_refuse(503, "not now", 0, &out);
	EXPECT(slice_find_slice(buf_slice(&out), S("\r\nRetry-After: 10\r\n")) != SIZE_MAX,
	       "later");
	buf_fini(&out);
}

TEST_MAIN(UNIT(a_policy_to_the_byte), UNIT(requests), UNIT(refusals))
