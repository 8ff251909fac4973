#include "app/alert_command.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "service/alert_sender.h"
#include "unit/test.h"

static struct conf *parsed(const char *text)
{
	struct arena *a = arena_new();
	struct conf_errors errors = { .arena = a };
	struct conf *c = NULL;

	assert_int_equal(conf_parse(slice_str(text), "test", &c, &errors), OK);
	arena_free(a);
	return c;
}

TEST(commands)
{
	static const char sendmail[] = ALERT_SENDMAIL " -t";
	static const struct {
		const char *label, *text;
		const char *want; /* NULL: as the machine has it */
	} rows[] = {
		{ "nobody is told", "", "" },
		{ "a command", "[alert]\ncommand = /opt/tell me\n", "/opt/tell me" },
		{ "a command and a person", "[alert]\ncommand = /opt/tell\nto = a@example.com\n",
		  "/opt/tell" },
		{ "a person", "[alert]\nto = a@example.com\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf *c = parsed(rows[i].text);
		const char *got = alert_command(c);

		if (rows[i].want != NULL)
			EXPECT_SLICE(slice_str(got), slice_str(rows[i].want), rows[i].label);
		else
			EXPECT(strcmp(got, access(ALERT_SENDMAIL, X_OK) == 0 ? sendmail : "") ==
			                       0 ||
			               strcmp(got, ALERT_SMTP_HOOK) == 0,
			       rows[i].label);
		conf_free(c);
	}
}

/* Port 25 of this machine may be the receiver of reports, which passes no mail on. */
TEST(where_mails_would_go)
{
	static const struct {
		const char *label, *smtp, *command;
		bool doubt;
	} rows[] = {
		{ "this machine's, unless told", "*:25", ALERT_SMTP_HOOK, true },
		{ "its port 25 by name", "*:25", ALERT_SMTP_HOOK " localhost:25", true },
		{ "by address, to somebody", "*:25", ALERT_SMTP_HOOK " 127.0.0.1 a@example.com",
		  true },
		{ "by IPv6", "192.0.2.1:25 [::1]:25", ALERT_SMTP_HOOK " [::1]", true },
		{ "another machine", "*:25", ALERT_SMTP_HOOK " mx.example.com", false },
		{ "a receiver on another port", "*:2525", ALERT_SMTP_HOOK, false },
		{ "another command", "*:25", "/opt/tell", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200];
		struct conf *c;

		(void)snprintf(
		        text, sizeof(text),
		        "[service]\nhost = mx.example.net\n[report]\nhost = reports.example.net\n"
		        "[listen]\nsmtp = %s\n",
		        rows[i].smtp);
		c = parsed(text);
		const struct alert_doubt doubt = alert_doubt(c, rows[i].command);
		EXPECT((doubt.why[0] != '\0') == rows[i].doubt, rows[i].label);
		EXPECT((doubt.fix[0] != '\0') == rows[i].doubt, rows[i].label);
		conf_free(c);
	}
}

/* The last one: there is no way back from it. */
TEST(without_privileges_to_gain)
{
	struct conf *c = parsed("[alert]\nto = a@example.com\n");

	EXPECT(alert_doubt(c, "/opt/tell").why[0] == '\0', "nothing is known of others");
	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	EXPECT(alert_doubt(c, "/opt/tell").why[0] == '\0', "still nothing");
	EXPECT(alert_doubt(c, ALERT_SENDMAIL " -t").why[0] != '\0', "it may be Postfix's");
	EXPECT(alert_doubt(c, "/usr/share/mxseal/hooks/alert-sendmail").why[0] != '\0',
	       "so may this");
	EXPECT(alert_doubt(c, ALERT_SMTP_HOOK " 127.0.0.1:25").why[0] == '\0',
	       "this needs no program");
	EXPECT(access(ALERT_SMTP_HOOK, X_OK) != 0 || strcmp(alert_command(c), ALERT_SMTP_HOOK) == 0,
	       "the hook is taken where it is");
	conf_free(c);
}

TEST_MAIN(UNIT(commands), UNIT(where_mails_would_go), UNIT(without_privileges_to_gain))
