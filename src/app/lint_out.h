/* What `policy lint` and `record lint` share: findings as JSON, as lines, as exit status. */
#ifndef APP_LINT_OUT_H
#define APP_LINT_OUT_H

#include <jansson.h>

#include "app/command.h"
#include "mtasts/finding.h"

#define FAIL_ON_OPTION                                                           \
	{                                                                        \
		.name = "fail-on", .arg = "SEVERITY",                            \
		.values = (const char *const[]){ "fail", "warn", "info", NULL }, \
		.help = "exit 1 from this severity on (default fail)"            \
	}

/* [{"code","severity","line","message"}]; line 0: about the whole. */
json_t *lint_json(const struct findings *f);
/* Prints one object as one line on out and drops the reference. */
void lint_put_json(const struct cli *cli, json_t *object);
/* One line a finding; unit is "line" or "record". */
void lint_put_lines(const struct cli *cli, const struct findings *f, const char *unit);
/* EXIT_FINDINGS when a finding is as grave as --fail-on says. */
int lint_code(const struct cli *cli, const struct findings *f);
/* A slice as a JSON string; bytes that are not UTF-8 never get here. */
json_t *lint_string(struct slice s);

#endif
