/* Reports sent into a store of their own, for the tests of reports and figures. */
#ifndef TESTS_UNIT_STORE_REPORTS_FIXTURE_H
#define TESTS_UNIT_STORE_REPORTS_FIXTURE_H

#include "base/utc.h"
#include "store/domains.h"
#include "store/figures.h"
#include "store/summary.h"
#include "tlsrpt/report_json.h"
#include "unit/store/fixture.h"

#define DAY MIDNIGHT /* 2026-01-01 */
#define ALL (TRUST_HEADLINE | TRUST_BIT(TRUST_UNSIGNED))

static const unsigned char raw_digest[SHA256_SIZE] = { 9 };

/* What a row of a table says about one arrival; empty members take the usual value. */
struct sent {
	const char *json; /* the policies */
	enum report_trust trust;
	const char *signer, *organization, *id; /* organization and id: as written in the report */
	const char *known_as, *domain;
	enum report_claim claim;
	int64_t signer_room;
	const char *range;
};

static inline struct report_outcome send(struct fixture *f, const struct sent *s)
{
	struct report_outcome out = { 0 };
	struct report_fault fault;
	struct report model = { 0 };
	const char *range = s->range != NULL ? s->range
	                                     : "\"start-datetime\":\"2026-01-01T00:00:00Z\","
	                                       "\"end-datetime\":\"2026-01-01T23:59:59Z\"";
	const char *json =
	        arena_printf(f->a,
	                     "{\"organization-name\":\"%s\",%s%s%s\"date-range\":{%s},\"contact-"
	                     "info\":\"a@b.c\","
	                     "\"policies\":[%s]}",
	                     s->organization == NULL ? "Sender" : s->organization,
	                     s->id == NULL      ? "\"report-id\":\"r1\","
	                     : s->id[0] == '\0' ? ""
	                                        : "\"report-id\":\"",
	                     s->id == NULL ? "" : s->id,
	                     s->id == NULL || s->id[0] == '\0' ? "" : "\",", range, s->json);
	struct report_arrival in = {
		.report = &model,
		.trust = s->trust,
		.signer = slice_str(s->signer),
		.organization = slice_str(s->known_as),
		.claim = s->claim,
		.signer_room = s->signer_room,
		.domain = slice_str(s->domain),
		.raw_sha256 = raw_digest,
		.place = { 20260102, 100, 200 },
		.arrived = NOON + UTC_DAY,
	};

	if (s->range != NULL && s->range[0] == '\0')
		json = arena_printf(f->a,
		                    "{\"organization-name\":\"Sender\",\"report-id\":\"r1\","
		                    "\"policies\":[%s]}",
		                    s->json);
	assert_int_equal(report_json_parse(slice_str(json), f->a, &model, &fault), OK);
	assert_int_equal(reports_store(f->db, TENANT_ONLY, &in, f->a, &out), OK);
	return out;
}

#define POLICY(type, domain, mx, good, bad, rows)                                         \
	"{\"policy\":{\"policy-type\":\"" type "\",\"policy-domain\":\"" domain           \
	"\",\"mx-host\":[" mx "]},\"summary\":{\"total-successful-session-count\":" #good \
	",\"total-failure-session-count\":" #bad "},\"failure-details\":[" rows "]}"
#define FAILURE(type, mx, n, reason)                                    \
	"{\"result-type\":\"" type "\",\"receiving-mx-hostname\":\"" mx \
	"\",\"failed-session-count\":" #n ",\"failure-reason-code\":\"" reason "\"}"

#define TEN_GOOD POLICY("sts", "example.com", "\"mx.example.com\"", 10, 0, "")
#define NINE_GOOD                                                \
	POLICY("sts", "example.com", "\"mx.example.com\"", 9, 1, \
	       FAILURE("certificate-expired", "MX.example.com.", 1, "E1"))

static inline struct summary summary(struct fixture *f, int64_t domain, unsigned trusts)
{
	struct summary s = { 0 };

	assert_int_equal(summary_read(f->db, domain, DAY - 30 * UTC_DAY, DAY + 30 * UTC_DAY, trusts,
	                              f->a, &s),
	                 OK);
	return s;
}

/* Figures as text, for comparing and for the law that they follow the stored reports. */
static inline struct slice figures_text(struct fixture *f)
{
	static const char text[] =
	        "select coalesce(group_concat(line, ' '), '') from ("
	        "select 'f' || domain || day || organization || trust || policy_type || mx_host ||"
	        " result_type || '=' || sessions as line from figure union all"
	        " select 't' || domain || day || organization || trust || '=' || reports || ',' ||"
	        " successful || ',' || failed from figure_total union all"
	        " select 'x' || domain || day || organization || trust || result_type ||"
	        " reason_code || '=' || sessions from figure_failure order by 1)";
	sqlite3_stmt *st = NULL;

	assert_int_equal(sqlite3_prepare_v2(f->db->conn.handle, text, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	struct slice out = arena_copy(f->a, slice_str((const char *)sqlite3_column_text(st, 0)));
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	return out;
}

#endif
