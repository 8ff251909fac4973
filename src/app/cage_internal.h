/* The two halves of a cage. */
#ifndef APP_CAGE_INTERNAL_H
#define APP_CAGE_INTERNAL_H

#include "service/board.h"

/* The version of Landlock here, 0: none. */
int cage_landlock_version(void);
/* Limits the files of role to its own and those in reads; OK also where there is no Landlock. */
enum err cage_files(enum role role, const char *state, const char *const *reads) MUST_USE;
/* Limits the calls of role. */
enum err cage_calls(enum role role) MUST_USE;

#endif
