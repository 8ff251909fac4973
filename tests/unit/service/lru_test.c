#include "service/lru.h"

#include "base/mem.h"
#include "test.h"

static int released;

static void release(void *value)
{
	released += *(int *)value;
	mem_free(value);
}

static int *number(int n)
{
	int *p = mem_alloc(sizeof(*p));

	*p = n;
	return p;
}

/* Keys that share a bucket as often as they can: the first byte is what is hashed. */
static const unsigned char *key(unsigned n)
{
	static unsigned char k[4][LRU_KEY_SIZE];
	static unsigned turn;
	unsigned char *out = k[turn++ % 4];

	memset(out, 0, LRU_KEY_SIZE);
	out[0] = (unsigned char)(n % 2);
	out[LRU_KEY_SIZE - 1] = (unsigned char)n;
	return out;
}

TEST(the_oldest_goes_first)
{
	struct lru *l = lru_new(3, release);

	released = 0;
	lru_put(l, key(1), number(1));
	lru_put(l, key(2), number(20));
	lru_put(l, key(3), number(300));
	EXPECT(lru_count(l) == 3 && released == 0, "three fit");
	EXPECT(lru_get(l, key(1)) != NULL, "1 is used again");
	lru_put(l, key(4), number(4000));
	EXPECT(released == 20 && lru_count(l) == 3, "2 was the oldest");
	EXPECT(lru_get(l, key(2)) == NULL, "2 is gone");
	EXPECT(*(int *)lru_get(l, key(1)) == 1 && *(int *)lru_get(l, key(3)) == 300, "others stay");
	lru_put(l, key(3), number(301));
	EXPECT(released == 320 && *(int *)lru_get(l, key(3)) == 301, "replaced");
	lru_drop(l, key(4));
	lru_drop(l, key(99));
	EXPECT(released == 4320 && lru_count(l) == 2, "dropped");
	lru_free(l);
	EXPECT(released == 4320 + 1 + 301, "all are released");
	lru_free(NULL);
}

TEST(another_capacity)
{
	struct lru *l = lru_new(4, release);

	released = 0;
	for (int n = 1; n <= 4; n++)
		lru_put(l, key((unsigned)n), number(n));
	lru_limit(l, 2);
	EXPECT(lru_count(l) == 2 && released == 3, "the oldest leave");
	lru_put(l, key(5), number(5));
	EXPECT(lru_count(l) == 2 && released == 6, "and the next of them");
	lru_limit(l, 4);
	lru_put(l, key(6), number(6));
	EXPECT(lru_count(l) == 3 && released == 6, "there is room again");
	lru_free(l);
}

/* Against a plain list of the most recent keys. */
TEST(random_use_matches_a_list)
{
	enum { CAPACITY = 5, KEYS = 12 };
	struct lru *l = lru_new(CAPACITY, release);
	unsigned recent[KEYS], count = 0;
	uint64_t seed = 77;

	for (unsigned round = 0; round < 20000; round++) {
		unsigned k = test_random(&seed) % KEYS, at = 0;
		bool known;

		while (at < count && recent[at] != k)
			at++;
		known = at < count && at < CAPACITY;
		EXPECT((lru_get(l, key(k)) != NULL) == known, "seed 77");
		if (!known)
			lru_put(l, key(k), number((int)k));
		if (at == count)
			count++;
		memmove(recent + 1, recent, at * sizeof(*recent));
		recent[0] = k;
		if (count > CAPACITY)
			count = CAPACITY;
		EXPECT(lru_count(l) == count, "seed 77");
	}
	lru_free(l);
}

TEST_MAIN(UNIT(the_oldest_goes_first), UNIT(another_capacity), UNIT(random_use_matches_a_list))
