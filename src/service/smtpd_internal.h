/* Between smtpd.c and smtpd_verbs.c only. */
#ifndef SERVICE_SMTPD_INTERNAL_H
#define SERVICE_SMTPD_INTERNAL_H

#include "service/smtpd.h"

/* The one place where state changes. */
enum err smtpd_enter(struct smtpd *s, enum smtpd_state next);
/* Appends a reply line; CRLF is added. */
void smtpd_reply(struct smtpd *s, const char *line);
/* The last reply of the connection. */
enum err smtpd_last(struct smtpd *s, const char *line);
/* Forgets the mail under way: sender, recipients, content. */
void smtpd_forget(struct smtpd *s);

/* smtpd_verbs.c: the greeting, and one command line. */
void smtpd_greet(struct smtpd *s);
enum err smtpd_obey(struct smtpd *s, struct slice line);

#endif
