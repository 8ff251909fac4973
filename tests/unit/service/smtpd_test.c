#include "service/smtpd.h"

#include "base/mem.h"
#include "script.h"
#include "test.h"

#define HOST "reports.example"
#define SMALL_MAX 1000000u /* what the place below holds */

/* An owner that knows some addresses by name. */
struct place {
	struct buf stored; /* "PEER TAGS SENDER|content|" for each mail */
	struct script *script;
	struct slice behind_tls; /* what the client sends once TLS is on */
	size_t held;
	bool has_tls, tls, wait;
	enum smtpd_outcome outcome;
};

static enum smtpd_known recipient(void *arg, struct slice local, struct slice domain,
                                  char tag_out[ENVELOPE_TAG_MAX + 1])
{
	(void)arg;
	if (slice_eq_i(local, S("postmaster")))
		return SMTPD_KNOWN;
	if (!slice_eq_i(domain, S(HOST)))
		return SMTPD_ELSEWHERE;
	if (slice_eq(local, S("r-later")))
		return SMTPD_LATER;
	if (!slice_starts(local, S("r-good")))
		return SMTPD_UNKNOWN;
	local = slice_head(slice_skip(local, 2), ENVELOPE_TAG_MAX);
	memcpy(tag_out, local.p, local.len);
	tag_out[local.len] = '\0';
	return SMTPD_KNOWN;
}

static bool hold(void *arg, size_t size)
{
	struct place *p = arg;

	if (size > SMALL_MAX - p->held)
		return false;
	p->held += size;
	return true;
}

static bool hold_all(void *arg, size_t size)
{
	((struct place *)arg)->held += size;
	return true;
}

static void release(void *arg, size_t size)
{
	((struct place *)arg)->held -= size;
}

static void store(void *arg, struct smtpd *s, const struct envelope *e, struct slice bytes)
{
	struct place *p = arg;

	EXPECT(envelope_format(e, &p->stored) == OK, "the envelope fits");
	buf_add_char(&p->stored, '|');
	buf_add(&p->stored, bytes);
	buf_add_char(&p->stored, '|');
	if (!p->wait)
		smtpd_stored(s, p->outcome);
}

static bool has_tls(void *arg)
{
	return ((const struct place *)arg)->has_tls;
}

static void start_tls(void *arg, struct stream *io)
{
	(void)io;
	((struct place *)arg)->tls = true;
}

/* Plain bytes that are still in the socket are no handshake. */
static enum err handshake(void *arg, struct stream *io)
{
	struct place *p = arg;

	(void)io;
	if (p->script->in.len > 0)
		return ERR_IO;
	p->script->in = p->behind_tls;
	return OK;
}

struct run {
	struct script script;
	struct stream stream;
	struct place place;
	struct smtpd_owner owner;
	struct smtpd smtpd;
};

static void begin(struct run *r, struct slice in, size_t step, bool lmtp)
{
	*r = (struct run){ .script = { .in = in, .step = step } };
	buf_init(&r->script.out, 1u << 20);
	buf_init(&r->place.stored, 2u * SMTPD_BYTES_MAX);
	r->stream = script_stream(&r->script);
	r->place.script = &r->script;
	r->place.has_tls = true;
	r->owner = (struct smtpd_owner){ recipient, hold,      release,   store,
		                         has_tls,   start_tls, handshake, &r->place };
	smtpd_init(&r->smtpd, &r->stream, &r->owner, HOST, S("192.0.2.1"), lmtp);
}

static void end(struct run *r)
{
	smtpd_fini(&r->smtpd);
	EXPECT(r->place.held == 0, "everything held was released");
	buf_fini(&r->script.out);
	buf_fini(&r->place.stored);
}

#define GREETING "220 " HOST " ESMTP mxseal\r\n"
#define HELO "HELO client.example\r\n"
#define OK_HELO GREETING "250 " HOST "\r\n"
#define FROM "MAIL FROM:<tls@sender.example>\r\n"
#define OK_FROM "250 2.1.0 Sender taken\r\n"
#define TO "RCPT TO:<r-good@" HOST ">\r\n"
#define OK_TO "250 2.1.5 Recipient taken\r\n"
#define GO "354 End with a dot on a line of its own\r\n"
#define STORED "250 2.0.0 Stored\r\n"
#define QUIT "QUIT\r\n"
#define BYE "221 2.0.0 Goodbye\r\n"
#define ENVELOPE "192.0.2.1 good tls@sender.example|"

static const struct row {
	const char *label;
	struct slice in;
	const char *out;
	const char *stored;
} rows[] = {
	{ "a mail", SLICE_INIT(HELO FROM TO "DATA\r\nSubject: x\r\n\r\n..y\r\n.\r\n" QUIT),
	  OK_HELO OK_FROM OK_TO GO STORED BYE, ENVELOPE "Subject: x\r\n\r\n.y\r\n|" },
	{ "EHLO says what is offered", SLICE_INIT("EHLO client.example\r\n" QUIT),
	  GREETING "250-" HOST "\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n250-PIPELINING\r\n"
	           "250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n" BYE,
	  "" },
	{ "8BITMIME and SIZE are taken",
	  SLICE_INIT(HELO "MAIL FROM:<> SIZE=26214400 BODY=8BITMIME\r\n" TO
	                  "DATA\r\n\xff\r\n.\r\n" QUIT),
	  OK_HELO OK_FROM OK_TO GO STORED BYE, "192.0.2.1 good |\xff\r\n|" },
	{ "two mails",
	  SLICE_INIT(HELO FROM TO "DATA\r\na\r\n.\r\n" FROM TO "DATA\r\nb\r\n.\r\n" QUIT),
	  OK_HELO OK_FROM OK_TO GO STORED OK_FROM OK_TO GO STORED BYE,
	  ENVELOPE "a\r\n|" ENVELOPE "b\r\n|" },
	{ "several recipients, one of them twice",
	  SLICE_INIT(HELO FROM TO "RCPT TO:<r-good2@" HOST ">\r\n" TO "DATA\r\na\r\n.\r\n" QUIT),
	  OK_HELO OK_FROM OK_TO OK_TO OK_TO GO STORED BYE,
	  "192.0.2.1 good,good2 tls@sender.example|a\r\n|" },
	{ "postmaster, with and without a domain",
	  SLICE_INIT(HELO FROM "RCPT TO:<Postmaster>\r\nRCPT TO:<postmaster@" HOST
	                       ">\r\nDATA\r\na\r\n.\r\n" QUIT),
	  OK_HELO OK_FROM OK_TO OK_TO GO STORED BYE, "192.0.2.1 - tls@sender.example|a\r\n|" },
	{ "an unknown recipient", SLICE_INIT(HELO FROM "RCPT TO:<r-bad@" HOST ">\r\nDATA\r\n" QUIT),
	  OK_HELO OK_FROM "550 5.1.1 There is no such address here\r\n"
	                  "503 5.5.1 There is no recipient\r\n" BYE,
	  "" },
	{ "nothing is relayed", SLICE_INIT(HELO FROM "RCPT TO:<r-good@other.example>\r\n" QUIT),
	  OK_HELO OK_FROM "550 5.7.1 Mail for other hosts is not taken\r\n" BYE, "" },
	{ "a recipient that cannot be looked up",
	  SLICE_INIT(HELO FROM "RCPT TO:<r-later@" HOST ">\r\n" QUIT),
	  OK_HELO OK_FROM "451 4.3.0 The address cannot be looked up now\r\n" BYE, "" },
	{ "MAIL before EHLO", SLICE_INIT(FROM QUIT), GREETING "503 5.5.1 Begin with EHLO\r\n" BYE,
	  "" },
	{ "RCPT before MAIL", SLICE_INIT(HELO TO QUIT),
	  OK_HELO "503 5.5.1 MAIL comes first\r\n" BYE, "" },
	{ "MAIL in a mail", SLICE_INIT(HELO FROM FROM QUIT),
	  OK_HELO OK_FROM "503 5.5.1 A mail is under way\r\n" BYE, "" },
	{ "RSET forgets", SLICE_INIT(HELO FROM TO "RSET\r\nDATA\r\n" QUIT),
	  OK_HELO OK_FROM OK_TO "250 2.0.0 Forgotten\r\n503 5.5.1 There is no recipient\r\n" BYE,
	  "" },
	{ "EHLO forgets", SLICE_INIT(HELO FROM TO HELO TO QUIT),
	  OK_HELO OK_FROM OK_TO "250 " HOST "\r\n503 5.5.1 MAIL comes first\r\n" BYE, "" },
	{ "a size that is too large is refused before the mail is sent",
	  SLICE_INIT(HELO "MAIL FROM:<> SIZE=26214401\r\n" QUIT),
	  OK_HELO "552 5.3.4 The mail is larger than 25 MiB\r\n" BYE, "" },
	{ "what is not offered is refused",
	  SLICE_INIT(HELO "MAIL FROM:<> SMTPUTF8\r\nMAIL FROM:<> BODY=BINARYMIME\r\nBDAT 1\r\n"
	                  "AUTH PLAIN\r\n" QUIT),
	  OK_HELO "555 5.5.4 A parameter is not supported\r\n"
	          "501 5.5.4 A parameter makes no sense\r\n"
	          "500 5.5.1 The command is not known\r\n"
	          "500 5.5.1 The command is not known\r\n" BYE,
	  "" },
	{ "NOOP, VRFY, HELP", SLICE_INIT("NOOP\r\nVRFY x\r\nHELP\r\n" QUIT),
	  GREETING "250 2.0.0 Nothing done\r\n252 2.5.0 Send the mail and see\r\n"
	           "214 2.0.0 TLS reports (RFC 8460) are taken here\r\n" BYE,
	  "" },
	{ "LHLO is not for SMTP", SLICE_INIT("LHLO x\r\n" QUIT),
	  GREETING "500 5.5.1 This is SMTP: begin with EHLO\r\n" BYE, "" },
	{ "a bare LF ends the connection", SLICE_INIT("HELO x\nNOOP\r\n"),
	  GREETING "521 5.5.2 Lines end with CR LF, and neither stands alone\r\n", "" },
	{ "a bare CR ends the connection", SLICE_INIT("HELO x\rNOOP\r\n"),
	  GREETING "521 5.5.2 Lines end with CR LF, and neither stands alone\r\n", "" },
	{ "smuggling: <LF>.<LF> is no end, and nothing behind it is a command",
	  SLICE_INIT(HELO FROM TO "DATA\r\na\n.\nMAIL FROM:<x@y>\r\n.\r\n" FROM),
	  OK_HELO OK_FROM OK_TO GO "521 5.5.2 A CR or LF stands alone in the mail\r\n", "" },
	{ "smuggling: <LF>.<CRLF>",
	  SLICE_INIT(HELO FROM TO "DATA\r\na\n.\r\nMAIL FROM:<x@y>\r\n.\r\n"),
	  OK_HELO OK_FROM OK_TO GO "521 5.5.2 A CR or LF stands alone in the mail\r\n", "" },
	{ "smuggling: <CR>.<CR>", SLICE_INIT(HELO FROM TO "DATA\r\na\r.\rMAIL FROM:<x@y>\r\n.\r\n"),
	  OK_HELO OK_FROM OK_TO GO "521 5.5.2 A CR or LF stands alone in the mail\r\n", "" },
	{ "a browser", SLICE_INIT("POST / HTTP/1.1\r\nHost: x\r\n\r\n" HELO FROM TO),
	  GREETING "521 5.5.1 This is no web server\r\n", "" },
	{ "a mail without its end is not stored", SLICE_INIT(HELO FROM TO "DATA\r\na\r\n."),
	  OK_HELO OK_FROM OK_TO GO, "" },
	{ "eleven errors",
	  SLICE_INIT("X\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\nX\r\n" HELO),
	  GREETING "500 5.5.1 The command is not known\r\n500 5.5.1 The command is not known\r\n"
	           "500 5.5.1 The command is not known\r\n500 5.5.1 The command is not known\r\n"
	           "500 5.5.1 The command is not known\r\n500 5.5.1 The command is not known\r\n"
	           "500 5.5.1 The command is not known\r\n500 5.5.1 The command is not known\r\n"
	           "500 5.5.1 The command is not known\r\n500 5.5.1 The command is not known\r\n"
	           "500 5.5.1 The command is not known\r\n421 4.7.0 Too many errors\r\n",
	  "" },
};

/* Pieces of any size change nothing. */
static void play(const struct row *row, bool lmtp)
{
	for (size_t step = 1; step <= row->in.len; step = step < 8 ? step + 1 : step * 3) {
		struct run r;

		begin(&r, row->in, step, lmtp);
		EXPECT(smtpd_step(&r.smtpd) != ERR_AGAIN, row->label);
		EXPECT_SLICE(buf_slice(&r.script.out), slice_str(row->out), row->label);
		EXPECT_SLICE(buf_slice(&r.place.stored), slice_str(row->stored), row->label);
		end(&r);
	}
}

TEST(smtp_sessions)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		play(&rows[i], false);
}

#define OK_LHLO                                                                             \
	"220 " HOST " LMTP mxseal\r\n250-" HOST "\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n" \
	"250-PIPELINING\r\n250-STARTTLS\r\n250 ENHANCEDSTATUSCODES\r\n"

static const struct row lmtp_rows[] = {
	{ "a reply for each recipient",
	  SLICE_INIT("LHLO x\r\n" FROM TO "RCPT TO:<r-bad@" HOST ">\r\nRCPT TO:<r-good2@" HOST
	             ">\r\nDATA\r\na\r\n.\r\n" QUIT),
	  OK_LHLO OK_FROM OK_TO
	  "550 5.1.1 There is no such address here\r\n" OK_TO GO STORED STORED BYE,
	  "192.0.2.1 good,good2 tls@sender.example|a\r\n|" },
	{ "EHLO is not for LMTP", SLICE_INIT("EHLO x\r\n" HELO FROM QUIT),
	  "220 " HOST " LMTP mxseal\r\n500 5.5.1 This is LMTP: begin with LHLO\r\n"
	  "500 5.5.1 This is LMTP: begin with LHLO\r\n503 5.5.1 Begin with LHLO\r\n" BYE,
	  "" },
	{ "smuggling: <LF>.<LF>",
	  SLICE_INIT("LHLO x\r\n" FROM TO "DATA\r\na\n.\nMAIL FROM:<x@y>\r\n.\r\n"),
	  OK_LHLO OK_FROM OK_TO GO "521 5.5.2 A CR or LF stands alone in the mail\r\n", "" },
};

TEST(lmtp_sessions)
{
	for (size_t i = 0; i < ARRAY_LEN(lmtp_rows); i++)
		play(&lmtp_rows[i], true);
}

TEST(starttls)
{
	struct run r;

	begin(&r, S("EHLO x\r\n" FROM TO "STARTTLS\r\n"), 4096, false);
	r.place.behind_tls = S(FROM "EHLO x\r\n" TO FROM TO "DATA\r\na\r\n.\r\nSTARTTLS\r\n" QUIT);
	EXPECT(smtpd_step(&r.smtpd) == OK && r.place.tls, "it ends in order");
	EXPECT(slice_ends(buf_slice(&r.script.out),
	                  S("220 2.0.0 Begin TLS\r\n"
	                    "503 5.5.1 Begin with EHLO\r\n"
	                    "250-" HOST "\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n"
	                    "250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"
	                    "503 5.5.1 MAIL comes first\r\n" OK_FROM OK_TO GO STORED
	                    "503 5.5.1 TLS is on already\r\n" BYE)),
	       "SMTP-02: what was said before TLS counts for nothing, and TLS is offered once");
	EXPECT_SLICE(buf_slice(&r.place.stored), S(ENVELOPE "a\r\n|"), "the mail");
	end(&r);

	begin(&r, S("EHLO x\r\nSTARTTLS\r\n" QUIT), 4096, false);
	r.place.has_tls = false;
	EXPECT(smtpd_step(&r.smtpd) == OK && !r.place.tls, "without a certificate");
	EXPECT(slice_find_slice(buf_slice(&r.script.out), S("250-STARTTLS")) == SIZE_MAX,
	       "STARTTLS is not offered");
	EXPECT(slice_find_slice(buf_slice(&r.script.out), S("454 4.7.0")) != SIZE_MAX,
	       "SMTP-04: and asked for all the same it is a temporary failure");
	end(&r);
}

TEST(injected_before_tls)
{
	for (size_t step = 1; step < 100; step++) {
		struct run r;

		begin(&r, S("EHLO x\r\nSTARTTLS\r\nEHLO evil\r\n" FROM TO "DATA\r\nevil\r\n.\r\n"),
		      step, false);
		r.place.behind_tls = S("NOOP\r\n" TO QUIT);
		(void)!smtpd_step(&r.smtpd); /* either way */
		EXPECT(slice_find_slice(buf_slice(&r.script.out), S(OK_FROM)) == SIZE_MAX &&
		               r.place.stored.len == 0,
		       "SMTP-03: plain bytes behind STARTTLS are never obeyed");
		end(&r);
	}
}

TEST(waiting_for_the_disk)
{
	static const struct {
		enum smtpd_outcome outcome;
		const char *reply;
	} outcomes[] = {
		{ SMTPD_STORED, "250 2.0.0 " },
		{ SMTPD_USED_UP, "452 4.2.2 " },
		{ SMTPD_NO_SPACE, "452 4.3.1 " },
		{ SMTPD_FAILED, "451 4.3.0 " },
	};

	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		struct run r;
		size_t before;

		begin(&r, S(HELO FROM TO "DATA\r\na\r\n.\r\nNOOP\r\n"), 4096, false);
		r.place.wait = true;
		r.script.open = true;
		EXPECT(smtpd_step(&r.smtpd) == ERR_AGAIN && smtpd_want(&r.smtpd) == 0,
		       "waits for nothing");
		EXPECT_SLICE(buf_slice(&r.script.out), S(OK_HELO OK_FROM OK_TO GO),
		             "no answer before it is on disk");
		EXPECT(!smtpd_is_idle(&r.smtpd) && !smtpd_end(&r.smtpd, SMTPD_END_TIMEOUT),
		       "nor may it be ended with a reply");
		before = r.script.out.len;
		smtpd_stored(&r.smtpd, outcomes[i].outcome);
		EXPECT(smtpd_step(&r.smtpd) == ERR_AGAIN, "then it goes on");
		EXPECT(slice_starts(slice_skip(buf_slice(&r.script.out), before),
		                    slice_str(outcomes[i].reply)),
		       outcomes[i].reply);
		EXPECT(slice_ends(buf_slice(&r.script.out), S("\r\n250 2.0.0 Nothing done\r\n")),
		       "with what came meanwhile");
		end(&r);
	}
}

TEST(ends)
{
	struct run r;

	begin(&r, S(HELO FROM), 4096, false);
	r.script.open = true;
	EXPECT(smtpd_step(&r.smtpd) == ERR_AGAIN && smtpd_is_idle(&r.smtpd), "waits for a command");
	EXPECT(smtpd_end(&r.smtpd, SMTPD_END_SHUTDOWN) && smtpd_step(&r.smtpd) == OK, "is ended");
	EXPECT(slice_ends(buf_slice(&r.script.out),
	                  S("421 4.3.2 The service ends; come again in a moment\r\n")),
	       "and says so");
	EXPECT(r.script.finished, "in order");
	end(&r);
}

/* A mail of size bytes in lines, with its commands. */
static void big_mail(struct buf *in, size_t size)
{
	buf_init(in, size + 4096);
	buf_add_str(in, HELO FROM TO "DATA\r\n");
	for (size_t left = size; left > 0;) {
		size_t n = left > 1002 ? 998 : left - 2; /* never leaves a single byte */

		for (size_t i = 0; i < n; i++)
			buf_add_char(in, 'a');
		buf_add_str(in, "\r\n");
		left -= n + 2;
	}
	buf_add_str(in, ".\r\n" QUIT);
}

TEST(ceilings)
{
	struct buf in;
	struct run r;

	big_mail(&in, SMTPD_BYTES_MAX);
	begin(&r, buf_slice(&in), 16384, false);
	r.owner.hold = hold_all;
	EXPECT(smtpd_step(&r.smtpd) == OK, "ends");
	EXPECT_SLICE(buf_slice(&r.script.out), S(OK_HELO OK_FROM OK_TO GO STORED BYE),
	             "RPT-87: as large as allowed");
	end(&r);
	buf_fini(&in);

	big_mail(&in, SMTPD_BYTES_MAX + 1);
	begin(&r, buf_slice(&in), 16384, false);
	r.owner.hold = hold_all;
	EXPECT(smtpd_step(&r.smtpd) == OK, "ends");
	EXPECT_SLICE(buf_slice(&r.script.out),
	             S(OK_HELO OK_FROM OK_TO GO "552 5.3.4 The mail is larger than 25 MiB\r\n" BYE),
	             "RPT-87: a byte more");
	EXPECT(r.place.stored.len == 0, "nothing is stored");
	end(&r);
	buf_fini(&in);

	big_mail(&in, SMALL_MAX + 1);
	begin(&r, buf_slice(&in), 16384, false);
	EXPECT(smtpd_step(&r.smtpd) == OK, "ends");
	EXPECT_SLICE(
	        buf_slice(&r.script.out),
	        S(OK_HELO OK_FROM OK_TO GO "452 4.3.1 There is no room for the mail now\r\n" BYE),
	        "RPT-87: too many mails at once");
	end(&r);
	buf_fini(&in);
}

/* Lines of one kind, so many of them. */
static void play_many(const char *before, const char *line, unsigned count, const char *last,
                      const char *label)
{
	struct buf in;
	struct run r;

	buf_init(&in, 1u << 20);
	buf_add_str(&in, before);
	for (unsigned i = 0; i < count; i++)
		buf_printf(&in, "%s%u@" HOST ">\r\n", line, i);
	begin(&r, buf_slice(&in), 16384, false);
	(void)!smtpd_step(&r.smtpd); /* either end */
	EXPECT(slice_ends(buf_slice(&r.script.out), slice_str(last)), label);
	end(&r);
	buf_fini(&in);
}

TEST(counts)
{
	play_many(HELO FROM, "RCPT TO:<r-good", ENVELOPE_TAGS_MAX, OK_TO, "as many tags as fit");
	play_many(HELO FROM, "RCPT TO:<r-good", ENVELOPE_TAGS_MAX + 1,
	          "452 4.5.3 Too many recipients; send to them in a further mail\r\n",
	          "one more is for a further mail");
	play_many(HELO FROM, "RCPT TO:<r-bad", SMTPD_ERRORS_MAX + 1,
	          "421 4.7.0 Too many errors\r\n", "RPT-87: nobody tries tags out");
	play_many("", "NOOP <", SMTPD_COMMANDS_MAX, "250 2.0.0 Nothing done\r\n", "commands");
	play_many("", "NOOP <", SMTPD_COMMANDS_MAX + 1,
	          "421 4.7.0 Too many commands; connect again\r\n", "one command more");
}

TEST(long_line)
{
	char line[SMTP_LINE_MAX + 1];
	struct run r;

	memset(line, 'x', sizeof(line));
	begin(&r, slice_of(line, sizeof(line)), 100, false);
	EXPECT(smtpd_step(&r.smtpd) == OK, "ends");
	EXPECT_SLICE(buf_slice(&r.script.out), S(GREETING "500 5.5.2 The line is too long\r\n"),
	             "a line beyond the ceiling");
	end(&r);
}

TEST(nothing_reflected)
{
	struct run r;

	begin(&r,
	      S("EHLO marker-xyz\r\nMAIL FROM:<marker-xyz@x> X=marker-xyz\r\nMAIL FROM:<marker-xyz"
	        "@x>\r\nRCPT TO:<marker-xyz@" HOST ">\r\nmarker-xyz\r\nVRFY marker-xyz\r\n" QUIT),
	      4096, false);
	EXPECT(smtpd_step(&r.smtpd) == OK, "ends");
	EXPECT(slice_find_slice(buf_slice(&r.script.out), S("marker-xyz")) == SIZE_MAX,
	       "RPT-88: nothing is reflected");
	end(&r);
}

TEST_MAIN(UNIT(smtp_sessions), UNIT(lmtp_sessions), UNIT(starttls), UNIT(injected_before_tls),
          UNIT(waiting_for_the_disk), UNIT(ends), UNIT(ceilings), UNIT(counts), UNIT(long_line),
          UNIT(nothing_reflected))
