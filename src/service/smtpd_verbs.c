/* What each command does, and what is said to it. */
#include "service/smtpd_internal.h"

static void error(struct smtpd *s, const char *line)
{
	s->errors++;
	smtpd_reply(s, line);
}

void smtpd_greet(struct smtpd *s)
{
	buf_printf(&s->out, "220 %s %s mxseal\r\n", s->host, s->lmtp ? "LMTP" : "ESMTP");
}

/* RFC 5321, 4.1.4: a greeting also ends the mail under way. */
static void begin(struct smtpd *s)
{
	smtpd_forget(s);
	s->greeted = true;
}

static enum err on_ehlo(struct smtpd *s, const struct smtp_command *c)
{
	if (s->lmtp != (c->verb == SMTP_LHLO)) {
		error(s, s->lmtp ? "500 5.5.1 This is LMTP: begin with LHLO"
		                 : "500 5.5.1 This is SMTP: begin with EHLO");
		return OK;
	}
	begin(s);
	buf_printf(&s->out,
	           "250-%s\r\n250-SIZE %u\r\n250-8BITMIME\r\n250-PIPELINING\r\n%s"
	           "250 ENHANCEDSTATUSCODES\r\n",
	           s->host, SMTPD_BYTES_MAX,
	           !s->secure && s->owner->has_tls(s->owner->arg) ? "250-STARTTLS\r\n" : "");
	return OK;
}

static enum err on_helo(struct smtpd *s, const struct smtp_command *c)
{
	if (s->lmtp)
		return on_ehlo(s, c); /* says what to begin with */
	begin(s);
	buf_printf(&s->out, "250 %s\r\n", s->host);
	return OK;
}

static const char *judge_mail(const struct smtpd *s, const struct smtp_command *c)
{
	if (!s->greeted)
		return s->lmtp ? "503 5.5.1 Begin with LHLO" : "503 5.5.1 Begin with EHLO";
	if (s->in_mail)
		return "503 5.5.1 A mail is under way";
	if (c->parameters == SMTP_PARAMETERS_UNKNOWN)
		return "555 5.5.4 A parameter is not supported";
	if (c->parameters == SMTP_PARAMETERS_BAD)
		return "501 5.5.4 A parameter makes no sense";
	if (c->has_size && c->size > SMTPD_BYTES_MAX)
		return "552 5.3.4 The mail is larger than 25 MiB";
	return NULL;
}

static enum err on_mail(struct smtpd *s, const struct smtp_command *c)
{
	const char *why = judge_mail(s, c);

	if (why != NULL) {
		error(s, why);
		return OK;
	}
	s->in_mail = true;
	memcpy(s->sender, c->path.p, c->path.len);
	s->sender[c->path.len] = '\0';
	smtpd_reply(s, "250 2.1.0 Sender taken");
	return OK;
}

/* False: there is no room for a further tag. */
static bool note_tag(struct smtpd *s, const char *tag)
{
	for (size_t i = 0; i < s->tag_count; i++) {
		if (strcmp(s->tags[i], tag) == 0)
			return true;
	}
	if (tag[0] == '\0')
		return true;
	if (s->tag_count == ENVELOPE_TAGS_MAX)
		return false;
	memcpy(s->tags[s->tag_count++], tag, strlen(tag) + 1);
	return true;
}

static void take_recipient(struct smtpd *s, const struct smtp_command *c)
{
	char tag[ENVELOPE_TAG_MAX + 1] = "";
	struct slice local, domain;

	smtp_path_split(c->path, &local, &domain);
	switch (s->owner->recipient(s->owner->arg, local, domain, tag)) {
	case SMTPD_UNKNOWN:
		error(s, "550 5.1.1 There is no such address here");
		return;
	case SMTPD_ELSEWHERE:
		error(s, "550 5.7.1 Mail for other hosts is not taken");
		return;
	case SMTPD_LATER:
		smtpd_reply(s, "451 4.3.0 The address cannot be looked up now");
		return;
	case SMTPD_KNOWN:
		break;
	}
	if (!note_tag(s, tag)) {
		smtpd_reply(s, "452 4.5.3 Too many recipients; send to them in a further mail");
		return;
	}
	s->recipients++;
	smtpd_reply(s, "250 2.1.5 Recipient taken");
}

static enum err on_rcpt(struct smtpd *s, const struct smtp_command *c)
{
	if (!s->in_mail)
		error(s, "503 5.5.1 MAIL comes first");
	else if (c->parameters != SMTP_PARAMETERS_GOOD)
		error(s, "555 5.5.4 A parameter is not supported");
	else if (s->recipients == SMTPD_RECIPIENTS_MAX)
		smtpd_reply(s, "452 4.5.3 Too many recipients; send to them in a further mail");
	else
		take_recipient(s, c);
	return OK;
}

static enum err on_data(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	if (s->recipients == 0) {
		error(s, "503 5.5.1 There is no recipient");
		return OK;
	}
	smtpd_reply(s, "354 End with a dot on a line of its own");
	return smtpd_enter(s, SMTPD_CONTENT);
}

static enum err on_rset(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	smtpd_forget(s);
	smtpd_reply(s, "250 2.0.0 Forgotten");
	return OK;
}

static enum err on_noop(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	smtpd_reply(s, "250 2.0.0 Nothing done");
	return OK;
}

static enum err on_quit(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	return smtpd_last(s, "221 2.0.0 Goodbye");
}

static enum err on_vrfy(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	smtpd_reply(s, "252 2.5.0 Send the mail and see");
	return OK;
}

static enum err on_help(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	smtpd_reply(s, "214 2.0.0 TLS reports (RFC 8460) are taken here");
	return OK;
}

static enum err on_starttls(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	if (s->secure) {
		error(s, "503 5.5.1 TLS is on already");
		return OK;
	}
	if (!s->owner->has_tls(s->owner->arg)) {
		error(s, "454 4.7.0 TLS is not to be had now");
		return OK;
	}
	smtpd_reply(s, "220 2.0.0 Begin TLS");
	return smtpd_enter(s, SMTPD_HELLO);
}

static enum err on_foreign(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	return smtpd_last(s, "521 5.5.1 This is no web server");
}

static enum err on_other(struct smtpd *s, const struct smtp_command *c)
{
	(void)c;
	error(s, "500 5.5.1 The command is not known");
	return OK;
}

enum err smtpd_obey(struct smtpd *s, struct slice line)
{
	static enum err (*const on[])(struct smtpd *, const struct smtp_command *) = {
		[SMTP_EHLO] = on_ehlo,       [SMTP_HELO] = on_helo,   [SMTP_LHLO] = on_ehlo,
		[SMTP_MAIL] = on_mail,       [SMTP_RCPT] = on_rcpt,   [SMTP_DATA] = on_data,
		[SMTP_RSET] = on_rset,       [SMTP_NOOP] = on_noop,   [SMTP_QUIT] = on_quit,
		[SMTP_VRFY] = on_vrfy,       [SMTP_HELP] = on_help,   [SMTP_STARTTLS] = on_starttls,
		[SMTP_FOREIGN] = on_foreign, [SMTP_OTHER] = on_other,
	};
	struct smtp_command c;
	enum err e = OK;

	if (++s->commands > SMTPD_COMMANDS_MAX)
		return smtpd_last(s, "421 4.7.0 Too many commands; connect again");
	if (smtp_command(line, &c) == OK)
		e = on[c.verb](s, &c);
	else
		error(s, "501 5.5.2 The command is not written as it must be");
	if (s->errors > SMTPD_ERRORS_MAX && s->state == SMTPD_COMMAND)
		return smtpd_last(s, "421 4.7.0 Too many errors");
	return e;
}
