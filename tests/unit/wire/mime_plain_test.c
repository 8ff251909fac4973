/* The short way through a mail agrees with GMime wherever it says anything at all. */
#include "wire/mime_plain.h"

#include <inttypes.h>

#include "test.h"

#define HEAD                                                                                       \
	"Received: from a.example\r\n\tby b.example; Tue, 12 May 2026 10:00:00 +0000\r\n"          \
	"From: <noreply@example.net>\r\nDate: Tue, 12 May 2026 10:00:00 +0200\r\n"                 \
	"Subject: Report Domain: acme.example\r\n Submitter: example.net\r\nMessage-ID: <1@x>\r\n" \
	"TLS-Report-Domain: acme.example\r\nTLS-Report-Submitter: example.net\r\n"
#define TYPE "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n\tboundary=\"b\"\r\n\r\n"
#define TEXT                                                                               \
	"--b\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: " \
	"7bit\r\n\r\nHello\r\nyou\r\n\r\n"
#define REPORT                                                                                 \
	"--b\r\nContent-Type: application/tlsrpt+gzip;\r\n\tname=\"a!b!1!2.json.gz\"\r\n"      \
	"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n\tfilename=" \
	"\"a!b!1!2.json.gz\"\r\n\r\nH4sIAAAA\r\nAAAAA+Y=\r\n"

static bool same_slice(struct slice a, struct slice b)
{
	return slice_eq(a, b);
}

static bool same_message(const struct mime_message *a, const struct mime_message *b)
{
	return same_slice(a->type, b->type) && same_slice(a->report_type, b->report_type) &&
	       same_slice(a->from, b->from) && same_slice(a->subject, b->subject) &&
	       same_slice(a->date, b->date) && same_slice(a->message_id, b->message_id) &&
	       same_slice(a->report_domain, b->report_domain) &&
	       same_slice(a->report_submitter, b->report_submitter) &&
	       a->report_domains == b->report_domains && a->has_time == b->has_time &&
	       a->time == b->time && a->depth == b->depth && a->unclosed == b->unclosed &&
	       a->damaged == b->damaged;
}

static bool same_part(const struct mime_part *a, const struct mime_part *b)
{
	return same_slice(a->type, b->type) && same_slice(a->file_name, b->file_name) &&
	       same_slice(a->content, b->content) && same_slice(a->raw, b->raw) &&
	       a->message == b->message && a->alone == b->alone;
}

static bool same(const struct mime *a, const struct mime *b)
{
	bool good = a->message_count == b->message_count && a->part_count == b->part_count;

	for (size_t i = 0; good && i < a->message_count; i++)
		good = same_message(&a->messages[i], &b->messages[i]);
	for (size_t i = 0; good && i < a->part_count; i++)
		good = same_part(&a->parts[i], &b->parts[i]);
	return good;
}

/* What the short way says; *agrees_out: GMime says nothing else. */
static enum err compare(struct slice message, bool *agrees_out)
{
	struct arena *arena = arena_new();
	struct mime fast = { 0 }, slow = { 0 };
	enum err e = mime_plain(message, arena, &fast);

	*agrees_out = e == ERR_AGAIN ||
	              (mime_read_slow(message, arena, &slow, NULL) == OK && same(&fast, &slow));
	arena_free(arena);
	return e;
}

static const struct row {
	const char *label;
	struct slice message;
	bool plain;
} rows[] = {
	{ "MIME-02: as senders write it", SLICE_INIT(HEAD TYPE TEXT REPORT "--b--\r\n"), true },
	{ "MIME-04: preamble and epilogue",
	  SLICE_INIT(HEAD TYPE "pre\r\n" REPORT "--b--\r\n\r\nepi\r\n"), true },
	{ "MIME-02: report alone in the multipart", SLICE_INIT(HEAD TYPE REPORT "--b--\r\n"),
	  true },
	{ "MIME-05: no disposition",
	  SLICE_INIT("From: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
	             "Content-Type: application/tlsrpt+json; name=x\n\n{}\n--b--\n"),
	  true },
	{ "MIME-03: quoted-printable is GMime's",
	  SLICE_INIT(HEAD TYPE "--b\nContent-Type: a/b\nContent-Transfer-Encoding: "
	                       "quoted-printable\n\n=41\n--b--\n"),
	  false },
	{ "MIME-03: base64 with a foreign byte is GMime's",
	  SLICE_INIT(HEAD TYPE "--b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\nQU!B\n"
	                       "--b--\n"),
	  false },
	{ "MIME-04: no closing boundary is GMime's", SLICE_INIT(HEAD TYPE REPORT), false },
	{ "MIME-04: a boundary that starts another is GMime's",
	  SLICE_INIT(HEAD TYPE REPORT "--bb\r\n\r\nx\r\n--b--\r\n"), false },
	{ "MIME-05: an encoded name is GMime's",
	  SLICE_INIT(HEAD TYPE "--b\nContent-Type: a/b; name*=utf-8''x\n\nx\n--b--\n"), false },
	{ "MIME-02: a header with odd bytes is GMime's",
	  SLICE_INIT("From: \xe4\r\n" TYPE REPORT "--b--\r\n"), false },
	{ "MIME-02: a message inside is GMime's",
	  SLICE_INIT(HEAD TYPE "--b\nContent-Type: message/rfc822\n\nFrom: a\n\nx\n--b--\n"),
	  false },
	{ "MIME-02: no multipart is GMime's", SLICE_INIT(HEAD "Content-Type: a/b\r\n\r\nx\r\n"),
	  false },
	{ "MIME-04: lines that end in two ways are GMime's",
	  SLICE_INIT(HEAD TYPE "--b\nContent-Type: a/b\n\nx\n--b--\n"), false },
	{ "MIME-02: a date of another shape is GMime's",
	  SLICE_INIT("Date: 12 May 26 10:00 EST\r\n" TYPE REPORT "--b--\r\n"), false },
};

TEST(the_short_way_is_taken_where_it_may)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool agrees = false;

		EXPECT((compare(rows[i].message, &agrees) == OK) == rows[i].plain, rows[i].label);
		EXPECT(agrees, rows[i].label);
	}
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Bytes that mean something to a reader of mail. */
static const char odd[] = "\r\n\t :;=\"()<>@,/\\?*'%-.b\0\x80";

static struct slice damaged(struct slice from, char *to, uint32_t *state)
{
	size_t len = from.len;

	memcpy(to, from.p, len);
	for (uint32_t n = 1 + next_random(state) % 3; n > 0; n--) {
		size_t at = next_random(state) % len;
		char c = odd[next_random(state) % (sizeof(odd) - 1)];

		switch (next_random(state) % 3) {
		case 0:
			to[at] = c;
			break;
		case 1:
			memmove(to + at, to + at + 1, --len - at);
			break;
		default:
			memmove(to + at + 1, to + at, len++ - at);
			to[at] = c;
			break;
		}
	}
	return slice_of(to, len);
}

TEST(damaged_mails_are_read_the_same_or_left_to_gmime)
{
	uint32_t state = 1;
	size_t taken = 0;
	char bytes[4096];

	for (unsigned n = 0; n < 6000; n++) {
		struct slice m = damaged(rows[n % 4].message, bytes, &state);
		bool agrees = false;

		taken += compare(m, &agrees) == OK;
		if (!agrees)
			(void)fprintf(stderr, "round %u: %.*s\n", n, SLICE_ARGS(m));
		EXPECT(agrees, "MIME-04: both ways give the same parts");
	}
	EXPECT(taken > 1000, "many of them can be read the short way");
}

TEST_MAIN(UNIT(the_short_way_is_taken_where_it_may),
          UNIT(damaged_mails_are_read_the_same_or_left_to_gmime))
