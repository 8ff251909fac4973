/* Between imap_session.c (the connection) and imap.c (the commands) only. */
#ifndef NET_IMAP_INTERNAL_H
#define NET_IMAP_INTERNAL_H

#include <curl/curl.h>

#include "net/curl_dial.h"
#include "net/imap.h"

#define SAID_MAX 200u
#define COMMAND_MAX 8192u
#define ANSWER_MAX (24u << 20) /* bytes of one response without a message in it */

struct imap {
	CURL *curl;
	struct curl_dial dial;
	const atomic_bool *stop;
	int wake;
	unsigned tag;
	char tag_text[12];
	struct buf in;    /* received and not consumed */
	struct buf waste; /* libcurl's own writes */
	bool broken;      /* nothing more can be said here */
	bool can_move, has_uidplus;
	char said[SAID_MAX + 1];
};

/* Called for each untagged response; what is not OK ends the session. */
typedef enum err (*imap_untagged_fn)(void *arg, const struct imap_response *r);

/*
 * Sends one command (without tag and line end) and gives its responses to fn, which may be NULL.
 * max: the longest response that is taken.  OK; ERR_DENIED: the server answered NO or BAD and the
 * session goes on; ERR_LIMIT, ERR_SYNTAX, ERR_UNAVAILABLE: it is broken.
 */
enum err imap_command(struct imap *m, const char *command, size_t max, imap_untagged_fn fn,
                      void *arg) MUST_USE;

#endif
