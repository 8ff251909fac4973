/*
 * The command line's side of the control socket.
 *
 * The socket is STATE/control.sock; STATE is --state, else MXSEAL_STATE, else
 * ./var when that is a demonstration of the caller's, else /var/lib/mxseal.  A
 * socket whose peer is neither root, the caller nor the directory's owner is
 * refused, so that nobody can set up a false service in a shared place.
 *
 * Functions here print their own error (one line and a `fix:` line) and give the
 * exit status; EXIT_GOOD means that the outputs are set.
 */
#ifndef APP_CLIENT_H
#define APP_CLIENT_H

#include <jansson.h>

#include "app/command.h"

#define CLIENT_ANSWER_MAX (64u << 20) /* a longer answer is refused */

/* What --state or the environment names, or NULL. */
const char *client_state_told(const struct cli *cli);
/* The state directory by the rules above. */
const char *client_state(const struct cli *cli);

/*
 * A connected control socket.
 * EXIT_UNKNOWN: nobody listens.  EXIT_DENIED: the socket may not be used, or its peer is a
 * stranger.
 */
int client_connect(const struct cli *cli, int *fd_out) MUST_USE;
/* The same for STATE/ingest.sock, which takes a mail from any user. */
int client_connect_ingest(const struct cli *cli, int *fd_out) MUST_USE;

/*
 * One request; body may be NULL (its reference stays with the caller).  path begins with
 * "/api/v1"; parts that come from the user are made with client_path.  *answer_out is a new
 * reference, NULL for an empty answer.  A problem (RFC 9457) is printed and becomes its own exit
 * status.  The request may take seconds_max in all.
 */
int client_request(const struct cli *cli, const char *method, const char *path, const json_t *body,
                   json_t **answer_out) MUST_USE;
/* The same for an answer that is not JSON, which is written to cli->out. */
int client_raw(const struct cli *cli, const char *path) MUST_USE;
int client_get(const struct cli *cli, const char *path, json_t **answer_out) MUST_USE;

/* All pages of a list ("mxseal.list/1") joined into the first one, whose "next" is null then. */
int client_list(const struct cli *cli, const char *path, json_t **answer_out) MUST_USE;

/* fmt with each %s percent-encoded, in the command's arena. */
const char *client_path(const struct cli *cli, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The last argument when it is a domain; every command with one takes it first. */
const char *client_domain(const struct cli *cli);

/*
 * Prints an answer as --json or --jsonl ask (a list's items one a line) and drops the reference.
 * False: neither was asked for; the caller prints for people and drops the reference itself.
 */
bool client_print_json(const struct cli *cli, json_t *answer);

/* Members of an answer, with a stand-in when absent or null. */
const char *client_str(const json_t *object, const char *key, const char *otherwise);
json_int_t client_int(const json_t *object, const char *key);
/* "2026-05-12 00:00 UTC" from an RFC 3339 text or epoch seconds; "-" for null. */
const char *client_time(const struct cli *cli, const json_t *value);

#endif
