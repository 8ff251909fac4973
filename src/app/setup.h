/* setup: between its files only. */
#ifndef APP_SETUP_H
#define APP_SETUP_H

#include "advice/setup_plan.h"
#include "app/command.h"
#include "app/conf.h"

struct setup {
	const struct cli *cli;
	const char *file;  /* the configuration */
	struct conf *conf; /* what stands in it; NULL: nothing is set there */
	struct setup_answers q;
	struct setup_facts facts;
	struct setup_plan plan;
};

/* setup_file.c */

/*
 * Reads the file: s->conf stays NULL when there is none or it sets nothing.  EXIT_FINDINGS, said
 * already: it is there and cannot be understood; EXIT_UNKNOWN: nor read.
 */
int setup_file_read(struct setup *s);
/* Whether the i-th setting stands in the file; false for the others, and *end_out behind the last.
 */
bool setup_file_nth(const struct setup *s, size_t i, struct conf_setting *out, bool *end_out);
/* Writes the plan, whole or not at all; what was there is kept beside it.  An enum exit_code. */
int setup_file_write(const struct setup *s);

/* setup_ask.c: flags first, then a person where there is a terminal, then guesses. */
int setup_ask(struct setup *s);
/* Asks for one yes; true without a terminal and with --yes. */
bool setup_agreed(const struct setup *s);

/* setup_out.c */

/* state: "written", "planned" or "unchanged". */
void setup_print(const struct setup *s, const char *state);

#endif
