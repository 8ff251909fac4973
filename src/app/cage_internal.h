/* The two halves of a cage. */
#ifndef APP_CAGE_INTERNAL_H
#define APP_CAGE_INTERNAL_H

#include "service/board.h"

/* The version of Landlock here, 0: none. */
int cage_landlock_version(void);
/* Limits the files of role; OK also where the kernel has no Landlock. */
enum err cage_files(enum role role, const char *state) MUST_USE;
/* Limits the calls of role. */
enum err cage_calls(enum role role) MUST_USE;

#endif
