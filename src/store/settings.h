/* Small named values that belong to desk: marks of what was done once, and chosen names. */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include "store/db.h"

#define SETTING_MAX 65536u

enum err settings_get(struct db *db, const char *name, struct arena *a,
                      struct slice *out) MUST_USE; /* ERR_NOTFOUND */
enum err settings_set(struct db *db, const char *name, struct slice value) MUST_USE; /* ERR_LIMIT */

#endif
