#include "mtasts/horizon_json.h"

#include "test.h"

#define OPEN HORIZON_OPEN
#define MX1 "\"mx\":[\"mx1.example.net\"]"
#define MX12 "\"mx\":[\"mx1.example.net\",\"mx2.example.net\"]"
#define STAR "\"mx\":[\"*.example.net\"]"

/* What is not asked for stays 0 in a row and is not compared, see the flags. */
static const struct row {
	const char *label, *history;
	int64_t now;
	const char *retire, *wrong;
	int64_t held[4]; /* H_i; 0: not compared */
	int64_t old, remove, after, delays, until;
	bool bounce_free;
	const char *warnings; /* codes with a space behind each */
	const char *blocking;
} rows[] = {
	{ .label = "vector 1: H_old",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1000000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1000000,\"id_seen\":1000120,\"ttl\":300}]}",
	  .held = { 1604920, OPEN },
	  .old = 1604920,
	  .remove = OPEN,
	  .warnings = "" },
	{ .label = "STS-92: vector 2: an older policy outlives a newer one",
	  .history =
	          "{\"policies\":["
	          "{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":31557600," MX1
	          ",\"served_from\":0,\"served_until\":100000,\"id_seen\":0,\"ttl\":300},"
	          "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":86400," MX12
	          ",\"served_from\":100000,\"served_until\":200000,\"id_seen\":100120,\"ttl\":300},"
	          "{\"id\":\"3\",\"mode\":\"enforce\",\"max_age\":86400," MX1
	          ",\"served_from\":200000,\"id_seen\":200120,\"ttl\":300}]}",
	  .held = { 31657720, 286520, OPEN },
	  .old = 31657720,
	  .remove = OPEN,
	  .warnings = "" },
	{ .label = "STS-87: vector 3: an old policy is in the way of a retirement",
	  .history =
	          "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	          ",\"served_from\":0,\"served_until\":1000000,\"id_seen\":0,\"ttl\":300},"
	          "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	          ",\"served_from\":1000000,\"id_seen\":1000120,\"ttl\":300}],\"give_up\":345600}",
	  .now = 1100000,
	  .retire = "mx1.example.net",
	  .held = { 1604920, OPEN },
	  .old = 1604920,
	  .remove = OPEN,
	  .after = 1604920,
	  .delays = 1100000,
	  .warnings = "",
	  .blocking = "1 " },
	{ .label = "vector 3, earlier: delays are over when the TTL has passed",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1000000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1000000,\"id_seen\":1000120,\"ttl\":300}]}",
	  .now = 1000200,
	  .retire = "MX1.example.net.",
	  .old = 1604920,
	  .remove = OPEN,
	  .after = 1604920,
	  .delays = 1000420,
	  .warnings = "",
	  .blocking = "1 " },
	{ .label = "STS-87: vector 4: a pattern of the old policy covers the new host",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," STAR
	             ",\"served_from\":0,\"served_until\":1000000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1000000,\"id_seen\":1000120,\"ttl\":300}]}",
	  .now = 1100000,
	  .retire = "mx1.example.net",
	  .old = 1604920,
	  .remove = OPEN,
	  .after = 1100000,
	  .delays = 1100000,
	  .warnings = "",
	  .blocking = "" },
	{ .label = "STS-91 STS-92: vector 5: removal waits for the longest",
	  .history =
	          "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":1209600," MX1
	          ",\"served_from\":0,\"served_until\":500000,\"id_seen\":0,\"ttl\":300},"
	          "{\"id\":\"2\",\"mode\":\"testing\",\"max_age\":86400," MX1
	          ",\"served_from\":500000,\"served_until\":900000,\"id_seen\":500120,\"ttl\":300},"
	          "{\"id\":\"3\",\"mode\":\"none\",\"max_age\":86400,\"mx\":[]"
	          ",\"served_from\":900000,\"id_seen\":900120,\"ttl\":300}]}",
	  .held = { 1709720, 986520, OPEN },
	  .old = 1709720,
	  .remove = 1709720,
	  .warnings = "" },
	{ .label = "vector 6: corrected in time, no message bounces",
	  .history = "{\"policies\":[{\"id\":\"w\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":299000,\"id_seen\":0,\"ttl\":3600},"
	             "{\"id\":\"f\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":299000,\"id_seen\":300000,\"ttl\":300}],\"give_up\":345600}",
	  .wrong = "w",
	  .old = 299000 + 120 + 604800,
	  .remove = OPEN,
	  .until = 303600,
	  .bounce_free = true,
	  .warnings = "" },
	{ .label = "vector 6: corrected too late",
	  .history = "{\"policies\":[{\"id\":\"w\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":299000,\"id_seen\":0,\"ttl\":3600},"
	             "{\"id\":\"f\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":299000,\"id_seen\":343000,\"ttl\":300}],\"give_up\":345600}",
	  .wrong = "w",
	  .old = 299000 + 120 + 604800,
	  .remove = OPEN,
	  .until = 346600,
	  .bounce_free = false,
	  .warnings = "" },
	{ .label = "vector 6: exactly in time",
	  .history = "{\"policies\":[{\"id\":\"w\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":299000,\"id_seen\":0,\"ttl\":3600},"
	             "{\"id\":\"f\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":299000,\"id_seen\":342000,\"ttl\":300}],\"give_up\":345600}",
	  .wrong = "w",
	  .old = 299000 + 120 + 604800,
	  .remove = OPEN,
	  .until = 345600,
	  .bounce_free = true,
	  .warnings = "" },
	{ .label = "vector 7, edge 2: service ended, no leftover",
	  .history = "{\"policies\":[{\"id\":\"w\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":5000,\"ended\":true,\"id_seen\":0,"
	             "\"ttl\":300}]}",
	  .held = { 609860 },
	  .old = OPEN,
	  .remove = 609860,
	  .warnings = "" },
	{ .label = "STS-86: vector 8, edge 3: the TXT came before the text",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1500,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1500,\"id_seen\":1000,\"ttl\":300}]}",
	  .now = 2000,
	  .retire = "mx1.example.net",
	  .held = { 606420, OPEN },
	  .old = 606420,
	  .remove = OPEN,
	  .after = 606420,
	  .delays = OPEN,
	  .warnings = "txt-before-text ",
	  .blocking = "1 " },
	{ .label = "STS-86: vector 8: one more id in time cures it",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1500,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1500,\"served_until\":1555,\"id_seen\":1000,\"ttl\":300},"
	             "{\"id\":\"3\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1555,\"id_seen\":1560,\"ttl\":300}]}",
	  .now = 2000,
	  .retire = "mx1.example.net",
	  .old = 1555 + 120 + 604800,
	  .remove = OPEN,
	  .after = 606420,
	  .delays = 2000,
	  .warnings = "",
	  .blocking = "1 " },
	{ .label = "STS-86: vector 8: one second too early does not",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1500,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1500,\"served_until\":1555,\"id_seen\":1000,\"ttl\":300},"
	             "{\"id\":\"3\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1555,\"id_seen\":1559,\"ttl\":300}]}",
	  .old = 1555 + 120 + 604800,
	  .remove = OPEN,
	  .warnings = "txt-before-text " },
	{ .label = "edge 3: a mistake whose correction came TXT first is not bounce-free",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1500,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1500,\"id_seen\":1000,\"ttl\":300}]}",
	  .wrong = "1",
	  .old = 606420,
	  .remove = OPEN,
	  .until = 1300,
	  .bounce_free = false,
	  .warnings = "txt-before-text " },
	{ .label = "edge 4: the text changed, the id did not",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1500,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	             ",\"served_from\":1500,\"id_seen\":2000,\"ttl\":300}]}",
	  .now = 3000,
	  .retire = "mx1.example.net",
	  .wrong = NULL,
	  .old = 606420,
	  .remove = OPEN,
	  .after = 606420,
	  .delays = OPEN,
	  .warnings = "id-not-changed ",
	  .blocking = "1 " },
	{ .label = "edge 4: a mistake lasts until some id changes",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1500,\"id_seen\":0,\"ttl\":300}]}",
	  .wrong = "1",
	  .old = OPEN,
	  .remove = 1500 + 120 + 604800,
	  .until = OPEN,
	  .bounce_free = false,
	  .warnings = "not-corrected " },
	{ .label = "edge 6: testing does no harm",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"testing\",\"max_age\":604800," MX1
	             ",\"served_from\":0,\"served_until\":1500,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"testing\",\"max_age\":604800,"
	             "\"mx\":[\"mx2.example.net\"],\"served_from\":1500,\"id_seen\":9999999,"
	             "\"ttl\":300}]}",
	  .now = 5,
	  .retire = "mx1.example.net",
	  .wrong = "1",
	  .old = 606420,
	  .remove = OPEN,
	  .after = 5,
	  .delays = 9999999 + 300,
	  .until = 9999999 + 300,
	  .bounce_free = true,
	  .warnings = "retired-not-listed ",
	  .blocking = "" },
	{ .label = "STS-99: edge 7: none is still held when enforce comes back",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"none\",\"max_age\":86400,\"mx\":[]"
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":86400," MX1
	             ",\"served_from\":1000,\"id_seen\":2000,\"ttl\":300}]}",
	  .now = 87519,
	  .held = { 87520, OPEN },
	  .old = 87520,
	  .remove = OPEN,
	  .warnings = "none-still-held " },
	{ .label = "STS-99: edge 7: and no longer",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"none\",\"max_age\":86400,\"mx\":[]"
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":86400," MX1
	             ",\"served_from\":1000,\"id_seen\":2000,\"ttl\":300}]}",
	  .now = 87520,
	  .old = 87520,
	  .remove = OPEN,
	  .warnings = "" },
	{ .label = "edge 8: max_age 0 is held for the length of a fetch",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":0," MX1
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"none\",\"max_age\":0,\"mx\":[]"
	             ",\"served_from\":1000,\"id_seen\":2000,\"ttl\":300}]}",
	  .held = { 1120, OPEN },
	  .old = 1120,
	  .remove = 1120,
	  .warnings = "" },
	{ .label = "STS-28: edge 9: a max_age above the ceiling counts as the ceiling",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":9999999999," MX1
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"none\",\"max_age\":0,\"mx\":[]"
	             ",\"served_from\":1000,\"id_seen\":2000,\"ttl\":300}]}",
	  .held = { 1120 + 31557600, OPEN },
	  .old = 1120 + 31557600,
	  .remove = 1120 + 31557600,
	  .warnings = "max-age-above-ceiling " },
	{ .label = "STS-08: edge 12: an id used again hides the change from some senders",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":86400," MX1
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":86400," STAR
	             ",\"served_from\":1000,\"served_until\":5000,\"id_seen\":2000,\"ttl\":300},"
	             "{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":86400," MX12
	             ",\"served_from\":5000,\"id_seen\":6000,\"ttl\":300}]}",
	  .now = 7000,
	  .retire = "mx1.example.net",
	  .old = 5000 + 120 + 86400,
	  .remove = OPEN,
	  .after = 87520,
	  .delays = OPEN,
	  .warnings = "id-reused ",
	  .blocking = "1 " },
	{ .label = "an id that nobody has seen",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":86400," MX1
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":86400," MX12
	             ",\"served_from\":1000,\"id_seen\":null,\"ttl\":300}]}",
	  .now = 7000,
	  .retire = "mx1.example.net",
	  .wrong = "1",
	  .old = 87520,
	  .remove = OPEN,
	  .after = 87520,
	  .delays = OPEN,
	  .until = OPEN,
	  .warnings = "id-not-seen not-corrected ",
	  .blocking = "1 " },
	{ .label = "the newest policy itself names no other host",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":86400," MX1
	             ",\"served_from\":0,\"id_seen\":0,\"ttl\":300}]}",
	  .now = 7000,
	  .retire = "mx1.example.net",
	  .held = { OPEN },
	  .old = OPEN,
	  .remove = OPEN,
	  .after = OPEN,
	  .delays = OPEN,
	  .warnings = "newest-policy-blocks ",
	  .blocking = "1 " },
	{ .label = "a blocking policy that has run out blocks no more",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":86400," MX1
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":86400," MX12
	             ",\"served_from\":1000,\"id_seen\":2000,\"ttl\":300}]}",
	  .now = 87520,
	  .retire = "mx1.example.net",
	  .old = 87520,
	  .remove = OPEN,
	  .after = 87520,
	  .delays = 87520,
	  .warnings = "",
	  .blocking = "" },
	{ .label = "other constants",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":100," MX1
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"none\",\"max_age\":0,\"mx\":[]"
	             ",\"served_from\":1000,\"id_seen\":1000,\"ttl\":300}],"
	             "\"leftover\":0,\"fetch\":7,\"give_up\":1}",
	  .held = { 1107, OPEN },
	  .old = 1107,
	  .remove = 1107,
	  .warnings = "" },
	{ .label = "a text published again is not misordered",
	  .history = "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":100," MX1
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":100," MX1
	             ",\"served_from\":1000,\"id_seen\":1000,\"ttl\":300}]}",
	  .old = 1220,
	  .remove = OPEN,
	  .warnings = "" },
	{ .label = "STS-09: ids are compared octet by octet, a smaller one is as good",
	  .history = "{\"policies\":[{\"id\":\"B\",\"mode\":\"enforce\",\"max_age\":100," MX1
	             ",\"served_from\":0,\"served_until\":1000,\"id_seen\":0,\"ttl\":300},"
	             "{\"id\":\"b\",\"mode\":\"enforce\",\"max_age\":100," MX12
	             ",\"served_from\":1000,\"served_until\":2000,\"id_seen\":1060,\"ttl\":300},"
	             "{\"id\":\"A\",\"mode\":\"enforce\",\"max_age\":100," STAR
	             ",\"served_from\":2000,\"id_seen\":2060,\"ttl\":300}]}",
	  .wrong = "b",
	  .old = 2220,
	  .remove = OPEN,
	  .until = 2360,
	  .bounce_free = true,
	  .warnings = "" },
	{ .label = "nothing was ever served",
	  .history = "{\"policies\":[]}",
	  .now = 9,
	  .retire = "mx.example",
	  .old = OPEN,
	  .remove = OPEN,
	  .after = 9,
	  .delays = OPEN,
	  .warnings = "",
	  .blocking = "" },
	{ .label = "the end of time is not passed",
	  .history =
	          "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\","
	          "\"max_age\":9007199254740991," MX1
	          ",\"served_from\":0,\"served_until\":9007199254740991,\"id_seen\":0,\"ttl\":0}],"
	          "\"leftover\":9007199254740991,\"fetch\":9007199254740991}",
	  .held = { 3 * 9007199254740991 + 31557600 },
	  .old = OPEN,
	  .remove = 3 * 9007199254740991 + 31557600,
	  .warnings = "max-age-above-ceiling " },
};

static void check_warnings(const struct row *r, const struct horizon_answer *got)
{
	struct buf b;

	buf_init(&b, 1000);
	for (size_t w = 0; w < HORIZON_WARNING_COUNT; w++)
		if (got->warnings[w])
			buf_printf(&b, "%s ", horizon_warning_code((enum horizon_warning)w));
	EXPECT_SLICE(buf_slice(&b), slice_str(r->warnings), r->label);
	buf_fini(&b);
}

static void check_retirement(const struct row *r, const struct horizon_answer *got)
{
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < got->count; i++)
		if (got->blocking[i])
			buf_printf(&b, "%.*s ", SLICE_ARGS(got->policies[i].id));
	EXPECT_SLICE(buf_slice(&b), slice_str(r->blocking), r->label);
	EXPECT(got->retire_after == r->after, r->label);
	EXPECT(got->retire_after_delays == r->delays, r->label);
	buf_fini(&b);
}

TEST(vectors_and_edges)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct arena *a = arena_new();
		struct horizon_history h;
		struct horizon_answer got;
		struct diag d = { .why = "" };
		const struct horizon_question q = { r->now, slice_str(r->retire),
			                            slice_str(r->wrong) };
		enum err e = horizon_history_parse(a, slice_str(r->history), &h, &d);

		if (e == OK)
			e = horizon_compute(a, &h, &q, &got, &d);
		EXPECT(e == OK, r->label);
		if (e == OK) {
			for (size_t k = 0; k < got.count; k++)
				EXPECT(r->held[k] == 0 || got.held_until[k] == r->held[k],
				       r->label);
			EXPECT(got.old_policy_until == r->old, r->label);
			EXPECT(got.remove_after == r->remove, r->label);
			check_warnings(r, &got);
			if (r->retire != NULL)
				check_retirement(r, &got);
			if (r->wrong != NULL)
				EXPECT(got.wrong_until == r->until &&
				               got.bounce_free == r->bounce_free,
				       r->label);
		}
		arena_free(a);
	}
}

static const struct {
	const char *label, *text;
	enum err want;
} refusals[] = {
	{ "not JSON", "{", ERR_SYNTAX },
	{ "nothing", "", ERR_SYNTAX },
	{ "a list", "[]", ERR_SYNTAX },
	{ "no policies", "{}", ERR_SYNTAX },
	{ "policies is no list", "{\"policies\":{}}", ERR_SYNTAX },
	{ "a key twice", "{\"policies\":[],\"policies\":[]}", ERR_SYNTAX },
	{ "text behind", "{\"policies\":[]} x", ERR_SYNTAX },
	{ "a fraction", "{\"policies\":[],\"fetch\":1.5}", ERR_SYNTAX },
	{ "a negative number", "{\"policies\":[],\"leftover\":-1}", ERR_SYNTAX },
	{ "a number above 2^53 - 1", "{\"policies\":[],\"give_up\":9007199254740992}", ERR_SYNTAX },
	{ "a policy that is no object", "{\"policies\":[1]}", ERR_SYNTAX },
	{ "no id", "{\"policies\":[{\"mode\":\"none\",\"max_age\":1,\"served_from\":1}]}",
	  ERR_SYNTAX },
	{ "an unknown mode",
	  "{\"policies\":[{\"id\":\"a\",\"mode\":\"report\",\"max_age\":1,\"served_from\":1}]}",
	  ERR_SYNTAX },
	{ "no max_age", "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"served_from\":1}]}",
	  ERR_SYNTAX },
	{ "no served_from", "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"max_age\":1}]}",
	  ERR_SYNTAX },
	{ "served_until is text",
	  "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"max_age\":1,\"served_from\":1,"
	  "\"served_until\":\"x\"}]}",
	  ERR_SYNTAX },
	{ "mx is text",
	  "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"max_age\":1,\"served_from\":1,"
	  "\"mx\":\"x\"}]}",
	  ERR_SYNTAX },
	{ "mx has a number",
	  "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"max_age\":1,\"served_from\":1,"
	  "\"mx\":[1]}]}",
	  ERR_SYNTAX },
	{ "ended is a number",
	  "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"max_age\":1,\"served_from\":1,"
	  "\"ended\":1}]}",
	  ERR_SYNTAX },
	{ "ended, but not when",
	  "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"max_age\":1,\"served_from\":1,"
	  "\"ended\":true}]}",
	  ERR_SYNTAX },
	{ "ends before it begins",
	  "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"max_age\":1,\"served_from\":5,"
	  "\"served_until\":4}]}",
	  ERR_SYNTAX },
	{ "not in order",
	  "{\"policies\":[{\"id\":\"a\",\"mode\":\"none\",\"max_age\":1,\"served_from\":5},"
	  "{\"id\":\"b\",\"mode\":\"none\",\"max_age\":1,\"served_from\":4}]}",
	  ERR_SYNTAX },
	{ "an unknown wrong id", "{\"policies\":[]}", ERR_NOTFOUND },
};

TEST(refused)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct arena *a = arena_new();
		struct horizon_history h;
		struct horizon_answer got;
		struct diag d = { .why = NULL };
		const struct horizon_question q = { 0, S(""), S("nobody") };
		enum err e = horizon_history_parse(a, slice_str(refusals[i].text), &h, &d);

		if (e == OK)
			e = horizon_compute(a, &h, &q, &got, &d);
		EXPECT(e == refusals[i].want && d.why != NULL, refusals[i].label);
		arena_free(a);
	}
}

TEST(too_many)
{
	struct arena *a = arena_new();
	struct horizon_policy *many = arena_calloc(a, HORIZON_POLICIES_MAX + 1, sizeof(*many));
	struct horizon_history h = { HORIZON_POLICIES_MAX, many, 60, 60, 86400 };
	const struct horizon_question q = { 0, S(""), S("") };
	struct horizon_answer got;

	for (size_t i = 0; i <= HORIZON_POLICIES_MAX; i++)
		many[i] = (struct horizon_policy){ .id = S("x"), .served_until = OPEN };
	EXPECT(horizon_compute(a, &h, &q, &got, NULL) == OK, "as many as are taken");
	h.count++;
	EXPECT(horizon_compute(a, &h, &q, &got, NULL) == ERR_LIMIT, "one more");
	arena_free(a);
}

TEST(unknown_history)
{
	const struct slice mx[] = { S("mx.example") };
	const struct horizon_policy list[] = { horizon_unknown_before(1000),
		                               { S("1"), POLICY_TESTING, 86400, 1, mx, 1000, OPEN,
		                                 false, 1100, 300 } };
	const struct horizon_history h = { 2, list, 60, 60, 86400 };
	const struct horizon_question q = { 2000, S("old.example"), S("") };
	struct arena *a = arena_new();
	struct horizon_answer got;

	EXPECT(horizon_compute(a, &h, &q, &got, NULL) == OK &&
	               got.held_until[0] == 1000 + 120 + 31557600 &&
	               got.retire_after == got.held_until[0] && got.blocking[0],
	       "edge 13: another host served before: a year from the take-over");
	EXPECT(horizon_host_may_go(5000, 6000, 300) == 6300 &&
	               horizon_host_may_go(7000, 6000, 300) == 7300 &&
	               horizon_host_may_go(OPEN, 6000, 300) == OPEN,
	       "STS-91: the host goes a TTL after the record");
	arena_free(a);
}

TEST(answer)
{
	const char *history =
	        "{\"policies\":[{\"id\":\"1\",\"mode\":\"enforce\",\"max_age\":604800," MX1
	        ",\"served_from\":0,\"served_until\":1000000,\"id_seen\":0,\"ttl\":300},"
	        "{\"id\":\"2\",\"mode\":\"enforce\",\"max_age\":604800," MX12
	        ",\"served_from\":1000000,\"id_seen\":1000120,\"ttl\":300}]}";
	const char *want =
	        "{\"schema\":\"mxseal.horizon/"
	        "1\",\"policies\":[{\"id\":\"1\",\"held_until\":1604920},"
	        "{\"id\":\"2\",\"held_until\":null}],\"old_policy_until\":1604920,"
	        "\"remove_after\":null,\"retire\":{\"mx\":\"mx1.example.net\",\"after\":1604920,"
	        "\"after_if_delays_are_acceptable\":1100000,\"blocking\":[\"1\"]},"
	        "\"wrong\":{\"resolvers_may_answer_until\":1000420,\"bounce_free\":false},"
	        "\"warnings\":[]}";
	struct arena *a = arena_new();
	struct horizon_history h;
	struct horizon_answer got;
	const struct horizon_question q = { 1100000, S("mx1.example.net"), S("1") };

	EXPECT(horizon_history_parse(a, slice_str(history), &h, NULL) == OK &&
	               horizon_compute(a, &h, &q, &got, NULL) == OK,
	       "computed");
	json_t *root = horizon_answer_json(&got);
	char *text = json_dumps(root, JSON_COMPACT);
	EXPECT_SLICE(slice_str(text), slice_str(want), "the shape of the answer");
	free(text);
	json_decref(root);
	arena_free(a);
}

TEST_MAIN(UNIT(vectors_and_edges), UNIT(refused), UNIT(too_many), UNIT(unknown_history),
          UNIT(answer))
