#include "tlsrpt/record.h"

#include "../mtasts/finding_test.h"
#include "mtasts/record.h"
#include "test.h"

#define N32 "abcdefghijklmnopqrstuvwxyz012345"
#define M "mailto:r@example.com"
#define V "v=TLSRPTv1; "
#define NONE FINDING_KIND_COUNT

static const struct row {
	const char *label;
	struct slice text;
	const char *rua;        /* the usable ones, a blank behind each; NULL: refused */
	enum finding_kind kind; /* expected; NONE: no finding at all */
} rows[] = {
	{ "RPT-02: plain", SLICE_INIT(V "rua=" M), M " ", NONE },
	{ "RPT-02: v=tlsrptv1", SLICE_INIT("v=tlsrptv1; rua=" M), NULL, FINDING_RECORD_VERSION },
	{ "RPT-02: v=TLSRPTv2", SLICE_INIT("v=TLSRPTv2; rua=" M), NULL, FINDING_RECORD_VERSION },
	{ "RPT-02: v=TLSRPTv10", SLICE_INIT("v=TLSRPTv10; rua=" M), NULL, FINDING_RECORD_VERSION },
	{ "RPT-02: v=TLSRPT", SLICE_INIT("v=TLSRPT; rua=" M), NULL, FINDING_RECORD_VERSION },
	{ "RPT-02: rua first", SLICE_INIT("rua=" M "; v=TLSRPTv1"), NULL, FINDING_RECORD_VERSION },
	{ "RPT-02: a leading space", SLICE_INIT(" " V "rua=" M), NULL,
	  FINDING_RECORD_LEADING_BLANK },
	{ "RPT-03: a final semicolon", SLICE_INIT(V "rua=" M ";"), M " ", NONE },
	{ "RPT-03: and a blank", SLICE_INIT(V "rua=" M " ; "), M " ", NONE },
	{ "RPT-03: two semicolons", SLICE_INIT(V "rua=" M ";;"), NULL, FINDING_RECORD_EMPTY_FIELD },
	{ "RPT-03: two semicolons in front", SLICE_INIT("v=TLSRPTv1;;rua=" M), NULL,
	  FINDING_RECORD_EMPTY_FIELD },
	{ "RPT-03: no semicolon between fields", SLICE_INIT(V "rua=" M " x=1"), NULL,
	  FINDING_RUA_URI },
	{ "RPT-03: no semicolon behind the version", SLICE_INIT("v=TLSRPTv1 rua=" M), NULL,
	  FINDING_RECORD_VERSION },
	{ "RPT-03: a blank before the first one", SLICE_INIT("v=TLSRPTv1 ; rua=" M), M " ",
	  FINDING_RECORD_BLANK_BEFORE_SEMICOLON },
	{ "RPT-03: blanks at the end want a semicolon", SLICE_INIT(V "rua=" M " "), NULL,
	  FINDING_RECORD_TRAILING_BLANK },
	{ "RPT-04: no rua", SLICE_INIT(V "x=y"), NULL, FINDING_RUA_MISSING },
	{ "RPT-04: no field", SLICE_INIT("v=TLSRPTv1;"), NULL, FINDING_RECORD_NO_FIELD },
	{ "RPT-05: a list with blanks", SLICE_INIT(V "rua=" M " , \thttps://h.example/p"),
	  M " https://h.example/p ", NONE },
	{ "RPT-05: an empty element", SLICE_INIT(V "rua=" M ",," M), NULL, FINDING_RUA_EMPTY },
	{ "RPT-05: a trailing comma", SLICE_INIT(V "rua=" M ","), NULL, FINDING_RUA_EMPTY },
	{ "RPT-05: a leading comma", SLICE_INIT(V "rua=," M), NULL, FINDING_RUA_EMPTY },
	{ "RPT-05: an empty list", SLICE_INIT(V "rua="), NULL, FINDING_RUA_EMPTY },
	{ "RPT-05: a list with blanks only", SLICE_INIT(V "rua=" M " " M), NULL, FINDING_RUA_URI },
	{ "RPT-05: RUA=", SLICE_INIT(V "RUA=" M), NULL, FINDING_RECORD_NAME_CASE },
	{ "RPT-05: a blank before the equals sign", SLICE_INIT(V "rua =" M), NULL,
	  FINDING_RECORD_FIELD },
	{ "RPT-05: a blank behind the equals sign", SLICE_INIT(V "rua= " M), NULL,
	  FINDING_RECORD_FIELD },
	{ "RPT-05: a tab behind it", SLICE_INIT(V "rua=\t" M), NULL, FINDING_RECORD_FIELD },
	{ "RPT-05: the same twice", SLICE_INIT(V "rua=" M ", " M), M " ", FINDING_RUA_DUPLICATE },
	{ "RPT-06: an escaped exclamation mark", SLICE_INIT(V "rua=mailto:a%21b@x.example"),
	  "mailto:a%21b@x.example ", NONE },
	{ "RPT-06: a size as in DMARC", SLICE_INIT(V "rua=mailto:a@x.example!10m"), NULL,
	  FINDING_RUA_RESERVED },
	{ "RPT-06: a raw semicolon cuts the field", SLICE_INIT(V "rua=https://h.example/p;a=b"),
	  "https://h.example/p ", FINDING_RECORD_EXTENSION },
	{ "RPT-06: a raw semicolon cuts it into no field",
	  SLICE_INIT(V "rua=https://h.example/p;a"), NULL, FINDING_RECORD_FIELD },
	{ "RPT-06: a cut escape", SLICE_INIT(V "rua=mailto:a%2@x.example"), NULL, FINDING_RUA_URI },
	{ "RPT-06: an escape that is none", SLICE_INIT(V "rua=https://h.example/%zz"), NULL,
	  FINDING_RUA_URI },
	{ "RPT-07: another scheme is skipped", SLICE_INIT(V "rua=ftp://x," M), M " ",
	  FINDING_RUA_SCHEME },
	{ "RPT-07: http is not used", SLICE_INIT(V "rua=http://h.example/p," M), M " ",
	  FINDING_RUA_SCHEME },
	{ "RPT-07: nothing usable is left", SLICE_INIT(V "rua=http://h.example/p"), NULL,
	  FINDING_RUA_NOT_USABLE },
	{ "RPT-07: the case of a scheme",
	  SLICE_INIT(V "rua=MailTo:r@example.com,HTTPS://h.example/"),
	  "MailTo:r@example.com HTTPS://h.example/ ", NONE },
	{ "RPT-07: no scheme", SLICE_INIT(V "rua=noscheme"), NULL, FINDING_RUA_URI },
	{ "RPT-07: a scheme that begins with a digit", SLICE_INIT(V "rua=1x:y," M), NULL,
	  FINDING_RUA_URI },
	{ "RPT-08: an unknown field", SLICE_INIT(V "rua=" M "; ruf=" M), M " ",
	  FINDING_RECORD_EXTENSION },
	{ "RPT-08: an equals sign in its value", SLICE_INIT(V "rua=" M "; x=a=b"), NULL,
	  FINDING_RECORD_FIELD },
	{ "RPT-08: an equals sign in rua", SLICE_INIT(V "rua=https://h.example/p?a=b"),
	  "https://h.example/p?a=b ", NONE },
	{ "RPT-08: a name of 32", SLICE_INIT(V N32 "=1; rua=" M), M " ", FINDING_RECORD_EXTENSION },
	{ "RPT-08: a name of 33", SLICE_INIT(V N32 "6=1; rua=" M), NULL, FINDING_RECORD_FIELD },
	{ "RPT-08: an empty value", SLICE_INIT(V "rua=" M "; x="), NULL, FINDING_RECORD_FIELD },
	{ "RPT-08: a byte above 0x7f", SLICE_INIT(V "rua=" M "; x=\xc3\xa9"), NULL,
	  FINDING_RECORD_BYTES },
	{ "RPT-08: NUL", SLICE_INIT(V "rua=" M "\0"), NULL, FINDING_RECORD_BYTES },
	{ "RPT-11: repeated rua is the union", SLICE_INIT(V "rua=" M "; rua=mailto:b@x.example," M),
	  M " mailto:b@x.example ", FINDING_RUA_REPEATED },
	{ "RPT-11: a malformed second one", SLICE_INIT(V "rua=" M "; rua=x"), NULL,
	  FINDING_RUA_URI },
	{ "RPT-14: another domain needs no authorisation",
	  SLICE_INIT(V "rua=mailto:r@other.example"), "mailto:r@other.example ", NONE },
	{ "RPT-16: an escaped plus", SLICE_INIT(V "rua=mailto:r%2Btls@x.example"),
	  "mailto:r%2Btls@x.example ", NONE },
	{ "RPT-16: CR and LF", SLICE_INIT(V "rua=mailto:a@x.example%0d%0aBcc:v@y," M), M " ",
	  FINDING_RUA_MAILTO },
	{ "RPT-16: NUL", SLICE_INIT(V "rua=mailto:a%00@x.example," M), M " ", FINDING_RUA_MAILTO },
	{ "RPT-16: header fields are ignored",
	  SLICE_INIT(V "rua=mailto:a@x.example?bcc=v@y.example"),
	  "mailto:a@x.example?bcc=v@y.example ", FINDING_RUA_MAILTO_FIELDS },
	{ "RPT-16: two addresses", SLICE_INIT(V "rua=mailto:a@x.example%2Cb@x.example," M), M " ",
	  FINDING_RUA_MAILTO },
	{ "RPT-16: no address", SLICE_INIT(V "rua=mailto:," M), M " ", FINDING_RUA_MAILTO },
	{ "RPT-16: two slashes, as before a host", SLICE_INIT(V "rua=mailto://a@x.example," M),
	  M " ", FINDING_RUA_MAILTO },
	{ "RPT-16: nothing but that", SLICE_INIT(V "rua=mailto://a@x.example"), NULL,
	  FINDING_RUA_NOT_USABLE },
	{ "RPT-16: no domain", SLICE_INIT(V "rua=mailto:a@," M), M " ", FINDING_RUA_MAILTO },
	{ "RPT-16: no local part", SLICE_INIT(V "rua=mailto:@x.example," M), M " ",
	  FINDING_RUA_MAILTO },
	{ "RPT-16: a final dot", SLICE_INIT(V "rua=mailto:a@x.example.," M), M " ",
	  FINDING_RUA_MAILTO },
	{ "RPT-16: a dot at the end of the local part", SLICE_INIT(V "rua=mailto:a.@x.example," M),
	  M " ", FINDING_RUA_MAILTO },
	{ "RPT-16: a quoted local part", SLICE_INIT(V "rua=mailto:%22a%20b%22@x.example"),
	  "mailto:%22a%20b%22@x.example ", NONE },
	{ "RPT-16: a quotation mark inside it", SLICE_INIT(V "rua=mailto:%22a%22b%22@x.example," M),
	  M " ", FINDING_RUA_MAILTO },
	{ "RPT-16: an escaped quotation mark at its end",
	  SLICE_INIT(V "rua=mailto:%22a%5C%22@x.example," M), M " ", FINDING_RUA_MAILTO },
	{ "RPT-16: a fragment", SLICE_INIT(V "rua=mailto:a@x.example#f," M), M " ",
	  FINDING_RUA_MAILTO },
	{ "RPT-17: a port", SLICE_INIT(V "rua=https://h.example:8443/p"),
	  "https://h.example:8443/p ", NONE },
	{ "RPT-17: port 65535", SLICE_INIT(V "rua=https://h.example:65535/"),
	  "https://h.example:65535/ ", NONE },
	{ "RPT-17: port 65536", SLICE_INIT(V "rua=https://h.example:65536/," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: port 0", SLICE_INIT(V "rua=https://h.example:0/," M), M " ", FINDING_RUA_HTTPS },
	{ "RPT-17: an empty port", SLICE_INIT(V "rua=https://h.example:/"), "https://h.example:/ ",
	  NONE },
	{ "RPT-17: userinfo", SLICE_INIT(V "rua=https://u:p@h.example/," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: a fragment", SLICE_INIT(V "rua=https://h.example/#f," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: two fragments are no URI", SLICE_INIT(V "rua=https://h.example/#f#g," M), NULL,
	  FINDING_RUA_URI },
	{ "RPT-17: no host", SLICE_INIT(V "rua=https:///p," M), M " ", FINDING_RUA_HTTPS },
	{ "RPT-17: no slashes", SLICE_INIT(V "rua=https:h.example," M), M " ", FINDING_RUA_HTTPS },
	{ "RPT-17: loopback", SLICE_INIT(V "rua=https://127.0.0.1/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: a private network", SLICE_INIT(V "rua=https://10.1.2.3/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: another", SLICE_INIT(V "rua=https://172.31.0.1/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: beside it", SLICE_INIT(V "rua=https://172.32.0.1/"), "https://172.32.0.1/ ",
	  NONE },
	{ "RPT-17: a third", SLICE_INIT(V "rua=https://192.168.1.1/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: link-local", SLICE_INIT(V "rua=https://169.254.169.254/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: shared by carriers", SLICE_INIT(V "rua=https://100.64.0.1/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: localhost", SLICE_INIT(V "rua=https://LocalHost/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: below localhost", SLICE_INIT(V "rua=https://x.localhost/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: IPv6", SLICE_INIT(V "rua=https://[2001:db8::1]/r"), "https://[2001:db8::1]/r ",
	  NONE },
	{ "RPT-17: IPv6 and a port", SLICE_INIT(V "rua=https://[2001:db8::1]:443/r"),
	  "https://[2001:db8::1]:443/r ", NONE },
	{ "RPT-17: IPv6 loopback", SLICE_INIT(V "rua=https://[::1]/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: IPv6 link-local", SLICE_INIT(V "rua=https://[fe80::1]/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: IPv6 private", SLICE_INIT(V "rua=https://[fd00::1]/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: IPv4 inside IPv6", SLICE_INIT(V "rua=https://[::ffff:127.0.0.1]/," M), M " ",
	  FINDING_RUA_PRIVATE },
	{ "RPT-17: no IPv6 address", SLICE_INIT(V "rua=https://[2001:db8::g]/," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: an open bracket", SLICE_INIT(V "rua=https://[2001:db8::1/," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: brackets in a path are no URI", SLICE_INIT(V "rua=https://h.example/[," M), NULL,
	  FINDING_RUA_URI },
	{ "RPT-17: a short form of an address", SLICE_INIT(V "rua=https://127.1/," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: a number as an address", SLICE_INIT(V "rua=https://2130706433/," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: a hexadecimal number", SLICE_INIT(V "rua=https://0x7f000001/," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: an address with a final dot", SLICE_INIT(V "rua=https://127.0.0.1./," M), M " ",
	  FINDING_RUA_HTTPS },
	{ "RPT-17: a name with a final dot", SLICE_INIT(V "rua=https://h.example./"),
	  "https://h.example./ ", NONE },
	{ "RPT-17: an escaped host", SLICE_INIT(V "rua=https://%31%32%37.0.0.1/," M), M " ",
	  FINDING_RUA_HTTPS },
};

TEST(single)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct tlsrpt_record got = { .rua_count = 0 };
		struct buf b;
		enum err e = tlsrpt_record_read(rows[i].text, 1, &f, &got);

		buf_init(&b, 1000);
		for (size_t k = 0; k < got.rua_count; k++) {
			buf_add(&b, got.rua[k].uri);
			buf_add_char(&b, ' ');
		}
		EXPECT((e == OK) == (rows[i].rua != NULL), rows[i].label);
		EXPECT((e == OK) == !findings_fail(&f), rows[i].label);
		if (rows[i].rua != NULL)
			EXPECT_SLICE(buf_slice(&b), slice_str(rows[i].rua), rows[i].label);
		if (rows[i].kind == NONE)
			EXPECT(f.len == 0, rows[i].label);
		else
			EXPECT(found(&f, rows[i].kind), rows[i].label);
		buf_fini(&b);
		arena_free(a);
	}
}

static const struct {
	const char *label;
	struct slice texts[3];
	size_t count;
	enum err want;
} sets[] = {
	{ "RPT-09: one beside SPF", { SLICE_INIT("v=spf1 -all"), SLICE_INIT(V "rua=" M) }, 2, OK },
	{ "RPT-09: two", { SLICE_INIT(V "rua=" M), SLICE_INIT(V "rua=" M) }, 2, ERR_CONFLICT },
	{ "RPT-09: none", { SLICE_INIT("v=spf1 -all"), SLICE_INIT("x") }, 2, ERR_NOTFOUND },
	{ "RPT-09: no record at all", { { NULL, 0 } }, 0, ERR_NOTFOUND },
	{ "RPT-03: a blank before the semicolon, beside another",
	  { SLICE_INIT("v=TLSRPTv1 ;rua=" M), SLICE_INIT("x") },
	  2,
	  ERR_NOTFOUND },
	{ "RPT-11: one left, and malformed",
	  { SLICE_INIT("x"), SLICE_INIT(V "rua=") },
	  2,
	  ERR_SYNTAX },
};

TEST(several)
{
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct tlsrpt_record got;

		EXPECT(tlsrpt_record_set_read(sets[i].texts, sets[i].count, &f, &got) ==
		               sets[i].want,
		       sets[i].label);
		EXPECT((sets[i].want == OK) == !findings_fail(&f), sets[i].label);
		arena_free(a);
	}
}

static void address_is(const char *uri, const char *want, const char *label)
{
	struct arena *a = arena_new();
	struct tlsrpt_rua rua;
	enum finding_kind kind;

	EXPECT(tlsrpt_rua_read(a, slice_str(uri), &rua, &kind) == OK && rua.kind == TLSRPT_MAILTO,
	       label);
	EXPECT_SLICE(rua.address, slice_str(want), label);
	arena_free(a);
}

TEST(addresses)
{
	address_is("mailto:a%21b@x.example", "a!b@x.example", "RPT-06: escapes are undone");
	address_is("mailto:r%2Btls@x.example", "r+tls@x.example", "RPT-16: a plus");
	address_is("mailto:a@x.example?bcc=v@y", "a@x.example", "RPT-16: bcc is no recipient");
	address_is("mailto:%22a%2Cb%22@x.example", "\"a,b\"@x.example", "RPT-16: a quoted comma");
}

static const struct {
	const char *label, *uri, *want; /* want NULL: refused */
} writes[] = {
	{ "RPT-06: the three are escaped", "mailto:a!b@x.example", V "rua=mailto:a%21b@x.example" },
	{ "RPT-06: in a path", "https://h.example/a,b;c!", V "rua=https://h.example/a%2Cb%3Bc%21" },
	{ "RPT-05: plain", M, V "rua=" M },
	{ "RPT-07: no scheme", "x", NULL },
	{ "RPT-07: http", "http://h.example/", NULL },
	{ "RPT-17: loopback", "https://127.0.0.1/", NULL },
	{ "RPT-06: a bad escape", "https://h.example/%", NULL },
	{ "RPT-05: nothing", "", NULL },
};

TEST(writer)
{
	struct buf b;

	for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
		const struct slice uri = slice_str(writes[i].uri);
		enum err e;

		buf_init(&b, 1000);
		e = tlsrpt_record_format(&uri, 1, &b);
		EXPECT((e == OK) == (writes[i].want != NULL), writes[i].label);
		EXPECT_SLICE(buf_slice(&b), slice_str(writes[i].want), writes[i].label);
		buf_fini(&b);
	}
	buf_init(&b, 1000);
	EXPECT(tlsrpt_record_format(NULL, 0, &b) == ERR_SYNTAX, "RPT-04: no rua is not written");
	const struct slice two[] = { S(M), S("https://h.example/") };
	EXPECT(tlsrpt_record_format(two, 2, &b) == OK, "RPT-11: two");
	EXPECT_SLICE(buf_slice(&b), S(V "rua=" M ",https://h.example/"),
	             "RPT-11: are written in one rua field");
	buf_fini(&b);
	buf_init(&b, 20);
	EXPECT(tlsrpt_record_format(two, 2, &b) == ERR_LIMIT, "a full buffer");
	buf_fini(&b);
}

static size_t random_uris(struct arena *a, uint64_t *seed, struct slice *uris)
{
	static const char chars[] = "ab!;,+&%c'~=";
	size_t count = 1 + test_random(seed) % 4;

	for (size_t i = 0; i < count; i++) {
		char local[9] = "";
		struct buf b;

		for (size_t k = 0; k < sizeof(local) - 1; k++)
			local[k] = chars[test_random(seed) % (sizeof(chars) - 1)];
		buf_init(&b, 200);
		if (test_random(seed) % 2 == 0) {
			buf_printf(&b, "https://h%zu.example:%u/", i,
			           1 + test_random(seed) % 65535);
		} else if (strchr(local, ',') == NULL && strchr(local, ';') == NULL) {
			struct slice address =
			        slice_str(arena_printf(a, "%s%zu@d.example", local, i));

			EXPECT(tlsrpt_mailto_format(address, &b) == OK, "an address is written");
		} else {
			struct slice address =
			        slice_str(arena_printf(a, "\"%s %zu\"@d.example", local, i));

			EXPECT(tlsrpt_mailto_format(address, &b) == OK,
			       "a quoted address is written");
		}
		uris[i] = arena_copy(a, buf_slice(&b));
		buf_fini(&b);
	}
	return count;
}

TEST(format_then_parse)
{
	uint64_t seed = 8460;

	for (size_t round = 0; round < 2000; round++) {
		uint64_t before = seed;
		struct arena *a = arena_new();
		struct findings f = findings_in(a);
		struct tlsrpt_record y = { .rua_count = 0 };
		struct slice uris[4];
		size_t count = random_uris(a, &seed, uris);
		struct buf b;
		char label[64];

		(void)snprintf(label, sizeof(label), "parse(format(x)) == x, seed %llu",
		               (unsigned long long)before);
		buf_init(&b, RECORD_TEXT_MAX);
		EXPECT(tlsrpt_record_format(uris, count, &b) == OK, label);
		EXPECT(tlsrpt_record_read(buf_slice(&b), 1, &f, &y) == OK && f.len == 0, label);
		EXPECT(y.rua_count == count, label);
		for (size_t i = 0; i < count && i < y.rua_count; i++)
			EXPECT_SLICE(y.rua[i].uri, uris[i], label);
		buf_fini(&b);
		arena_free(a);
	}
}

TEST(mailto_refuses)
{
	struct buf b;

	buf_init(&b, 100);
	EXPECT(tlsrpt_mailto_format(S("no address"), &b) == ERR_SYNTAX, "RPT-16: no address");
	EXPECT(tlsrpt_mailto_format(S(""), &b) == ERR_SYNTAX, "RPT-16: nothing");
	EXPECT(tlsrpt_mailto_format(S("a\r\nb@x.example"), &b) == ERR_SYNTAX, "RPT-16: CR and LF");
	EXPECT(tlsrpt_mailto_format(S("a b@x.example"), &b) == ERR_SYNTAX, "RPT-16: a blank");
	EXPECT(b.len == 0, "RPT-16: nothing was written");
	buf_fini(&b);
}

TEST_MAIN(UNIT(single), UNIT(several), UNIT(addresses), UNIT(writer), UNIT(format_then_parse),
          UNIT(mailto_refuses))
