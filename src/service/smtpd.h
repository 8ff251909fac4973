/*
 * One SMTP (RFC 5321) or LMTP (RFC 2033) connection that brings report mail: a machine on a stream.
 *
 * Offered are SIZE, 8BITMIME, PIPELINING, ENHANCEDSTATUSCODES and, while its owner has a
 * certificate, STARTTLS (RFC 3207).  What came before the handshake counts for nothing behind it:
 * bytes that were read are dropped, and the client greets anew.  No command is relayed or
 * looked up elsewhere; nothing a client sent comes back to it.
 *
 * Every state ends: with a reply, with a ceiling below, or by smtpd_timeout at the time that
 * smtpd_deadline_ms gives.
 */
#ifndef SERVICE_SMTPD_H
#define SERVICE_SMTPD_H

#include "base/buf.h"
#include "net/stream.h"
#include "service/intake_envelope.h"
#include "wire/smtp.h"

#define SMTPD_BYTES_MAX (25u << 20)     /* of a mail; more: 552 */
#define SMTPD_SKIP_MAX (100u << 20)     /* of a refused mail that are read to its end; more: 421 */
#define SMTPD_RECIPIENTS_MAX 100u       /* of a mail; more: 452 */
#define SMTPD_COMMANDS_MAX 1000u        /* of a connection; more: 421 */
#define SMTPD_ERRORS_MAX 10u            /* refused commands of a connection; more: 421 */
#define SMTPD_TOTAL_MS INT64_C(1800000) /* of a connection */

enum smtpd_state {
	SMTPD_COMMAND, /* commands are read and answered; replies go out before more is read */
	SMTPD_CONTENT, /* a mail is read, to be kept or, once refused, to be dropped */
	SMTPD_DISK,    /* the owner has the mail and will call smtpd_stored */
	SMTPD_HELLO,   /* the reply to STARTTLS is written, then TLS begins */
	SMTPD_LAST,    /* the last reply is written, then our side ends */
	SMTPD_DRAIN,   /* what still comes is dropped, so that the last reply arrives */
	SMTPD_CLOSED,
};

/* What the owner says to a recipient. */
enum smtpd_known {
	SMTPD_KNOWN,     /* 250 */
	SMTPD_UNKNOWN,   /* 550 5.1.1 */
	SMTPD_ELSEWHERE, /* 550 5.7.1: nothing is relayed */
	SMTPD_LATER,     /* 451: cannot be said now */
};

/* What became of a mail. */
enum smtpd_outcome {
	SMTPD_STORED,   /* 250: it is on disk */
	SMTPD_USED_UP,  /* 452 4.2.2: the allowance of its address */
	SMTPD_NO_SPACE, /* 452 4.3.1: disk or memory */
	SMTPD_FAILED,   /* 451 4.3.0 */
};

struct smtpd;

struct smtpd_owner {
	/* Is the recipient taken?  *tag_out, when it is: its tag, or "" for one without. */
	enum smtpd_known (*recipient)(void *arg, struct slice local, struct slice domain,
	                              char tag_out[ENVELOPE_TAG_MAX + 1]);
	/* size bytes more of a mail are to be held; false: no room at present. */
	bool (*hold)(void *arg, size_t size);
	void (*release)(void *arg, size_t size);
	/* The mail is whole; smtpd_stored must follow, from here or later. */
	void (*store)(void *arg, struct smtpd *s, const struct envelope *e, struct slice bytes);
	/* Can TLS be offered now? */
	bool (*has_tls)(void *arg);
	/* Turns the stream into TLS; then its handshake, as tls_handshake gives it. */
	void (*start_tls)(void *arg, struct stream *io);
	enum err (*handshake)(void *arg, struct stream *io);
	void *arg;
};

struct smtpd {
	struct stream *io;
	const struct smtpd_owner *owner;
	const char *host; /* what this server is called */
	struct slice peer;
	bool lmtp;
	enum smtpd_state state;
	struct buf in;   /* read, not yet used */
	struct buf body; /* its len is what was asked of hold */
	struct buf out;  /* to be written */
	bool secure;     /* TLS is on */
	bool tls_begun;
	bool greeted; /* EHLO, HELO or LHLO was said, since TLS began */
	bool in_mail; /* MAIL was accepted */
	char sender[SMTP_PATH_MAX + 1];
	char tags[ENVELOPE_TAGS_MAX][ENVELOPE_TAG_MAX + 1];
	size_t tag_count;
	unsigned recipients; /* accepted */
	struct smtp_content content;
	const char *refused; /* the reply to the mail that is being dropped; NULL: it is kept */
	size_t skipped;
	unsigned commands, errors;
	unsigned mails; /* stored */
};

/*
 * The greeting is the first thing written.  The stream and the owner stay the caller's; host and
 * peer (numeric, or empty) live as long as s.
 */
void smtpd_init(struct smtpd *s, struct stream *io, const struct smtpd_owner *owner,
                const char *host, struct slice peer, bool lmtp);
void smtpd_fini(struct smtpd *s);

/*
 * Runs s until it must wait.  OK: finished.  ERR_AGAIN: wait for smtpd_want, or in SMTPD_DISK for
 * nothing at all.  Anything else: the connection is broken; drop it.
 */
enum err smtpd_step(struct smtpd *s) MUST_USE;
/* LOOP_READ, LOOP_WRITE, or 0 in SMTPD_DISK. */
unsigned smtpd_want(const struct smtpd *s);

/* The end of store.  Then call smtpd_step, not from within store. */
void smtpd_stored(struct smtpd *s, enum smtpd_outcome outcome);

/* How long the present state may last, from when it began or from the last command. */
int64_t smtpd_deadline_ms(const struct smtpd *s);

enum smtpd_end { SMTPD_END_TIMEOUT, SMTPD_END_SHUTDOWN, SMTPD_END_CROWDED };

/*
 * Says 421 where a reply may stand, between commands, and ends; call smtpd_step then.  False: no
 * reply fits in the present state; drop the connection.
 */
bool smtpd_end(struct smtpd *s, enum smtpd_end why);
/* Nothing is under way that would be lost: the connection waits for a command. */
bool smtpd_is_idle(const struct smtpd *s);

#endif
