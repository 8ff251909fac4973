/*
 * Which messages of a mailbox are worth reading, and which say that they hold a TLS report.  Pure.
 *
 * Mailboxes hold people's mail.  What certainly holds no report is told by its structure alone,
 * so that its text is never fetched; a reader in its cage decides about the rest.  Only a message
 * that calls itself a TLS report may be kept when it cannot be read.
 */
#ifndef TLSRPT_SIFT_H
#define TLSRPT_SIFT_H

#include "base/slice.h"

/*
 * structure: an IMAP BODYSTRUCTURE; header: fields of the message.  True unless every part is of
 * a kind in which no report comes.  What is not understood may hold one.
 */
bool sift_may_hold_report(struct slice structure, struct slice header);

/*
 * Whether a message calls itself a TLS report, in a header of its own or of a part: a field of
 * RFC 8460, the report-type, or one of its media types.
 */
bool sift_claims_report(struct slice message);

#endif
