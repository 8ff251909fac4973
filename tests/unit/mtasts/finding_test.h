/* Whether a finding of some kind was made; shared by the tests of readers. */
#ifndef TESTS_UNIT_MTASTS_FINDING_TEST_H
#define TESTS_UNIT_MTASTS_FINDING_TEST_H

#include "mtasts/finding.h"

static inline bool found(const struct findings *f, enum finding_kind kind)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->list[i].kind == kind)
			return true;
	return false;
}

static inline const struct finding *found_at(const struct findings *f, enum finding_kind kind)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->list[i].kind == kind)
			return &f->list[i];
	return NULL;
}

#endif
