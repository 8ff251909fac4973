/*
 * The texts of the tables, set for a terminal of 80 columns.
 *
 * Text is paragraphs with an empty line between; how its lines are broken in the source does not
 * matter.  A line that begins with a blank is literal: it is shown as it is.  A pair of
 * backticks marks a token; on a terminal they are dropped, in the manual page it is bold.
 */
#ifndef APP_PROSE_H
#define APP_PROSE_H

#include <stdio.h>

#include "base/slice.h"

#define PROSE_WIDTH 80u

struct prose_block {
	bool literal;      /* whole lines, to be shown as they are; else words to be filled */
	struct slice text; /* part of what was given */
};

/* Takes the next block off *rest; false: no more. */
bool prose_next(struct slice *rest, struct prose_block *out);
/* Takes the next word off *rest; false: no more. */
bool prose_word(struct slice *rest, struct slice *out);
/* Columns that text takes on a terminal: UTF-8 counts once, backticks not at all. */
size_t prose_columns(struct slice text);

/* Fills the words of text from column indent on; lead stands before the first of them. */
void prose_fill(FILE *out, const char *lead, struct slice text, unsigned indent);
/* All blocks of text, with an empty line between. */
void prose_put(FILE *out, const char *text, unsigned indent);

#endif
