/* ingest: one mail on standard input, for an MTA's pipe. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/client_intake.h"
#include "app/commands.h"

/* What a person reads in the MTA's log. */
#define LATER "the MTA keeps the mail and tries again; see that the service runs"

/* The whole of standard input in memory of its own; *fd_out stays open. */
static bool read_mail(int *fd_out)
{
	char chunk[65536];
	int fd = memfd_create("mail", MFD_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write(fd, chunk, (size_t)n) != n) {
			(void)close(fd); /* what was read is dropped: the MTA keeps the mail */
			return false;
		}
	}
	*fd_out = fd;
	return true;
}

/* The MTA reads the status: 0 took it over, 1 refused for good, 75 keep it and try again. */
static int verdict(const struct cli *cli, struct intake_link *link)
{
	json_t *answer = NULL;
	int code = EXIT_TEMPFAIL;

	if (intake_receive(link, &answer) != OK)
		return cli_error(cli, EXIT_TEMPFAIL, "ingest",
		                 "the service went away before it answered", LATER);
	const char *result = client_str(answer, "result", "again");
	if (strcmp(result, "stored") == 0)
		code = EXIT_GOOD;
	else if (strcmp(result, "refused") == 0)
		code = EXIT_FINDINGS;
	if (code != EXIT_GOOD)
		code = cli_error(cli, code, "ingest",
		                 client_str(answer, "why", "the service could not store it"),
		                 code == EXIT_TEMPFAIL
		                         ? LATER
		                         : "send the report alone, in a mail of its own");
	json_decref(answer);
	return code;
}

static int run(const struct cli *cli)
{
	struct intake_link link;
	int mail;

	if (!read_mail(&mail))
		return cli_error(cli, EXIT_TEMPFAIL, "standard input", "the mail could not be read",
		                 LATER);
	json_t *hello = json_pack("{s:s}", "op", "ingest");
	int code = intake_open(cli, true, hello, &link);
	if (code == EXIT_GOOD) {
		json_t *line = json_pack("{s:s}", "file", "-");

		code = intake_send(&link, line, mail) == OK
		               ? verdict(cli, &link)
		               : cli_error(cli, EXIT_TEMPFAIL, "ingest", "the service went away",
		                           LATER);
		json_decref(line);
		intake_close(&link);
	} else {
		code = EXIT_TEMPFAIL; /* whatever is wrong here, the mail is good */
	}
	json_decref(hello);
	(void)close(mail); /* in memory */
	return code;
}

const struct command cmd_ingest = {
	.name = "ingest",
	.group = GROUP_SERVICE,
	.summary = "take one mail on standard input",
	.details = "For the pipe of an MTA, from any user.  Exit 0: stored on disk.  75: the MTA "
	           "keeps the\n"
	           "mail and tries again.  1: refused, it is larger than any report may be.",
	.examples = "mxseal ingest < report.eml\n",
	.run = run,
};
