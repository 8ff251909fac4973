/*
 * Why a request was not carried out, in words for people.
 *
 * Filled by services, turned into RFC 9457 problems by web and into one line
 * with a `fix:` by the command line.
 */
#ifndef SERVICE_REFUSAL_H
#define SERVICE_REFUSAL_H

#include "base/err.h"

#define REFUSAL_WORDS_SIZE 768u

struct refusal {
	enum err code;
	const char *slug;                /* constant, "domain-unknown" */
	char detail[REFUSAL_WORDS_SIZE]; /* what, where, why */
	char fix[REFUSAL_WORDS_SIZE];    /* what to do; may be empty */
};

/* Fills *r and returns code, so that a service can return refuse(...).  Words that do not fit are
 * cut. */
enum err refuse(struct refusal *r, enum err code, const char *slug, const char *detail_fmt, ...)
        PRINTF_LIKE(4, 5);
/* Adds the way out; returns r->code. */
enum err refuse_fix(struct refusal *r, const char *fix_fmt, ...) PRINTF_LIKE(2, 3);

#endif
