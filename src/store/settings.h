/* Small named values that belong to desk: marks of what was done once, and chosen names. */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include "store/db.h"

#define SETTING_MAX 65536u

/* By what a state knows its master key: KEY_CHECK of it (service/keys.h). */
#define SETTING_MASTER_KEY "master_key.check"

enum err settings_get(struct db *db, const char *name, struct arena *a,
                      struct slice *out) MUST_USE; /* ERR_NOTFOUND */
enum err settings_set(struct db *db, const char *name, struct slice value) MUST_USE; /* ERR_LIMIT */
/*
 * The same of a database that nobody has open, in which no file is made: a stopped service's, or a
 * backup's.  ERR_NOTFOUND: no such value, or no such file.  ERR_IO.
 */
enum err settings_peek(const char *path, const char *name, struct arena *a,
                       struct slice *out) MUST_USE;

#endif
