/*
 * Writes mdoc, the language of manual pages, from texts as prose.h reads them.
 *
 * Every function escapes what it is given; a write error stays in the stream, which is asked
 * for it once, at the end.
 */
#ifndef APP_MDOC_H
#define APP_MDOC_H

#include <stdio.h>

#include "base/slice.h"

/* A pair of a term and what it means; a table of them ends with a NULL term. */
struct mdoc_term {
	const char *term, *meaning;
};

/* Begins the page NAME(SECTION) with its one-line description; now dates it. */
void mdoc_head(FILE *out, const char *name, unsigned section, const char *about, int64_t now);
/* A section (level 1) or a part of one (level 2). */
void mdoc_heading(FILE *out, unsigned level, const char *title);
/* Text within a line, e.g. behind a macro. */
void mdoc_inline(FILE *out, struct slice text);
/* Words to be filled, a line of source for each sentence. */
void mdoc_fill(FILE *out, struct slice text);
/* All blocks of text, with a paragraph mark before each but the first. */
void mdoc_prose(FILE *out, const char *text);
/* Lines to be shown as they are. */
void mdoc_literal(FILE *out, struct slice lines);
/* A list of terms with their meanings. */
void mdoc_terms(FILE *out, const struct mdoc_term *terms);
/* A section of references: "mxseal 1" a line. */
void mdoc_see_also(FILE *out, const char *const *pages);

#endif
