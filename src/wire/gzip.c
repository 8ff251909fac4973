#include "wire/gzip.h"

#include <assert.h>
#include <limits.h>
#include <zlib.h>

#include "base/mem.h"

#define PIECE_SIZE 32768u
#define WINDOW_GZIP (MAX_WBITS + 16) /* zlib: a gzip header and trailer are expected */

enum gzip_state {
	GZIP_BETWEEN, /* a member may start */
	GZIP_HALF,    /* the first magic byte of a further member was seen */
	GZIP_MEMBER,  /* inside one */
	GZIP_TRAILING /* whatever comes is dropped */
};

struct gzip {
	z_stream z;
	enum gzip_state state;
	size_t members;
	uint64_t taken, given;
	bool trailing;
};

static voidpf z_alloc(voidpf none, uInt count, uInt size)
{
	(void)none;
	return mem_realloc(NULL, (size_t)count * size); /* zlib clears what it must */
}

static void z_free(voidpf none, voidpf p)
{
	(void)none;
	mem_free(p);
}

struct gzip *gzip_new(void)
{
	struct gzip *g = mem_alloc(sizeof(*g));

	g->z = (z_stream){ .zalloc = z_alloc, .zfree = z_free };
	int result = inflateInit2(&g->z, WINDOW_GZIP);
	assert(result == Z_OK); /* its memory cannot run out, its parameters are constant */
	(void)result;
	return g;
}

void gzip_free(struct gzip *g)
{
	if (g == NULL)
		return;
	(void)inflateEnd(&g->z); /* frees only */
	mem_free(g);
}

static enum err give(struct gzip *g, struct slice piece, struct buf *out, struct diag *diag)
{
	g->given += piece.len;
	if (g->given > GZIP_RATIO_FREE && g->given / GZIP_RATIO_MAX > g->taken)
		return diag_set(diag, ERR_LIMIT, 0, "inflates to far more than its size");
	buf_add(out, piece);
	if (buf_status(out) != OK)
		return diag_set(diag, ERR_LIMIT, 0, "too large when inflated");
	return OK;
}

/* zlib takes const input only by promise. */
static void set_input(z_stream *z, struct slice in)
{
	union {
		const char *from;
		Bytef *to;
	} cast = { .from = in.p };

	z->next_in = cast.to;
	z->avail_in = in.len > UINT_MAX ? UINT_MAX : (uInt)in.len;
}

/*
 * Inflates from *in, which advances, until it is used up or the member ends.  Z_FINISH: most
 * reports end in one step, and zlib then keeps no window; for a step that was not the last one it
 * says Z_BUF_ERROR.
 */
static enum err member_step(struct gzip *g, struct slice *in, struct buf *out, struct diag *diag)
{
	unsigned char piece[PIECE_SIZE];
	int result = Z_OK;
	enum err e = OK;

	while (e == OK && result == Z_OK && (in->len > 0 || g->z.avail_out == 0)) {
		set_input(&g->z, *in);
		uInt before = g->z.avail_in;
		g->z.next_out = piece;
		g->z.avail_out = PIECE_SIZE;
		result = inflate(&g->z, Z_FINISH);
		size_t used = before - g->z.avail_in;
		if (result == Z_BUF_ERROR && (used > 0 || g->z.avail_out < PIECE_SIZE))
			result = Z_OK;
		*in = slice_skip(*in, used);
		g->taken += used;
		e = give(g, slice_of(piece, PIECE_SIZE - g->z.avail_out), out, diag);
	}
	if (e != OK)
		return e;
	if (result == Z_STREAM_END) {
		g->members++;
		g->state = GZIP_BETWEEN;
		return inflateReset(&g->z) == Z_OK ? OK
		                                   : diag_set(diag, ERR_SYNTAX, 0, "damaged gzip");
	}
	if (result != Z_OK && result != Z_BUF_ERROR)
		return diag_set(diag, ERR_SYNTAX, 0, "damaged gzip");
	return OK;
}

/* Feeds the magic byte that was held back while it was not clear what it starts. */
static enum err member_start(struct gzip *g, struct buf *out, struct diag *diag)
{
	struct slice first = S("\x1f");

	g->state = GZIP_MEMBER;
	return member_step(g, &first, out, diag);
}

static enum err between_step(struct gzip *g, struct slice *in, struct buf *out, struct diag *diag)
{
	bool fits = in->p[0] == (g->state == GZIP_HALF ? '\x8b' : '\x1f');

	if (!fits && g->members == 0)
		return diag_set(diag, ERR_SYNTAX, 0, "not gzip");
	if (!fits) {
		g->state = GZIP_TRAILING;
		return OK;
	}
	if (g->state == GZIP_HALF)
		return member_start(g, out, diag);
	g->state = GZIP_HALF;
	*in = slice_skip(*in, 1);
	return OK;
}

enum err gzip_feed(struct gzip *g, struct slice in, struct buf *out, struct diag *diag)
{
	enum err e = OK;

	while (e == OK && in.len > 0) {
		switch (g->state) {
		case GZIP_BETWEEN:
		case GZIP_HALF:
			e = between_step(g, &in, out, diag);
			break;
		case GZIP_MEMBER:
			e = member_step(g, &in, out, diag);
			break;
		case GZIP_TRAILING:
			g->trailing = true;
			in.len = 0;
			break;
		}
	}
	return e;
}

enum err gzip_end(struct gzip *g, bool *trailing_out, struct diag *diag)
{
	if (g->state == GZIP_MEMBER || g->members == 0)
		return diag_set(diag, ERR_SYNTAX, 0, "the gzip is cut off");
	if (trailing_out != NULL)
		*trailing_out = g->trailing || g->state == GZIP_HALF;
	return OK;
}

enum err gzip_inflate(struct slice in, struct buf *out, bool *trailing_out, struct diag *diag)
{
	struct gzip *g = gzip_new();
	enum err e = gzip_feed(g, in, out, diag);

	if (e == OK)
		e = gzip_end(g, trailing_out, diag);
	gzip_free(g);
	return e;
}

bool gzip_sniff(struct slice in)
{
	return slice_starts(in, S("\x1f\x8b"));
}

enum err gzip_deflate(struct slice in, struct buf *out)
{
	z_stream z = { .zalloc = z_alloc, .zfree = z_free };
	unsigned char piece[PIECE_SIZE];
	int result = Z_OK;

	if (in.len > UINT_MAX || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_GZIP, 8,
	                                      Z_DEFAULT_STRATEGY) != Z_OK)
		return ERR_LIMIT;
	set_input(&z, in);
	while (result == Z_OK) {
		z.next_out = piece;
		z.avail_out = PIECE_SIZE;
		result = deflate(&z, Z_FINISH);
		buf_add(out, slice_of(piece, PIECE_SIZE - z.avail_out));
	}
	(void)deflateEnd(&z); /* frees only */
	return result == Z_STREAM_END ? buf_status(out) : ERR_LIMIT;
}
