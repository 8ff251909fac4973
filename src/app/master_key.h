/*
 * The master key as commands see it, beside a state or a backup that was sealed under one.
 *
 * Neither the key nor any file is left behind; who may not read the key is told so.
 */
#ifndef APP_MASTER_KEY_H
#define APP_MASTER_KEY_H

#include "app/conf.h"

#define MASTER_KEY_SYSTEM "/etc/mxseal/master.key" /* which the unit hands over as a credential */

enum master_key {
	MASTER_KEY_SAME,    /* database was sealed under it */
	MASTER_KEY_OTHER,   /* under another one */
	MASTER_KEY_UNNAMED, /* database does not say under which: nothing was sealed so far, or long
	                       ago */
	MASTER_KEY_ABSENT,  /* there is no key file */
	MASTER_KEY_CLOSED,  /* this user may not read the key or the database */
	MASTER_KEY_BROKEN,  /* the file holds no key */
};

/*
 * Where the service of that state takes its key from: [server] key_file (conf may be NULL), else
 * what the unit hands over, else master.key in the state.  Of a state elsewhere than the unit's
 * the last two the other way round; a demonstration has the last only.  Lives in a.
 */
const char *master_key_path(const struct conf *conf, const char *state, struct arena *a);

/* The key in path beside the main database in database, which nobody has open. */
enum master_key master_key_compare(const char *path, const char *database, struct arena *a);
/* The key alone: MASTER_KEY_UNNAMED when there is one. */
enum master_key master_key_look(const char *path);

/* What to do when there is none beside a state with data. */
const char *master_key_remedy(const char *path, struct arena *a);

#endif
