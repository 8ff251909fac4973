/*
 * JSON over jansson, strict: UTF-8 only, no duplicate keys, nothing behind the value, and
 * ceilings that hold before the first allocation.
 *
 * json_read scans the text once for depth, number of values and length of strings; only what
 * passes reaches jansson.  Strings may hold U+0000: use json_slice, never strlen.  jansson keeps
 * a NUL in an object key out by itself.
 *
 * The writers at the end append to a buffer; what they write is always valid JSON in one line,
 * whatever bytes they get.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <jansson.h>

#include "base/buf.h"

struct json_limits {
	size_t text_max;   /* bytes */
	size_t depth_max;  /* arrays and objects inside each other; 1: no nesting */
	size_t values_max; /* values and keys together */
	size_t string_max; /* bytes of one string or key, counted after its escapes */
	bool reals; /* read every number as a real, so that 1e3 is 1000 and 2^70 does not fail */
};

/* For small messages between our own programs and from users of the API. */
extern const struct json_limits json_limits_small; /* 1 MiB, depth 16, 20 000 values, 64 KiB */

/*
 * Reads one value.  *root_out is a new reference, json_decref it; *bom_out (may be NULL) tells
 * that a UTF-8 byte order mark stood in front and was skipped.
 *
 * ERR_SYNTAX: not JSON, or not UTF-8.  ERR_CONFLICT: an object has a key twice.
 * ERR_LIMIT: a limit above.  *diag has the line.
 */
enum err json_read(struct slice text, const struct json_limits *limits, json_t **root_out,
                   bool *bom_out, struct diag *diag) MUST_USE;

/* The string's bytes, inside the value; an empty slice for NULL and for any other type. */
struct slice json_slice(const json_t *value);
/* The member, or NULL; also NULL when object is NULL or no object. */
json_t *json_member(const json_t *object, const char *key);

/*
 * A quoted string.  Control characters, U+007F to U+009F, line and paragraph separators and the
 * marks that reorder text are escaped; bytes that are not UTF-8 become U+FFFD.
 */
void json_add_string(struct buf *out, struct slice s);
/* As above, or null when s is empty. */
void json_add_string_or_null(struct buf *out, struct slice s);

#endif
