/* Between the policies*.c files only. */
#ifndef STORE_POLICIES_INTERNAL_H
#define STORE_POLICIES_INTERNAL_H

#include "store/policies.h"

/* The publication of domain that has the id.  ERR_NOTFOUND: none of that name. */
enum err policies_id_holder(struct db *db, int64_t domain, struct slice id, int64_t *out) MUST_USE;

#endif
