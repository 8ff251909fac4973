/*
 * Table tests on cmocka.
 *
 *   TEST(star_takes_one_label) { for each row: EXPECT(got == row.want, row.label); }
 *   TEST_MAIN(UNIT(star_takes_one_label), ...)
 *
 * EXPECT does not stop at the first failing row: it prints file, line and label
 * and the test function fails at its end.  Labels that name a requirement
 * ("STS-07: 33 characters are refused") feed docs/conformance.md.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/slice.h"

static unsigned test_failures __attribute__((unused));

#define EXPECT(cond, label)                                                                 \
	do {                                                                                \
		if (!(cond)) {                                                              \
			test_failures++;                                                    \
			(void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #cond, \
			              (label));                                             \
		}                                                                           \
	} while (0)

/* Compares two slices and prints both when they differ. */
#define EXPECT_SLICE(got, want, label)                                                    \
	do {                                                                              \
		struct slice got_ = (got), want_ = (want);                                \
		if (!slice_eq(got_, want_)) {                                             \
			test_failures++;                                                  \
			(void)fprintf(stderr, "%s:%d: %s: got \"%.*s\", want \"%.*s\"\n", \
			              __FILE__, __LINE__, (label), SLICE_ARGS(got_),      \
			              SLICE_ARGS(want_));                                 \
		}                                                                         \
	} while (0)

#define TEST(name)                                           \
	static void name##_rows(void);                       \
	static void name(void **state)                       \
	{                                                    \
		unsigned before = test_failures;             \
		(void)state;                                 \
		name##_rows();                               \
		assert_int_equal(test_failures - before, 0); \
	}                                                    \
	static void name##_rows(void)

#define UNIT(name) cmocka_unit_test(name)
#define TEST_MAIN(...)                                             \
	int main(void)                                             \
	{                                                          \
		const struct CMUnitTest tests[] = { __VA_ARGS__ }; \
		return cmocka_run_group_tests(tests, NULL, NULL);  \
	}

/* A small generator for property tests; print the seed when a law breaks. */
static inline uint32_t test_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

#endif
