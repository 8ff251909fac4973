/*
 * Says what is to be said: composes mails from what the store has open and hands each to the
 * command of [alert], until it takes it.
 *
 * Each opening, worsening and closing is said once, those of one kind together, when
 * advice/alert_pace.h lets them.  Before the command starts, what its mail says is marked in the
 * store; that it ended with status 0 is noted by the shell that ran it, in STATE/alert.receipt,
 * also when this process is gone by then.  A mail whose command was ended with the whole machine
 * goes out again.
 */
#ifndef SERVICE_ALERT_SENDER_H
#define SERVICE_ALERT_SENDER_H

#include "service/desk.h"

#define ALERT_COMMAND_MS 60000u
#define ALERT_RECEIPT_FILE "alert.receipt"
#define ALERT_SENT_SETTING "alert.sent"       /* when the command last took a mail: seconds */
#define ALERT_TROUBLE_SETTING "alert.trouble" /* why it does not; "" or absent: it does */

/* Needs no setgid program, unlike Postfix's sendmail. */
#define ALERT_SMTP_HOOK "/usr/share/mxseal/hooks/alert-smtp"

struct hook_result;

/* Where mails go and who they are from. */
bool alert_sender_is_set(const struct desk *d);
/* What to do about a command that fails, in the arena or constant. */
const char *alert_sender_fix(const struct desk *d, struct arena *a);

/*
 * Sends at most one mail.  True: there may be more to say at once.  *failed_out: the command did
 * not take it.  The lock is not held.
 */
bool alert_sender_run(struct desk *d, int64_t now, struct arena *a, const atomic_bool *stop,
                      bool *failed_out);
/* A mail that says nothing, now.  ERR_IO: the command cannot be started. */
enum err alert_sender_test(struct desk *d, int64_t now, struct arena *a,
                           struct hook_result *out) MUST_USE;

#endif
