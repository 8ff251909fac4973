#include "service/smtpd.h"

#include <assert.h>

#include "net/loop.h"
#include "service/smtpd_internal.h"

#define READ_SIZE 16384u
#define OUT_MAX 65536u
#define OUT_ENOUGH 4096u /* replies that are written before further commands are obeyed */

#define COMMAND_MS 300000 /* RFC 5321, 4.5.3.2.7: a server waits five minutes for a command */
#define CONTENT_MS 600000
#define DISK_MS 120000
#define HELLO_MS 30000
#define LAST_MS 30000
#define DRAIN_MS 5000

void smtpd_init(struct smtpd *s, struct stream *io, const struct smtpd_owner *owner,
                const char *host, struct slice peer, bool lmtp)
{
	*s = (struct smtpd){ .io = io, .owner = owner, .host = host, .peer = peer, .lmtp = lmtp };
	buf_init(&s->in, SMTP_LINE_MAX + READ_SIZE);
	buf_init(&s->body, SMTPD_BYTES_MAX);
	buf_init(&s->out, OUT_MAX);
	smtpd_greet(s);
}

static void drop_body(struct smtpd *s)
{
	s->owner->release(s->owner->arg, s->body.len);
	buf_fini(&s->body);
}

void smtpd_fini(struct smtpd *s)
{
	drop_body(s);
	buf_fini(&s->in);
	buf_fini(&s->out);
}

enum err smtpd_enter(struct smtpd *s, enum smtpd_state next)
{
	s->state = next;
	return OK;
}

void smtpd_reply(struct smtpd *s, const char *line)
{
	buf_add_str(&s->out, line);
	buf_add_str(&s->out, "\r\n");
}

enum err smtpd_last(struct smtpd *s, const char *line)
{
	smtpd_reply(s, line);
	drop_body(s);
	return smtpd_enter(s, SMTPD_LAST);
}

void smtpd_forget(struct smtpd *s)
{
	drop_body(s);
	s->in_mail = false;
	s->sender[0] = '\0';
	s->tag_count = 0;
	s->recipients = 0;
	s->content = (struct smtp_content){ .state = SMTP_CONTENT_START };
	s->refused = NULL;
	s->skipped = 0;
}

/* More bytes into s->in.  ERR_AGAIN, ERR_CLOSED, ERR_IO. */
static enum err read_more(struct smtpd *s)
{
	char bytes[READ_SIZE];
	size_t got = 0;
	enum err e = stream_read(s->io, bytes, sizeof(bytes), &got);

	if (e == OK)
		buf_add(&s->in, slice_of(bytes, got));
	return e;
}

static enum err flush(struct smtpd *s)
{
	while (s->out.len > 0) {
		size_t put = 0;
		enum err e = stream_write(s->io, buf_slice(&s->out), &put);

		if (e != OK)
			return e;
		buf_consume(&s->out, put);
	}
	return OK;
}

/* Commands may come many at once (RFC 2920); their replies go out together. */
static enum err on_command(struct smtpd *s)
{
	struct slice line;
	size_t size;
	enum err e = s->out.len > OUT_ENOUGH ? flush(s) : OK;

	if (e != OK)
		return e;
	e = smtp_line(buf_slice(&s->in), &line, &size);
	if (e == ERR_AGAIN) {
		e = flush(s);
		return e == OK ? read_more(s) : e;
	}
	if (e != OK)
		return smtpd_last(s, e == ERR_LIMIT ? "500 5.5.2 The line is too long"
		                                    : "521 5.5.2 Lines end with CR LF, and "
		                                      "neither stands alone");
	e = smtpd_obey(s, line);
	buf_consume(&s->in, size);
	return e;
}

/* The content from here on is dropped, and line is the reply at its end. */
static void refuse(struct smtpd *s, const char *line)
{
	drop_body(s);
	s->refused = line;
}

static void add_piece(struct smtpd *s, struct slice piece)
{
	if (s->refused == NULL && piece.len > SMTPD_BYTES_MAX - s->body.len)
		refuse(s, "552 5.3.4 The mail is larger than 25 MiB");
	else if (s->refused == NULL && !s->owner->hold(s->owner->arg, piece.len))
		refuse(s, "452 4.3.1 There is no room for the mail now");
	if (s->refused == NULL)
		buf_add(&s->body, piece);
	else
		s->skipped += piece.len;
}

/* RFC 2033, 4.2: LMTP answers for each recipient. */
static void reply_to_mail(struct smtpd *s, const char *line)
{
	unsigned n = s->lmtp ? s->recipients : 1;

	for (unsigned i = 0; i < n; i++)
		smtpd_reply(s, line);
	smtpd_forget(s);
	(void)smtpd_enter(s, SMTPD_COMMAND); /* always OK */
}

static void fill_envelope(const struct smtpd *s, struct envelope *e)
{
	*e = (struct envelope){ .peer = s->peer,
		                .sender = slice_str(s->sender),
		                .tag_count = s->tag_count };
	for (size_t i = 0; i < s->tag_count; i++)
		e->tags[i] = slice_str(s->tags[i]);
}

static enum err on_whole_mail(struct smtpd *s)
{
	struct envelope e;

	if (s->refused != NULL) {
		reply_to_mail(s, s->refused);
		return OK;
	}
	fill_envelope(s, &e);
	(void)smtpd_enter(s, SMTPD_DISK); /* before the owner, who may answer at once */
	s->owner->store(s->owner->arg, s, &e, buf_slice(&s->body));
	return OK;
}

static enum err on_content(struct smtpd *s)
{
	struct slice rest, piece;
	enum err e = flush(s);

	if (e != OK)
		return e;
	rest = buf_slice(&s->in);
	while ((e = smtp_content(&s->content, &rest, &piece)) == OK)
		add_piece(s, piece);
	if (e == ERR_SYNTAX)
		return smtpd_last(s, "521 5.5.2 A CR or LF stands alone in the mail");
	buf_consume(&s->in, s->in.len - rest.len);
	if (e == ERR_CLOSED)
		return on_whole_mail(s);
	if (s->skipped > SMTPD_SKIP_MAX)
		return smtpd_last(s, "421 4.3.4 The mail does not end");
	return read_more(s);
}

/* Called with nothing to do: the owner has the mail. */
static enum err on_disk(struct smtpd *s)
{
	(void)s;
	return ERR_AGAIN;
}

/*
 * RFC 3207, 4.2, and what became of servers that kept a buffer over the handshake: plain bytes that
 * were read behind STARTTLS are nobody's word and are dropped.
 */
static enum err on_hello(struct smtpd *s)
{
	enum err e = s->tls_begun ? OK : flush(s);

	if (e != OK)
		return e;
	if (!s->tls_begun) {
		buf_reset(&s->in);
		s->tls_begun = true;
		s->owner->start_tls(s->owner->arg, s->io);
	}
	e = s->owner->handshake(s->owner->arg, s->io);
	if (e != OK)
		return e;
	smtpd_forget(s);
	s->secure = true;
	s->greeted = false;
	return smtpd_enter(s, SMTPD_COMMAND);
}

static enum err on_last(struct smtpd *s)
{
	enum err e = flush(s);

	if (e == OK)
		e = stream_finish(s->io);
	return e == OK ? smtpd_enter(s, SMTPD_DRAIN) : e;
}

static enum err on_drain(struct smtpd *s)
{
	enum err e;

	buf_reset(&s->in);
	e = read_more(s);
	return e == ERR_CLOSED ? smtpd_enter(s, SMTPD_CLOSED) : e;
}

enum err smtpd_step(struct smtpd *s)
{
	static enum err (*const on[])(struct smtpd *) = {
		[SMTPD_COMMAND] = on_command, [SMTPD_CONTENT] = on_content,
		[SMTPD_DISK] = on_disk,       [SMTPD_HELLO] = on_hello,
		[SMTPD_LAST] = on_last,       [SMTPD_DRAIN] = on_drain,
	};
	enum err e = OK;

	while (e == OK && s->state != SMTPD_CLOSED)
		e = on[s->state](s);
	return e;
}

unsigned smtpd_want(const struct smtpd *s)
{
	return s->state == SMTPD_DISK ? 0 : s->io->want;
}

void smtpd_stored(struct smtpd *s, enum smtpd_outcome outcome)
{
	static const char *const replies[] = {
		[SMTPD_STORED] = "250 2.0.0 Stored",
		[SMTPD_USED_UP] = "452 4.2.2 The allowance of this address is used up for today",
		[SMTPD_NO_SPACE] = "452 4.3.1 There is no room for the mail now",
		[SMTPD_FAILED] = "451 4.3.0 The mail could not be stored now",
	};

	assert(s->state == SMTPD_DISK);
	s->mails += outcome == SMTPD_STORED;
	reply_to_mail(s, replies[outcome]);
}

int64_t smtpd_deadline_ms(const struct smtpd *s)
{
	static const int64_t limits[] = {
		[SMTPD_COMMAND] = COMMAND_MS, [SMTPD_CONTENT] = CONTENT_MS,
		[SMTPD_DISK] = DISK_MS,       [SMTPD_HELLO] = HELLO_MS,
		[SMTPD_LAST] = LAST_MS,       [SMTPD_DRAIN] = DRAIN_MS,
		[SMTPD_CLOSED] = 0,
	};

	return limits[s->state];
}

bool smtpd_is_idle(const struct smtpd *s)
{
	return s->state == SMTPD_COMMAND && s->out.len == 0;
}

bool smtpd_end(struct smtpd *s, enum smtpd_end why)
{
	static const char *const replies[] = {
		[SMTPD_END_TIMEOUT] = "421 4.4.2 This took too long",
		[SMTPD_END_SHUTDOWN] = "421 4.3.2 The service ends; come again in a moment",
		[SMTPD_END_CROWDED] = "421 4.7.0 There are too many connections",
	};

	if (!smtpd_is_idle(s))
		return false;
	(void)smtpd_last(s, replies[why]); /* always OK */
	return true;
}
