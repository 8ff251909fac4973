#include "wire/http_head.h"

#include "base/buf.h"
#include "test.h"

#define GET "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
#define HOST "Host: mta-sts.acme.example\r\n"
#define END "\r\n"

struct verdict {
	enum err err;
	unsigned status;
};

static struct verdict read_all(struct slice in, struct http_head *h)
{
	struct http_reader r = { 0 };
	struct verdict v;

	v.err = http_head_read(&r, in, h, NULL);
	v.status = r.status;
	return v;
}

/* The same bytes, one more at each call; stops at the first answer. */
static struct verdict read_bytewise(struct slice in, struct http_head *h)
{
	struct http_reader r = { 0 };
	struct verdict v = { ERR_AGAIN, 0 };

	for (size_t n = 0; n <= in.len && v.err == ERR_AGAIN; n++)
		v.err = http_head_read(&r, slice_head(in, n), h, NULL);
	v.status = r.status;
	return v;
}

/* Laws that hold for every input: pieces do not matter, and a proper prefix is never a head. */
static void expect_laws(struct slice in, const char *label)
{
	struct http_head all = { 0 }, bytes = { 0 };
	struct verdict a = read_all(in, &all), b = read_bytewise(in, &bytes);

	EXPECT(a.err == b.err && a.status == b.status, label);
	EXPECT(all.size == bytes.size && all.field_count == bytes.field_count, label);
	EXPECT_SLICE(bytes.host, all.host, label);
	EXPECT_SLICE(bytes.path, all.path, label);
	for (size_t n = 0; a.err == OK && n < all.size; n++)
		EXPECT(read_all(slice_head(in, n), &bytes).err == ERR_AGAIN, label);
}

TEST(accepted)
{
	static const struct {
		const char *label;
		struct slice in;
		enum http_method method;
		struct slice path, query, host;
		bool keep_alive;
	} rows[] = {
		{ "STS-20: what a sender asks", SLICE_INIT(GET HOST END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""),
		  SLICE_INIT("mta-sts.acme.example"), true },
		{ "HEAD", SLICE_INIT("HEAD / HTTP/1.1\r\n" HOST END), HTTP_HEAD, SLICE_INIT("/"),
		  SLICE_INIT(""), SLICE_INIT("mta-sts.acme.example"), true },
		{ "POST", SLICE_INIT("POST /v1 HTTP/1.1\r\n" HOST END), HTTP_POST,
		  SLICE_INIT("/v1"), SLICE_INIT(""), SLICE_INIT("mta-sts.acme.example"), true },
		{ "a method nobody knows", SLICE_INIT("get / HTTP/1.1\r\n" HOST END), HTTP_OTHER,
		  SLICE_INIT("/"), SLICE_INIT(""), SLICE_INIT("mta-sts.acme.example"), true },
		{ "OPTIONS *", SLICE_INIT("OPTIONS * HTTP/1.1\r\n" HOST END), HTTP_OTHER,
		  SLICE_INIT("*"), SLICE_INIT(""), SLICE_INIT("mta-sts.acme.example"), true },
		{ "STS-98: query is split off", SLICE_INIT("GET /p?a=/b?c HTTP/1.1\r\n" HOST END),
		  HTTP_GET, SLICE_INIT("/p"), SLICE_INIT("a=/b?c"),
		  SLICE_INIT("mta-sts.acme.example"), true },
		{ "nothing is decoded", SLICE_INIT("GET /%2e%2E/a HTTP/1.1\r\n" HOST END), HTTP_GET,
		  SLICE_INIT("/%2e%2E/a"), SLICE_INIT(""), SLICE_INIT("mta-sts.acme.example"),
		  true },
		{ "host with port", SLICE_INIT(GET "Host: a.example:8443\r\n" END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""), SLICE_INIT("a.example"),
		  true },
		{ "host with empty port", SLICE_INIT(GET "Host: a.example:\r\n" END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""), SLICE_INIT("a.example"),
		  true },
		{ "largest port", SLICE_INIT(GET "Host: a.example:65535\r\n" END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""), SLICE_INIT("a.example"),
		  true },
		{ "host with final dot", SLICE_INIT(GET "Host: a.example.\r\n" END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""), SLICE_INIT("a.example."),
		  true },
		{ "address in brackets", SLICE_INIT(GET "Host: [2001:db8::1]:443\r\n" END),
		  HTTP_GET, SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""),
		  SLICE_INIT("[2001:db8::1]"), true },
		{ "one empty line before the request", SLICE_INIT("\r\n" GET HOST END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""),
		  SLICE_INIT("mta-sts.acme.example"), true },
		{ "HTTP/1.0 closes", SLICE_INIT("GET / HTTP/1.0\r\n" HOST END), HTTP_GET,
		  SLICE_INIT("/"), SLICE_INIT(""), SLICE_INIT("mta-sts.acme.example"), false },
		{ "Connection: close", SLICE_INIT(GET HOST "Connection: te, CLOSE\r\n" END),
		  HTTP_GET, SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""),
		  SLICE_INIT("mta-sts.acme.example"), false },
		{ "blanks around a value", SLICE_INIT(GET "Host: \t a.example \t\r\n" END),
		  HTTP_GET, SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""),
		  SLICE_INIT("a.example"), true },
		{ "no blank before a value", SLICE_INIT(GET "hOST:a.example\r\n" END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""), SLICE_INIT("a.example"),
		  true },
		{ "bytes above ASCII in a value",
		  SLICE_INIT(GET HOST "User-Agent: \xc3\xa9\r\n" END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""),
		  SLICE_INIT("mta-sts.acme.example"), true },
		{ "empty value", SLICE_INIT(GET HOST "X-Empty:\r\n" END), HTTP_GET,
		  SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""),
		  SLICE_INIT("mta-sts.acme.example"), true },
		{ "bytes behind the head are not read", SLICE_INIT(GET HOST END "\n\n\0\1"),
		  HTTP_GET, SLICE_INIT("/.well-known/mta-sts.txt"), SLICE_INIT(""),
		  SLICE_INIT("mta-sts.acme.example"), true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_head h = { 0 };

		EXPECT(read_all(rows[i].in, &h).err == OK, rows[i].label);
		EXPECT(h.method == rows[i].method, rows[i].label);
		EXPECT_SLICE(h.path, rows[i].path, rows[i].label);
		EXPECT_SLICE(h.query, rows[i].query, rows[i].label);
		EXPECT_SLICE(h.host, rows[i].host, rows[i].label);
		EXPECT(h.keep_alive == rows[i].keep_alive, rows[i].label);
		expect_laws(rows[i].in, rows[i].label);
	}
}

TEST(refused)
{
	static const struct {
		const char *label;
		struct slice in;
		unsigned status;
	} rows[] = {
		{ "duplicate Host", SLICE_INIT(GET HOST HOST END), 400 },
		{ "two Hosts of different case", SLICE_INIT(GET HOST "hOsT: b.example\r\n" END),
		  400 },
		{ "missing Host", SLICE_INIT(GET "Accept: */*\r\n" END), 400 },
		{ "missing Host in HTTP/1.0", SLICE_INIT("GET / HTTP/1.0\r\n" END), 400 },
		{ "empty Host", SLICE_INIT(GET "Host:\r\n" END), 400 },
		{ "Host of a port alone", SLICE_INIT(GET "Host: :443\r\n" END), 400 },
		{ "port too large", SLICE_INIT(GET "Host: a.example:65536\r\n" END), 400 },
		{ "port no number", SLICE_INIT(GET "Host: a.example:https\r\n" END), 400 },
		{ "two ports", SLICE_INIT(GET "Host: a.example:1:2\r\n" END), 400 },
		{ "user in Host", SLICE_INIT(GET "Host: u@a.example\r\n" END), 400 },
		{ "list in Host", SLICE_INIT(GET "Host: a.example, b.example\r\n" END), 400 },
		{ "slash in Host", SLICE_INIT(GET "Host: a.example/b\r\n" END), 400 },
		{ "bracket not closed", SLICE_INIT(GET "Host: [::1\r\n" END), 400 },
		{ "empty brackets", SLICE_INIT(GET "Host: []\r\n" END), 400 },
		{ "blank in brackets", SLICE_INIT(GET "Host: [:: 1]\r\n" END), 400 },
		{ "obs-fold by blank", SLICE_INIT(GET HOST "X: a\r\n b\r\n" END), 400 },
		{ "obs-fold by tab", SLICE_INIT(GET HOST "X: a\r\n\tb\r\n" END), 400 },
		{ "blank line of blanks", SLICE_INIT(GET HOST " \r\n" END), 400 },
		{ "fold before the first field", SLICE_INIT(GET " Host: a.example\r\n" END), 400 },
		{ "bare LF in the request line", SLICE_INIT("GET / HTTP/1.1\n"), 400 },
		{ "bare LF behind a field", SLICE_INIT(GET "Host: a.example\n"), 400 },
		{ "bare LF as the end", SLICE_INIT(GET HOST "\n"), 400 },
		{ "bare CR", SLICE_INIT(GET "Host: a.example\rX"), 400 },
		{ "two CR", SLICE_INIT(GET "Host: a.example\r\r\n"), 400 },
		{ "NUL in a field", SLICE_INIT(GET "Host: a.example\0"), 400 },
		{ "NUL in the request line", SLICE_INIT("GET /\0"), 400 },
		{ "control character in a field", SLICE_INIT(GET "Host: a\x1f"), 400 },
		{ "DEL in a field", SLICE_INIT(GET "Host: a\x7f"), 400 },
		{ "TLS on the plain port", SLICE_INIT("\x16\x03\x01"), 400 },
		{ "blank before the colon", SLICE_INIT(GET "Host : a.example\r\n" END), 400 },
		{ "tab before the colon", SLICE_INIT(GET HOST "X\t: a\r\n" END), 400 },
		{ "field without colon", SLICE_INIT(GET HOST "nonsense\r\n" END), 400 },
		{ "field without name", SLICE_INIT(GET HOST ": a\r\n" END), 400 },
		{ "separator in a name", SLICE_INIT(GET HOST "a(b): c\r\n" END), 400 },
		{ "byte above ASCII in a name", SLICE_INIT(GET HOST "\xc3\xa9: c\r\n" END), 400 },
		{ "conflicting Content-Length",
		  SLICE_INIT(GET HOST "Content-Length: 5\r\nContent-Length: 6\r\n" END), 400 },
		{ "repeated Content-Length",
		  SLICE_INIT(GET HOST "Content-Length: 5\r\ncontent-length: 5\r\n" END), 400 },
		{ "Content-Length list", SLICE_INIT(GET HOST "Content-Length: 5, 5\r\n" END), 400 },
		{ "Content-Length with plus", SLICE_INIT(GET HOST "Content-Length: +5\r\n" END),
		  400 },
		{ "Content-Length negative", SLICE_INIT(GET HOST "Content-Length: -5\r\n" END),
		  400 },
		{ "Content-Length in hex", SLICE_INIT(GET HOST "Content-Length: 0x5\r\n" END),
		  400 },
		{ "Content-Length empty", SLICE_INIT(GET HOST "Content-Length:\r\n" END), 400 },
		{ "Content-Length above the largest",
		  SLICE_INIT(GET HOST "Content-Length: 9007199254740993\r\n" END), 413 },
		{ "Content-Length that wraps",
		  SLICE_INIT(GET HOST "Content-Length: 18446744073709551617\r\n" END), 413 },
		{ "CL and TE",
		  SLICE_INIT(GET HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END),
		  400 },
		{ "TE and CL",
		  SLICE_INIT(GET HOST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" END),
		  400 },
		{ "two TE",
		  SLICE_INIT(GET HOST
		             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END),
		  400 },
		{ "coding not served",
		  SLICE_INIT(GET HOST "Transfer-Encoding: gzip, chunked\r\n" END), 501 },
		{ "identity coding", SLICE_INIT(GET HOST "Transfer-Encoding: identity\r\n" END),
		  501 },
		{ "TE in HTTP/1.0",
		  SLICE_INIT("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n" END),
		  400 },
		{ "expectation not known", SLICE_INIT(GET HOST "Expect: miracles\r\n" END), 417 },
		{ "absolute-form",
		  SLICE_INIT("GET http://mta-sts.acme.example/ HTTP/1.1\r\n" HOST END), 400 },
		{ "authority-form", SLICE_INIT("CONNECT a.example:443 HTTP/1.1\r\n" HOST END),
		  400 },
		{ "asterisk-form with GET", SLICE_INIT("GET * HTTP/1.1\r\n" HOST END), 400 },
		{ "relative target", SLICE_INIT("GET a HTTP/1.1\r\n" HOST END), 400 },
		{ "fragment in the target", SLICE_INIT("GET /a#b HTTP/1.1\r\n" HOST END), 400 },
		{ "byte above ASCII in the target",
		  SLICE_INIT("GET /\xc3\xa9 HTTP/1.1\r\n" HOST END), 400 },
		{ "tab in the target", SLICE_INIT("GET /a\tb HTTP/1.1\r\n" HOST END), 400 },
		{ "no target", SLICE_INIT("GET  HTTP/1.1\r\n" HOST END), 400 },
		{ "two blanks", SLICE_INIT("GET  / HTTP/1.1\r\n" HOST END), 400 },
		{ "blank at the end", SLICE_INIT("GET / HTTP/1.1 \r\n" HOST END), 400 },
		{ "blank at the start", SLICE_INIT(" GET / HTTP/1.1\r\n" HOST END), 400 },
		{ "HTTP/0.9", SLICE_INIT("GET /\r\n" HOST END), 400 },
		{ "empty method", SLICE_INIT(" / HTTP/1.1\r\n" HOST END), 400 },
		{ "method with a separator", SLICE_INIT("GE(T / HTTP/1.1\r\n" HOST END), 400 },
		{ "two empty lines before the request", SLICE_INIT("\r\n\r\n"), 400 },
		{ "version in lower case", SLICE_INIT("GET / http/1.1\r\n" HOST END), 400 },
		{ "version with two digits", SLICE_INIT("GET / HTTP/1.11\r\n" HOST END), 400 },
		{ "version without minor", SLICE_INIT("GET / HTTP/1\r\n" HOST END), 400 },
		{ "HTTP/1.2", SLICE_INIT("GET / HTTP/1.2\r\n" HOST END), 505 },
		{ "HTTP/2 preface", SLICE_INIT("PRI * HTTP/2.0\r\n\r\n"), 505 },
		{ "HTTP/0.9 by name", SLICE_INIT("GET / HTTP/0.9\r\n" HOST END), 505 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_head h = { .size = 77 };
		struct verdict v = read_all(rows[i].in, &h);

		EXPECT(v.err == (rows[i].status == 400 ? ERR_SYNTAX : ERR_LIMIT), rows[i].label);
		EXPECT(v.status == rows[i].status, rows[i].label);
		EXPECT(h.size == 77, rows[i].label);
		expect_laws(rows[i].in, rows[i].label);
	}
}

/* "GET /aaa HTTP/1.1" with a target of n bytes, and a Host. */
static void with_target(struct buf *b, size_t n)
{
	buf_reset(b);
	buf_add_str(b, "GET /");
	for (size_t i = 1; i < n; i++)
		buf_add_char(b, 'a');
	buf_add_str(b, " HTTP/1.1\r\n" HOST END);
}

static void with_method(struct buf *b, size_t n)
{
	buf_reset(b);
	for (size_t i = 0; i < n; i++)
		buf_add_char(b, 'M');
	buf_add_str(b, " / HTTP/1.1\r\n" HOST END);
}

static void with_fields(struct buf *b, size_t n)
{
	buf_reset(b);
	buf_add_str(b, GET HOST);
	for (size_t i = 1; i < n; i++)
		buf_add_str(b, "X: y\r\n");
	buf_add_str(b, END);
}

static void with_host(struct buf *b, size_t n)
{
	buf_reset(b);
	buf_add_str(b, GET "Host: ");
	for (size_t i = 0; i < n; i++)
		buf_add_char(b, 'h');
	buf_add_str(b, "\r\n" END);
}

/* A head of n bytes in all. */
static void with_size(struct buf *b, size_t n)
{
	buf_reset(b);
	buf_add_str(b, GET HOST "X: ");
	while (b->len < n - 4)
		buf_add_char(b, 'x');
	buf_add_str(b, "\r\n" END);
}

/* A request line that never ends. */
static void with_line(struct buf *b, size_t n)
{
	buf_reset(b);
	buf_add_str(b, "GET /");
	while (b->len < n)
		buf_add_char(b, 'a');
}

TEST(limits)
{
	static const struct {
		const char *label;
		void (*make)(struct buf *b, size_t n);
		size_t n;
		enum err err;
		unsigned status;
	} rows[] = {
		{ "longest target", with_target, HTTP_TARGET_MAX, OK, 0 },
		{ "target too long", with_target, HTTP_TARGET_MAX + 1, ERR_LIMIT, 414 },
		{ "longest method", with_method, HTTP_METHOD_MAX, OK, 0 },
		{ "method too long", with_method, HTTP_METHOD_MAX + 1, ERR_LIMIT, 501 },
		{ "most fields", with_fields, HTTP_FIELDS_MAX, OK, 0 },
		{ "one field more", with_fields, HTTP_FIELDS_MAX + 1, ERR_LIMIT, 431 },
		{ "longest host", with_host, HTTP_HOST_MAX, OK, 0 },
		{ "host too long", with_host, HTTP_HOST_MAX + 1, ERR_SYNTAX, 400 },
		{ "longest head", with_size, HTTP_HEAD_MAX, OK, 0 },
		{ "head too long", with_size, HTTP_HEAD_MAX + 1, ERR_LIMIT, 431 },
		{ "longest line so far", with_line, HTTP_HEAD_MAX, ERR_AGAIN, 0 },
		{ "line too long", with_line, HTTP_HEAD_MAX + 1, ERR_LIMIT, 414 },
	};
	struct buf b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_head h = { 0 };
		struct verdict v;

		rows[i].make(&b, rows[i].n);
		v = read_all(buf_slice(&b), &h);
		EXPECT(v.err == rows[i].err && v.status == rows[i].status, rows[i].label);
		expect_laws(buf_slice(&b), rows[i].label);
	}
	buf_fini(&b);
}

TEST(body_facts)
{
	struct http_head h = { 0 };

	EXPECT(read_all(S(GET HOST END), &h).err == OK, "no body");
	EXPECT(!http_head_has_body(&h) && !h.has_length && !h.expect_continue, "no body");
	EXPECT(read_all(S(GET HOST "Content-Length: 0\r\n" END), &h).err == OK, "length 0");
	EXPECT(!http_head_has_body(&h) && h.has_length, "length 0");
	EXPECT(read_all(S(GET HOST "Content-Length: 9007199254740992\r\n" END), &h).err == OK,
	       "largest length");
	EXPECT(http_head_has_body(&h) && h.length == HTTP_LENGTH_MAX, "largest length");
	EXPECT(read_all(S(GET HOST "Transfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n" END),
	                &h)
	                       .err == OK,
	       "chunked");
	EXPECT(http_head_has_body(&h) && h.chunked && h.expect_continue, "chunked");
	EXPECT(read_all(S("GET / HTTP/1.0\r\n" HOST "Expect: 100-continue\r\n" END), &h).err == OK,
	       "no interim answers in HTTP/1.0");
	EXPECT(!h.expect_continue, "no interim answers in HTTP/1.0");
}

TEST(dates)
{
	static const struct {
		int64_t t;
		const char *want;
	} rows[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 951827696, "Tue, 29 Feb 2000 12:34:56 GMT" },
		{ -1, "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ 4102444799, "Thu, 31 Dec 2099 23:59:59 GMT" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[HTTP_DATE_SIZE];

		EXPECT_SLICE(slice_str(http_date(rows[i].t, text)), slice_str(rows[i].want),
		             rows[i].want);
	}
}

TEST(helpers)
{
	struct http_head h = { 0 };
	struct slice value = { 0 };

	EXPECT(read_all(S(GET HOST "Accept: a\r\nACCEPT: b\r\n" END), &h).err == OK, "two Accept");
	EXPECT(http_head_get(&h, S("accept"), &value) == 2, "counts all");
	EXPECT_SLICE(value, S("a"), "gives the first");
	EXPECT(http_head_get(&h, S("Cookie"), NULL) == 0, "absent");
	EXPECT(http_same_host(S("A.example."), S("a.EXAMPLE")), "STS-45: case and dot are ignored");
	EXPECT(!http_same_host(S("a.example.."), S("a.example")), "two dots are not");
	EXPECT(!http_same_host(S("b.example"), S("a.example")), "other name");
	EXPECT(!http_same_host(S("."), S("")), "the root is no empty name");
	EXPECT(http_list_has(S("a , close"), S("Close")), "list with blanks");
	EXPECT(!http_list_has(S("closed"), S("close")), "whole items only");
	EXPECT_SLICE(slice_str(http_status_text(421)), S("Misdirected Request"), "known status");
	EXPECT_SLICE(slice_str(http_status_text(599)), S("Unknown"), "unknown status");
}

/* Random edits of a good head: the laws hold, and whatever is taken is what the rules say. */
TEST(edited_heads_keep_the_laws)
{
	static const char pieces[][8] = { "\r\n", "\n",    "\r",   " ", ":",
		                          "\t",   "Host:", "\xff", "/", "" };
	static const char base[] = GET HOST "Content-Length: 12\r\nX: y\r\n" END;
	uint64_t seed = 8461;
	struct buf b;

	buf_init(&b, 4096);
	for (unsigned round = 0; round < 2000; round++) {
		uint64_t start = seed;
		size_t at = test_random(&seed) % (sizeof(base) - 1);
		size_t drop = test_random(&seed) % 3;
		char label[48];

		buf_reset(&b);
		buf_add(&b, slice_of(base, at));
		buf_add_str(&b, pieces[test_random(&seed) % ARRAY_LEN(pieces)]);
		buf_add(&b, slice_skip(slice_of(base, sizeof(base) - 1), at + drop));
		(void)snprintf(label, sizeof(label), "seed %llu", (unsigned long long)start);
		expect_laws(buf_slice(&b), label);
	}
	buf_fini(&b);
}

TEST_MAIN(UNIT(accepted), UNIT(refused), UNIT(limits), UNIT(body_facts), UNIT(dates), UNIT(helpers),
          UNIT(edited_heads_keep_the_laws))
