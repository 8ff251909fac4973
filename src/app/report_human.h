/* A TLS report as people read it on a terminal: `report show` without --json. */
#ifndef APP_REPORT_HUMAN_H
#define APP_REPORT_HUMAN_H

#include "app/command.h"
#include "tlsrpt/report_mail.h"

/* Prints one report.  Text of the report is hostile: what could move the cursor is escaped. */
void report_human(const struct cli *cli, const struct report_item *item, const char *file);

#endif
