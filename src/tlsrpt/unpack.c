#include "tlsrpt/unpack.h"

#include "wire/gzip.h"
#include "wire/zip.h"

static enum err refuse(struct report_fault *fault, enum fault_code code, const char *why)
{
	*fault = (struct report_fault){ .code = code, .why = why };
	return code == FAULT_TOO_LARGE || code == FAULT_TOO_COMPLEX ? ERR_LIMIT : ERR_SYNTAX;
}

/* One layer off u->json, appended to store. */
static enum err peel(struct unpacked *u, struct buf *store, struct report_fault *fault)
{
	bool gzip = gzip_sniff(u->json), trailing = false;
	struct diag diag = { 0 };
	size_t before = store->len;
	enum err e = gzip ? gzip_inflate(u->json, store, &trailing, &diag)
	                  : zip_read_one(u->json, store, NULL, &diag);

	u->inflated = store->len;
	if (e != OK)
		return refuse(fault,
		              e == ERR_LIMIT ? FAULT_TOO_LARGE
		              : gzip         ? FAULT_BAD_GZIP
		                             : FAULT_BAD_ZIP,
		              diag.why);
	u->gzips += gzip;
	u->zips += !gzip;
	u->notes |= trailing ? NOTE_BIT(NOTE_GZIP_TRAILING) : 0;
	u->json = slice_skip(buf_slice(store), before);
	return OK;
}

/* store may move while it grows, so that the layer to peel must not lie in it. */
static enum err peel_inner(struct unpacked *u, struct buf *store, struct report_fault *fault)
{
	struct buf inner;
	enum err e;

	buf_init(&inner, u->json.len);
	buf_add(&inner, u->json);
	u->json = buf_slice(&inner);
	e = peel(u, store, fault);
	buf_fini(&inner);
	return e;
}

enum err unpack(struct slice bytes, struct buf *store, struct unpacked *out,
                struct report_fault *fault)
{
	struct unpacked u = { .json = bytes };
	unsigned layers = 0;
	enum err e = OK;

	*out = u;
	while (e == OK && (gzip_sniff(u.json) || zip_sniff(u.json))) {
		if (layers == 0 && bytes.len > UNPACK_PACKED_MAX)
			return refuse(fault, FAULT_TOO_LARGE,
			              "the packed report is larger than 25 MB");
		if (++layers > UNPACK_LAYERS_MAX)
			e = refuse(fault, FAULT_TOO_COMPLEX, "packed too many times");
		else
			e = layers == 1 ? peel(&u, store, fault) : peel_inner(&u, store, fault);
	}
	out->inflated = u.inflated;
	if (e != OK)
		return e;
	u.notes |= u.zips > 0 ? NOTE_BIT(NOTE_ZIP) : 0;
	u.notes |= layers > 1 ? NOTE_BIT(NOTE_PACKED_TWICE) : 0;
	*out = u;
	return OK;
}

bool unpack_label_fits(const struct unpacked *u, struct slice file_name)
{
	if (slice_ends_i(file_name, S(".json")))
		return u->gzips == 0 && u->zips == 0;
	if (slice_ends_i(file_name, S(".gz")))
		return u->gzips > 0;
	if (slice_ends_i(file_name, S(".zip")))
		return u->zips > 0;
	return true;
}

static int base64_digit(char c)
{
	static const char alphabet[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

struct slice unpack_base64(struct slice text, struct arena *arena)
{
	char *to = arena_alloc(arena, text.len / 4 * 3 + 3);
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.len && text.p[i] != '='; i++) {
		int digit = base64_digit(text.p[i]);

		if (digit < 0)
			continue;
		bits = bits << 6 | (unsigned)digit;
		held += 6;
		if (held >= 8) {
			held -= 8;
			to[n++] = (char)(bits >> held & 0xFFu);
		}
	}
	return slice_of(to, n);
}
