#include "service/alert_mail.h"

#include <stdio.h>

#include "unit/test.h"

#define NOW INT64_C(1795780800) /* 2026-11-27 12:00:00 */

static struct alert_row row(const char *name, unsigned level)
{
	return (struct alert_row){
		.domain = 1,
		.name = name,
		.cause = ALERT_MX,
		.state = { .level = level,
		           .extent = 1,
		           .subject = "mx2.example.net",
		           .opened = NOW - 3600,
		           .closed = level == 0 ? NOW - 60 : 0,
		           .said_subject = "" },
		.detail = "No mx line of the policy matches mx2.example.net, MX in DNS.",
		.step = "Add it to the policy:",
		.command = "mxseal policy set example.com --add-mx mx2.example.net",
	};
}

static struct alert_mail mail(enum alert_event event, const struct alert_row *rows, size_t count)
{
	return (struct alert_mail){ .event = event,
		                    .cause = ALERT_MX,
		                    .pause = "",
		                    .rows = rows,
		                    .count = count,
		                    .id = 77,
		                    .now = NOW,
		                    .to = "postmaster@example.org",
		                    .host = "mxseal.example.org",
		                    .dashboard = "https://mxseal.example.org/" };
}

static bool has(struct buf *b, const char *text)
{
	return slice_find_slice(buf_slice(b), slice_str(text)) != SIZE_MAX;
}

static void formatted(const struct alert_mail *m, struct arena *a, struct buf *out)
{
	buf_reset(out);
	alert_mail_format(m, a, out);
	EXPECT(buf_status(out) == OK, "there is room");
}

static const struct {
	const char *label;
	enum alert_event event;
	unsigned level;
	size_t count;
	const char *subject, *within;
} rows[] = {
	{ "opened, testing", ALERT_OPENED, 1, 1,
	  "Subject: [mxseal] example.com: mail would be refused in enforce - An MX host in DNS is "
	  "not in the policy\n",
	  "X-Mxseal-Event: opened mx-not-matched\n" },
	{ "worse, enforce", ALERT_WORSE, 2, 1,
	  "Subject: [mxseal] example.com: worse - mail refused now - An MX host in DNS is not in "
	  "the "
	  "policy\n",
	  "X-Mxseal-Event: worse mx-not-matched\n" },
	{ "closed", ALERT_CLOSED, 0, 1,
	  "Subject: [mxseal] example.com: closed - An MX host in DNS is not in the policy\n",
	  "  Was      open from 2026-11-27T11:00:00Z to 2026-11-27T11:59:00Z\n" },
	{ "of several", ALERT_OPENED, 1, 2,
	  "Subject: [mxseal] 2 names: mail would be refused in enforce - An MX host in DNS is not "
	  "in "
	  "the policy\n",
	  "\nexample.com\n  What     No mx line" },
};

TEST(subjects)
{
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, 60000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct alert_row list[2] = { row("example.com", rows[i].level),
			                     row("example.net", rows[i].level) };
		struct alert_mail m = mail(rows[i].event, list, rows[i].count);

		formatted(&m, a, &b);
		EXPECT(has(&b, rows[i].subject), rows[i].label);
		EXPECT(has(&b, rows[i].within), rows[i].label);
		EXPECT(has(&b, "Date: Fri, 27 Nov 2026 12:00:00 +0000\n"), rows[i].label);
		EXPECT(has(&b, "Message-ID: <mxseal.77@mxseal.example.org>\n"), rows[i].label);
		EXPECT(has(&b, "Auto-Submitted: auto-generated\n"), rows[i].label);
		EXPECT(has(&b, "  More     mxseal explain mx-not-matched\n"), rows[i].label);
		EXPECT(has(&b, "Impact") == (rows[i].event != ALERT_CLOSED), rows[i].label);
		EXPECT(has(&b, "example.net\n  W") == (rows[i].count > 1), rows[i].label);
	}
	buf_fini(&b);
	arena_free(a);
}

TEST(to_whom)
{
	struct alert_row one = row("example.com", 1);
	struct alert_mail m = mail(ALERT_OPENED, &one, 1);
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, 60000);
	formatted(&m, a, &b);
	EXPECT(has(&b, "\nTo: postmaster@example.org\n"), "named");
	m.to = m.dashboard = "";
	formatted(&m, a, &b);
	EXPECT(!has(&b, "\nTo:"), "not named: the command knows");
	EXPECT(!has(&b, "https://"), "no dashboard to point to");
	buf_reset(&b);
	m.to = "a@example.org";
	alert_mail_test(&m, &b);
	EXPECT(has(&b, "X-Mxseal-Event: test\n") && has(&b, "\nTo: a@example.org\n"), "a test");
	buf_fini(&b);
	arena_free(a);
}

/* What strangers wrote breaks no line, moves nothing on a terminal, and adds no field. */
TEST(hostile_text)
{
	struct alert_row one = row("example.com", 1);
	struct alert_mail m = mail(ALERT_OPENED, &one, 1);
	struct arena *a = arena_new();
	struct buf b;

	one.detail = "x\r\nBcc: everybody@example.org\n.\n\x1b[31m\xe2\x80\xae\xff end";
	one.command = "mxseal\nrm -rf";
	buf_init(&b, 60000);
	formatted(&m, a, &b);
	EXPECT(!has(&b, "\nBcc:") && !has(&b, "\n.\n"), "RPT-88: no line of its own");
	EXPECT(!has(&b, "\x1b") && !has(&b, "\xe2\x80\xae") && !has(&b, "\xff"),
	       "RPT-88: shown as ?");
	EXPECT(!has(&b, "\r") && !has(&b, "\nrm"), "in a line to copy neither");
	EXPECT(has(&b, "end\n"), "the rest is there");
	buf_fini(&b);
	arena_free(a);
}

TEST(many_names)
{
	struct arena *a = arena_new();
	size_t count = ALERT_MAIL_NAMES_MAX + 3;
	struct alert_row *list = arena_calloc(a, count, sizeof(*list));
	struct buf b;

	for (size_t i = 0; i < count; i++)
		list[i] = row(arena_printf(a, "d%zu.example", i), i == 7 ? 2 : 1);
	struct alert_mail m = mail(ALERT_OPENED, list, count);
	buf_init(&b, 60000);
	formatted(&m, a, &b);
	EXPECT(has(&b, "53 names: mail refused now - "), "the worst of them");
	EXPECT(has(&b, "\nd49.example\n") && !has(&b, "\nd50.example\n"), "so many are named");
	EXPECT(has(&b, "And 3 more"), "the rest is counted");
	m.count = ALERT_MAIL_NAMES_MAX;
	formatted(&m, a, &b);
	EXPECT(has(&b, "\nd49.example\n") && !has(&b, "more; "), "all are named");
	buf_fini(&b);
	arena_free(a);
}

/* Whoever gets many is told that the next one takes its time. */
TEST(pauses)
{
	struct alert_row one = row("example.com", 0);
	struct alert_mail m = mail(ALERT_CLOSED, &one, 1);
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, 60000);
	formatted(&m, a, &b);
	EXPECT(!has(&b, "  Next"), "not of the first ones");
	m.pause = "six hours";
	formatted(&m, a, &b);
	EXPECT(has(&b, "\n  Next     More of the same is gathered for six hours, and is one"),
	       "in words");
	buf_fini(&b);
	arena_free(a);
}

/* RFC 5322, 2.1.1: 998 at most; 78 where it can be. */
TEST(lines)
{
	struct arena *a = arena_new();
	char *text = arena_calloc(a, 1, 3001);
	struct alert_row one = row("example.com", 1);
	struct alert_mail m = mail(ALERT_OPENED, &one, 1);
	struct slice rest, line;
	struct buf b;

	memset(text, 'w', 2000);
	memset(text + 2000, ' ', 1);
	for (size_t i = 2001; i < 3000; i++)
		text[i] = i % 7 == 0 ? ' ' : 'x';
	one.detail = one.command = text;
	buf_init(&b, 60000);
	formatted(&m, a, &b);
	rest = buf_slice(&b);
	while (slice_next_line(&rest, &line))
		EXPECT(line.len <= 998, "no line is longer");
	buf_fini(&b);
	arena_free(a);
}

TEST_MAIN(UNIT(subjects), UNIT(to_whom), UNIT(hostile_text), UNIT(many_names), UNIT(pauses),
          UNIT(lines))
