/* From answers and facts to a configuration: both kinds of users, what is taken, what is not
 * proved. */
#include "advice/setup_plan.h"

#include "unit/test.h"

#define FREE_PORT                                            \
	{                                                    \
		.state = SETUP_FREE, .owner = "", .name = "" \
	}
#define TAKEN(program)                                                                 \
	{                                                                              \
		.state = SETUP_TAKEN, .owner = program " (process 7)", .name = program \
	}
#define OURS                                                                          \
	{                                                                             \
		.state = SETUP_OURS, .owner = "mxseal (process 8)", .name = "mxseal", \
	}
#define UNIT_HELD                                                                      \
	{                                                                              \
		.state = SETUP_UNIT, .owner = "systemd (process 1)", .name = "systemd" \
	}
#define V4                                                               \
	{                                                                \
		.text = "198.51.100.1", .global = true, .dns = FREE_PORT \
	}
#define V6                                                                           \
	{                                                                            \
		.text = "2001:db8::1", .v6 = true, .global = true, .answered = true, \
		.dns = FREE_PORT                                                     \
	}
#define V6_SILENT                                                                   \
	{                                                                           \
		.text = "2001:db8::1", .v6 = true, .global = true, .dns = FREE_PORT \
	}
#define PRIVATE                                      \
	{                                            \
		.text = "10.0.0.5", .dns = FREE_PORT \
	}
#define HEAD "# Written by mxseal setup; man mxseal.conf explains every setting.\n"
#define OWN                                                                         \
	{                                                                           \
		.host = "mx.a.example", .zone = "", .report_host = "", .email = "", \
		.alert_to = "", .reports = true, .terms = true                      \
	}
#define OTHERS                                                                         \
	{                                                                              \
		.others = true, .host = "mx.a.example", .zone = "", .report_host = "", \
		.email = "", .alert_to = "", .reports = true, .terms = true            \
	}

static const struct row {
	const char *label;
	struct setup_answers q;
	struct setup_facts f;
	bool impossible;
	const char *text;
} rows[] = {
	{ .label = "own domains, everything free",
	  .q = OWN,
	  .f = { .tls = FREE_PORT,
	         .http = FREE_PORT,
	         .smtp = FREE_PORT,
	         .address_count = 2,
	         .addresses = { V4, V6 } },
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\nsmtp = *:25\n"
	               "\n[service]\nhost = mx.a.example\naddresses = 198.51.100.1 2001:db8::1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "an IPv6 address that nobody answered is in no record",
	  .q = OWN,
	  .f = { .tls = FREE_PORT,
	         .http = FREE_PORT,
	         .smtp = FREE_PORT,
	         .address_count = 2,
	         .addresses = { V4, V6_SILENT } },
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\nsmtp = *:25\n"
	               "\n[service]\nhost = mx.a.example\naddresses = 198.51.100.1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "beside nginx and Postfix",
	  .q = OWN,
	  .f = { .tls = TAKEN("nginx"),
	         .http = TAKEN("nginx"),
	         .smtp = TAKEN("master"),
	         .address_count = 1,
	         .addresses = { V4 } },
	  .text = HEAD "\n[listen]\ntls = off\nhttp = off\nbehind = unix:/run/mxseal/behind.sock\n"
	               "lmtp = unix:/var/spool/postfix/mxseal/lmtp\n"
	               "\n[service]\nhost = mx.a.example\naddresses = 198.51.100.1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "beside the service that runs: its ports stay its own",
	  .q = OWN,
	  .f = { .tls = OURS, .http = OURS, .smtp = OURS, .address_count = 1, .addresses = { V4 } },
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\nsmtp = *:25\n"
	               "\n[service]\nhost = mx.a.example\naddresses = 198.51.100.1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "a port that a socket unit holds is nobody's web server",
	  .q = OWN,
	  .f = { .tls = UNIT_HELD,
	         .http = FREE_PORT,
	         .smtp = FREE_PORT,
	         .address_count = 1,
	         .addresses = { V4 } },
	  .impossible = true,
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\nsmtp = *:25\n"
	               "\n[service]\nhost = mx.a.example\naddresses = 198.51.100.1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "beside HAProxy and Exim",
	  .q = OWN,
	  .f = { .tls = TAKEN("haproxy"),
	         .http = TAKEN("haproxy"),
	         .smtp = TAKEN("exim4"),
	         .address_count = 1,
	         .addresses = { V4 } },
	  .text = HEAD "\n[listen]\ntls = off\nhttp = off\nbehind = 127.0.0.1:8081\n"
	               "\n[service]\nhost = mx.a.example\naddresses = 198.51.100.1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "port 80 alone is taken",
	  .q = OWN,
	  .f = { .tls = FREE_PORT,
	         .http = TAKEN("lighttpd"),
	         .smtp = FREE_PORT,
	         .address_count = 1,
	         .addresses = { V4 } },
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = off\nsmtp = *:25\n"
	               "\n[service]\nhost = mx.a.example\naddresses = 198.51.100.1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "neither reports nor terms, behind NAT",
	  .q = { .host = "a.example", .zone = "", .report_host = "", .email = "", .alert_to = "" },
	  .f = { .tls = FREE_PORT,
	         .http = FREE_PORT,
	         .smtp = FREE_PORT,
	         .address_count = 1,
	         .addresses = { PRIVATE } },
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\n"
	               "\n[service]\nhost = a.example\n" },
	{ .label = "answers go before guesses",
	  .q = { .host = "mx.a.example",
	         .zone = "",
	         .report_host = "tls.a.example",
	         .email = "root@a.example",
	         .alert_to = "boss@a.example",
	         .reports = true,
	         .terms = true,
	         .address_count = 1,
	         .addresses = { "203.0.113.1" } },
	  .f = { .tls = FREE_PORT,
	         .http = FREE_PORT,
	         .smtp = FREE_PORT,
	         .address_count = 1,
	         .addresses = { V4 } },
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\nsmtp = *:25\n"
	               "\n[service]\nhost = mx.a.example\naddresses = 203.0.113.1\n"
	               "\n[report]\nhost = tls.a.example\n"
	               "\n[alert]\nto = boss@a.example\n"
	               "\n[acme]\naccept_terms = yes\nemail = root@a.example\n" },
	{ .label = "domains of others: DNS on single addresses",
	  .q = OTHERS,
	  .f = { .tls = FREE_PORT,
	         .http = FREE_PORT,
	         .smtp = FREE_PORT,
	         .address_count = 2,
	         .addresses = { V4, V6 } },
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\n"
	               "dns = 198.51.100.1:53 [2001:db8::1]:53\nsmtp = *:25\n"
	               "\n[service]\nhost = mx.a.example\nzone = sts.a.example\n"
	               "addresses = 198.51.100.1 2001:db8::1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "domains of others, behind NAT",
	  .q = { .others = true,
	         .host = "mx.a.example",
	         .zone = "z.a.example",
	         .report_host = "",
	         .email = "",
	         .alert_to = "",
	         .terms = true,
	         .address_count = 1,
	         .addresses = { "203.0.113.1" } },
	  .f = { .tls = FREE_PORT,
	         .http = FREE_PORT,
	         .smtp = FREE_PORT,
	         .address_count = 2,
	         .addresses = { PRIVATE, V6_SILENT } },
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\ndns = 10.0.0.5:53\n"
	               "\n[service]\nhost = mx.a.example\nzone = z.a.example\n"
	               "addresses = 203.0.113.1\n"
	               "\n[acme]\naccept_terms = yes\n" },
	{ .label = "somebody else has port 53",
	  .q = OTHERS,
	  .f = { .tls = FREE_PORT,
	         .http = FREE_PORT,
	         .smtp = FREE_PORT,
	         .address_count = 1,
	         .addresses = { { .text = "198.51.100.1",
	                          .global = true,
	                          .dns = TAKEN("named") } } },
	  .impossible = true,
	  .text = HEAD "\n[listen]\ntls = *:443\nhttp = *:80\nsmtp = *:25\n"
	               "\n[service]\nhost = mx.a.example\nzone = sts.a.example\n"
	               "addresses = 198.51.100.1\n"
	               "\n[report]\nhost = reports.a.example\n"
	               "\n[acme]\naccept_terms = yes\n" },
};

static void expect_honest(const struct setup_plan *p, const char *label)
{
	for (size_t i = 0; i < p->check_count; i++) {
		const struct setup_check *c = &p->checks[i];
		bool outside = strstr(c->detail, "from outside is not tested") != NULL;

		EXPECT(!outside || c->severity == SETUP_SKIP, label);
		EXPECT(c->severity == SETUP_PASS || c->fix != NULL, label);
	}
	for (size_t i = 0; i < p->setting_count; i++)
		EXPECT(strcmp(p->settings[i].key, "dns") != 0 ||
		               strchr(p->settings[i].value, '*') == NULL,
		       label);
}

TEST(configurations)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct setup_plan *p = arena_alloc(a, sizeof(*p));
		struct buf text;

		buf_init(&text, SETUP_TEXT_MAX);
		setup_plan_make(&rows[i].q, &rows[i].f, a, p);
		setup_plan_text(p, &text);
		EXPECT_SLICE(buf_slice(&text), slice_str(rows[i].text), rows[i].label);
		EXPECT(p->possible != rows[i].impossible, rows[i].label);
		expect_honest(p, rows[i].label);
		buf_fini(&text);
		arena_free(a);
	}
}

TEST(records)
{
	static const struct setup_record want[] = {
		{ "mx.a.example", "A", "198.51.100.1" },
		{ "mx.a.example", "AAAA", "2001:db8::1" },
		{ "reports.a.example", "A", "198.51.100.1" },
		{ "reports.a.example", "AAAA", "2001:db8::1" },
		{ "sts.a.example", "NS", "ns1.sts.a.example." },
		{ "ns1.sts.a.example", "A", "198.51.100.1" },
		{ "ns1.sts.a.example", "AAAA", "2001:db8::1" },
	};
	const struct setup_answers q = OTHERS;
	const struct setup_facts f = { .tls = FREE_PORT,
		                       .http = FREE_PORT,
		                       .smtp = FREE_PORT,
		                       .address_count = 2,
		                       .addresses = { V4, V6 } };
	struct arena *a = arena_new();
	struct setup_plan *p = arena_alloc(a, sizeof(*p));

	setup_plan_make(&q, &f, a, p);
	EXPECT(p->record_count == ARRAY_LEN(want), "as many");
	for (size_t i = 0; i < p->record_count && i < ARRAY_LEN(want); i++) {
		EXPECT_SLICE(slice_str(p->records[i].name), slice_str(want[i].name), "name");
		EXPECT_SLICE(slice_str(p->records[i].type), slice_str(want[i].type), "type");
		EXPECT_SLICE(slice_str(p->records[i].value), slice_str(want[i].value), "value");
	}
	arena_free(a);
}

TEST(guesses)
{
	static const struct {
		const char *host, *report_host, *zone;
	} names[] = {
		{ "mxseal.example.net", "reports.example.net", "sts.example.net" },
		{ "example.net", "reports.example.net", "sts.example.net" },
		{ "a.b.example.net", "reports.b.example.net", "sts.b.example.net" },
		{ "", "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct arena *a = arena_new();

		EXPECT_SLICE(slice_str(setup_guess_report_host(names[i].host, a)),
		             slice_str(names[i].report_host), names[i].host);
		EXPECT_SLICE(slice_str(setup_guess_zone(names[i].host, a)),
		             slice_str(names[i].zone), names[i].host);
		arena_free(a);
	}
}

TEST_MAIN(UNIT(configurations), UNIT(records), UNIT(guesses))
