/*
 * Host names and MX patterns as RFC 5321 and RFC 8461 write them.
 *
 * Pure.  The checks allocate nothing.
 */
#ifndef MTASTS_NAME_H
#define MTASTS_NAME_H

#include "base/slice.h"

#define NAME_MAX_LEN 253u /* without a final dot */
#define NAME_LABEL_MAX 63u
#define NAME_SIZE 256u /* room for any name made here, with a star or prefix, and a NUL */

/*
 * What is wrong with a name, as a half sentence ("a label is longer than 63
 * characters"), or NULL: it is a Domain of RFC 5321, 4.1.2 (letters, digits and
 * inner hyphens, dots between labels, no final dot, no address literal).
 */
const char *name_fault(struct slice name);

/* The same for an MX pattern: a name, or "*." and a name. */
const char *mxpattern_fault(struct slice pattern);

/*
 * What our own policies may say: as mxpattern_fault, and more than one label, and
 * no address written as a name.  ERR_SYNTAX with the reason in *diag.
 */
enum err mxpattern_check(struct slice pattern, struct diag *diag) MUST_USE;

/* True when the last label is all digits: an address, not a host (RFC 1123, 2.1). */
bool name_is_numeric(struct slice name);
/* Labels of a non-empty name. */
size_t name_labels(struct slice name);

/*
 * Lower case, IDNA A-labels, no final dot, as it goes to DNS, URLs and the
 * database; checked by name_fault.  Non-ASCII input must be UTF-8.
 * ERR_SYNTAX with the reason in *diag: it cannot be a host name.
 */
enum err name_normal(struct slice name, char out[NAME_SIZE], struct diag *diag) MUST_USE;
/* The same for a pattern: "*." stays. */
enum err mxpattern_normal(struct slice pattern, char out[NAME_SIZE], struct diag *diag) MUST_USE;

enum name_role { NAME_STS_TXT, NAME_STS_HOST, NAME_RPT_TXT };
/* "_mta-sts.D", "mta-sts.D", "_smtp._tls.D" for a normal name D.  ERR_LIMIT: longer than a name. */
enum err name_for(enum name_role role, struct slice domain, char out[NAME_SIZE]) MUST_USE;

#endif
