/* Which addresses an outgoing connection may go to, and how they are written. */
#include "net/dial.h"

#include "unit/test.h"

struct row {
	const char *label;
	struct slice address;
	bool global;
};

static const struct row rows[] = {
	{ "public IPv4", SLICE_INIT("9.9.9.9"), true },
	{ "public IPv6", SLICE_INIT("2620:fe::fe"), true },
	{ "this network", SLICE_INIT("0.0.0.0"), false },
	{ "this network, last", SLICE_INIT("0.255.255.255"), false },
	{ "one after this network", SLICE_INIT("1.0.0.0"), true },
	{ "before private 10/8", SLICE_INIT("9.255.255.255"), true },
	{ "private 10/8 first", SLICE_INIT("10.0.0.0"), false },
	{ "private 10/8 last", SLICE_INIT("10.255.255.255"), false },
	{ "after private 10/8", SLICE_INIT("11.0.0.0"), true },
	{ "before carriers' space", SLICE_INIT("100.63.255.255"), true },
	{ "carriers' space first", SLICE_INIT("100.64.0.0"), false },
	{ "carriers' space last", SLICE_INIT("100.127.255.255"), false },
	{ "after carriers' space", SLICE_INIT("100.128.0.0"), true },
	{ "loopback", SLICE_INIT("127.0.0.1"), false },
	{ "loopback last", SLICE_INIT("127.255.255.255"), false },
	{ "link-local with metadata services", SLICE_INIT("169.254.169.254"), false },
	{ "after link-local", SLICE_INIT("169.255.0.0"), true },
	{ "before private 172.16/12", SLICE_INIT("172.15.255.255"), true },
	{ "private 172.16/12 first", SLICE_INIT("172.16.0.0"), false },
	{ "private 172.16/12 last", SLICE_INIT("172.31.255.255"), false },
	{ "after private 172.16/12", SLICE_INIT("172.32.0.0"), true },
	{ "protocol assignments", SLICE_INIT("192.0.0.1"), false },
	{ "documentation 1", SLICE_INIT("192.0.2.1"), false },
	{ "6to4 relays", SLICE_INIT("192.88.99.1"), false },
	{ "before private 192.168/16", SLICE_INIT("192.167.255.255"), true },
	{ "private 192.168/16", SLICE_INIT("192.168.0.1"), false },
	{ "after private 192.168/16", SLICE_INIT("192.169.0.0"), true },
	{ "benchmarking, second half", SLICE_INIT("198.19.255.255"), false },
	{ "after benchmarking", SLICE_INIT("198.20.0.0"), true },
	{ "documentation 2", SLICE_INIT("198.51.100.7"), false },
	{ "documentation 3", SLICE_INIT("203.0.113.7"), false },
	{ "last unicast", SLICE_INIT("223.255.255.255"), true },
	{ "multicast", SLICE_INIT("224.0.0.1"), false },
	{ "reserved", SLICE_INIT("240.0.0.1"), false },
	{ "broadcast", SLICE_INIT("255.255.255.255"), false },
	{ "IPv6 unspecified", SLICE_INIT("::"), false },
	{ "IPv6 loopback", SLICE_INIT("::1"), false },
	{ "IPv4-compatible form", SLICE_INIT("::9.9.9.9"), false },
	{ "mapped public", SLICE_INIT("::ffff:9.9.9.9"), true },
	{ "mapped loopback", SLICE_INIT("::ffff:127.0.0.1"), false },
	{ "mapped private", SLICE_INIT("::ffff:192.168.1.1"), false },
	{ "mapped metadata", SLICE_INIT("::ffff:a9fe:a9fe"), false },
	{ "NAT64 of public", SLICE_INIT("64:ff9b::9.9.9.9"), true },
	{ "NAT64 of private", SLICE_INIT("64:ff9b::10.0.0.1"), false },
	{ "NAT64 of loopback", SLICE_INIT("64:ff9b::7f00:1"), false },
	{ "local NAT64 prefix", SLICE_INIT("64:ff9b:1::9.9.9.9"), false },
	{ "6to4 of public", SLICE_INIT("2002:909:909::1"), true },
	{ "6to4 of private", SLICE_INIT("2002:a00:1::1"), false },
	{ "6to4 of loopback", SLICE_INIT("2002:7f00:1::"), false },
	{ "6to4 of link-local", SLICE_INIT("2002:a9fe:a9fe::1"), false },
	{ "Teredo", SLICE_INIT("2001:0:4136:e378::1"), false },
	{ "after protocol assignments", SLICE_INIT("2001:200::1"), true },
	{ "documentation", SLICE_INIT("2001:db8::1"), false },
	{ "new documentation prefix", SLICE_INIT("3fff::1"), false },
	{ "unique local, fc", SLICE_INIT("fc00::1"), false },
	{ "unique local, fd", SLICE_INIT("fdff::1"), false },
	{ "link-local v6", SLICE_INIT("fe80::1"), false },
	{ "old site-local", SLICE_INIT("fec0::1"), false },
	{ "multicast v6", SLICE_INIT("ff02::1"), false },
	{ "discard prefix", SLICE_INIT("100::1"), false },
	{ "below global unicast", SLICE_INIT("1fff::1"), false },
	{ "above global unicast", SLICE_INIT("4000::1"), false },
};

TEST(only_global_addresses_are_dialled)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dial_addr a;
		struct diag d = { 0 };
		EXPECT(dial_addr_parse(rows[i].address, 25, &a) == OK, rows[i].label);
		EXPECT(dial_is_global(&a) == rows[i].global, rows[i].label);
		EXPECT((dial_check(NULL, &a, &d) == OK) == rows[i].global, rows[i].label);
		EXPECT(rows[i].global || d.why != NULL, rows[i].label);
	}
}

TEST(configured_networks_are_let_through)
{
	static const struct {
		const char *label, *allow;
		struct slice address;
		enum err want;
	} t[] = {
		{ "inside the network", "10.0.0.0/8", SLICE_INIT("10.1.2.3"), OK },
		{ "outside the network", "10.0.0.0/8", SLICE_INIT("11.168.0.1"), OK },
		{ "another private one", "10.0.0.0/8", SLICE_INIT("192.168.0.1"), ERR_DENIED },
		{ "one address", "127.0.0.1", SLICE_INIT("127.0.0.1"), OK },
		{ "the address behind it", "127.0.0.1", SLICE_INIT("127.0.0.2"), ERR_DENIED },
		{ "mapped form of the same", "127.0.0.1", SLICE_INIT("::ffff:127.0.0.1"), OK },
		{ "NAT64 form is not the same", "10.0.0.0/8", SLICE_INIT("64:ff9b::10.0.0.1"),
		  ERR_DENIED },
		{ "several, both separators", "10.0.0.0/8, fd00::/8 ::1", SLICE_INIT("fd00::5"),
		  OK },
		{ "not in several", "10.0.0.0/8, fd00::/8 ::1", SLICE_INIT("fc00::5"), ERR_DENIED },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct dial_rules r = { 0 };
		struct dial_addr a;
		EXPECT(dial_rules_allow(&r, slice_str(t[i].allow), NULL) == OK, t[i].label);
		EXPECT(dial_addr_parse(t[i].address, 25, &a) == OK, t[i].label);
		EXPECT(dial_check(&r, &a, NULL) == t[i].want, t[i].label);
	}
}

struct list {
	size_t count;
	struct dial_net nets[4096];
	bool v4[4096];
};

static void add_net(void *arg, const char *net)
{
	struct list *l = arg;
	struct dial_rules r = { 0 };

	assert_int_equal(dial_rules_allow(&r, slice_str(net), NULL), OK);
	assert_true(l->count < ARRAY_LEN(l->nets));
	l->v4[l->count] = strchr(net, ':') == NULL;
	l->nets[l->count++] = r.nets[0];
}

static bool is_listed(const struct list *l, const struct dial_addr *a)
{
	struct dial_rules r = { .net_count = 1 };
	struct dial_rules none = { .net_count = 0 };

	/* Addresses that a rule lets through are those that lie in its network. */
	for (size_t i = 0; i < l->count; i++) {
		r.nets[0] = l->nets[i];
		if (l->v4[i] == (a->u.sa.sa_family == AF_INET) && dial_check(&r, a, NULL) == OK &&
		    dial_check(&none, a, NULL) != OK)
			return true;
	}
	return false;
}

static void same_as_list(const struct dial_rules *rules, const char *const *addresses, size_t count)
{
	static struct list l;
	struct dial_addr a;

	l.count = 0;
	dial_refused(rules, add_net, &l);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(dial_addr_parse(slice_str(addresses[i]), 53, &a), OK);
		EXPECT(is_listed(&l, &a) == (dial_check(rules, &a, NULL) != OK), addresses[i]);
	}
}

TEST(the_list_is_the_rule)
{
	static const char *const addresses[] = {
		"8.8.8.8",
		"10.0.0.1",
		"10.1.2.3",
		"127.0.0.1",
		"127.0.0.53",
		"169.254.1.1",
		"172.16.0.1",
		"172.32.0.1",
		"192.168.1.1",
		"198.18.0.1",
		"224.0.0.1",
		"255.255.255.255",
		"0.0.0.0",
		"100.64.0.1",
		"192.0.2.1",
		"::1",
		"::",
		"fe80::1",
		"fc00::1",
		"fd00::1",
		"ff02::1",
		"2001:db8::1",
		"2606:4700::1",
		"64:ff9b::808:808",
		"64:ff9b::a00:1",
		"2002:a00:1::1",
		"2002:808:808::1",
		"64:ff9b:1::1",
		"2001::1",
		"3fff::1",
		"4000::1",
		"8000::1",
		"64:ff9b::7f00:1",
		"2002:7f00:1::",
		"64:ff9b::c0a8:101",
		"1::1",
	};
	struct dial_rules rules = { 0 };

	same_as_list(&rules, addresses, ARRAY_LEN(addresses));
	assert_int_equal(
	        dial_rules_allow(&rules, S("10.1.0.0/16 127.0.0.53 fd00::/16 0.0.0.0/8"), NULL),
	        OK);
	same_as_list(&rules, addresses, ARRAY_LEN(addresses));
	rules.net_count = 0;
	assert_int_equal(dial_rules_allow(&rules, S("0.0.0.0/0 ::/0"), NULL), OK);
	same_as_list(&rules, addresses, ARRAY_LEN(addresses));
}

TEST(bad_networks_are_refused_whole)
{
	static const char *const bad[] = { "10.0.0.0/33",  "10.0.0.1/8",  "10.0.0.0/",
		                           "fd00::/129",   "example.com", "10.0.0.0:25",
		                           "10.0.0.0/8 x", "[::1]" };
	char many[DIAL_NETS_MAX * 12 + 16] = "";
	struct dial_rules r = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT(dial_rules_allow(&r, slice_str(bad[i]), NULL) == ERR_SYNTAX, bad[i]);
		EXPECT(r.net_count == 0, bad[i]);
	}
	for (size_t i = 0; i < DIAL_NETS_MAX; i++)
		memcpy(many + i * 9, "10.0.0.1 ", 10);
	EXPECT(dial_rules_allow(&r, slice_str(many), NULL) == OK, "as many networks as fit");
	EXPECT(dial_rules_allow(&r, S("10.0.0.2"), NULL) == ERR_LIMIT, "one more network");
}

TEST(own_listeners_are_refused)
{
	struct dial_rules r = { 0 };
	struct dial_addr own, other;

	EXPECT(dial_addr_parse(S("9.9.9.9:443"), 0, &own) == OK, "own listener");
	EXPECT(dial_rules_own(&r, &own) == OK, "own listener noted");
	EXPECT(dial_check(&r, &own, NULL) == ERR_DENIED, "our own listener");
	EXPECT(dial_addr_parse(S("[::ffff:9.9.9.9]:443"), 0, &other) == OK, "mapped");
	EXPECT(dial_check(&r, &other, NULL) == ERR_DENIED, "our own listener, mapped");
	EXPECT(dial_addr_parse(S("9.9.9.9:25"), 0, &other) == OK, "other port");
	EXPECT(dial_check(&r, &other, NULL) == OK, "another port of the same address");
}

TEST(addresses_are_read_and_written)
{
	static const struct {
		const char *label;
		struct slice in;
		const char *out; /* NULL: refused */
	} t[] = {
		{ "IPv4, default port", SLICE_INIT("192.0.2.1"), "192.0.2.1:53" },
		{ "IPv4 and port", SLICE_INIT("192.0.2.1:853"), "192.0.2.1:853" },
		{ "unbound's form", SLICE_INIT("192.0.2.1@5353"), "192.0.2.1:5353" },
		{ "bare IPv6", SLICE_INIT("2001:DB8::1"), "[2001:db8::1]:53" },
		{ "IPv6 in brackets", SLICE_INIT("[2001:db8::1]"), "[2001:db8::1]:53" },
		{ "IPv6 and port", SLICE_INIT("[2001:db8::1]:853"), "[2001:db8::1]:853" },
		{ "IPv6, unbound's form", SLICE_INIT("::1@65535"), "[::1]:65535" },
		{ "port too high", SLICE_INIT("192.0.2.1:65536"), NULL },
		{ "port zero", SLICE_INIT("192.0.2.1:0"), NULL },
		{ "no port behind the colon", SLICE_INIT("192.0.2.1:"), NULL },
		{ "a name", SLICE_INIT("localhost"), NULL },
		{ "an octal lookalike", SLICE_INIT("0177.0.0.1"), NULL },
		{ "a short form", SLICE_INIT("127.1"), NULL },
		{ "nothing", SLICE_INIT(""), NULL },
		{ "open bracket", SLICE_INIT("[::1"), NULL },
		{ "text behind the bracket", SLICE_INIT("[::1]x"), NULL },
	};
	char text[DIAL_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct dial_addr a;
		enum err e = dial_addr_parse(t[i].in, 53, &a);
		EXPECT((e == OK) == (t[i].out != NULL), t[i].label);
		if (e == OK && t[i].out != NULL)
			EXPECT_SLICE(slice_str(dial_addr_format(&a, false, text)),
			             slice_str(t[i].out), t[i].label);
	}
}

TEST_MAIN(UNIT(only_global_addresses_are_dialled), UNIT(configured_networks_are_let_through),
          UNIT(the_list_is_the_rule), UNIT(bad_networks_are_refused_whole),
          UNIT(own_listeners_are_refused), UNIT(addresses_are_read_and_written))
