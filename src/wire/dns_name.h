/*
 * Domain names as DNS messages carry them (RFC 1035, section 3.1): labels with a length byte
 * each, the root's empty label last.
 *
 * A wire name here is a slice that is known to be well formed and uncompressed; its last byte is
 * 0 and its length 1 to DNS_NAME_MAX.  Case does not count in comparisons and is kept otherwise.
 * Pure: bytes in, facts out.
 */
#ifndef WIRE_DNS_NAME_H
#define WIRE_DNS_NAME_H

#include "base/slice.h"

#define DNS_NAME_MAX 255u
#define DNS_LABEL_MAX 63u
#define DNS_NAME_TEXT_SIZE 1024u /* room for any name as text, every byte escaped, and a NUL */

struct dns_name {
	size_t len; /* 0: none */
	char wire[DNS_NAME_MAX];
};

static inline struct slice dns_name_slice(const struct dns_name *n)
{
	return slice_of(n->wire, n->len);
}

/*
 * From text without escapes, in lower case; a final dot is optional, "." and "" are the root.
 * ERR_SYNTAX: an empty label.  ERR_LIMIT: a label or the name is too long.
 */
enum err dns_name_from_text(struct slice text, struct dns_name *out) MUST_USE;
/* As zone files write it, with a final dot and escapes (RFC 1035, 5.1). */
const char *dns_name_text(struct slice name, char out[DNS_NAME_TEXT_SIZE]);

/*
 * Reads the name at offset `at` of a message, pointers followed; *next_out is behind it.
 * ERR_SYNTAX: it runs past the end, a pointer does not lead back, or a label type is unknown.
 */
enum err dns_name_parse(struct slice message, size_t at, struct dns_name *out,
                        size_t *next_out) MUST_USE;

/* The same bytes in lower case. */
void dns_name_lower(struct slice name, struct dns_name *out);
bool dns_name_eq(struct slice a, struct slice b);
/* Without its first label; the root has none and stays the root. */
struct slice dns_name_parent(struct slice name);
/* True when name is zone or a name below it. */
bool dns_name_is_in(struct slice name, struct slice zone);

#endif
