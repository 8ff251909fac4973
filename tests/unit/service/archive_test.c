#include "service/archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "test.h"
#include "tree.h"

#define DAY_1 1778544000 /* 2026-05-12T00:00:00Z */
#define SEGMENT_1 "20260512.seg"

static const struct archive_pos START = { 0, 0 };

static struct archive_record record(struct slice bytes, int64_t received)
{
	struct archive_record r = { .way = ARCHIVE_POST,
		                    .kind = ARCHIVE_REPORT,
		                    .received = received,
		                    .hint = S("tag7"),
		                    .bytes = bytes };

	enc_sha256(bytes, r.sha256);
	return r;
}

static struct archive *open_at(const char *dir, struct archive_pos from)
{
	struct archive *a = NULL;

	assert_int_equal(archive_open(dir, from, &a), OK);
	return a;
}

static struct archive_record add(struct archive *a, struct slice bytes, int64_t received)
{
	struct archive_record r = record(bytes, received);

	assert_int_equal(archive_add(a, &r), OK);
	return r;
}

/* How many records a scan finds, and whether each is "record N" in order. */
static size_t scan(struct archive *a, struct archive_pos from, bool *in_order)
{
	struct archive_record r;
	struct buf store;
	size_t n = 0;
	char want[32];

	buf_init(&store, 0);
	*in_order = true;
	while (archive_next(a, from, &store, &r) == OK) {
		(void)snprintf(want, sizeof(want), "record %zu", n++);
		*in_order = *in_order && slice_eq(r.bytes, slice_str(want)) &&
		            slice_eq(r.hint, S("tag7")) && archive_pos_cmp(from, r.next) < 0;
		from = r.next;
	}
	buf_fini(&store);
	return n;
}

static size_t count(struct archive *a)
{
	bool in_order;

	return scan(a, START, &in_order);
}

TEST(records_come_back)
{
	char *dir = tree_new();
	struct archive *a = open_at(dir, START);
	struct archive_record r, got;
	struct buf store;
	bool in_order;

	buf_init(&store, 0);
	EXPECT(archive_next(a, START, &store, &got) == ERR_NOTFOUND, "an empty archive has none");
	r = add(a, S("record 0"), DAY_1);
	EXPECT(archive_next(a, START, &store, &got) == ERR_NOTFOUND,
	       "RPT-81: what is not synced is not there");
	EXPECT(archive_sync(a) == OK, "sync");
	EXPECT(archive_read(a, r.at, &store, &got) == OK, "RPT-81: read by place");
	EXPECT_SLICE(got.bytes, S("record 0"), "the bytes");
	EXPECT_SLICE(got.hint, S("tag7"), "the hint");
	EXPECT(got.way == ARCHIVE_POST && got.kind == ARCHIVE_REPORT && got.received == DAY_1,
	       "way, kind and time");
	EXPECT(memcmp(got.sha256, r.sha256, SHA256_SIZE) == 0, "the digest");
	EXPECT(archive_pos_cmp(got.next, archive_end(a)) == 0, "the end is behind it");
	r.at.offset++;
	EXPECT(archive_read(a, r.at, &store, &got) == ERR_NOTFOUND, "no record between records");
	(void)add(a, S("record 1"), DAY_1 + 86400);
	(void)add(a, S("record 2"), DAY_1); /* the clock stepped back */
	EXPECT(archive_sync(a) == OK, "sync");
	EXPECT(scan(a, START, &in_order) == 3 && in_order, "order over two segments");
	EXPECT(scan(a, r.next, &in_order) == 2, "from a place");
	archive_close(a);
	a = open_at(dir, START);
	EXPECT(scan(a, START, &in_order) == 3 && in_order, "after opening again");
	(void)add(a, S("record 3"), DAY_1);
	EXPECT(archive_sync(a) == OK && count(a) == 4, "appending goes on");
	EXPECT(archive_end(a).day == 20260513, "positions never go back to an older segment");
	archive_close(a);
	buf_fini(&store);
	tree_free(dir);
}

/* In the place of the C library's: what was flushed, and a disk that fails. */
static unsigned flushes;
static bool disk_fails;

int fdatasync(int fd)
{
	flushes++;
	return disk_fails ? -1 : fsync(fd);
}

TEST(flushed_or_gone)
{
	char *dir = tree_new();
	struct archive *a = open_at(dir, START);
	bool in_order;

	(void)add(a, S("record 0"), DAY_1);
	flushes = 0;
	EXPECT(archive_sync(a) == OK && flushes == 1, "RPT-81: the disk has it");
	(void)add(a, S("lost"), DAY_1);
	disk_fails = true;
	EXPECT(archive_sync(a) == ERR_IO, "RPT-81: a flush that fails is said");
	disk_fails = false;
	EXPECT(count(a) == 1, "and what it was for is gone");
	(void)add(a, S("record 1"), DAY_1);
	EXPECT(archive_sync(a) == OK, "the disk works again");
	archive_close(a);
	a = open_at(dir, START);
	EXPECT(scan(a, START, &in_order) == 2 && in_order, "nothing of the lost one is left");
	archive_close(a);
	tree_free(dir);
}

TEST(one_flush_for_many)
{
	char *dir = tree_new();
	struct archive *a = open_at(dir, START);

	for (int i = 0; i < 100; i++)
		(void)add(a, S("x"), DAY_1);
	EXPECT(archive_sync(a) == OK && archive_counts(a).syncs == 1, "one flush for a hundred");
	EXPECT(archive_sync(a) == OK && archive_counts(a).syncs == 1, "none for nothing");
	EXPECT(count(a) == 100 && archive_counts(a).added == 100, "all are there");
	archive_close(a);
	tree_free(dir);
}

TEST(bounds)
{
	char *dir = tree_new();
	struct archive *a = open_at(dir, START);
	char *big = mem_alloc(ARCHIVE_BYTES_MAX + 1);
	struct archive_record r = record(slice_of(big, ARCHIVE_BYTES_MAX + 1), DAY_1), got;
	struct buf store;

	buf_init(&store, 0);
	EXPECT(archive_add(a, &r) == ERR_LIMIT, "RPT-87: a byte too many");
	r.bytes.len--;
	enc_sha256(r.bytes, r.sha256);
	r.hint = slice_of(big, ARCHIVE_HINT_MAX + 1);
	EXPECT(archive_add(a, &r) == OK && archive_sync(a) == OK, "the largest record");
	EXPECT(archive_read(a, r.at, &store, &got) == OK && got.bytes.len == ARCHIVE_BYTES_MAX,
	       "is read back");
	EXPECT(got.hint.len == ARCHIVE_HINT_MAX, "a long hint is cut");
	archive_close(a);
	buf_fini(&store);
	mem_free(big);
	tree_free(dir);
}

/* Small records wait in memory for a flush; whatever is between them, all lie where they say. */
TEST(small_and_large)
{
	static const size_t sizes[] = {
		10,       3000,     1u << 19, 1u << 19, 1u << 19, 7, (1u << 20) - 200,
		1u << 20, 5u << 20, 0,        4000
	};
	char *dir = tree_new(), *bytes = mem_alloc(5u << 20);
	struct archive *a = open_at(dir, START);
	struct archive_record r[ARRAY_LEN(sizes)], got;
	struct buf store;

	buf_init(&store, 0);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		bytes[0] = (char)i;
		r[i] = add(a, slice_of(bytes, sizes[i]), DAY_1);
		EXPECT(i == 0 || archive_pos_cmp(r[i - 1].next, r[i].at) == 0,
		       "one behind the other");
	}
	EXPECT(archive_next(a, START, &store, &got) == ERR_NOTFOUND, "nothing is seen before");
	EXPECT(archive_sync(a) == OK, "one flush");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		EXPECT(archive_read(a, r[i].at, &store, &got) == OK && got.bytes.len == sizes[i] &&
		               (sizes[i] == 0 || got.bytes.p[0] == (char)i),
		       "a record is where it said");
	archive_close(a);
	buf_fini(&store);
	mem_free(bytes);
	tree_free(dir);
}

/* Whatever the byte at which a crash tore the tail: whole records stay, the rest is cut. */
TEST(torn_at_every_byte)
{
	char *dir = tree_new();
	struct archive *a = open_at(dir, START);
	struct archive_pos ends[3];
	struct slice whole;
	bool in_order;

	ends[0] = add(a, S("record 0"), DAY_1).next;
	ends[1] = add(a, S("record 1"), DAY_1).next;
	ends[2] = add(a, S("record 2"), DAY_1).next;
	assert_int_equal(archive_sync(a), OK);
	archive_close(a);
	whole = tree_read(dir, SEGMENT_1);
	for (size_t size = 0; size <= whole.len; size++) {
		size_t want = 0;

		while (want < 3 && ends[want].offset <= size)
			want++;
		tree_write(dir, SEGMENT_1, slice_head(whole, size));
		a = open_at(dir, START);
		EXPECT(scan(a, START, &in_order) == want && in_order, "RPT-81: whole records stay");
		(void)add(a, S("more"), DAY_1);
		EXPECT(archive_sync(a) == OK && count(a) == want + 1, "RPT-81: and it goes on");
		EXPECT(archive_counts(a).damaged == 0, "a torn tail is no damage");
		archive_close(a);
	}
	tree_free_slice(whole);
	tree_free(dir);
}

/* A flipped bit costs the record it is in, wherever it is, and nothing else. */
TEST(damage_in_the_middle)
{
	char *dir = tree_new();
	struct archive *a = open_at(dir, START);
	struct archive_record mid;
	struct slice whole;
	struct buf copy;

	(void)add(a, S("record 0"), DAY_1);
	mid = add(a, S("record 1"), DAY_1);
	(void)add(a, S("record 2"), DAY_1);
	assert_int_equal(archive_sync(a), OK);
	archive_close(a);
	whole = tree_read(dir, SEGMENT_1);
	for (size_t at = mid.at.offset; at < mid.next.offset; at++) {
		buf_init(&copy, whole.len);
		buf_add(&copy, whole);
		copy.p[at] = (char)(copy.p[at] ^ 0x10);
		tree_write(dir, SEGMENT_1, buf_slice(&copy));
		buf_fini(&copy);
		a = open_at(dir, START);
		EXPECT(count(a) == 2, "its neighbours stay");
		EXPECT(archive_counts(a).cut_bytes == 0, "nothing is cut");
		archive_close(a);
	}
	tree_free_slice(whole);
	tree_free(dir);
}

/* Bytes that look like records, inside a record whose header is damaged, are not believed. */
TEST(content_is_never_a_record)
{
	char *dir = tree_new(), *other = tree_new();
	struct archive *a = open_at(other, START);
	struct archive_record r;
	struct slice forged, whole;
	struct buf copy;

	(void)add(a, S("forged"), DAY_1);
	assert_int_equal(archive_sync(a), OK);
	archive_close(a);
	forged = tree_read(other, SEGMENT_1);
	a = open_at(dir, START);
	r = add(a, slice_skip(forged, 32), DAY_1);
	(void)add(a, S("record 0"), DAY_1);
	assert_int_equal(archive_sync(a), OK);
	EXPECT(count(a) == 2, "both");
	archive_close(a);
	whole = tree_read(dir, SEGMENT_1);
	buf_init(&copy, whole.len);
	buf_add(&copy, whole);
	copy.p[r.at.offset] = 'x';
	tree_write(dir, SEGMENT_1, buf_slice(&copy));
	a = open_at(dir, START);
	EXPECT(count(a) == 1, "RPT-89: only the real one behind it");
	EXPECT(archive_counts(a).damaged == 1, "the damage is counted");
	archive_close(a);
	buf_fini(&copy);
	tree_free_slice(whole);
	tree_free_slice(forged);
	tree_free(other);
	tree_free(dir);
}

TEST(no_segment_head)
{
	char *dir = tree_new();
	struct archive *a;

	tree_write(dir, SEGMENT_1, S("this is not a segment, and long enough to be one"));
	a = open_at(dir, START);
	EXPECT(archive_counts(a).damaged == 1, "set aside");
	(void)add(a, S("record 0"), DAY_1);
	EXPECT(archive_sync(a) == OK && count(a) == 1, "and it goes on");
	archive_close(a);
	tree_write(dir, "notes.txt", S("something else"));
	a = open_at(dir, (struct archive_pos){ 20260512, 1u << 30 });
	EXPECT(count(a) == 1, "a place behind the end keeps what is there");
	archive_close(a);
	tree_free(dir);
}

TEST(whole_days_go)
{
	char *dir = tree_new();
	struct archive *a = open_at(dir, START);
	struct archive_purge gone = { 0 };
	struct archive_record first, got;
	struct buf store;
	bool in_order;

	buf_init(&store, 0);
	first = add(a, S("record 0"), DAY_1);
	(void)add(a, S("record 1"), DAY_1 + 86400);
	struct archive_record last = add(a, S("record 2"), DAY_1 + 2 * 86400);
	EXPECT(archive_sync(a) == OK && scan(a, START, &in_order) == 3, "three days");
	EXPECT(archive_read(a, first.at, &store, &got) == OK, "the oldest is open for reading");
	EXPECT(archive_purge(a, last.at.day, true, &gone) == OK && gone.segments == 2 &&
	               gone.bytes > 0,
	       "a dry run counts");
	EXPECT(scan(a, START, &in_order) == 3, "and removes nothing");
	EXPECT(archive_purge(a, first.at.day, false, &gone) == OK && gone.segments == 0,
	       "the day itself is not before it");
	EXPECT(archive_purge(a, 99991231, false, &gone) == OK && gone.segments == 2,
	       "the newest one stays, whatever is asked");
	EXPECT(archive_read(a, first.at, &store, &got) == ERR_NOTFOUND,
	       "what is gone is not found");
	EXPECT(count(a) == 1, "the rest is read");
	(void)add(a, S("record 3"), DAY_1 + 2 * 86400);
	EXPECT(archive_sync(a) == OK && count(a) == 2, "appending goes on");
	archive_close(a);
	a = open_at(dir, START);
	EXPECT(count(a) == 2, "also after opening again");
	archive_close(a);
	buf_fini(&store);
	tree_free(dir);
}

TEST_MAIN(UNIT(whole_days_go), UNIT(records_come_back), UNIT(flushed_or_gone),
          UNIT(one_flush_for_many), UNIT(bounds), UNIT(small_and_large), UNIT(torn_at_every_byte),
          UNIT(damage_in_the_middle), UNIT(content_is_never_a_record), UNIT(no_segment_head))
