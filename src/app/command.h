/*
 * What a command is, and what it is given.
 *
 * Every command is one constant `struct command` in its own cmd_NAME.c, named in
 * commands.c.  The same rows drive parsing, --help, the manual page and shell
 * completion, so nothing about a command is written twice.
 *
 *   static int run(const struct cli *cli) { ...; return EXIT_GOOD; }
 *   const struct command cmd_policy_lint = {
 *           .name = "policy", .sub = "lint", .args = "FILE|-", .args_min = 1, .args_max = 1,
 *           .group = GROUP_OFFLINE, .common = COMMON_READER,
 *           .summary = "read a policy file", .examples = "mxseal policy lint mta-sts.txt\n",
 *           .options = options, .option_count = ARRAY_LEN(options), .run = run,
 *   };
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/mem.h"

/* The meaning of an exit status is part of the outside contract. */
enum exit_code {
	EXIT_GOOD = 0,
	EXIT_FINDINGS = 1, /* findings at or above --fail-on, or input refused */
	EXIT_USAGE = 2,
	EXIT_UNKNOWN = 3, /* could not find out: network, DNS, service not running */
	EXIT_DENIED = 4,
	EXIT_CONFLICT = 5,
	EXIT_GUARD = 6,
	EXIT_TEMPFAIL = 75,
};

/* One option.  A flag has no arg. */
struct option_spec {
	const char *name;          /* without the dashes */
	const char *arg;           /* the word shown for its value, e.g. "DIR"; NULL: a flag */
	const char *help;          /* one short line, lower case, no final stop */
	const char *const *values; /* NULL-terminated: the only values allowed; NULL: any */
	bool repeats;              /* may be given more than once */
	char letter;               /* also -x; 0: none */
};

/* Options shared by many commands; --help and --color are always there. */
enum common {
	COMMON_JSON = 1,
	COMMON_JSONL = 2,
	COMMON_YES = 4,
	COMMON_DRY_RUN = 8,
	COMMON_STATE = 16, /* implied by GROUP_SERVICE */
	COMMON_READER = COMMON_JSON | COMMON_JSONL,
	COMMON_WRITER = COMMON_JSON | COMMON_YES | COMMON_DRY_RUN,
};

/* Where a command stands in --help and in the manual page. */
enum command_group {
	GROUP_RUN,     /* the service itself */
	GROUP_OFFLINE, /* needs no service */
	GROUP_SERVICE, /* talks to the control socket */
	GROUP_TOOLS,   /* about this program */
	GROUP_HIDDEN,  /* not shown */
};

#define ARGS_MANY 0xffffu

struct cli;

struct command {
	const char *name, *sub; /* sub is NULL for a single word */
	const char *args;       /* as shown: "DOMAIN", "FILE…"; NULL: none */
	const char *summary;    /* one line, lower case, no final stop */
	const char *details;    /* further paragraphs as prose.h reads them; may be NULL */
	const char *examples;   /* whole command lines, one a line of at most 78 columns */
	/* The only values that its arguments may have, NULL-terminated; NULL: any. */
	const char *const *values;
	bool new_name; /* its argument names what is not there yet: there is nothing to complete */
	const struct option_spec *options;
	size_t option_count;
	unsigned args_min, args_max;
	unsigned common; /* of enum common */
	enum command_group group;
	int (*run)(const struct cli *cli); /* gives an enum exit_code */
};

/* One option as it was given. */
struct cli_option {
	const struct option_spec *spec;
	const char *value; /* NULL for a flag */
};

/* A parsed command line; everything lives until main ends. */
struct cli {
	const struct command *command;
	const char *const *args;
	size_t arg_count;
	const struct cli_option *given;
	size_t given_count;
	FILE *out, *err; /* results; progress, prompts and errors */
	bool json, jsonl, yes, dry_run;
	bool color;          /* colour is wanted on out */
	bool progress;       /* err is a terminal: progress may be shown and questions asked */
	const char *state;   /* --state, or NULL */
	struct arena *arena; /* for whatever the command makes */
};

/* Whether --name was given. */
bool cli_has(const struct cli *cli, const char *name);
/* The value of --name (the last one), or NULL. */
const char *cli_get(const struct cli *cli, const char *name);
/* How often --name was given, and its i-th value. */
size_t cli_count(const struct cli *cli, const char *name);
const char *cli_nth(const struct cli *cli, const char *name, size_t i);

/*
 * Prints "mxseal: WHAT: WHY" and a line "fix: FIX" on err; what (a file, a domain, a
 * peer) may be NULL; a fix that is NULL points to the service's log.  What
 * cli_print_safe hides is shown as "?".  Returns code, so that a command can return
 * cli_error(...).
 */
int cli_error(const struct cli *cli, int code, const char *what, const char *why, const char *fix);
/* cli_error with EXIT_USAGE and the command's own usage line as the fix. */
int cli_usage(const struct cli *cli, const char *why);
/* Prints text on f; what utf8_is_deceptive or is no UTF-8 becomes "?". */
void cli_print_safe(FILE *f, const char *text);
/* Flushes out; EXIT_UNKNOWN with an error line when the result could not be written whole. */
int cli_finish(const struct cli *cli, int code);

#endif
