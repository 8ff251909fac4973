/* Shared by conf.c (one value) and conf_file.c (a file of them). */
#ifndef APP_CONF_INTERNAL_H
#define APP_CONF_INTERNAL_H

#include "app/conf_schema.h"

/* A setting of one configuration: its row, and where its value and its origin lie. */
struct conf_spot {
	const struct conf_row *row;
	void *place;
	struct conf_origin *origin;
	const char *section; /* as written: "imap office" */
};

/*
 * The setting of that section.  ERR_NOTFOUND: there is none.  ERR_LIMIT: the section would be one
 * mailbox too many.
 */
enum err conf_find(struct conf *c, const char *section, const char *key,
                   struct conf_spot *out) MUST_USE;
/* One value for one setting; on failure says so in *errors and leaves the old value. */
enum err conf_apply(struct conf *c, const struct conf_spot *spot, const char *text,
                    const char *from, struct conf_errors *errors);
/* Says that there is no such setting, with the nearest one there is. */
void conf_unknown(struct conf_errors *errors, const char *where, const char *section,
                  const char *key);
/* Every value of a file in memory; name is shown in messages. */
void conf_apply_file(struct conf *c, struct slice text, const char *name,
                     struct conf_errors *errors);
/* Says why conf_find found nothing. */
void conf_not_found(struct conf_errors *errors, const char *where, const char *section,
                    const char *key, enum err e);

/* conf_mailbox.c */

/* Whether section is "imap NAME" with a good name. */
bool conf_mailbox_name(const char *section, struct slice *name_out);
/* conf_find within the section of that name, which is made when it is new. */
enum err conf_mailbox_find(struct conf *c, struct slice name, const char *key,
                           struct conf_spot *out) MUST_USE;
struct conf_spot conf_mailbox_spot(struct conf *c, struct conf_mailbox *m, size_t row);
/* What no single value shows. */
void conf_mailboxes_check(const struct conf *c, struct conf_errors *errors);

#endif
