/*
 * A mailbox on an IMAP server, for a thread that may wait.
 *
 * libcurl connects (through net/dial), speaks TLS, verifies and signs in; the few commands behind
 * that are made here and their answers read by wire/imap.  Every answer has a ceiling and every
 * command a deadline.  Looking changes nothing at the server: messages are fetched with PEEK, and
 * a mailbox may be opened read-only.  After any failure but ERR_NOTFOUND and ERR_DENIED the
 * session is of no more use.
 */
#ifndef NET_IMAP_H
#define NET_IMAP_H

#include <stdatomic.h>

#include "base/buf.h"
#include "net/dial.h"
#include "wire/imap.h"

#define IMAP_MESSAGE_MAX (25u << 20) /* bytes of a message that is fetched */
#define IMAP_FOLDER_MAX 255u
#define IMAP_ADDRESSES_MAX 8u
#define IMAP_SECRET_MAX 16384u /* bytes of a password or token */
#define IMAP_SET_MAX 100u      /* messages of one command */

struct imap_url {
	bool tls;       /* imaps: from the first byte; else by STARTTLS */
	bool plain;     /* imap to a loopback address: without TLS */
	char host[256]; /* without brackets */
	unsigned port;
	char folder[IMAP_FOLDER_MAX + 1]; /* as the server spells it; "INBOX" unless written */
};

/*
 * "imaps://HOST[:PORT][/FOLDER]", or "imap://…" for STARTTLS.  ERR_SYNTAX: another scheme, user
 * information, or a folder that is not printable ASCII (percent-escapes are read).
 */
enum err imap_url_parse(struct slice text, struct imap_url *out) MUST_USE;

struct imap_conf {
	const struct imap_url *url;
	struct dial_addr addresses[IMAP_ADDRESSES_MAX];
	size_t address_count;
	const struct dial_rules *rules;
	const char *ca_file; /* roots beside the system's; NULL: none */
	const char *user, *password;
	const char *bearer; /* an access token in the password's place; NULL: none */
	const atomic_bool *stop;
	int wake; /* becomes readable when stop is set */
};

struct imap;

/*
 * Connects and signs in.  ERR_DENIED: an address that may not be dialled; ERR_CRYPTO: TLS or
 * certificate; ERR_NOTFOUND: the server refused user or secret; ERR_UNAVAILABLE.  diag says what.
 */
enum err imap_open(const struct imap_conf *conf, struct imap **out, struct diag *diag) MUST_USE;
/* Says goodbye when there is somebody to say it to.  NULL does nothing. */
void imap_close(struct imap *m);
/* What the server said last in refusal, printable and cut; "" when it said nothing. */
const char *imap_said(const struct imap *m);

/* ERR_NOTFOUND: there is no such folder. */
enum err imap_select(struct imap *m, const char *folder, bool read_only,
                     uint64_t *uidvalidity_out) MUST_USE;
/* UIDs from first on, rising, in memory of the caller's (mem_free). */
enum err imap_list(struct imap *m, uint64_t first, uint32_t **out, size_t *count_out) MUST_USE;

/* Called for each message of imap_look; slices live during the call. */
typedef void (*imap_look_fn)(void *arg, const struct imap_fetch *f);
/*
 * Size, structure and the header fields that tell of a report.  ERR_DENIED: the server refuses
 * it for this set.
 */
enum err imap_look(struct imap *m, const uint32_t *uids, size_t count, imap_look_fn fn,
                   void *arg) MUST_USE;
/*
 * The whole message, appended to out.  ERR_NOTFOUND: it is gone.  ERR_DENIED: the server refuses
 * it.  ERR_LIMIT: larger than out may be.
 */
enum err imap_fetch(struct imap *m, uint32_t uid, struct buf *out) MUST_USE;

/* What may be done with messages that were taken.  ERR_DENIED: the server refuses it. */
enum err imap_flag(struct imap *m, const uint32_t *uids, size_t count) MUST_USE;
/* Makes the folder when it is not there. */
enum err imap_move(struct imap *m, const uint32_t *uids, size_t count, const char *folder) MUST_USE;
/* Only these: a server without UIDPLUS is left with messages marked as deleted. */
enum err imap_delete(struct imap *m, const uint32_t *uids, size_t count) MUST_USE;

#endif
