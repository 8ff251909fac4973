/* The inside of struct db, for the typed calls.  Internal to store. */
#ifndef STORE_DB_INTERNAL_H
#define STORE_DB_INTERNAL_H

#include "store/conn.h"
#include "store/db.h"
#include "store/known.h"
#include "store/sql.h"

struct db {
	struct conn conn;
	int depth;       /* of db_begin */
	enum err doomed; /* an inner transaction failed with it */
	bool writes;     /* the transaction: nobody else does meanwhile */
	bool light;      /* commits do not wait for the disk: db_begin_light */
	int64_t last_id;
	struct known *known;
};

/* query_start on the connection of db. */
struct query db_query(struct db *db, enum sql statement);
/* A limit as a listing takes it: at most DB_LIST_MAX. */
size_t db_limit(size_t limit);

/*
 * Text of strangers as it is stored: cut at max bytes before a broken character, NUL and what is
 * no UTF-8 replaced by '?' (PostgreSQL takes neither).  Lives in a, or is s itself.
 */
struct slice db_clean(struct slice s, size_t max, struct arena *a);
/* The same in lower case (ASCII), without blanks around it. */
struct slice db_clean_lower(struct slice s, size_t max, struct arena *a);

/*
 * A number for s, to find it by in an index of little room: the first eight bytes of its SHA-256,
 * the first one highest.  Who finds a row by it compares s itself.
 */
int64_t db_short_digest(struct slice s);

/* The place of s among words.  ERR_SYNTAX: none of them. */
enum err db_word(struct slice s, const char *const *words, size_t count, size_t *out) MUST_USE;

/*
 * Rows collected from a query: an array that grows in an arena.
 *   struct rows r = ROWS(struct domain);
 *   struct domain *d = rows_add(&r, a);
 */
struct rows {
	void *items;
	size_t count, room, size;
};
#define ROWS(type)                   \
	{                            \
		.size = sizeof(type) \
	}
void *rows_add(struct rows *r, struct arena *a);

#endif
