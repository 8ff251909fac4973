#include "app/store_fault.h"

#include "unit/test.h"

TEST(a_fault_comes_through_an_exit_status)
{
	for (unsigned i = 0; i < STORE_FAULTS; i++) {
		enum store_fault f = (enum store_fault)i;
		const struct store_fault_words *w = store_fault_words(f);

		EXPECT(store_fault_of_exit(store_fault_exit(f)) == f, "there and back");
		EXPECT((store_fault_exit(f) == 0) == (f == STORE_GOOD), "0 is good");
		EXPECT((w->why[0] == '\0') == (f == STORE_GOOD) &&
		               (w->fix[0] == '\0') == (f == STORE_GOOD),
		       "a fault has words");
	}
	EXPECT(store_fault_of_exit(1) == STORE_UNKNOWN &&
	               store_fault_of_exit(16) == STORE_UNKNOWN &&
	               store_fault_of_exit(16 + STORE_FAULTS) == STORE_UNKNOWN,
	       "what no fault gives");
}

TEST_MAIN(UNIT(a_fault_comes_through_an_exit_status))
