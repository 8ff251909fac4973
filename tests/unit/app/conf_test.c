#include "app/conf.h"
#include "app/conf_schema.h"
#include "unit/test.h"

/* Reads one file; what it gave is in errors, and *out is NULL unless it was good. */
static struct conf *parse(const char *text, struct conf_errors *errors)
{
	struct conf *c = NULL;
	enum err e = conf_parse(slice_str(text), "f", &c, errors);

	EXPECT((e == OK) == (c != NULL) && (e == OK) == (errors->count == 0),
	       "whole or not at all");
	return c;
}

#define MAILBOX "url = imaps://a.example\nuser = u\npassword_file = /p\n"

static const struct {
	const char *label, *text, *where, *why, *fix;
} bad[] = {
	{ "unknown key names the nearest", "[listen]\ntsl = off\n", "f:2",
	  "[listen] has no setting tsl", "did you mean [listen] tls?" },
	{ "unknown section names the nearest", "[lisen]\ntls = off\n", "f:1",
	  "there is no section [lisen]", "did you mean [listen]?" },
	{ "unknown section without settings", "\n[nonsense]\n", "f:2",
	  "there is no section [nonsense]", "see man mxseal.conf" },
	{ "a key of another section", "[server]\nzone = a.example\n", "f:2",
	  "[server] has no setting zone", "did you mean [service] zone?" },
	{ "before any section", "state = /x\n", "f:1", "state stands before any section",
	  "did you mean [server] state?" },
	{ "given twice", "[server]\nstate = /a\nstate = /b\n", "f:3",
	  "[server] state is there twice", "see line 2" },
	{ "given twice in two sections of one name",
	  "[server]\nstate = /a\n[listen]\n[server]\nstate = /b\n", "f:5",
	  "[server] state is there twice", "see line 2" },
	{ "neither section nor key", "[server]\nhello\n", "f:2",
	  "the line is neither [section] nor key = value", NULL },
	{ "number too small", "[service]\nttl = 29\n", "f:2",
	  "[service] ttl takes a number from 30 to 86400 seconds", NULL },
	{ "number too large", "[service]\nttl = 86401\n", "f:2",
	  "[service] ttl takes a number from 30 to 86400 seconds", NULL },
	{ "no number", "[service]\nttl = 5m\n", "f:2",
	  "[service] ttl takes a number from 30 to 86400 seconds", NULL },
	{ "allowance too large", "[report]\nkeep_posted = 1000001\n", "f:2",
	  "[report] keep_posted takes a number from 0 to 1000000 reports, unlimited or off", NULL },
	{ "address without port", "[listen]\ntls = 127.0.0.1\n", "f:2",
	  "[listen] tls takes addresses such as 192.0.2.1:443, [2001:db8::1]:443 or *:443, or off",
	  NULL },
	{ "port beyond 65535", "[listen]\ntls = 127.0.0.1:65536\n", "f:2",
	  "[listen] tls a port is at most 65535", NULL },
	{ "port 0", "[listen]\ntls = 127.0.0.1:0\n", "f:2", "[listen] tls a port is at least 1",
	  NULL },
	{ "an address twice", "[listen]\ntls = 127.0.0.1:443, 127.0.0.1:443\n", "f:2",
	  "[listen] tls names an address twice", NULL },
	{ "no address", "[listen]\ntls =\n", "f:2", "[listen] tls needs an address, or off", NULL },
	{ "admin away from loopback", "[listen]\nadmin = *:8000\n", "f:2",
	  "[listen] admin is plain HTTP and listens on loopback only (127.0.0.1:PORT, [::1]:PORT)",
	  NULL },
	{ "DNS on every address", "[listen]\ndns = *:53\n", "f:2",
	  "[listen] dns takes single addresses of this machine, not *", NULL },
	{ "the same in IPv4", "[listen]\ndns = 0.0.0.0:53\n", "f:2",
	  "[listen] dns takes single addresses of this machine, not *", NULL },
	{ "the same in IPv6", "[listen]\ndns = [::]:53\n", "f:2",
	  "[listen] dns takes single addresses of this machine, not *", NULL },
	{ "a name server with a bad address", "[service]\nnameservers = ns1.example=1.2.3\n", "f:2",
	  "[service] nameservers takes names, or pairs such as ns1.example.com=192.0.2.1", NULL },
	{ "a name server that is an address", "[service]\nnameservers = 192.0.2.1\n", "f:2",
	  "[service] nameservers takes names of hosts such as ns1.example.com", NULL },
	{ "relative path", "[server]\nstate = var\n", "f:2",
	  "[server] state needs a path from the root (/…)", NULL },
	{ "empty path", "[server]\nstate =\n", "f:2", "[server] state needs a path", NULL },
	{ "user with a blank", "[server]\nuser = a b\n", "f:2",
	  "[server] user is not a user's name", NULL },
	{ "unknown level", "[server]\nlog = loud\n", "f:2",
	  "[server] log takes one of error, warn, info, debug, and text or json", NULL },
	{ "two levels", "[server]\nlog = info debug\n", "f:2",
	  "[server] log takes one of error, warn, info, debug, and text or json", NULL },
	{ "an address for a host", "[service]\nhost = 192.0.2.1\n", "f:2",
	  "[service] host is an address, not a name", NULL },
	{ "a resolver by name", "[resolver]\nforward = ns.example\n", "f:2",
	  "[resolver] forward takes addresses such as 192.0.2.1 or 192.0.2.1:53", NULL },
	{ "a stub without zone", "[resolver]\nstub = 192.0.2.1\n", "f:2",
	  "[resolver] stub takes pairs such as example.com=192.0.2.1:53", NULL },
	{ "no network", "[outgoing]\nallow = 10.0.0.0/33\n", "f:2",
	  "[outgoing] allow takes networks such as 10.0.0.0/8 or fd00::/8", NULL },
	{ "a public address with port", "[service]\naddresses = 192.0.2.1:443\n", "f:2",
	  "[service] addresses takes addresses without a port, such as 192.0.2.1 or 2001:db8::1",
	  NULL },
	{ "a comment glued on", "[service]\nhost = a.example # mine\n", "f:2",
	  "[service] host holds a comment sign; a comment behind a value begins with \" ;\"",
	  NULL },
	{ "an indented line is no new setting", "[server]\nstate = /a\n  user = b\n", "f:3",
	  "an indented line goes on with state, which is no list", "begin the line at its start" },
	{ "a mailbox without a name", "[imap]\nurl = imaps://a.example\n", "f:1",
	  "there is no section [imap]", "write [imap NAME], NAME of a-z, 0-9, - and _" },
	{ "a mailbox with a strange name", "[imap A b]\nurl = imaps://a.example\n", "f:1",
	  "there is no section [imap A b]", "write [imap NAME], NAME of a-z, 0-9, - and _" },
	{ "a mailbox's unknown key", "[imap a]\n" MAILBOX "usr = x\n", "f:5",
	  "[imap a] has no setting usr", "did you mean [imap a] user?" },
	{ "a mailbox's setting twice", "[imap a]\n" MAILBOX "user = x\n", "f:5",
	  "[imap a] user is there twice", "see line 3" },
	{ "a mailbox without url", "[imap a]\nuser = x\npassword_file = /p\n", "[imap a]",
	  "has no url", "see [imap NAME] in man mxseal.conf" },
	{ "a mailbox without user", "[imap a]\nurl = imaps://a.example\npassword_file = /p\n",
	  "[imap a]", "has no user", "see [imap NAME] in man mxseal.conf" },
	{ "a mailbox without secret", "[imap a]\nurl = imaps://a.example\nuser = u\n", "[imap a]",
	  "needs one of password_file, oauth_token_url and token_command",
	  "see [imap NAME] in man mxseal.conf" },
	{ "a mailbox with two ways to sign in", "[imap a]\n" MAILBOX "token_command = x\n",
	  "[imap a]", "needs one of password_file, oauth_token_url and token_command",
	  "see [imap NAME] in man mxseal.conf" },
	{ "half of a token grant",
	  "[imap a]\nurl = imaps://a.example\nuser = u\noauth_token_url = https://t.example/\n",
	  "[imap a]", "has oauth_token_url without oauth_client_id or oauth_secret_file",
	  "see [imap NAME] in man mxseal.conf" },
	{ "a mailbox by another protocol", "[imap a]\nurl = pop3://a.example\n", "f:2",
	  "[imap a] url needs a URL such as imaps://imap.example.net/INBOX", NULL },
	{ "an unknown action", "[imap a]\nafter = burn\n", "f:2",
	  "[imap a] after takes leave, flag, delete or move:FOLDER", NULL },
	{ "a move to nowhere", "[imap a]\nafter = move:\n", "f:2",
	  "[imap a] after takes leave, flag, delete or move:FOLDER", NULL },
	{ "a relative path to watch", "[report]\nwatch = /a b\n", "f:2",
	  "[report] watch needs paths from the root (/…)", NULL },
	{ "SMTP without a host to take reports for", "[listen]\nsmtp = *:25\n", "[listen] smtp",
	  "needs [report] host", "name the host that senders deliver reports to" },
	{ "a Unix socket for SMTP", "[listen]\nsmtp = unix:/run/x\n", "f:2",
	  "[listen] smtp takes addresses such as 192.0.2.1:443, [2001:db8::1]:443 or *:443, or off",
	  NULL },
	{ "a proxy that is no network", "[proxy]\ntrusted = unix proxy.example\n", "f:2",
	  "[proxy] trusted takes networks such as 10.0.0.0/8, and unix", NULL },
	{ "a protocol that nobody speaks", "[proxy]\nprotocol = forwarded\n", "f:2",
	  "[proxy] protocol takes xff or proxy", NULL },
	{ "nobody may connect to the socket for proxies",
	  "[listen]\nbehind = unix:/run/x\n[proxy]\ntrusted = 127.0.0.1\n", "[proxy] trusted",
	  "lets nobody connect to the Unix socket of [listen] behind", "add the word unix" },
	{ "nobody may connect to the port for proxies",
	  "[listen]\nbehind = 127.0.0.1:81\n[proxy]\ntrusted = unix\n", "[proxy] trusted",
	  "lets nobody connect to [listen] behind", "add the address of the proxy" },
	{ "half a Unix socket", "[listen]\nlmtp = unix:\n", "f:2",
	  "[listen] lmtp takes unix:/PATH of at most 107 bytes, addresses such as 127.0.0.1:24, or "
	  "off",
	  NULL },
	{ "same host twice", "[service]\nhost = a.example\n[report]\nhost = A.Example.\n",
	  "[report] host", "is the same as [service] host",
	  "give the report host a name of its own" },
	{ "same address for tls and http", "[listen]\ntls = 127.0.0.1:80\nhttp = 127.0.0.1:80\n",
	  "[listen]", "tls and http name the same address", "give each its own port" },
};

TEST(errors_say_where_and_why)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct conf_errors errors = { .arena = arena_new() };

		EXPECT(parse(bad[i].text, &errors) == NULL, bad[i].label);
		EXPECT(errors.count == 1, bad[i].label);
		EXPECT_SLICE(slice_str(errors.list[0].where), slice_str(bad[i].where),
		             bad[i].label);
		EXPECT_SLICE(slice_str(errors.list[0].why), slice_str(bad[i].why), bad[i].label);
		EXPECT_SLICE(slice_str(errors.list[0].fix), slice_str(bad[i].fix), bad[i].label);
		arena_free(errors.arena);
	}
}

TEST(all_errors_are_said_at_once)
{
	struct conf_errors errors = { .arena = arena_new() };
	struct buf text;

	EXPECT(parse("[server]\nuser = a b\n[servce]\n[service]\nttl = 1\nnoise\n", &errors) ==
	               NULL,
	       "refused");
	EXPECT(errors.count == 4, "each of them");
	buf_init(&text, 4096);
	buf_add_str(&text, "[server]\n");
	for (int i = 0; i < 30; i++)
		buf_printf(&text, "x%d = 1\n", i);
	errors.count = 0;
	EXPECT(parse(buf_str(&text), &errors) == NULL && errors.count == 30,
	       "beyond the ceiling they are counted");
	buf_fini(&text);
	arena_free(errors.arena);
}

TEST(lines_have_a_length)
{
	static const struct {
		const char *label;
		int pad;
		bool good;
	} rows[] = {
		{ "196 bytes", 184, true },
		{ "197 bytes", 185, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_errors errors = { .arena = arena_new() };
		const char *text =
		        arena_printf(errors.arena, "[server]\nstate = /a ;%*s\n", rows[i].pad, "x");
		struct conf *c = parse(text, &errors);

		EXPECT((c != NULL) == rows[i].good, rows[i].label);
		conf_free(c);
		arena_free(errors.arena);
	}
}

TEST(mail_listeners)
{
	struct conf_errors errors = { .arena = arena_new() };
	struct conf *c = parse("[listen]\nsmtp = *:25\nlmtp = unix:/run/x/lmtp, 127.0.0.1:24\n"
	                       "[report]\nhost = reports.example\n",
	                       &errors);

	EXPECT(c != NULL, "it is good");
	if (c != NULL) {
		EXPECT(c->listen.smtp.count == 1 && address_port(&c->listen.smtp.at[0].any) == 25,
		       "SMTP");
		EXPECT(c->listen.lmtp.count == 2 && c->listen.lmtp.at[0].any.ss_family == AF_UNIX,
		       "LMTP on a Unix socket and by TCP");
	}
	conf_free(c);
	arena_free(errors.arena);
}

TEST(values_arrive)
{
	struct conf_errors errors = { .arena = arena_new() };
	struct conf *c = parse("\xef\xbb\xbf# a comment\n[server]\nlog = json debug ; loud\r\n"
	                       "[listen]\ntls = 192.0.2.1:443,\n  [2001:db8::1]:443\nhttp = off\n"
	                       "[service]\nhost = MX.Example.\nttl = 30\n"
	                       "[report]\nkeep_unsigned = unlimited\nkeep_posted = off\n"
	                       "[resolver]\nstub = example.com=192.0.2.1:53 .=192.0.2.2\n",
	                       &errors);

	EXPECT(c != NULL, "it is good");
	if (c != NULL) {
		EXPECT(c->server.log_level == LOG_DEBUG && c->server.log_json, "level and form");
		EXPECT(c->listen.tls.count == 2 && address_port(&c->listen.tls.at[1].any) == 443,
		       "a list goes on in an indented line");
		EXPECT(c->listen.http.count == 0, "off is no address");
		EXPECT_SLICE(slice_str(c->service.host), S("mx.example"), "hosts in normal form");
		EXPECT(c->service.ttl == 30, "the lowest number");
		EXPECT(c->report.keep_unsigned == CONF_UNLIMITED && c->report.keep_posted == 0,
		       "allowances");
		EXPECT_SLICE(slice_str(c->server.state), S("/var/lib/mxseal"), "the default");
	}
	conf_free(c);
	arena_free(errors.arena);
}

/* The value and the origin of one setting. */
static void expect_setting(const struct conf *c, const char *key, const char *value,
                           const char *from)
{
	struct conf_setting s;

	for (size_t i = 0; conf_nth(c, i, &s); i++) {
		if (strcmp(s.key, key) == 0) {
			EXPECT_SLICE(slice_str(s.value), slice_str(value), key);
			EXPECT_SLICE(slice_str(s.from), slice_str(from), key);
		}
	}
}

TEST(flags_win_over_environment_over_presets)
{
	static const struct conf_setting preset[] = { { "server.state", "/p", "--demo" },
		                                      { "service.zone", "p.example", "--demo" },
		                                      { "service.host", "p.example", "--demo" } };
	static const struct conf_setting flags[] = { { "server.state", "/f", "--state" } };
	char state[] = "MXSEAL_SERVER__STATE=/e", zone[] = "MXSEAL_SERVICE__ZONE=e.example";
	char other[] = "MXSEAL_BIN=x", foreign[] = "HOME=/x";
	char *env[] = { state, zone, other, foreign, NULL };
	struct conf_sources sources = { .preset = preset,
		                        .preset_count = 3,
		                        .environment = env,
		                        .flags = flags,
		                        .flag_count = 1 };
	struct conf_errors errors = { .arena = arena_new() };
	struct conf *c = NULL;

	EXPECT(conf_load(&sources, &c, &errors) == OK, "good");
	expect_setting(c, "server.state", "/f", "--state");
	expect_setting(c, "service.zone", "e.example", "MXSEAL_SERVICE__ZONE");
	expect_setting(c, "service.host", "p.example", "--demo");
	expect_setting(c, "listen.tls", "[::]:443", "default");
	conf_free(c);
	arena_free(errors.arena);
}

TEST(mailboxes)
{
	char env_user[] = "MXSEAL_IMAP_A__USER=env",
	     env_new[] = "MXSEAL_IMAP_C__URL=imaps://c.example";
	char env_c[] = "MXSEAL_IMAP_C__USER=c", env_p[] = "MXSEAL_IMAP_C__PASSWORD_FILE=/c";
	char *env[] = { env_user, env_new, env_c, env_p, NULL };
	struct conf_errors errors = { .arena = arena_new() };
	struct conf *c = parse("[imap a]\n" MAILBOX
	                       "after = move:TLS reports\n[report]\nwatch = /x\n"
	                       "  /y\n[imap b-2]\n" MAILBOX,
	                       &errors),
	            *copy = conf_new();
	struct conf_sources sources = { .environment = env };
	struct conf_setting s;

	EXPECT(c != NULL && c->mailbox_count == 2, "two of them");
	EXPECT_SLICE(slice_str(c->mailboxes[1].name), S("b-2"), "the second");
	EXPECT_SLICE(slice_str(c->mailboxes[0].after), S("move:TLS reports"), "with a blank");
	EXPECT(c->mailboxes[0].every == 300, "a default");
	EXPECT_SLICE(slice_str(c->report.watch), S("/x /y"), "a list");
	for (size_t i = 0; conf_nth(c, i, &s); i++)
		EXPECT(conf_set(copy, &s, &errors) == OK, s.key);
	EXPECT(copy->mailbox_count == 2, "a child gets them all");
	EXPECT_SLICE(slice_str(copy->mailboxes[0].after), S("move:TLS reports"), "whole");
	conf_free(copy);
	conf_free(c);
	EXPECT(conf_load(&sources, &c, &errors) == ERR_SYNTAX,
	       "half a mailbox from the environment");
	env[0] = env[3];
	env[3] = NULL;
	EXPECT(conf_load(&sources, &c, &errors) == ERR_SYNTAX, "errors stay");
	errors.count = 0;
	EXPECT(conf_load(&sources, &c, &errors) == OK && c->mailbox_count == 1, "a whole one");
	EXPECT_SLICE(slice_str(c->mailboxes[0].password_file), S("/c"),
	             "not read as a value's file");
	conf_free(c);
	arena_free(errors.arena);
}

TEST(microsoft_in_four_lines)
{
	struct conf_errors errors = { .arena = arena_new() };
	struct conf *c =
	        parse("[imap m365]\nuser = tls-reports@example.com\n"
	              "oauth_token_url = https://login.microsoftonline.com/T/oauth2/v2.0/token\n"
	              "oauth_client_id = C\noauth_secret_file = /s\n",
	              &errors);

	EXPECT(c != NULL, "nothing else is needed");
	EXPECT_SLICE(slice_str(conf_mailbox_url(&c->mailboxes[0])),
	             S("imaps://outlook.office365.com/INBOX"), "where it is");
	EXPECT_SLICE(slice_str(c->mailboxes[0].oauth_scope),
	             S("https://outlook.office365.com/.default"), "what is asked for");
	conf_free(c);
	arena_free(errors.arena);
}

TEST(seventeen_mailboxes)
{
	struct conf_errors errors = { .arena = arena_new() };
	struct buf text;
	struct conf *c;

	buf_init(&text, CONF_FILE_MAX);
	for (unsigned i = 1; i <= CONF_MAILBOXES_MAX; i++)
		buf_printf(&text, "[imap m%u]\n%s", i, MAILBOX);
	c = parse(buf_str(&text), &errors);
	EXPECT(c != NULL && c->mailbox_count == CONF_MAILBOXES_MAX, "as many as there may be");
	conf_free(c);
	buf_add_str(&text, "[imap one-more]\nuser = u\n");
	EXPECT(parse(buf_str(&text), &errors) == NULL, "one more");
	EXPECT_SLICE(slice_str(errors.list[0].why), S("there are too many sections [imap NAME]"),
	             "is said");
	buf_fini(&text);
	arena_free(errors.arena);
}

TEST(environment_is_judged_like_a_file)
{
	static char empty_file[] = "MXSEAL_SERVICE__ZONE_FILE=/dev/null";
	static char no_file[] = "MXSEAL_SERVICE__ZONE_FILE=/nonexistent/file";
	static char unknown[] = "MXSEAL_LISTEN__TSL=off", wrong[] = "MXSEAL_SERVICE__TTL=1";
	static const struct {
		const char *label;
		char *variable;
		const char *where;
	} rows[] = {
		{ "a value from a file", empty_file, NULL },
		{ "a file that is not there", no_file, "MXSEAL_SERVICE__ZONE_FILE" },
		{ "an unknown setting", unknown, "MXSEAL_LISTEN__TSL" },
		{ "a value out of range", wrong, "MXSEAL_SERVICE__TTL" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *env[] = { rows[i].variable, NULL };
		struct conf_sources sources = { .environment = env };
		struct conf_errors errors = { .arena = arena_new() };
		struct conf *c = NULL;

		EXPECT((conf_load(&sources, &c, &errors) == OK) == (rows[i].where == NULL),
		       rows[i].label);
		if (errors.count > 0)
			EXPECT_SLICE(slice_str(errors.list[0].where), slice_str(rows[i].where),
			             rows[i].label);
		conf_free(c);
		arena_free(errors.arena);
	}
}

TEST(a_missing_file_is_said)
{
	struct conf_sources sources = { .file = "/nonexistent/mxseal.conf" };
	struct conf_errors errors = { .arena = arena_new() };
	struct conf *c = NULL;

	EXPECT(conf_load(&sources, &c, &errors) == ERR_NOTFOUND && c == NULL, "refused");
	EXPECT(errors.count == 1 && errors.list[0].fix != NULL, "with a way out");
	sources.file = "/";
	errors.count = 0;
	EXPECT(conf_load(&sources, &c, &errors) == ERR_IO && errors.count == 1, "a directory");
	arena_free(errors.arena);
}

TEST(printed_settings_read_back)
{
	struct conf_errors errors = { .arena = arena_new() };
	struct conf *c = parse("[listen]\n"
	                       "tls = [2001:db8:1111:2222:3333:4444:5555:6661]:443\n"
	                       "  [2001:db8:1111:2222:3333:4444:5555:6662]:443\n"
	                       "  [2001:db8:1111:2222:3333:4444:5555:6663]:443\n"
	                       "  [2001:db8:1111:2222:3333:4444:5555:6664]:443\n"
	                       "[outgoing]\nallow = 10.0.0.0/8 fd00::/8\n[imap a]\n" MAILBOX,
	                       &errors);
	struct conf_setting was, is;
	struct buf text;
	struct conf *again;

	buf_init(&text, CONF_FILE_MAX);
	conf_print(c, &text);
	again = parse(buf_str(&text), &errors);
	EXPECT(again != NULL, "what is printed is good");
	for (size_t i = 0; again != NULL && conf_nth(c, i, &was) && conf_nth(again, i, &is); i++)
		EXPECT_SLICE(slice_str(is.value), slice_str(was.value), was.key);
	conf_free(again);
	conf_free(c);
	buf_fini(&text);
	arena_free(errors.arena);
}

/* Those of a mailbox follow the others. */
static const struct conf_row *row(size_t i)
{
	return i < conf_row_count ? &conf_rows[i] : &conf_mailbox_rows[i - conf_row_count];
}

TEST(every_row_is_documented)
{
	for (size_t i = 0; i < conf_row_count + conf_mailbox_row_count; i++) {
		const struct conf_row *r = row(i);
		bool named = i >= conf_row_count;

		EXPECT(r->help[0] != '\0' && r->help[strlen(r->help) - 1] != '.', r->key);
		EXPECT(conf_section_help(named ? "imap x" : r->section) != NULL, r->section);
		EXPECT(named || conf_row_find(r->section, r->key) == r,
		       "no setting is there twice");
		EXPECT(r->type->syntax != NULL, r->type->name);
		EXPECT(r->details == NULL || r->details[strlen(r->details) - 1] == '.', r->key);
	}
}

/* What the manual page shows can be pasted. */
TEST(every_example_is_read)
{
	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *r = &conf_rows[i];
		struct conf_errors errors = { .arena = arena_new() };
		char text[256];
		struct conf *c;

		EXPECT(r->example != NULL && strcmp(r->example, r->preset) != 0, r->key);
		/* SMTP is taken for a report host only. */
		(void)snprintf(text, sizeof(text), "%s[%s]\n%s = %s\n",
		               strcmp(r->key, "smtp") == 0 ? "[report]\nhost = r.example\n" : "",
		               r->section, r->key, r->example == NULL ? "" : r->example);
		c = parse(text, &errors);
		EXPECT(c != NULL && strcmp(c->origin[i].text, r->preset) != 0, text);
		conf_free(c);
		arena_free(errors.arena);
	}
}

/* The examples of a mailbox stand in a whole one. */
TEST(every_example_of_a_mailbox_is_read)
{
	for (size_t i = 0; i < conf_mailbox_row_count; i++) {
		const struct conf_row *r = &conf_mailbox_rows[i];
		struct conf_setting s = { .value = r->example, .from = "test" };
		struct conf_errors errors = { .arena = arena_new() };
		struct conf *c = conf_new();

		s.key = arena_printf(errors.arena, "imap.x.%s", r->key);
		EXPECT(strcmp(r->example, r->preset) != 0, r->key);
		EXPECT(conf_set(c, &s, &errors) == OK, r->key);
		EXPECT(strcmp(c->mailboxes[0].origin[i].text, r->preset) != 0, r->key);
		conf_free(c);
		arena_free(errors.arena);
	}
}

TEST_MAIN(UNIT(mailboxes), UNIT(microsoft_in_four_lines), UNIT(seventeen_mailboxes),
          UNIT(every_example_of_a_mailbox_is_read), UNIT(errors_say_where_and_why),
          UNIT(all_errors_are_said_at_once), UNIT(lines_have_a_length), UNIT(mail_listeners),
          UNIT(values_arrive), UNIT(flags_win_over_environment_over_presets),
          UNIT(environment_is_judged_like_a_file), UNIT(a_missing_file_is_said),
          UNIT(printed_settings_read_back), UNIT(every_row_is_documented),
          UNIT(every_example_is_read))
