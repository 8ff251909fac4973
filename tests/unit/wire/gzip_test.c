#include "base/buf.h"
#include "base/mem.h"
#include "test.h"
#include "wire/gzip.h"

#define ROOM (80u << 20)

static void make(struct slice content, struct buf *out)
{
	buf_init(out, ROOM);
	EXPECT(gzip_deflate(content, out) == OK, "deflates");
}

static enum err inflate_all(struct slice in, struct buf *out, bool *trailing)
{
	buf_init(out, ROOM);
	return gzip_inflate(in, out, trailing, NULL);
}

TEST(whole)
{
	struct buf packed, out;
	bool trailing = true;

	make(S("{\"a\":1}"), &packed);
	EXPECT(gzip_sniff(buf_slice(&packed)), "RPT-69: starts as gzip does");
	EXPECT(inflate_all(buf_slice(&packed), &out, &trailing) == OK && !trailing,
	       "RPT-69: gzip is read");
	EXPECT_SLICE(buf_slice(&out), S("{\"a\":1}"), "RPT-69: same content");
	buf_fini(&out);
	buf_fini(&packed);
	make(S(""), &packed);
	EXPECT(inflate_all(buf_slice(&packed), &out, NULL) == OK && out.len == 0, "empty content");
	buf_fini(&out);
	buf_fini(&packed);
}

/* A header with FEXTRA, FNAME, FCOMMENT and a time, before the deflate stream of our own. */
TEST(header_fields)
{
	static const char head[] = "\x1f\x8b\x08\x1c\x78\x56\x34\x12\x00\x03"
	                           "\x02\x00xy"
	                           "../../etc/passwd\0"
	                           "comment";
	struct buf packed, all, out;

	make(S("content"), &packed);
	buf_init(&all, 1000);
	buf_add(&all, slice_of(head, sizeof(head)));
	buf_add(&all, slice_skip(buf_slice(&packed), 10));
	EXPECT(inflate_all(buf_slice(&all), &out, NULL) == OK, "RPT-70: FNAME is passed over");
	EXPECT_SLICE(buf_slice(&out), S("content"), "RPT-70: FNAME leaves no trace");
	buf_fini(&out);
	buf_fini(&all);
	buf_fini(&packed);
}

TEST(members_and_rests)
{
	struct buf one, two, all, out;
	bool trailing = false;

	make(S("one"), &one);
	make(S("two"), &two);
	buf_init(&all, 1000);
	buf_add(&all, buf_slice(&one));
	buf_add(&all, buf_slice(&two));
	EXPECT(inflate_all(buf_slice(&all), &out, &trailing) == OK && !trailing,
	       "RPT-70: two members");
	EXPECT_SLICE(buf_slice(&out), S("onetwo"), "RPT-70: two members are one content");
	buf_fini(&out);
	EXPECT(inflate_all(slice_head(buf_slice(&all), all.len - 3), &out, NULL) == ERR_SYNTAX,
	       "RPT-70: the second member is cut off");
	buf_fini(&out);
	buf_add(&all, S("\r\n-- \r\nfooter of a list"));
	EXPECT(inflate_all(buf_slice(&all), &out, &trailing) == OK && trailing,
	       "RPT-70: what follows is noted");
	EXPECT_SLICE(buf_slice(&out), S("onetwo"), "RPT-70: what follows is dropped");
	buf_fini(&out);
	buf_reset(&all);
	buf_add(&all, buf_slice(&one));
	buf_add(&all, S("\x1f"));
	EXPECT(inflate_all(buf_slice(&all), &out, &trailing) == OK && trailing,
	       "RPT-70: half a magic number follows");
	buf_fini(&out);
	buf_fini(&all);
	buf_fini(&one);
	buf_fini(&two);
}

TEST(damage)
{
	struct buf packed, out;

	make(S("some content that is long enough to matter"), &packed);
	for (size_t n = 0; n < packed.len; n++) {
		EXPECT(inflate_all(slice_head(buf_slice(&packed), n), &out, NULL) == ERR_SYNTAX,
		       "RPT-70: a proper prefix is refused");
		buf_fini(&out);
	}
	for (size_t i = packed.len - 8; i < packed.len; i++) {
		packed.p[i] ^= 0x40;
		EXPECT(inflate_all(buf_slice(&packed), &out, NULL) == ERR_SYNTAX,
		       "RPT-70: a wrong CRC-32 or length is refused");
		buf_fini(&out);
		packed.p[i] ^= 0x40;
	}
	EXPECT(inflate_all(slice_skip(buf_slice(&packed), 10), &out, NULL) == ERR_SYNTAX,
	       "RPT-69: a raw deflate stream is no gzip");
	buf_fini(&out);
	EXPECT(inflate_all(S("\x78\x9c\x03\x00\x00\x00\x00\x01"), &out, NULL) == ERR_SYNTAX,
	       "RPT-69: zlib's own format is no gzip");
	buf_fini(&out);
	buf_fini(&packed);
}

TEST(absolute_ceiling)
{
	struct buf packed, out;
	char *content = mem_alloc(10001);

	make(slice_of(content, 10000), &packed);
	buf_init(&out, 10000);
	EXPECT(gzip_inflate(buf_slice(&packed), &out, NULL, NULL) == OK, "RPT-70: at the ceiling");
	buf_fini(&out);
	buf_fini(&packed);
	make(slice_of(content, 10001), &packed);
	buf_init(&out, 10000);
	EXPECT(gzip_inflate(buf_slice(&packed), &out, NULL, NULL) == ERR_LIMIT,
	       "RPT-70: one byte above the ceiling");
	EXPECT(out.len <= 10000, "RPT-70: nothing above the ceiling is kept");
	buf_fini(&out);
	buf_fini(&packed);
	mem_free(content);
}

TEST(ratio)
{
	size_t n = GZIP_RATIO_FREE;
	char *zeros = mem_alloc(n + (1u << 20));
	struct buf packed, out;

	make(slice_of(zeros, n), &packed);
	EXPECT(inflate_all(buf_slice(&packed), &out, NULL) == OK, "RPT-70: below the free amount");
	buf_fini(&out);
	buf_fini(&packed);
	make(slice_of(zeros, n + (1u << 20)), &packed);
	EXPECT(inflate_all(buf_slice(&packed), &out, NULL) == ERR_LIMIT,
	       "RPT-70: a bomb is cut by its ratio");
	EXPECT(out.len <= n + 65536, "RPT-70: a bomb is cut early");
	buf_fini(&out);
	buf_fini(&packed);
	mem_free(zeros);
}

/* Law: pieces of any size give the same facts as the whole. */
TEST(pieces)
{
	struct buf packed, more, whole, parts;
	uint64_t seed = 3;
	bool trailing = false;

	buf_init(&more, 200000);
	for (int i = 0; i < 60000; i++)
		buf_add_char(&more, (char)(test_random(&seed) % 7 + 'a'));
	make(buf_slice(&more), &packed);
	buf_add(&packed, S("garbage"));
	EXPECT(inflate_all(buf_slice(&packed), &whole, NULL) == OK, "whole");
	for (size_t size = 1; size < 5000; size = size * 5 + 1) {
		struct gzip *g = gzip_new();
		struct slice rest = buf_slice(&packed);
		enum err e = OK;

		buf_init(&parts, ROOM);
		while (e == OK && rest.len > 0) {
			e = gzip_feed(g, slice_head(rest, size), &parts, NULL);
			rest = slice_skip(rest, size);
		}
		EXPECT(e == OK && gzip_end(g, &trailing, NULL) == OK && trailing,
		       "pieces end as the whole");
		EXPECT(slice_eq(buf_slice(&parts), buf_slice(&whole)), "pieces give the same");
		gzip_free(g);
		buf_fini(&parts);
	}
	buf_fini(&whole);
	buf_fini(&packed);
	buf_fini(&more);
}

TEST_MAIN(UNIT(whole), UNIT(header_fields), UNIT(members_and_rests), UNIT(damage),
          UNIT(absolute_ceiling), UNIT(ratio), UNIT(pieces))
