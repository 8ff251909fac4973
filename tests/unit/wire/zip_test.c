#include "base/buf.h"
#include "base/mem.h"
#include "test.h"
#include "wire/gzip.h"
#include "wire/zip.h"

/* Where things lie in what zip_write_one makes. */
#define LOCAL_METHOD 8u
#define CENTRAL_FLAGS 8u
#define CENTRAL_METHOD 10u
#define CENTRAL_CRC 16u
#define CENTRAL_SIZE 24u
#define CENTRAL_OFFSET 42u
#define END_COUNT 10u
#define END_SIZE 22u

static void make(struct buf *zip)
{
	buf_init(zip, 100000);
	EXPECT(zip_write_one(S("{\"a\":1}"), S("report.json"), zip) == OK, "writes");
}

static enum err read_back(struct slice in, struct buf *out, struct slice *name)
{
	buf_init(out, 100000);
	return zip_read_one(in, out, name, NULL);
}

static size_t central(const struct buf *zip)
{
	return slice_find_slice(buf_slice(zip), S("PK\x01\x02"));
}

TEST(one_member)
{
	struct buf zip, out;
	struct slice name = { 0 };

	make(&zip);
	EXPECT(zip_sniff(buf_slice(&zip)), "starts as zip does");
	EXPECT(read_back(buf_slice(&zip), &out, &name) == OK, "one member is read");
	EXPECT_SLICE(buf_slice(&out), S("{\"a\":1}"), "its content");
	EXPECT_SLICE(name, S("report.json"), "its name");
	buf_fini(&out);
	buf_add(&zip, S("a comment or a list's footer"));
	EXPECT(read_back(buf_slice(&zip), &out, NULL) == OK, "something follows");
	buf_fini(&out);
	buf_fini(&zip);
}

/* A stored member, as zip -0 makes it. */
TEST(stored)
{
	static const char file[] = "PK\x03\x04\x0a\0\0\0\0\0\0\0\x21\0"
	                           "\x43\xbf\xa6\xa3"
	                           "\x02\0\0\0\x02\0\0\0\x01\0\0\0n"
	                           "{}"
	                           "PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\x21\0"
	                           "\x43\xbf\xa6\xa3"
	                           "\x02\0\0\0\x02\0\0\0\x01\0\0\0"
	                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0n"
	                           "PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x21\0\0\0\0\0";
	struct buf zip, out;

	buf_init(&zip, 1000);
	buf_add(&zip, slice_of(file, sizeof(file) - 1));
	EXPECT(read_back(buf_slice(&zip), &out, NULL) == OK, "a stored member");
	EXPECT_SLICE(buf_slice(&out), S("{}"), "its content");
	buf_fini(&out);
	zip.p[central(&zip) + CENTRAL_CRC] ^= 1;
	EXPECT(read_back(buf_slice(&zip), &out, NULL) == ERR_SYNTAX,
	       "a wrong CRC-32 of a stored member");
	buf_fini(&out);
	buf_fini(&zip);
}

TEST(refusals)
{
	static const struct {
		const char *label;
		size_t offset; /* from the central header, or from the end record when end */
		bool end;
		char value;
	} rows[] = {
		{ "encrypted", CENTRAL_FLAGS, false, 1 },
		{ "packed in another way", CENTRAL_METHOD, false, 12 },
		{ "a wrong CRC-32", CENTRAL_CRC, false, 0 },
		{ "a wrong length", CENTRAL_SIZE, false, 6 },
		{ "a length that is too large", CENTRAL_SIZE, false, 8 },
		{ "the local header is elsewhere", CENTRAL_OFFSET, false, 1 },
		{ "no entry", END_COUNT, true, 0 },
		{ "two entries, one there", END_COUNT, true, 2 },
		{ "the directory is elsewhere", 16, true, 3 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf zip, out;

		make(&zip);
		size_t base = rows[i].end ? zip.len - END_SIZE : central(&zip);
		zip.p[base + rows[i].offset] = rows[i].value;
		EXPECT(read_back(buf_slice(&zip), &out, NULL) == ERR_SYNTAX, rows[i].label);
		buf_fini(&out);
		buf_fini(&zip);
	}
}

TEST(prefixes_are_never_ok)
{
	struct buf zip, out;

	make(&zip);
	for (size_t n = 0; n < zip.len; n++) {
		EXPECT(read_back(slice_head(buf_slice(&zip), n), &out, NULL) == ERR_SYNTAX,
		       "a proper prefix is refused");
		buf_fini(&out);
	}
	buf_fini(&zip);
}

TEST(ceilings)
{
	size_t n = GZIP_RATIO_FREE + 1000;
	char *zeros = mem_alloc(n);
	struct buf zip, out;

	buf_init(&zip, 1u << 20);
	EXPECT(zip_write_one(slice_of(zeros, n), S("x"), &zip) == OK, "writes");
	buf_init(&out, 64u << 20);
	EXPECT(zip_read_one(buf_slice(&zip), &out, NULL, NULL) == ERR_LIMIT && out.len == 0,
	       "RPT-70: a bomb is refused before it is inflated");
	buf_fini(&out);
	buf_reset(&zip);
	EXPECT(zip_write_one(slice_of(zeros, 1000), S("x"), &zip) == OK, "writes");
	buf_init(&out, 999);
	EXPECT(zip_read_one(buf_slice(&zip), &out, NULL, NULL) == ERR_LIMIT, "RPT-70: too large");
	buf_fini(&out);
	buf_init(&out, 1000);
	EXPECT(zip_read_one(buf_slice(&zip), &out, NULL, NULL) == OK, "RPT-70: at the ceiling");
	buf_fini(&out);
	/* A member that is longer than its header says stops there. */
	zip.p[central(&zip) + CENTRAL_SIZE] = 10;
	zip.p[central(&zip) + CENTRAL_SIZE + 1] = 0;
	EXPECT(read_back(buf_slice(&zip), &out, NULL) == ERR_SYNTAX, "longer than it says");
	buf_fini(&out);
	buf_fini(&zip);
	mem_free(zeros);
}

TEST_MAIN(UNIT(one_member), UNIT(stored), UNIT(refusals), UNIT(prefixes_are_never_ok),
          UNIT(ceilings))
