/* A whole copy of a database, one page at a time. */
#ifndef TESTS_UNIT_STORE_COPY_ALL_H
#define TESTS_UNIT_STORE_COPY_ALL_H

#include "store/copy.h"

static inline enum err copy_all(const char *from, const char *to)
{
	struct copy *c = NULL;
	enum err e = copy_begin(from, to, &c);

	if (e != OK)
		return e;
	while ((e = copy_step(c, 1)) == ERR_AGAIN)
		continue;
	copy_free(c);
	return e;
}

#endif
