#include "store/seal.h"

#include "base/mem.h"
#include "unit/test.h"

static const unsigned char key[SEAL_KEY_SIZE] = { 1, 2, 3 };
static const unsigned char other_key[SEAL_KEY_SIZE] = { 1, 2, 4 };
static const struct seal_name name = { 1, SLICE_INIT("example.com"), SLICE_INIT("abcd") };

static enum err round_trip(const unsigned char *k, const struct seal_name *n, struct slice sealed,
                           struct slice want)
{
	struct buf out;

	buf_init(&out, SEAL_SECRET_MAX);
	enum err e = seal_unwrap(k, n, sealed, &out);
	if (e == OK && !slice_eq(buf_slice(&out), want))
		e = ERR_SYNTAX;
	buf_fini(&out);
	return e;
}

TEST(opens_only_where_it_belongs)
{
	static const struct row {
		const char *label;
		const unsigned char *key;
		struct seal_name name;
		enum err want;
	} rows[] = {
		{ "its own place", key, { 1, SLICE_INIT("example.com"), SLICE_INIT("abcd") }, OK },
		{ "another key",
		  other_key,
		  { 1, SLICE_INIT("example.com"), SLICE_INIT("abcd") },
		  ERR_CRYPTO },
		{ "another tenant",
		  key,
		  { 2, SLICE_INIT("example.com"), SLICE_INIT("abcd") },
		  ERR_CRYPTO },
		{ "another domain",
		  key,
		  { 1, SLICE_INIT("example.org"), SLICE_INIT("abcd") },
		  ERR_CRYPTO },
		{ "another certificate",
		  key,
		  { 1, SLICE_INIT("example.com"), SLICE_INIT("abce") },
		  ERR_CRYPTO },
		{ "the same bytes split elsewhere",
		  key,
		  { 1, SLICE_INIT("example.coma"), SLICE_INIT("bcd") },
		  ERR_CRYPTO },
	};
	struct buf sealed;

	buf_init(&sealed, 4096);
	EXPECT(seal_wrap(key, &name, S("a private key"), &sealed) == OK, "sealed");
	EXPECT(sealed.len == strlen("a private key") + SEAL_OVERHEAD, "the overhead as stated");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT(round_trip(rows[i].key, &rows[i].name, buf_slice(&sealed),
		                  S("a private key")) == rows[i].want,
		       rows[i].label);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.p[i] ^= 1;
		EXPECT(round_trip(key, &name, buf_slice(&sealed), S("")) == ERR_CRYPTO,
		       "a changed byte");
		EXPECT(round_trip(key, &name, slice_head(buf_slice(&sealed), i), S("")) ==
		               ERR_CRYPTO,
		       "a shorter form");
		sealed.p[i] ^= 1;
	}
	buf_fini(&sealed);
}

TEST(ceilings)
{
	char *big = mem_alloc(SEAL_SECRET_MAX + 1);
	struct buf sealed, again;

	buf_init(&sealed, SEAL_SECRET_MAX + SEAL_OVERHEAD);
	buf_init(&again, SEAL_SECRET_MAX + SEAL_OVERHEAD);
	EXPECT(seal_wrap(key, &name, slice_of(big, SEAL_SECRET_MAX + 1), &again) == ERR_LIMIT,
	       "a secret above the ceiling");
	EXPECT(seal_wrap(key, &name, slice_of(big, SEAL_SECRET_MAX), &sealed) == OK,
	       "at the ceiling");
	EXPECT(round_trip(key, &name, buf_slice(&sealed), slice_of(big, SEAL_SECRET_MAX)) == OK,
	       "and back");
	EXPECT(seal_wrap(key, &name, S("x"), &sealed) == ERR_LIMIT, "no room left");
	EXPECT(seal_wrap(key, &name, S(""), &again) == OK &&
	               round_trip(key, &name, buf_slice(&again), S("")) == OK,
	       "an empty secret");
	buf_fini(&sealed);
	buf_fini(&again);
	mem_free(big);
}

TEST_MAIN(UNIT(opens_only_where_it_belongs), UNIT(ceilings))
