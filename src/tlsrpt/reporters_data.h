/* The table made from reporters.txt.  For reporters.c only. */
#ifndef TLSRPT_REPORTERS_DATA_H
#define TLSRPT_REPORTERS_DATA_H

#include <stddef.h>

struct reporter {
	const char *organization;
	const char *const *domains, *const *names; /* each ends with NULL */
};

extern const struct reporter reporters_table[];
extern const size_t reporters_count;

#endif
