#include "wire/zip.h"

#include <limits.h>
#include <zlib.h>

#include "wire/gzip.h"

#define LOCAL_SIGN 0x04034b50u
#define CENTRAL_SIGN 0x02014b50u
#define END_SIGN 0x06054b50u
#define LOCAL_SIZE 30u
#define CENTRAL_SIZE 46u
#define END_SIZE 22u
#define COMMENT_MAX 65535u
#define PIECE_SIZE 32768u
#define FLAG_ENCRYPTED 1u
#define METHOD_STORED 0u
#define METHOD_DEFLATED 8u

struct entry {
	unsigned flags, method;
	uint32_t crc, packed, size, local_offset;
	struct slice name;
};

static uint32_t get16(struct slice s, size_t at)
{
	return (uint32_t)(unsigned char)s.p[at] | (uint32_t)(unsigned char)s.p[at + 1] << 8;
}

static uint32_t get32(struct slice s, size_t at)
{
	return get16(s, at) | get16(s, at + 2) << 16;
}

bool zip_sniff(struct slice in)
{
	return slice_starts(in, S("PK\x03\x04"));
}

/* The end record, searched from the back because a comment may follow it; SIZE_MAX: none. */
static size_t find_end(struct slice in)
{
	size_t tail = in.len < END_SIZE ? 0 : in.len - END_SIZE + 1;
	size_t stop = in.len > END_SIZE + COMMENT_MAX ? in.len - END_SIZE - COMMENT_MAX : 0;

	while (tail-- > stop)
		if (get32(in, tail) == END_SIGN)
			return tail;
	return SIZE_MAX;
}

/* The entry at the front of *list, which advances. */
static bool take_entry(struct slice *list, struct entry *out)
{
	if (list->len < CENTRAL_SIZE || get32(*list, 0) != CENTRAL_SIGN)
		return false;
	size_t name = get16(*list, 28), rest = (size_t)get16(*list, 30) + get16(*list, 32);
	if (list->len < CENTRAL_SIZE + name + rest)
		return false;
	*out = (struct entry){
		.flags = get16(*list, 8),
		.method = get16(*list, 10),
		.crc = get32(*list, 16),
		.packed = get32(*list, 20),
		.size = get32(*list, 24),
		.local_offset = get32(*list, 42),
		.name = slice_head(slice_skip(*list, CENTRAL_SIZE), name),
	};
	*list = slice_skip(*list, CENTRAL_SIZE + name + rest);
	return true;
}

/* The only entry that is no directory. */
static enum err find_entry(struct slice in, struct entry *out, struct diag *diag)
{
	struct entry e = { 0 };
	size_t end = find_end(in), files = 0;

	if (end == SIZE_MAX)
		return diag_set(diag, ERR_SYNTAX, 0, "the zip file has no end record");
	size_t count = get16(in, end + 10), offset = get32(in, end + 16);
	if (count == 0 || count > ZIP_ENTRIES_MAX || get16(in, end + 8) != count || offset > end)
		return diag_set(diag, ERR_SYNTAX, 0, "the zip file does not hold exactly one file");
	struct slice list = slice_skip(slice_head(in, end), offset);
	for (size_t i = 0; i < count; i++) {
		if (!take_entry(&list, &e))
			return diag_set(diag, ERR_SYNTAX, 0, "the zip directory is damaged");
		if (slice_ends(e.name, S("/")))
			continue;
		files++;
		*out = e;
	}
	return files == 1 ? OK
	                  : diag_set(diag, ERR_SYNTAX, 0,
	                             "the zip file does not hold exactly one file");
}

static enum err inflate_raw(struct slice packed, size_t size, struct buf *out)
{
	unsigned char piece[PIECE_SIZE];
	z_stream z = { 0 };
	size_t given = 0;
	int result = Z_OK;
	union {
		const char *from;
		Bytef *to;
	} cast = { .from = packed.p };

	if (packed.len > UINT_MAX || inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return ERR_LIMIT;
	z.next_in = cast.to;
	z.avail_in = (uInt)packed.len;
	while (result == Z_OK && given <= size && buf_status(out) == OK) {
		z.next_out = piece;
		z.avail_out = PIECE_SIZE;
		result = inflate(&z, Z_NO_FLUSH);
		given += PIECE_SIZE - z.avail_out;
		buf_add(out, slice_of(piece, PIECE_SIZE - z.avail_out));
	}
	bool whole = result == Z_STREAM_END && z.avail_in == 0 && given == size;
	(void)inflateEnd(&z); /* frees only */
	return buf_status(out) != OK ? ERR_LIMIT : whole ? OK : ERR_SYNTAX;
}

/* The packed bytes: behind the local header, whose name and extra field may differ in length. */
static enum err packed_bytes(struct slice in, const struct entry *e, struct slice *out)
{
	struct slice local = slice_skip(in, e->local_offset);

	if (local.len < LOCAL_SIZE || get32(local, 0) != LOCAL_SIGN)
		return ERR_SYNTAX;
	size_t skip = LOCAL_SIZE + (size_t)get16(local, 26) + get16(local, 28);
	if (local.len < skip || local.len - skip < e->packed)
		return ERR_SYNTAX;
	*out = slice_head(slice_skip(local, skip), e->packed);
	return OK;
}

static enum err unpack(const struct entry *e, struct slice packed, struct buf *out)
{
	size_t start = out->len;
	enum err result = OK;

	if (e->method == METHOD_DEFLATED) {
		result = inflate_raw(packed, e->size, out);
	} else {
		buf_add(out, packed);
		result = e->size != e->packed ? ERR_SYNTAX : buf_status(out);
	}
	if (result != OK)
		return result;
	struct slice content = slice_skip(buf_slice(out), start);
	uLong crc = crc32_z(0, (const unsigned char *)content.p, content.len);
	return (uint32_t)crc == e->crc ? OK : ERR_SYNTAX;
}

enum err zip_read_one(struct slice in, struct buf *out, struct slice *name_out, struct diag *diag)
{
	struct slice packed;
	struct entry e = { 0 };
	enum err result = find_entry(in, &e, diag);

	if (result != OK)
		return result;
	if ((e.flags & FLAG_ENCRYPTED) != 0 ||
	    (e.method != METHOD_STORED && e.method != METHOD_DEFLATED))
		return diag_set(diag, ERR_SYNTAX, 0,
		                "the zip file is encrypted or packed in an unknown way");
	if (packed_bytes(in, &e, &packed) != OK)
		return diag_set(diag, ERR_SYNTAX, 0, "the zip file is damaged");
	if (e.size > GZIP_RATIO_FREE && e.size / GZIP_RATIO_MAX > e.packed)
		return diag_set(diag, ERR_LIMIT, 0, "inflates to far more than its size");
	if (e.size > out->max - out->len)
		return diag_set(diag, ERR_LIMIT, 0, "too large when inflated");
	result = unpack(&e, packed, out);
	if (result != OK)
		return diag_set(diag, result, 0, "the zip file is damaged");
	if (name_out != NULL)
		*name_out = e.name;
	return OK;
}

static void put(struct buf *out, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_add_char(out, (char)(value >> 8 * i));
}

/* The fields that local and central header share, from "version needed" to the name's length. */
static void put_common(struct buf *out, const struct entry *e)
{
	put(out, 20, 2); /* version 2.0 */
	put(out, e->flags, 2);
	put(out, e->method, 2);
	put(out, 0, 2);    /* time */
	put(out, 0x21, 2); /* 1980-01-01, the first day there is */
	put(out, e->crc, 4);
	put(out, e->packed, 4);
	put(out, e->size, 4);
	put(out, (uint32_t)e->name.len, 2);
	put(out, 0, 2); /* no extra field */
}

static void put_directory(struct buf *out, const struct entry *e, size_t start)
{
	size_t central = out->len - start;

	put(out, CENTRAL_SIGN, 4);
	put(out, 20, 2);
	put_common(out, e);
	put(out, 0, 4); /* no comment, first disk */
	put(out, 0, 2); /* internal attributes */
	put(out, 0, 4); /* external attributes */
	put(out, 0, 4); /* offset of the local header */
	buf_add(out, e->name);
	size_t size = out->len - start - central;
	put(out, END_SIGN, 4);
	put(out, 0, 4); /* disks */
	put(out, 1, 2);
	put(out, 1, 2);
	put(out, (uint32_t)size, 4);
	put(out, (uint32_t)central, 4);
	put(out, 0, 2);
}

enum err zip_write_one(struct slice content, struct slice name, struct buf *out)
{
	size_t start = out->len;
	struct buf packed;
	enum err result;

	buf_init(&packed, out->max);
	result = gzip_deflate(content, &packed);
	if (result == OK && packed.len >= 18 && content.len <= UINT32_MAX &&
	    name.len <= UINT16_MAX) {
		/* The deflate stream of our own gzip: 10 bytes of header before, 8 behind. */
		struct slice raw = slice_head(slice_skip(buf_slice(&packed), 10), packed.len - 18);
		struct entry e = {
			.method = METHOD_DEFLATED,
			.crc = (uint32_t)crc32_z(0, (const unsigned char *)content.p, content.len),
			.packed = (uint32_t)raw.len,
			.size = (uint32_t)content.len,
			.name = name,
		};

		put(out, LOCAL_SIGN, 4);
		put_common(out, &e);
		buf_add(out, name);
		buf_add(out, raw);
		put_directory(out, &e, start);
	}
	buf_fini(&packed);
	return result == OK ? buf_status(out) : result;
}
