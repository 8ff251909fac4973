/*
 * What a mailbox is signed in to with: a password from a file, or an access token.  Waits.
 */
#ifndef SERVICE_MAILBOX_SECRET_H
#define SERVICE_MAILBOX_SECRET_H

#include "service/mailbox.h"

#define SECRET_WHY_SIZE 256u

struct mailbox_secret {
	char text[IMAP_SECRET_MAX + 1]; /* NUL-terminated */
	bool bearer;                    /* an access token */
	int64_t until_ms; /* of the monotonic clock: a token is good so long; 0: none */
};

/*
 * Fills *s anew, unless it holds a token that is still good.  ERR_UNAVAILABLE: why says what is
 * the matter, printable.
 */
enum err mailbox_secret(const struct mailbox_conf *conf, const atomic_bool *stop,
                        struct mailbox_secret *s, char why[SECRET_WHY_SIZE]) MUST_USE;
/* The server refused it: the next one is asked for. */
void mailbox_secret_forget(struct mailbox_secret *s);

#endif
