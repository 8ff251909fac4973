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

static bool takes_port_25(const struct conf *c)
{
	for (size_t i = 0; i < c->listen.smtp.count; i++)
		if (address_port(&c->listen.smtp.at[i].any) == 25)
			return true;
	return false;
}

/* Whether the hook would speak to port 25 of this machine, as it does unless told. */
static bool speaks_here(const char *command)
{
	struct slice rest = slice_str(command);

	if (!slice_starts(rest, S(ALERT_SMTP_HOOK)))
		return false;
	rest = slice_trim(slice_skip(rest, sizeof(ALERT_SMTP_HOOK) - 1));
	return rest.len == 0 || slice_starts(rest, S("127.0.0.1")) ||
	       slice_starts(rest, S("localhost")) || slice_starts(rest, S("[::1]"));
}

struct alert_doubt alert_doubt(const struct conf *c, const char *command)
{
	/* Whichever sendmail it is, and the hook alert-sendmail. */
	bool sendmail = strstr(command, "sendmail") != NULL && !may_gain();

	if (takes_port_25(c) && (sendmail || speaks_here(command)))
		return (struct alert_doubt){
			"port 25 of this machine takes reports only, and no mail for others",
			"[alert] command = " ALERT_SMTP_HOOK " HOST, a mail server elsewhere"
		};
	if (sendmail)
		return (struct alert_doubt){
			"the service may not run setgid programs, as Postfix's sendmail starts "
			"one",
			"[alert] command = " ALERT_SMTP_HOOK
		};
	return (struct alert_doubt){ "", "" };
}
