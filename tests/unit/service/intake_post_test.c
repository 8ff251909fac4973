#include "service/intake_post.h"

#include "base/mem.h"
#include "script.h"
#include "test.h"

/* An owner that knows some tags by name. */
struct place {
	struct buf stored;
	size_t held;
	struct post *later;
};

static struct post_verdict admit(void *arg, struct slice tag)
{
	(void)arg;
	if (slice_eq(tag, S("full")))
		return (struct post_verdict){ 429, 3600 };
	if (slice_eq(tag, S("good")) || slice_eq(tag, S("again")) || slice_eq(tag, S("later")) ||
	    slice_eq(tag, S("disk")) || slice_eq(tag, S("crowded")))
		return (struct post_verdict){ 0, 0 };
	return (struct post_verdict){ 404, 0 };
}

static bool hold(void *arg, size_t size)
{
	struct place *place = arg;

	place->held += size;
	return true;
}

static bool hold_nothing(void *arg, size_t size)
{
	(void)arg;
	(void)size;
	return false;
}

static void release(void *arg, size_t size)
{
	struct place *place = arg;

	place->held -= size;
}

static void store(void *arg, struct post *p, struct slice tag, struct slice body)
{
	struct place *place = arg;

	buf_add(&place->stored, body);
	if (slice_eq(tag, S("later")))
		place->later = p;
	else
		post_stored(p, slice_eq(tag, S("again"))  ? 200
		               : slice_eq(tag, S("disk")) ? 503
		                                          : 201);
}

#define HOST "Host: reports.example\r\n"
#define GZIP "Content-Type: application/tlsrpt+gzip\r\n"
#define JSON "Content-Type: application/tlsrpt+json\r\n"
#define FIVE "Content-Length: 5\r\n\r\nabcde"

static const struct row {
	const char *label;
	struct slice in;
	const char *want;    /* the start of the answer */
	struct slice stored; /* what reached the owner */
} rows[] = {
	{ "RPT-80 RPT-81: gzip is taken",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP FIVE),
	  "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n", SLICE_INIT("abcde") },
	{ "RPT-80: json is taken", SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST JSON FIVE),
	  "HTTP/1.1 201 ", SLICE_INIT("abcde") },
	{ "RPT-80: the type in capitals with a parameter",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST
	             "Content-Type: Application/TLSRPT+JSON ; charset=utf-8\r\n" FIVE),
	  "HTTP/1.1 201 ", SLICE_INIT("abcde") },
	{ "RPT-80: Content-Encoding gzip beside json is tolerated",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST JSON
	             "Content-Encoding: gzip\r\n" FIVE),
	  "HTTP/1.1 201 ", SLICE_INIT("abcde") },
	{ "RPT-77: the same bytes again",
	  SLICE_INIT("POST /v1/report/again HTTP/1.1\r\n" HOST GZIP FIVE),
	  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", SLICE_INIT("abcde") },
	{ "what cannot be read is taken all the same",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST JSON "Content-Length: 1\r\n\r\n{"),
	  "HTTP/1.1 201 ", SLICE_INIT("{") },
	{ "chunked",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP
	             "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"),
	  "HTTP/1.1 201 ", SLICE_INIT("abcde") },
	{ "HTTP/1.0", SLICE_INIT("POST /v1/report/good HTTP/1.0\r\n" HOST GZIP FIVE),
	  "HTTP/1.1 201 ", SLICE_INIT("abcde") },
	{ "the host in capitals with a final dot and a port",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\nHost: Reports.Example.:8443\r\n" GZIP FIVE),
	  "HTTP/1.1 201 ", SLICE_INIT("abcde") },
	{ "RPT-81: the disk says no",
	  SLICE_INIT("POST /v1/report/disk HTTP/1.1\r\n" HOST GZIP FIVE),
	  "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
	  "Retry-After: 60\r\n",
	  SLICE_INIT("abcde") },
	{ "RPT-87: the allowance is used up",
	  SLICE_INIT("POST /v1/report/full HTTP/1.1\r\n" HOST GZIP FIVE),
	  "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\n"
	  "Retry-After: 3600\r\n",
	  SLICE_INIT("") },
	{ "an unknown tag", SLICE_INIT("POST /v1/report/other HTTP/1.1\r\n" HOST GZIP FIVE),
	  "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n", SLICE_INIT("") },
	{ "no tag", SLICE_INIT("POST /v1/report/ HTTP/1.1\r\n" HOST GZIP FIVE), "HTTP/1.1 404 ",
	  SLICE_INIT("") },
	{ "something behind the tag",
	  SLICE_INIT("POST /v1/report/good/x HTTP/1.1\r\n" HOST GZIP FIVE), "HTTP/1.1 404 ",
	  SLICE_INIT("") },
	{ "another path", SLICE_INIT("POST / HTTP/1.1\r\n" HOST GZIP FIVE), "HTTP/1.1 404 ",
	  SLICE_INIT("") },
	{ "an escaped path is not decoded",
	  SLICE_INIT("POST /v1/report/%67ood HTTP/1.1\r\n" HOST GZIP FIVE), "HTTP/1.1 404 ",
	  SLICE_INIT("") },
	{ "RPT-80: GET", SLICE_INIT("GET /v1/report/good HTTP/1.1\r\n" HOST "\r\n"),
	  "HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\n", SLICE_INIT("") },
	{ "RPT-80: PUT", SLICE_INIT("PUT /v1/report/good HTTP/1.1\r\n" HOST GZIP FIVE),
	  "HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\n", SLICE_INIT("") },
	{ "RPT-80: a form",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST
	             "Content-Type: multipart/form-data; boundary=x\r\n" FIVE),
	  "HTTP/1.1 415 Unsupported Media Type\r\nAccept: application/tlsrpt+gzip, ",
	  SLICE_INIT("") },
	{ "RPT-80: no type", SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST FIVE),
	  "HTTP/1.1 415 ", SLICE_INIT("") },
	{ "two types", SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP JSON FIVE),
	  "HTTP/1.1 415 ", SLICE_INIT("") },
	{ "a coding that is not known",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST JSON "Content-Encoding: br\r\n" FIVE),
	  "HTTP/1.1 415 ", SLICE_INIT("") },
	{ "no length", SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP "\r\n"),
	  "HTTP/1.1 411 ", SLICE_INIT("") },
	{ "no body",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP "Content-Length: 0\r\n\r\n"),
	  "HTTP/1.1 400 ", SLICE_INIT("") },
	{ "RPT-87: a byte too long",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP
	             "Content-Length: 26214401\r\n\r\nabc"),
	  "HTTP/1.1 413 Content Too Large\r\n", SLICE_INIT("") },
	{ "a chunk size that is none",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP
	             "Transfer-Encoding: chunked\r\n\r\nzz\r\nab"),
	  "HTTP/1.1 400 ", SLICE_INIT("") },
	{ "both lengths",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP
	             "Transfer-Encoding: chunked\r\n" FIVE),
	  "HTTP/1.1 400 ", SLICE_INIT("") },
	{ "another host",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\nHost: other.example\r\n" GZIP FIVE),
	  "HTTP/1.1 421 Misdirected Request\r\n", SLICE_INIT("") },
	{ "no HTTP", SLICE_INIT("EHLO client.example\r\n\r\n"), "HTTP/1.1 400 ", SLICE_INIT("") },
	{ "another expectation",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP "Expect: money\r\n" FIVE),
	  "HTTP/1.1 417 ", SLICE_INIT("") },
	{ "end of input in the head", SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST), "",
	  SLICE_INIT("") },
	{ "RPT-81: end of input in the body",
	  SLICE_INIT("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP
	             "Content-Length: 6\r\n\r\nabcde"),
	  "", SLICE_INIT("") },
};

static struct post_owner owner_of(struct place *place)
{
	return (struct post_owner){ admit, hold, release, store, place };
}

struct run {
	struct script script;
	struct stream stream;
	struct place place;
	struct post_owner owner;
	struct post post;
};

static void begin(struct run *r, struct slice in, size_t step)
{
	*r = (struct run){ .script = { .in = in, .step = step } };
	buf_init(&r->script.out, 65536);
	buf_init(&r->place.stored, POST_BODY_MAX);
	r->stream = script_stream(&r->script);
	r->owner = owner_of(&r->place);
	post_init(&r->post, &r->stream, &r->owner, "reports.example");
}

static void end(struct run *r)
{
	post_fini(&r->post);
	EXPECT(r->place.held == 0, "everything held was released");
	buf_fini(&r->script.out);
	buf_fini(&r->place.stored);
}

TEST(requests_and_answers)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];

		for (size_t step = 1; step <= row->in.len; step = step < 8 ? step + 1 : step * 3) {
			struct run r;
			enum err e;

			begin(&r, row->in, step);
			e = post_step(&r.post);
			EXPECT(e == (row->want[0] == '\0' ? ERR_CLOSED : OK), row->label);
			EXPECT_SLICE(slice_head(buf_slice(&r.script.out), strlen(row->want)),
			             slice_str(row->want), row->label);
			EXPECT(row->want[0] != '\0' || r.script.out.len == 0, row->label);
			EXPECT_SLICE(buf_slice(&r.place.stored), row->stored, row->label);
			end(&r);
		}
	}
}

/* RFC 9110, 10.1.1: the interim answer comes after the head was judged, and only if it is needed.
 */
TEST(expectation)
{
	static const struct {
		const char *label, *in, *want;
	} cases[] = {
		{ "a client that waits is told to go on",
		  "POST /v1/report/good HTTP/1.1\r\n" HOST GZIP
		  "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		  "HTTP/1.1 100 Continue\r\n\r\n" },
		{ "a refusal comes at once",
		  "POST /v1/report/other HTTP/1.1\r\n" HOST GZIP
		  "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		  "HTTP/1.1 404 Not Found\r\n" },
		{ "no interim answer when the body is there",
		  "POST /v1/report/good HTTP/1.1\r\n" HOST GZIP "Expect: 100-continue\r\n" FIVE,
		  "HTTP/1.1 201 Created\r\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct run r;

		begin(&r, slice_str(cases[i].in), 4096);
		r.script.open = true;
		EXPECT(post_step(&r.post) != ERR_IO, cases[i].label);
		EXPECT_SLICE(slice_head(buf_slice(&r.script.out), strlen(cases[i].want)),
		             slice_str(cases[i].want), cases[i].label);
		end(&r);
	}
}

TEST(waiting_for_the_disk)
{
	struct run r;

	begin(&r, S("POST /v1/report/later HTTP/1.1\r\n" HOST GZIP FIVE), 4096);
	EXPECT(post_step(&r.post) == ERR_AGAIN && post_want(&r.post) == 0, "waits for nothing");
	EXPECT(r.place.later == &r.post && r.script.out.len == 0,
	       "RPT-81: no answer before it is on disk");
	post_stored(&r.post, 201);
	EXPECT(post_step(&r.post) == OK, "then it goes on");
	EXPECT_SLICE(slice_head(buf_slice(&r.script.out), 12), S("HTTP/1.1 201"), "and answers");
	end(&r);
}

/* The ceiling holds for a chunked body, whose length nobody tells. */
TEST(ceiling)
{
	struct buf in;
	struct run r;

	buf_init(&in, (size_t)POST_BODY_MAX + 1024);
	buf_add_str(&in, "POST /v1/report/good HTTP/1.1\r\n" HOST GZIP
	                 "Transfer-Encoding: chunked\r\n\r\n1900000\r\n");
	for (size_t i = 0; i < POST_BODY_MAX; i++)
		buf_add_char(&in, 'a');
	buf_add_str(&in, "\r\n");
	begin(&r, buf_slice(&in), 16384);
	EXPECT(post_step(&r.post) == ERR_CLOSED, "not yet at its end");
	EXPECT(r.place.held == POST_BODY_MAX, "RPT-87: as large as allowed");
	end(&r);
	buf_add_str(&in, "1\r\na\r\n0\r\n\r\n");
	begin(&r, buf_slice(&in), 16384);
	EXPECT(post_step(&r.post) == OK, "answered");
	EXPECT_SLICE(slice_head(buf_slice(&r.script.out), 12), S("HTTP/1.1 413"),
	             "RPT-87: a byte more");
	end(&r);
	buf_fini(&in);
}

TEST(no_room)
{
	struct run r;

	begin(&r, S("POST /v1/report/good HTTP/1.1\r\n" HOST GZIP FIVE), 4096);
	r.owner.hold = hold_nothing;
	EXPECT(post_step(&r.post) == OK, "answered");
	EXPECT_SLICE(slice_head(buf_slice(&r.script.out), 12), S("HTTP/1.1 503"),
	             "RPT-87: too many bodies at once");
	end(&r);
}

/* Nothing of a request comes back, whatever it is. */
TEST(nothing_reflected)
{
	struct run r;

	begin(&r, S("POST /v1/report/marker-xyz HTTP/1.1\r\n" HOST "X: marker-xyz\r\n" GZIP FIVE),
	      4096);
	EXPECT(post_step(&r.post) == OK, "answered");
	EXPECT(slice_find_slice(buf_slice(&r.script.out), S("marker-xyz")) == SIZE_MAX,
	       "RPT-88: nothing is reflected");
	end(&r);
}

TEST_MAIN(UNIT(requests_and_answers), UNIT(expectation), UNIT(waiting_for_the_disk), UNIT(ceiling),
          UNIT(no_room), UNIT(nothing_reflected))
