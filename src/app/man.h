/* The manual pages, written from the tables that the program works with; see mdoc.h. */
#ifndef APP_MAN_H
#define APP_MAN_H

#include <stdio.h>

#include "base/mem.h"

/* mxseal(1), from the table of commands. */
void man_commands(FILE *out, int64_t now, struct arena *a);
/* mxseal.conf(5), from the table of settings. */
void man_conf(FILE *out, int64_t now, struct arena *a);
/* mxseal-findings(7), from the explanations. */
void man_findings(FILE *out, int64_t now, struct arena *a);

#endif
