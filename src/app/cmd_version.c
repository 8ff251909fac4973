#include "app/commands.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

static int run(const struct cli *cli)
{
	if (cli->json || cli->jsonl)
		(void)fprintf(
		        cli->out,
		        "{\"schema\":\"mxseal.version/1\",\"version\":\"%s\",\"openssl\":\"%s\","
		        "\"sqlite\":\"%s\",\"libevent\":\"%s\"}\n",
		        MXSEAL_VERSION, OpenSSL_version(OPENSSL_VERSION_STRING),
		        sqlite3_libversion(), event_get_version());
	else
		(void)fprintf(cli->out, "mxseal %s\n", MXSEAL_VERSION);
	return EXIT_GOOD;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "print the version",
	.examples = "mxseal version\nmxseal version --json\n",
	.group = GROUP_TOOLS,
	.common = COMMON_READER,
	.run = run,
};
