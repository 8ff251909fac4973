/*
 * TXT records as pasted, of whichever kind, judged as those of one name
 * (`record lint`).  Pure.
 */
#ifndef TLSRPT_TXT_LINT_H
#define TLSRPT_TXT_LINT_H

#include "mtasts/paste.h"
#include "tlsrpt/record.h"

enum txt_kind { TXT_UNKNOWN, TXT_STS, TXT_TLSRPT };

struct txt_lint {
	enum txt_kind kind;
	bool valid;      /* senders accept it; the same as: no finding of severity fail */
	struct slice id; /* STS: the first one where it could be read; else empty */
	struct tlsrpt_record tlsrpt;
};

/*
 * args: pasted texts, each of one or several records.  *f is empty at first and has
 * everything that is to be said afterwards.  ERR_LIMIT: too much text or too many records.
 */
enum err txt_lint_read(const struct slice *args, size_t count, struct findings *f,
                       struct txt_lint *out) MUST_USE;

/* "sts", "tlsrpt"; NULL for TXT_UNKNOWN. */
const char *txt_kind_name(enum txt_kind kind);

#endif
