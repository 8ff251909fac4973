/* What explain_embed.py makes of explain.txt; read by explain.c only. */
#ifndef ADVICE_EXPLAIN_DATA_H
#define ADVICE_EXPLAIN_DATA_H

#include "advice/explain.h"

/* A spelling in normal form: lower case, each run of other characters one '-'. */
struct explain_key {
	const char *pattern; /* '*' takes any run of characters */
	unsigned short entry;
	unsigned short literal; /* characters that are not '*' */
};

extern const struct explain_entry explain_entries[];
extern const size_t explain_entry_count;
extern const struct explain_key explain_keys[];
extern const size_t explain_key_count;

#endif
