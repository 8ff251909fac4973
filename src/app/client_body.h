/*
 * From options to the body of a request, and from an answer of a writer to words: what the
 * commands that change something share.
 */
#ifndef APP_CLIENT_BODY_H
#define APP_CLIENT_BODY_H

#include "app/client.h"

enum body_kind {
	BODY_TEXT,
	BODY_NUMBER, /* decimal, else a usage error */
	BODY_LIST,   /* every value of a repeated option */
	BODY_FLAG,   /* true when given */
};

/* --option becomes the member key. */
struct body_member {
	const char *option, *key;
	enum body_kind kind;
};

/*
 * A new object with a member for every option that was given, and dry_run for --dry-run.
 * EXIT_USAGE, said already: a number is none.
 */
int client_body(const struct cli *cli, const struct body_member *members, size_t count,
                json_t **body_out) MUST_USE;

/*
 * Sends a change and prints its answer: as JSON when asked, else what changed, since when it is
 * served, MX hosts without a pattern and patterns without an MX host, and the cache horizon.
 * Takes body's reference.
 */
int client_change(const struct cli *cli, const char *method, const char *path,
                  json_t *body) MUST_USE;

/* The answer of a change in words. */
void client_print_change(const struct cli *cli, const json_t *answer);
/* The steps of a publication, one a line: a mark, what it is, since when or what it waits for. */
void client_print_steps(const struct cli *cli, FILE *to, const json_t *steps);

/* Options of every command that can publish a policy. */
#define POLICY_OPTIONS                                                                  \
	{ .name = "mode",                                                               \
	  .arg = "MODE",                                                                \
	  .values = (const char *const[]){ "none", "testing", "enforce", NULL },        \
	  .help = "what senders do about a failure" },                                  \
	        { .name = "max-age",                                                    \
		  .arg = "SECONDS",                                                     \
		  .help = "how long senders keep the policy, 0 to 31557600" },          \
	        { .name = "mx",                                                         \
		  .arg = "PATTERN",                                                     \
		  .repeats = true,                                                      \
		  .help = "an MX host, or *.DOMAIN for one label; replaces the list" }, \
	{                                                                               \
		.name = "anyway", .arg = "REASON",                                      \
		.help = "override a guard; the reason goes into the audit log"          \
	}

#endif
