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

/* The last one: there is no way back from it. */
TEST(without_privileges_to_gain)
{
	struct conf *c = parsed("[alert]\nto = a@example.com\n");

	EXPECT(alert_doubt("/opt/tell")[0] == '\0', "nothing is known of others");
	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	EXPECT(alert_doubt("/opt/tell")[0] == '\0', "still nothing");
	EXPECT(alert_doubt(ALERT_SENDMAIL " -t")[0] != '\0', "it may be Postfix's");
	EXPECT(alert_doubt("/usr/share/mxseal/hooks/alert-sendmail")[0] != '\0', "so may this");
	EXPECT(alert_doubt(ALERT_SMTP_HOOK " 127.0.0.1:25")[0] == '\0', "this needs no program");
	EXPECT(access(ALERT_SMTP_HOOK, X_OK) != 0 || strcmp(alert_command(c), ALERT_SMTP_HOOK) == 0,
	       "the hook is taken where it is");
	conf_free(c);
}

TEST_MAIN(UNIT(commands), UNIT(without_privileges_to_gain))
