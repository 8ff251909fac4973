/* What of an ACME exchange can be read without a CA; the rest is in tests/system/test_acme.py. */
#include "net/acme_internal.h"
#include "test.h"
#include "wire/json.h"

#define NOW 1800000000 /* Fri, 15 Jan 2027 08:00:00 GMT */

TEST(waits)
{
	static const struct {
		const char *label;
		struct slice value;
		int64_t want;
	} rows[] = {
		{ "ACME-07: seconds", SLICE_INIT("120"), 120 },
		{ "ACME-07: a date", SLICE_INIT("Fri, 15 Jan 2027 08:01:00 GMT"), 60 },
		{ "ACME-07: a date that has passed", SLICE_INIT("Fri, 15 Jan 2027 07:00:00 GMT"),
		  0 },
		{ "ACME-07: not longer than a week", SLICE_INIT("Fri, 15 Jan 2038 07:00:00 GMT"),
		  ACME_RETRY_MAX },
		{ "nothing", SLICE_INIT(""), 0 },
		{ "neither", SLICE_INIT("soon"), 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(acme_retry_after(rows[i].value, NOW) == rows[i].want, rows[i].label);
}

TEST(problems)
{
	static const struct {
		const char *label, *text, *type, *words;
	} rows[] = {
		{ "ACME-08: the CA's own words",
		  "{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"CAA says no\"}", "caa",
		  "CAA says no" },
		{ "ACME-08: subproblems name what they are about",
		  "{\"type\":\"urn:ietf:params:acme:error:compound\",\"detail\":\"two\","
		  "\"subproblems\":[{\"detail\":\"one\",\"identifier\":{\"type\":\"dns\",\"value\":"
		  "\"a.example\"}},{\"detail\":\"other\"}]}",
		  "compound", "two; a.example: one; other" },
		{ "ACME-08: an unknown type without words", "{\"type\":\"https://x.example/e\"}",
		  "https://x.example/e", "the CA refused it: https://x.example/e" },
		{ "ACME-08: control characters do not reach a terminal",
		  "{\"detail\":\"a\\u001b[31mb\\r\\n\"}", "", "a [31mb  " },
		{ "ACME-08: an object of something else", "{\"error\":[1]}", "",
		  "the CA answered 418 without saying why" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct acme_problem p;
		json_t *body = NULL;

		assert_int_equal(
		        json_read(slice_str(rows[i].text), &json_limits_small, &body, NULL, NULL),
		        OK);
		acme_problem_read(body, 418, a, &p);
		EXPECT_SLICE(slice_str(p.type), slice_str(rows[i].type), rows[i].label);
		EXPECT_SLICE(slice_str(p.words), slice_str(rows[i].words), rows[i].label);
		json_decref(body);
		arena_free(a);
	}
	struct arena *a = arena_new();
	struct acme_problem p;
	acme_problem_read(NULL, 502, a, &p);
	EXPECT_SLICE(slice_str(p.words), S("the CA answered 502 without saying why"),
	             "ACME-08: a page of a proxy");
	arena_free(a);
}

TEST(urls)
{
	static const struct {
		const char *label;
		struct slice url;
		enum err want;
		const char *host, *path;
		unsigned port;
	} rows[] = {
		{ "plain", SLICE_INIT("https://ca.example/dir"), OK, "ca.example", "/dir", 443 },
		{ "port and query", SLICE_INIT("https://ca.example:14000/a?b=c"), OK, "ca.example",
		  "/a?b=c", 14000 },
		{ "no path", SLICE_INIT("https://ca.example"), OK, "ca.example", "/", 443 },
		{ "IPv6", SLICE_INIT("https://[::1]:14000/dir"), OK, "::1", "/dir", 14000 },
		{ "ACME-01: HTTPS only", SLICE_INIT("http://ca.example/dir"), ERR_SYNTAX, NULL,
		  NULL, 0 },
		{ "user information", SLICE_INIT("https://a@ca.example/"), ERR_SYNTAX, NULL, NULL,
		  0 },
		{ "no host", SLICE_INIT("https:///dir"), ERR_SYNTAX, NULL, NULL, 0 },
		{ "port 0", SLICE_INIT("https://ca.example:0/"), ERR_SYNTAX, NULL, NULL, 0 },
		{ "port 65536", SLICE_INIT("https://ca.example:65536/"), ERR_SYNTAX, NULL, NULL,
		  0 },
		{ "a line end", SLICE_INIT("https://ca.example/\r\nx"), ERR_SYNTAX, NULL, NULL, 0 },
		{ "a blank", SLICE_INIT("https://ca.example/a b"), ERR_SYNTAX, NULL, NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fetch_url u = { .port = 0 };

		EXPECT(fetch_url_parse(rows[i].url, &u) == rows[i].want, rows[i].label);
		EXPECT(u.port == rows[i].port, rows[i].label);
		if (rows[i].host != NULL) {
			EXPECT_SLICE(slice_str(u.host), slice_str(rows[i].host), rows[i].label);
			EXPECT_SLICE(slice_str(u.path), slice_str(rows[i].path), rows[i].label);
		}
	}
}

TEST(header_fields)
{
	struct fetch_answer answer = { 0 };

	buf_init(&answer.head, 1024);
	buf_add_str(&answer.head, "HTTP/1.1 200 OK\r\nReplay-Nonce:  abc \r\nX: 1\r\n\r\n");
	EXPECT_SLICE(fetch_header(&answer, "replay-nonce"), S("abc"), "case and blanks");
	EXPECT(fetch_header(&answer, "Location").p == NULL, "not there");
	fetch_answer_fini(&answer);
}

TEST_MAIN(UNIT(waits), UNIT(problems), UNIT(urls), UNIT(header_fields))
