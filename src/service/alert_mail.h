/*
 * The mails about what somebody is told of: one for all that share a cause, what became of it and
 * whether mail is refused.
 *
 * Pure: rows in, a whole message out (RFC 5322, plain text in UTF-8, lines of at most 76 columns
 * where no word is longer).  Text of strangers in it is made harmless.
 */
#ifndef SERVICE_ALERT_MAIL_H
#define SERVICE_ALERT_MAIL_H

#include "base/buf.h"
#include "store/alerts.h"

#define ALERT_MAIL_NAMES_MAX 50u /* further ones are only counted */

struct alert_mail {
	enum alert_event event;
	enum alert_cause cause;
	const char *pause;            /* how long the next one of the kind waits; "" */
	const struct alert_row *rows; /* one or more, of that cause */
	size_t count;
	int64_t id; /* of the mail */
	int64_t now;
	const char *to;        /* "": no field To */
	const char *host;      /* of the sender's address and of the Message-ID */
	const char *dashboard; /* its URL; "": none */
};

void alert_mail_format(const struct alert_mail *m, struct arena *a, struct buf *out);
/* One that only shows that the way works. */
void alert_mail_test(const struct alert_mail *m, struct buf *out);

#endif
