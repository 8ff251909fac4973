#include "app/alert_command.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "service/alert_sender.h"

/* Whether this process may run a setgid program as it is meant. */
static bool may_gain(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

const char *alert_command(const struct conf *c)
{
	if (c->alert.command[0] != '\0' || c->alert.to[0] == '\0')
		return c->alert.command;
	if (!may_gain() && access(ALERT_SMTP_HOOK, X_OK) == 0)
		return ALERT_SMTP_HOOK;
	return access(ALERT_SENDMAIL, X_OK) == 0 ? ALERT_SENDMAIL " -t" : "";
}

const char *alert_doubt(const char *command)
{
	/* Whichever sendmail it is, and the hook alert-sendmail. */
	bool sendmail = strstr(command, "sendmail") != NULL;

	return sendmail && !may_gain() ? "the service may not run setgid programs, as Postfix's "
	                                 "sendmail starts one"
	                               : "";
}
