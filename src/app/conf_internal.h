/* Shared by conf.c (one value) and conf_file.c (a file of them). */
#ifndef APP_CONF_INTERNAL_H
#define APP_CONF_INTERNAL_H

#include "app/conf_schema.h"

/* One value for one row; on failure says so in *errors and leaves the old value. */
enum err conf_apply(struct conf *c, const struct conf_row *row, const char *text, const char *from,
                    struct conf_errors *errors);
/* Says that there is no such setting, with the nearest one there is. */
void conf_unknown(struct conf_errors *errors, const char *where, const char *section,
                  const char *key);
/* Every value of a file in memory; name is shown in messages. */
void conf_apply_file(struct conf *c, struct slice text, const char *name,
                     struct conf_errors *errors);

#endif
