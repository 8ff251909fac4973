/*
 * One line on a terminal that says how far a long command is, from its second second on.
 *
 * Without a terminal nothing is shown.
 */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include "app/command.h"

struct progress {
	const struct cli *cli;
	int64_t began, shown;
	bool visible;
};

void progress_begin(struct progress *p, const struct cli *cli);
/* Shows the line anew, a few times a second at most; cheap when it is not time. */
void progress_show(struct progress *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Takes the line away, for whatever is printed next. */
void progress_clear(struct progress *p);

#endif
