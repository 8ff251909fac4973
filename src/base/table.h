/*
 * A map from byte strings to numbers that only grows.
 *
 * Keys are borrowed and must outlive the table.  A secret key of each table keeps whoever chooses
 * the strings from choosing one place for all of them.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/slice.h"

#define TABLE_NONE SIZE_MAX /* no number: never stored by a caller */

struct table;

struct table *table_new(void);
void table_free(struct table *t); /* NULL does nothing */
size_t table_count(const struct table *t);

/* The number of key; TABLE_NONE: it is not there. */
size_t table_get(const struct table *t, struct slice key);
/* Where the number of key lies, until the next call; a key that is new has TABLE_NONE there. */
size_t *table_at(struct table *t, struct slice key);

#endif
