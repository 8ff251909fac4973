/*
 * The commands that give the service a folder, for the fix of whoever could not use one.
 */
#ifndef APP_FOLDER_H
#define APP_FOLDER_H

#include <sys/types.h>

#include "base/mem.h"

/* The name of a user, or its number where it has none. */
const char *folder_user(uid_t uid, struct arena *a);
/* Makes the folder where it is missing, and gives it to that user. */
const char *folder_give(const char *folder, uid_t uid, struct arena *a);
/* Lets the packaged unit write there: it sees everything else read-only. */
const char *folder_open(const char *folder, struct arena *a);

#endif
