#include "net/imap.h"

#include "unit/test.h"

static const struct {
	const char *label, *text, *host, *folder;
	enum err want;
	unsigned port;
	bool tls, plain;
} rows[] = {
	{ "short", "imaps://mail.example", "mail.example", "INBOX", OK, 993, true, false },
	{ "with a folder", "imaps://mail.example/TLS", "mail.example", "TLS", OK, 993, true,
	  false },
	{ "with a port", "imaps://mail.example:1993/", "mail.example", "INBOX", OK, 1993, true,
	  false },
	{ "STARTTLS", "imap://mail.example/a/b", "mail.example", "a/b", OK, 143, false, false },
	{ "loopback needs no TLS", "imap://127.0.0.1:1143/", "127.0.0.1", "INBOX", OK, 1143, false,
	  true },
	{ "IPv6", "imap://[::1]:1143/x", "::1", "x", OK, 1143, false, true },
	{ "a private network needs TLS", "imap://10.0.0.1/", "10.0.0.1", "INBOX", OK, 143, false,
	  false },
	{ "localhost is a name", "imap://localhost/", "localhost", "INBOX", OK, 143, false, false },
	{ "escapes", "imaps://m.example/TLS%20reports%2Fnew", "m.example", "TLS reports/new", OK,
	  993, true, false },
	{ "case of the scheme", "IMAPS://m.example/", "m.example", "INBOX", OK, 993, true, false },
	{ "another scheme", "pop3://m.example/", "", "", ERR_SYNTAX, 0, false, false },
	{ "no host", "imaps:///INBOX", "", "", ERR_SYNTAX, 0, false, false },
	{ "a user", "imaps://a@m.example/", "", "", ERR_SYNTAX, 0, false, false },
	{ "port 0", "imaps://m.example:0/", "", "", ERR_SYNTAX, 0, false, false },
	{ "port 65536", "imaps://m.example:65536/", "", "", ERR_SYNTAX, 0, false, false },
	{ "half an escape", "imaps://m.example/a%2", "", "", ERR_SYNTAX, 0, false, false },
	{ "no escape", "imaps://m.example/a%zz", "", "", ERR_SYNTAX, 0, false, false },
	{ "a line end in the folder", "imaps://m.example/a%0d%0ab", "", "", ERR_SYNTAX, 0, false,
	  false },
	{ "an unclosed bracket", "imaps://[::1/", "", "", ERR_SYNTAX, 0, false, false },
};

TEST(urls)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct imap_url u = { .host = "", .folder = "" };

		EXPECT(imap_url_parse(slice_str(rows[i].text), &u) == rows[i].want, rows[i].label);
		EXPECT_SLICE(slice_str(u.host), slice_str(rows[i].host), rows[i].label);
		EXPECT_SLICE(slice_str(u.folder), slice_str(rows[i].folder), rows[i].label);
		EXPECT(u.port == rows[i].port && u.tls == rows[i].tls && u.plain == rows[i].plain,
		       rows[i].label);
	}
}

TEST(long_folders)
{
	char text[20 + IMAP_FOLDER_MAX + 1];
	struct imap_url u;
	size_t n = strlen("imaps://m.example/");

	memcpy(text, "imaps://m.example/", n);
	memset(text + n, 'a', IMAP_FOLDER_MAX + 1);
	EXPECT(imap_url_parse(slice_of(text, n + IMAP_FOLDER_MAX), &u) == OK, "the longest");
	EXPECT(imap_url_parse(slice_of(text, n + IMAP_FOLDER_MAX + 1), &u) == ERR_SYNTAX, "longer");
}

TEST_MAIN(UNIT(urls), UNIT(long_folders))
