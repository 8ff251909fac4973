/* --help for a command, a family of commands, or the program; all from the table. */
#ifndef APP_HELP_H
#define APP_HELP_H

#include "app/command.h"

/* "mxseal policy lint [OPTION…] FILE|-" */
const char *help_usage(const struct command *c, struct arena *a);
/* "--fail-on SEVERITY" or "-h, --help" */
const char *help_option(const struct option_spec *o, struct arena *a);
/* What it does, its values, and whether it may be repeated; prose.h. */
const char *help_option_text(const struct option_spec *o, struct arena *a);
void help_command(FILE *out, const struct command *c, struct arena *a);
/* The commands whose first word is name. */
void help_family(FILE *out, const char *name, struct arena *a);
void help_program(FILE *out, struct arena *a);

/* The heading of a group of commands. */
const char *help_group(enum command_group group);
/* The meaning of each exit status, for --help and the manual page; NULL ends it. */
struct help_exit {
	int code;
	const char *meaning;
};
extern const struct help_exit help_exits[];

#endif
