#include "sample.h"
#include "store/quarantine.h"
#include "test.h"
#include "web/assets.h"
#include "web/needs.h"
#include "web/pages_view.h"

static const struct frame frame = { .demo = true, .csrf = "token", .title = "T", .now = NOW };

static bool has(const struct buf *b, const char *what)
{
	return slice_find_slice(buf_slice(b), slice_str(what)) != SIZE_MAX;
}

static size_t count(const struct buf *b, const char *what)
{
	struct slice rest = buf_slice(b);
	size_t n = 0, at;

	while ((at = slice_find_slice(rest, slice_str(what))) != SIZE_MAX) {
		n++;
		rest = slice_skip(rest, at + 1);
	}
	return n;
}

/* What a strict Content-Security-Policy and a reader without scripts rely on. */
static void expect_sound(const struct buf *b, const char *label)
{
	EXPECT(buf_status(b) == OK, label);
	EXPECT(!has(b, " style=") && !has(b, "<style") && !has(b, " onclick") && !has(b, "{}"),
	       label);
	EXPECT(!has(b, "src=\"http") && !has(b, "src=\"//") && !has(b, "href=\"http"), label);
	EXPECT(count(b, "<script") == count(b, "<script src=\"/assets/"), label);
	EXPECT(count(b, "<h1>") == 1 && has(b, "class=\"skip\"") && has(b, "lang=\"en\""), label);
	EXPECT(count(b, "<table") == count(b, "</table>"), label);
	EXPECT(count(b, "<section") == count(b, "</section>"), label);
	EXPECT(count(b, "<div") == count(b, "</div>"), label);
	EXPECT(count(b, "<details") == count(b, "</details>"), label);
	EXPECT(count(b, "<p>") + count(b, "<p ") == count(b, "</p>"), label);
}

static void render(struct buf *b, const struct view_domain *v)
{
	struct arena *a = arena_new();

	buf_reset(b);
	page_domain(b, &frame, v, a);
	arena_free(a);
}

TEST(domain_page)
{
	struct sample s;
	struct buf b;

	sample_fill(&s);
	buf_init(&b, 4u << 20);
	render(&b, &s.view);
	expect_sound(&b, "domain page");
	EXPECT(has(&b, "Demonstration"), "a demonstration says so");
	EXPECT(has(&b, "<div>daily</div>") && has(&b, "62.7 %"), "rhythm and share of a sender");
	EXPECT(has(&b, "<dt>Posted</dt>") && has(&b, "<dt>Imported</dt>"), "how reports came in");
	EXPECT(has(&b, "nothing for 3 days"), "a sender that fell silent");
	EXPECT(has(&b, "mx2.filter.test is not in your policy"), "what needs me comes first");
	EXPECT(has(&b, "mode: testing\nmx: mx1.acme.example\n"), "the policy's text");
	EXPECT(has(&b, "20260501090000"), "its id");
	EXPECT(has(&b, "2026-05-15 00:02 UTC"), "the horizon");
	EXPECT(has(&b, "acme.example.k3vq7z.rpt.sts.mxseal.example."), "a record's value");
	EXPECT(has(&b, ">_smtp._tls<") && has(&b, ">_smtp._tls.acme.example<"),
	       "relative and full name");
	EXPECT(has(&b, "An MX host is not in the policy"), "a failure is explained");
	EXPECT(has(&b, "--add-mx"), "and how it is repaired");
	EXPECT(has(&b, "12 of 1,924 sessions failed (0.6 %)"), "the sum over a count");
	EXPECT(has(&b, "Unsigned reports, shown apart"), "RPT-89: unsigned reports stand apart");
	EXPECT(has(&b, ">posted</span>") && has(&b, ">signed</span>"),
	       "RPT-89: where a report came from is shown");
	EXPECT(has(&b, "3 messages"), "quarantine is counted");
	buf_fini(&b);
}

TEST(days_without_a_report)
{
	struct sample s;
	struct buf b;

	sample_fill(&s);
	buf_init(&b, 4u << 20);
	render(&b, &s.view);
	EXPECT(count(&b, "<tr class=\"gap\"") == 5, "a gap for each");
	EXPECT(count(&b, "data-ok=") == SAMPLE_DAYS - 5, "and a row for each other day");
	EXPECT(has(&b, "<tr class=\"gap\" data-day=\"2026-04-25\"><th scope=\"row\">2026-04-25</th>"
	               "<td colspan=\"3\">no report</td>"),
	       "a gap is not zero");
	EXPECT(has(&b, "15 of 20 days have a report"), "the sentence says how many");
	s.figures.day_count--;
	render(&b, &s.view);
	EXPECT(has(&b, "14 of 19 days have a report") && count(&b, ">not over yet<") == 1,
	       "today, not over yet, is not held against anybody");
	buf_fini(&b);
}

TEST(no_reports_at_all)
{
	struct sample s;
	struct buf b;

	sample_fill(&s);
	s.figures.day_count = s.figures.organization_count = s.figures.failure_count = 0;
	s.figures.total = (struct summary_counts){ 0 };
	s.apart = s.figures;
	buf_init(&b, 4u << 20);
	render(&b, &s.view);
	expect_sound(&b, "no reports");
	EXPECT(has(&b, "no data") && !has(&b, "0 failures"), "no data is not 0 failures");
	EXPECT(has(&b, "No report has arrived yet"), "and it says so");
	buf_fini(&b);
}

/* Text of reports shows as text wherever it appears. */
TEST(hostile_text)
{
	struct sample s;
	struct buf b;

	sample_fill(&s);
	buf_init(&b, 4u << 20);
	render(&b, &s.view);
	EXPECT(!has(&b, "<img"), "RPT-88: no element from a report");
	/* NOLINTNEXTLINE(misc-misleading-bidirectional): it is looked for */
	EXPECT(!has(&b, "\x1b") && !has(&b, "\xe2\x80\xae") && !has(&b, "\xff"),
	       "RPT-88: no control character, no override, no stray byte");
	EXPECT(count(&b, "&lt;img src=x onerror=alert(1)&gt;") == 3, "RPT-88: three times as text");
	EXPECT(slice_is_utf8(buf_slice(&b)), "the page is UTF-8");
	EXPECT(has(&b, "Codes that mxseal has no text for"), "unknown codes are shown as such");
	buf_fini(&b);
}

/* A page stays small whatever reporters write. */
TEST(many_rows)
{
	static struct summary_failure failures[SUMMARY_ROWS_MAX];
	static struct summary_organization senders[SUMMARY_ROWS_MAX];
	static char words[SUMMARY_ROWS_MAX][512];
	struct sample s;
	struct buf b;

	sample_fill(&s);
	for (size_t i = 0; i < SUMMARY_ROWS_MAX; i++) {
		memset(words[i], '<', sizeof(words[i]));
		words[i][0] = (char)('a' + i % 26);
		struct slice text = slice_of(words[i], sizeof(words[i]));
		failures[i] = (struct summary_failure){ text, text, 1, TODAY, TODAY };
		senders[i] = (struct summary_organization){ .name = text, .counts = { 1, 1, 1 } };
	}
	s.figures.failures = failures;
	s.figures.failure_count = SUMMARY_ROWS_MAX;
	s.figures.organizations = senders;
	s.figures.organization_count = SUMMARY_ROWS_MAX;
	buf_init(&b, 4u << 20);
	render(&b, &s.view);
	expect_sound(&b, "many rows");
	EXPECT(b.len < 1u << 20, "RPT-88: a thousand long texts make a page below a megabyte");
	EXPECT(has(&b, "and 980 more of the same kind") && has(&b, "and 800 more"),
	       "what is left out is said");
	buf_fini(&b);
}

/* A line says what the domain's own page would: what failed long ago needs nobody. */
TEST(lines_of_the_list)
{
	static const struct {
		const char *label;
		int64_t days_ago;
		enum status want;
	} rows[] = {
		{ "failed yesterday", 1, STATUS_WARNING },
		{ "failed a week ago", 7, STATUS_WARNING },
		{ "failed before that", 8, STATUS_PASSED },
	};
	struct view_line lines[3];
	const char *why;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sample_lines(lines);
		lines[0].last_failed = TODAY - rows[i].days_ago * UTC_DAY;
		EXPECT(needs_of_line(&lines[0], NOW, &why) == rows[i].want, rows[i].label);
	}
	EXPECT(needs_of_line(&lines[1], NOW, &why) == STATUS_PASSED, "nothing ever failed");
	EXPECT(needs_of_line(&lines[2], NOW, &why) == STATUS_WARNING, "no policy");
}

TEST(other_pages)
{
	struct view_line lines[3];
	struct buf b;

	sample_lines(lines);
	struct view_domains v = { .now = NOW, .count = 3, .lines = lines, .quarantined = 1 };
	buf_init(&b, 1u << 20);
	page_domains(&b, &frame, &v);
	expect_sound(&b, "list of domains");
	EXPECT(has(&b, "48,211") && has(&b, "no report") && has(&b, "60 days"), "its figures");
	EXPECT(!has(&b, "Where reports are fetched"), "nothing is fetched");

	static const struct supply_row ways[] = {
		{ .kind = "imap",
		  .name = "office",
		  .why = "<script>alert(1)</script>",
		  .note = "" },
		{ .kind = "watch",
		  .name = "/srv/<b>",
		  .why = "",
		  .note = "",
		  .good = NOW,
		  .taken = 1234 },
	};
	v.ways = ways;
	v.way_count = ARRAY_LEN(ways);
	buf_reset(&b);
	page_domains(&b, &frame, &v);
	expect_sound(&b, "list with mailboxes");
	EXPECT(has(&b, "office") && has(&b, "1,234") && has(&b, "Problem"), "how each fares");
	EXPECT(!has(&b, "<script>alert") && !has(&b, "/srv/<b>"), "escaped");
	buf_reset(&b);
	v.count = 0;
	page_domains(&b, &frame, &v);
	expect_sound(&b, "empty list");
	EXPECT(has(&b, "mxseal domain add"), "an empty list says how to begin");

	struct frame out = frame;
	out.csrf = NULL;
	buf_reset(&b);
	page_login(&b, &out, LOGIN_EXPIRED);
	expect_sound(&b, "sign-in");
	EXPECT(has(&b, "mxseal login") && !has(&b, "Sign out"), "an expired link says what to run");
	out.demo = false;
	buf_reset(&b);
	page_error(&b, &out, "Nothing is here.");
	expect_sound(&b, "error");
	EXPECT(!has(&b, "Demonstration"), "a product is no demonstration");
	buf_fini(&b);
}

TEST(needs)
{
	static const struct cert old = { .issuer = "", .not_before = 0, .not_after = NOW };
	static const struct cert last_third = { .not_before = NOW - (int64_t)70 * UTC_DAY,
		                                .not_after = NOW + (int64_t)20 * UTC_DAY };
	struct need out[NEEDS_MAX];
	struct sample s;
	struct arena *a = arena_new();

	sample_fill(&s);
	s.view.mx_count = 1;
	s.figures.failure_count = 0;
	EXPECT(needs_of_domain(&s.view, a, out) == 0, "nothing");
	s.view.cert = &old;
	EXPECT(needs_of_domain(&s.view, a, out) == 1 && out[0].impact == IMPACT_OFF &&
	               out[0].status == STATUS_PROBLEM,
	       "an expired certificate switches protection off");
	s.view.mx_count = 2;
	EXPECT(needs_of_domain(&s.view, a, out) == 2 && out[0].status == STATUS_PROBLEM &&
	               out[1].impact == IMPACT_WOULD_REFUSE,
	       "worst first");
	s.view.cert = NULL;
	EXPECT(needs_of_domain(&s.view, a, out) == 2 &&
	               strstr(out[0].title, "No certificate") != NULL,
	       "no certificate");
	s.view.newest = s.view.served = NULL;
	EXPECT(needs_of_domain(&s.view, a, out) == 1,
	       "no policy comes before all that follows from it");
	EXPECT(needs_of_cert(&sample_cert, NOW) == STATUS_PASSED, "60 of 90 days left");
	EXPECT(needs_of_cert(&last_third, NOW) == STATUS_WARNING, "20 of 90 days left");
	arena_free(a);
}

TEST(records_that_need_somebody)
{
	static const struct record_server there[] = {
		{ "ns1.<b>", "192.0.2.53", "wrong", 60, 1, { "TXT <script>" } }
	};
	struct records *dns;
	struct need out[NEEDS_MAX];
	struct sample s;
	struct arena *a = arena_new();
	struct buf b;

	sample_fill(&s);
	s.view.mx_count = 1;
	s.figures.failure_count = 0;
	dns = arena_alloc(a, sizeof(*dns));
	dns->count = 2;
	dns->rows[0] = (struct record_row){ .purpose = "policy-id",
		                            .way = "txt",
		                            .name = "_mta-sts.acme.example",
		                            .relative = "_mta-sts",
		                            .type = "TXT",
		                            .value = "v=STSv1; id=1;",
		                            .state = "waiting-for-you" };
	dns->rows[1] = (struct record_row){ .purpose = "reports",
		                            .way = "txt",
		                            .name = "_smtp._tls.acme.example",
		                            .relative = "_smtp._tls",
		                            .type = "TXT",
		                            .value = "v=TLSRPTv1; rua=mailto:a@b.example",
		                            .state = "wrong",
		                            .mistake = "two records: leave one",
		                            .server_count = 1,
		                            .servers = there };
	dns->waits = true;
	s.view.dns = dns;
	s.view.records = dns->rows;
	s.view.record_count = 2;
	EXPECT(needs_of_domain(&s.view, a, out) == 2 && out[0].status == STATUS_WARNING &&
	               out[0].impact == IMPACT_BLIND,
	       "reports that go elsewhere");
	EXPECT(out[1].status == STATUS_WAITING && strstr(out[1].title, "Waiting for you") != NULL &&
	               strcmp(out[1].command, "v=STSv1; id=1;") == 0,
	       "the line to type, to copy");
	buf_init(&b, 1u << 20);
	page_part_setup(&b, &s.view);
	const char *page = buf_str(&b);
	EXPECT(strstr(page, "ns1.&lt;b&gt;") != NULL && strstr(page, "TXT &lt;script&gt;") != NULL,
	       "what servers answer is text");
	EXPECT(strstr(page, "waiting for you") != NULL, "the state in words");
	buf_fini(&b);
	arena_free(a);
}

/* What an authority says is a stranger's text. */
static struct alert_row open_row(enum alert_cause cause, unsigned level)
{
	return (struct alert_row){ .name = "acme.example",
		                   .domain = 1,
		                   .cause = cause,
		                   .state = { .level = level,
		                              .extent = 1,
		                              .subject = "",
		                              .said_subject = "",
		                              .opened = NOW - 3600 },
		                   .detail = "<b>seen</b>",
		                   .step = "Look.",
		                   .command = "mxseal alert check acme.example" };
}

TEST(alerts_on_pages)
{
	struct alert_row rows[] = { open_row(ALERT_POLICY, 1), open_row(ALERT_MX, 1),
		                    open_row(ALERT_CERT, 1) };
	struct need out[NEEDS_MAX];
	struct sample s;
	struct arena *a = arena_new();
	struct buf b;

	sample_fill(&s);
	s.view.mx_count = 1;
	s.figures.failure_count = 0;
	s.view.alerts = rows;
	s.view.alert_count = ARRAY_LEN(rows);
	EXPECT(needs_of_domain(&s.view, a, out) == 1 && out[0].status == STATUS_PROBLEM &&
	               out[0].impact == IMPACT_OFF,
	       "what is known from elsewhere as well is not said twice");
	buf_init(&b, 1u << 20);
	page_part_alerts(&b, rows, 0, true);
	EXPECT(b.len == 0, "nothing is open");
	rows[2].domain = 0;
	rows[2].name = "host.example";
	page_part_alerts(&b, rows, ARRAY_LEN(rows), true);
	EXPECT(has(&b, "href=\"/domains/acme.example\"") && has(&b, "&lt;b&gt;seen&lt;/b&gt;"),
	       "a domain leads to its page, what was seen is text");
	EXPECT(has(&b, "host.example") && !has(&b, "/domains/host.example"),
	       "a host of the service has none");
	EXPECT(has(&b, "protection off") && has(&b, "Senders cannot fetch the policy"),
	       "what it is and what it does to mail");
	buf_reset(&b);
	page_part_alerts(&b, rows, 1, false);
	EXPECT(!has(&b, "href="), "on its own page no link");
	buf_fini(&b);
	arena_free(a);
}

TEST(alerts_in_the_list)
{
	static const struct {
		const char *label;
		enum alert_cause cause;
		unsigned level;
		enum status want;
	} rows[] = {
		{ "cannot be fetched", ALERT_POLICY, 1, STATUS_PROBLEM },
		{ "no id", ALERT_ID, 2, STATUS_PROBLEM },
		{ "another id", ALERT_ID, 1, STATUS_WARNING },
		{ "an MX host, enforce", ALERT_MX, 2, STATUS_PROBLEM },
		{ "reports stopped", ALERT_REPORTS, 1, STATUS_WARNING },
	};
	struct publication p = sample_publication;
	struct policy policy = *sample_publication.policy;
	const char *why;

	policy.mode = POLICY_ENFORCE;
	p.policy = &policy;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct view_line l = { .domain = &sample_domain,
			               .newest = &p,
			               .cert = &sample_cert,
			               .last_day = TODAY };

		EXPECT(needs_of_line(&l, NOW, &why) == STATUS_PASSED, "all is well");
		l.alerts[rows[i].cause] = rows[i].level;
		EXPECT(needs_of_line(&l, NOW, &why) == rows[i].want, rows[i].label);
	}
}

TEST(orders)
{
	struct order o = { .state = ORDER_WANTED,
		           .why = "<b>no</b>",
		           .problem = "caa",
		           .due = NOW + 60,
		           .renew_at = NOW,
		           .explanation = "https://ca.example/\"><script>" };
	static const struct cert late = { .not_before = NOW - (int64_t)70 * UTC_DAY,
		                          .not_after = NOW + (int64_t)20 * UTC_DAY,
		                          .issuer = "CA",
		                          .source = "acme" };
	struct need out[NEEDS_MAX];
	struct sample s;
	struct arena *a = arena_new();
	struct buf b;

	sample_fill(&s);
	s.view.mx_count = 1;
	s.figures.failure_count = 0;
	s.view.order = &o;
	EXPECT(needs_of_domain(&s.view, a, out) == 0, "with 60 of 90 days left it is not urgent");
	s.view.cert = &late;
	EXPECT(needs_of_domain(&s.view, a, out) == 1 && out[0].status == STATUS_WARNING &&
	               strstr(out[0].why, "Not renewed: <b>no</b>") != NULL &&
	               strstr(out[0].command, "cert renew") != NULL,
	       "CERT-07: late: why, and what to do");
	buf_init(&b, 4u << 20);
	render(&b, &s.view);
	expect_sound(&b, "a late renewal");
	EXPECT(!has(&b, "<b>no") && has(&b, "&lt;b&gt;no"), "ACME-29: escaped");
	EXPECT(!has(&b, "\"><script>"), "ACME-29: in its URL too");
	s.view.cert = NULL;
	o.why = "";
	EXPECT(needs_of_domain(&s.view, a, out) == 1 && out[0].status == STATUS_WAITING,
	       "being issued is no fault");
	buf_fini(&b);
	arena_free(a);
}

TEST(assets)
{
	for (unsigned i = 0; i < ASSET_COUNT; i++) {
		struct slice url = slice_str(asset_url((enum asset)i));
		EXPECT(slice_starts(url, S("/assets/")), "address");
		const struct asset_file *f = asset_find(slice_skip(url, 8));
		EXPECT(f != NULL && f->content.len > 100 && f->type[0] != '\0', "content");
	}
	EXPECT(asset_find(S("style.css")) == NULL, "a name without its digest is not known");
	EXPECT(asset_find(S("")) == NULL, "empty");
}

TEST(quarantine_is_escaped)
{
	struct quarantine_row rows[] = { { .sha256 = "ab12",
		                           .reason = "not-json",
		                           .message = SLICE_INIT("<script>alert(1)</script>"),
		                           .way = "smtp",
		                           .kind = "mail",
		                           .name = SLICE_INIT("<b>"),
		                           .domain = SLICE_INIT("a.example"),
		                           .place = { .length = 1234 },
		                           .arrived = NOW } };
	struct buf b;

	buf_init(&b, 1u << 20);
	page_quarantine(&b, &frame, S("acme.example"), rows, 1, "ab12");
	EXPECT(has(&b, "not-json") && has(&b, "1,234") && has(&b, "smtp"), "what is known of it");
	EXPECT(has(&b, "href=\"/api/v1/quarantine/ab12/raw\""), "its bytes");
	EXPECT(has(&b, "/quarantine?domain=acme.example&amp;cursor=ab12"), "the further ones");
	EXPECT(has(&b, "<a href=\"/\">Domains</a>"), "and the way back");
	EXPECT(!has(&b, "<script>alert") && !has(&b, "<b>"), "RPT-88: hostile text is text");
	buf_reset(&b);
	page_quarantine(&b, &frame, S(""), NULL, 0, NULL);
	EXPECT(has(&b, "Everything that came could be read"), "none");
	buf_fini(&b);
}

TEST_MAIN(UNIT(alerts_on_pages), UNIT(alerts_in_the_list), UNIT(quarantine_is_escaped),
          UNIT(domain_page), UNIT(days_without_a_report), UNIT(no_reports_at_all),
          UNIT(hostile_text), UNIT(many_rows), UNIT(lines_of_the_list), UNIT(other_pages),
          UNIT(needs), UNIT(records_that_need_somebody), UNIT(orders), UNIT(assets))
