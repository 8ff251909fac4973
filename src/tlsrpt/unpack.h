/*
 * From the bytes of an attachment or a file to JSON: gzip and zip taken off, once or more often,
 * whatever the labels say.
 */
#ifndef TLSRPT_UNPACK_H
#define TLSRPT_UNPACK_H

#include "base/buf.h"
#include "tlsrpt/report_json.h"

#define UNPACK_LAYERS_MAX 3u          /* gzip or zip inside each other */
#define UNPACK_PACKED_MAX (25u << 20) /* bytes of a packed report */

struct unpacked {
	struct slice json; /* in the bytes given, or in the store */
	uint64_t notes;    /* NOTE_BIT(...) */
	size_t inflated;   /* bytes that all layers came to, also after a failure */
	unsigned gzips, zips;
};

/*
 * store's ceiling is the one for all layers together; it must be empty and outlive *out.
 * ERR_LIMIT, ERR_SYNTAX: *fault says why; of *out only inflated is set.
 */
enum err unpack(struct slice bytes, struct buf *store, struct unpacked *out,
                struct report_fault *fault) MUST_USE;

/* False when the name ends in .json, .gz or .zip and the packing is another. */
bool unpack_label_fits(const struct unpacked *u, struct slice file_name);

/* Base64 with anything else in it passed over, up to the padding; in arena. */
struct slice unpack_base64(struct slice text, struct arena *arena);

#endif
