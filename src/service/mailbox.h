/*
 * A mailbox that is polled by IMAP: new messages are looked at, those that may hold a TLS report
 * are read, and only those whose report is stored are flagged, moved or deleted.
 *
 * The structure of a message tells what cannot hold a report; the text of such a message is never
 * fetched.  What was done up to which UID is kept by UIDVALIDITY; whatever comes a second time is
 * recognised by its content.
 */
#ifndef SERVICE_MAILBOX_H
#define SERVICE_MAILBOX_H

#include "net/imap.h"
#include "net/resolver.h"

enum mailbox_after { AFTER_LEAVE, AFTER_FLAG, AFTER_MOVE, AFTER_DELETE };

/* Texts are never NULL; "" is unset. */
struct mailbox_conf {
	const char *name; /* of the section */
	struct imap_url url;
	const char *user, *password_file;
	const char *token_url, *client_id, *secret_file, *scope; /* OAuth client credentials */
	const char *token_command, *ca_file;
	enum mailbox_after after;
	const char *folder; /* of AFTER_MOVE */
	uint64_t every;     /* seconds */
	const char *control_socket;
	struct resolver *resolver;
	const struct dial_rules *rules;
};

struct supply;

/* The body of a supply's thread; arg is a struct mailbox_conf. */
void mailbox_run(struct supply *s, void *arg);

#endif
