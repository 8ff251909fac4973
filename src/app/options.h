/*
 * Reads a command line against a command's table of options.
 *
 * --name VALUE, --name=VALUE and -x VALUE are accepted anywhere; "--" ends the
 * options; a lone "-" is an argument.  Names are never abbreviated.
 */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include "app/command.h"

/*
 * Fills cli (its command, arena, out and err are set by the caller) from words,
 * which begin after the command's name.  EXIT_GOOD, or EXIT_USAGE after saying why on err.
 * *help_out is set when --help was among the words; nothing else is judged then.
 */
int options_parse(struct cli *cli, const char *const *words, size_t count, bool *help_out);

/* The i-th option that c accepts, its own first and then the common ones; NULL: no more. */
const struct option_spec *options_nth(const struct command *c, size_t i);
/* The i-th of the options that commands share, whichever take it; NULL: no more. */
const struct option_spec *options_shared(size_t i);

#endif
