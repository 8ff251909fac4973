/*
 * The tag=value lists of DKIM (RFC 6376, section 3.2): signature fields and key records.
 *
 * Pure.  Slices point into the text that was read.
 */
#ifndef WIRE_DKIM_TAGS_H
#define WIRE_DKIM_TAGS_H

#include "base/buf.h"

#define DKIM_LIST_MAX 16384u /* bytes of one list */
#define DKIM_TAGS_MAX 64u    /* tags in it */

struct dkim_tag {
	struct slice name;
	struct slice value; /* without the blanks and folds around it; those inside stay */
	struct slice whole; /* all between "=" and the next ";" or the end */
};

struct dkim_tags {
	size_t count;
	struct dkim_tag tag[DKIM_TAGS_MAX];
};

/*
 * ERR_SYNTAX: not such a list, or a name twice.  ERR_LIMIT: a ceiling above.
 * Names are compared with case, as the RFC has it; a final ";" is allowed.
 */
enum err dkim_tags_parse(struct slice text, struct dkim_tags *out) MUST_USE;
const struct dkim_tag *dkim_tags_find(const struct dkim_tags *t, const char *name); /* or NULL */
/* The tag's value; preset when it is not there. */
struct slice dkim_tags_value(const struct dkim_tags *t, const char *name, struct slice preset);

/*
 * The next item of a list with colons; blanks and folds around it are off.  False: no more.
 * A list "a:" has two items, the second one empty.
 */
bool dkim_item_next(struct slice *rest, struct slice *item_out);

/* Appends what base64 with blanks and folds in it stands for.  ERR_SYNTAX; ERR_LIMIT: no room. */
enum err dkim_base64(struct slice text, struct buf *out) MUST_USE;

#endif
