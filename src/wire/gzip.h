/*
 * gzip (RFC 1952) inflated as a stream, with an absolute ceiling and a ceiling on the ratio.
 *
 * Several members behind each other are one content.  Header fields such as the file name are
 * skipped.  What follows the last member and is no gzip is dropped and noted.  A wrong CRC-32
 * or length, and input that ends inside a member, are refused.
 *
 * The same facts come out however the input is cut into pieces.
 */
#ifndef WIRE_GZIP_H
#define WIRE_GZIP_H

#include "base/buf.h"

/* Output beyond FREE may be at most MAX times the input so far. */
#define GZIP_RATIO_MAX 250u
#define GZIP_RATIO_FREE (16u << 20)

struct gzip;

struct gzip *gzip_new(void);
void gzip_free(struct gzip *g);

/*
 * Inflates in, appending to out, whose own ceiling is the absolute one.
 *
 * OK: all of in was taken; more may come.  ERR_SYNTAX: not gzip, or damaged.
 * ERR_LIMIT: out is full, or the ratio is passed.  After an error only gzip_free is allowed.
 */
enum err gzip_feed(struct gzip *g, struct slice in, struct buf *out, struct diag *diag) MUST_USE;

/*
 * Says that no more input comes.  OK: at least one member, all complete; *trailing_out (may be
 * NULL) tells whether something else stood behind them.  ERR_SYNTAX: truncated or empty.
 */
enum err gzip_end(struct gzip *g, bool *trailing_out, struct diag *diag) MUST_USE;

/* Both at once. */
enum err gzip_inflate(struct slice in, struct buf *out, bool *trailing_out,
                      struct diag *diag) MUST_USE;

/* True when in starts with the two magic bytes. */
bool gzip_sniff(struct slice in);

/* One member without name and time; for what we send ourselves.  ERR_LIMIT: out is full. */
enum err gzip_deflate(struct slice in, struct buf *out) MUST_USE;

#endif
