/* The line about a mail's signatures: written by a reader, read without trust. */
#include "tlsrpt/signatures.h"

#include "test.h"
#include "tlsrpt/report_show.h"
#include "unit/wire/dkim_vectors.h"

static enum err parse(struct slice line, struct arena *a, struct dkim_scan **out)
{
	struct show_line shown = { 0 };
	enum err e = report_show_parse(line, a, &shown, NULL);

	if (e == OK && shown.kind != SHOW_SIGNATURES)
		e = ERR_NOTFOUND;
	*out = shown.signatures;
	return e;
}

static bool same(const struct dkim_signed *x, const struct dkim_signed *y)
{
	if (x->fault != y->fault || !slice_eq(x->domain, y->domain) ||
	    !slice_eq(x->selector, y->selector))
		return false;
	return x->fault != DKIM_NONE ||
	       (slice_eq(x->identity, y->identity) && x->algorithm == y->algorithm &&
	        memcmp(x->digest, y->digest, SHA256_SIZE) == 0 && slice_eq(x->b, y->b) &&
	        x->has_time == y->has_time && x->time == y->time &&
	        x->has_expiry == y->has_expiry && x->expiry == y->expiry &&
	        x->covers_domain == y->covers_domain && x->covers_submitter == y->covers_submitter);
}

TEST(written_and_read)
{
	static const char *const messages[] = {
		RFC8463_MESSAGE,
		RFC6376_MESSAGE,
		"From: nobody\r\n\r\n",
		"DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=k; h=from; l=1; bh=x; "
		"b=y\r\n" RFC8463_MESSAGE,
		"DKIM-Signature: v=3; d=A.example\r\nFrom: \"x\" <y@B.Example>\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct arena *a = arena_new();
		struct dkim_scan *scan = arena_alloc(a, sizeof(*scan)), *back = NULL;
		struct buf line;

		buf_init(&line, 65536);
		dkim_scan(slice_str(messages[i]), a, scan);
		report_show_signatures(scan, S("x.eml"), &line);
		EXPECT(parse(buf_slice(&line), a, &back) == OK, messages[i]);
		assert_non_null(back);
		EXPECT(back->count == scan->count && back->left_out == scan->left_out &&
		               slice_eq(back->from, scan->from),
		       messages[i]);
		for (size_t k = 0; k < scan->count; k++)
			EXPECT(same(&scan->signatures[k], &back->signatures[k]), messages[i]);
		buf_fini(&line);
		arena_free(a);
	}
}

#define LINE(from, list)                                                                      \
	"{\"schema\":\"mxseal.signatures/1\",\"file\":\"\",\"from\":" from ",\"left_out\":0," \
	"\"signatures\":[" list "]}"
#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SIGNATURE(domain, identity, algorithm, digest, b, time)                          \
	"{\"fault\":\"pass\",\"domain\":\"" domain                                       \
	"\",\"selector\":\"k\",\"identity\":\"" identity "\",\"algorithm\":\"" algorithm \
	"\",\"digest\":\"" digest "\",\"b\":\"" b "\",\"time\":" time                    \
	",\"expiry\":null,\"covers_domain\":true,\"covers_submitter\":false}"
#define GOOD SIGNATURE("a.example", "a.example", "rsa-sha256", DIGEST, "c2ln", "1")

static const struct {
	const char *label, *line;
	enum err want;
} rows[] = {
	{ "one signature", LINE("\"a.example\"", GOOD), OK },
	{ "no From", LINE("null", ""), OK },
	{ "a fault alone",
	  LINE("null", "{\"fault\":\"body-changed\",\"domain\":null,"
	               "\"selector\":null}"),
	  OK },
	{ "a fault nobody knows",
	  LINE("null", "{\"fault\":\"x\",\"domain\":null,\"selector\":null}"), ERR_SYNTAX },
	{ "capitals", LINE("\"A.example\"", GOOD), ERR_SYNTAX },
	{ "no name", LINE("\"a b.example\"", GOOD), ERR_SYNTAX },
	{ "a domain that is none",
	  LINE("null", SIGNATURE("a", "a", "rsa-sha256", DIGEST, "c2ln", "1")), ERR_SYNTAX },
	{ "an identity elsewhere",
	  LINE("null", SIGNATURE("a.example", "b.example", "rsa-sha256", DIGEST, "c2ln", "1")),
	  ERR_SYNTAX },
	{ "DKIM-15: another algorithm",
	  LINE("null", SIGNATURE("a.example", "a.example", "rsa-sha1", DIGEST, "c2ln", "1")),
	  ERR_SYNTAX },
	{ "a short digest",
	  LINE("null", SIGNATURE("a.example", "a.example", "rsa-sha256", "00", "c2ln", "1")),
	  ERR_SYNTAX },
	{ "no signature bytes",
	  LINE("null", SIGNATURE("a.example", "a.example", "rsa-sha256", DIGEST, "", "1")),
	  ERR_SYNTAX },
	{ "a negative time",
	  LINE("null", SIGNATURE("a.example", "a.example", "rsa-sha256", DIGEST, "c2ln", "-1")),
	  ERR_SYNTAX },
	{ "pass without the rest",
	  LINE("null", "{\"fault\":\"pass\",\"domain\":\"a.example\","
	               "\"selector\":\"k\"}"),
	  ERR_SYNTAX },
	{ "eleven",
	  LINE("null", GOOD "," GOOD "," GOOD "," GOOD "," GOOD "," GOOD "," GOOD "," GOOD "," GOOD
	                    "," GOOD "," GOOD),
	  ERR_SYNTAX },
	{ "no list",
	  "{\"schema\":\"mxseal.signatures/1\",\"file\":\"\",\"from\":null,\"left_out\":0}",
	  ERR_SYNTAX },
};

TEST(nothing_is_believed)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct dkim_scan *scan = NULL;

		EXPECT(parse(slice_str(rows[i].line), a, &scan) == rows[i].want, rows[i].label);
		arena_free(a);
	}
}

TEST_MAIN(UNIT(written_and_read), UNIT(nothing_is_believed))
