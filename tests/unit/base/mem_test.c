#include "base/buf.h"
#include "base/mem.h"
#include "test.h"

TEST(buffer_ceiling)
{
	struct buf b;

	buf_init(&b, 4);
	buf_add_str(&b, "abcd");
	EXPECT(buf_status(&b) == OK, "exactly the ceiling fits");
	buf_add_char(&b, 'e');
	EXPECT(buf_status(&b) == ERR_LIMIT, "one more byte does not");
	EXPECT_SLICE(buf_slice(&b), S("abcd"), "what fitted is kept");
	buf_add(&b, S(""));
	buf_reset(&b);
	buf_printf(&b, "%d", 1234);
	EXPECT(buf_status(&b) == OK && strcmp(buf_str(&b), "1234") == 0,
	       "usable again after reset");
	buf_consume(&b, 3);
	EXPECT_SLICE(buf_slice(&b), S("4"), "consume drops the front");
	buf_fini(&b);
	EXPECT(strcmp(buf_str(&b), "") == 0, "empty after fini");
}

TEST(arena_lives)
{
	struct arena *a = arena_new();
	char *big = arena_alloc(a, 100000);

	EXPECT(big[0] == 0 && big[99999] == 0, "zero-filled, larger than a block");
	EXPECT(strcmp(arena_printf(a, "%s-%d", "x", 7), "x-7") == 0, "printf");
	for (int i = 0; i < 1000; i++)
		EXPECT((uintptr_t)arena_alloc(a, 3) % _Alignof(max_align_t) == 0, "aligned");
	EXPECT(arena_used(a) > 100000, "use is counted");
	arena_reset(a);
	EXPECT(arena_used(a) == 0, "reset releases all");
	EXPECT_SLICE(arena_copy(a, S("again")), S("again"), "usable after reset");
	EXPECT_SLICE(arena_lower(a, S("aZ-09@[\xc4")), S("az-09@[\xc4"), "only letters of ASCII");
	arena_free(a);
	arena_free(NULL);
}

TEST_MAIN(UNIT(buffer_ceiling), UNIT(arena_lives))
