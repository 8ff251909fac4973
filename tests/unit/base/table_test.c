#include "base/table.h"
#include "test.h"

TEST(numbers_by_their_keys)
{
	struct table *t = table_new();

	EXPECT(table_get(t, S("a")) == TABLE_NONE && table_count(t) == 0, "empty");
	EXPECT(*table_at(t, S("a")) == TABLE_NONE && table_count(t) == 1, "a key that is new");
	*table_at(t, S("a")) = 7;
	EXPECT(table_get(t, S("a")) == 7, "its number");
	EXPECT(table_get(t, S("")) == TABLE_NONE, "the empty key is another one");
	*table_at(t, S("")) = 0;
	*table_at(t, S("a\0b")) = 8;
	EXPECT(table_get(t, S("")) == 0 && table_get(t, S("a")) == 7, "a NUL ends nothing");
	*table_at(t, S("a")) = 9;
	EXPECT(table_get(t, S("a")) == 9 && table_count(t) == 3, "changed, not added");
	table_free(t);
	table_free(NULL);
}

TEST(many)
{
	enum { KEYS = 3000 };
	static char keys[KEYS][16];
	struct table *t = table_new();

	for (size_t i = 0; i < KEYS; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "key %zu", i);
		*table_at(t, slice_str(keys[i])) = i;
	}
	for (size_t i = 0; i < KEYS; i++)
		EXPECT(table_get(t, slice_str(keys[i])) == i, keys[i]);
	EXPECT(table_count(t) == KEYS, "all are there");
	table_free(t);
}

TEST_MAIN(UNIT(numbers_by_their_keys), UNIT(many))
