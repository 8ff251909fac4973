/* The command that gets the mails about what needs a person. */
#ifndef APP_ALERT_COMMAND_H
#define APP_ALERT_COMMAND_H

#include "app/conf.h"

/*
 * [alert] command; unset, with [alert] to: `sendmail -t` where there is one.  A process that may
 * not gain the group of Postfix's postdrop takes the hook alert-smtp instead, where it is
 * installed.  "": nobody is told.
 */
const char *alert_command(const struct conf *c);
struct alert_doubt {
	const char *why; /* that command may not work here, in words; "": no reason is known */
	const char *fix;
};

/* About what alert_command gives. */
struct alert_doubt alert_doubt(const struct conf *c, const char *command);

#define ALERT_SENDMAIL "/usr/sbin/sendmail"

#endif
