/*
 * The table of commands.  A new command: `extern` here, one line in commands.c,
 * its file in meson.build.
 */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/command.h"

extern const struct command cmd_explain;
extern const struct command cmd_policy_lint;
extern const struct command cmd_record_lint;
extern const struct command cmd_horizon;
extern const struct command cmd_domain_add;
extern const struct command cmd_domain_import;
extern const struct command cmd_domain_list;
extern const struct command cmd_domain_show;
extern const struct command cmd_domain_fetches;
extern const struct command cmd_domain_set;
extern const struct command cmd_domain_remove;
extern const struct command cmd_domain_retire;
extern const struct command cmd_policy_show;
extern const struct command cmd_policy_set;
extern const struct command cmd_policy_bump;
extern const struct command cmd_policy_history;
extern const struct command cmd_policy_export;
extern const struct command cmd_records;
extern const struct command cmd_report_show;
extern const struct command cmd_report_import;
extern const struct command cmd_report_list;
extern const struct command cmd_report_summary;
extern const struct command cmd_report_quarantine;
extern const struct command cmd_report_retry;
extern const struct command cmd_report_purge;
extern const struct command cmd_report_export;
extern const struct command cmd_report_ways;
extern const struct command cmd_ingest;
extern const struct command cmd_cert_list;
extern const struct command cmd_cert_import;
extern const struct command cmd_cert_renew;
extern const struct command cmd_alert_list;
extern const struct command cmd_alert_check;
extern const struct command cmd_alert_test;
extern const struct command cmd_login;
extern const struct command cmd_wait;
extern const struct command cmd_backup;
extern const struct command cmd_restore;
extern const struct command cmd_setup;
extern const struct command cmd_doctor;
extern const struct command cmd_serve;
extern const struct command cmd_completion;
extern const struct command cmd_man;
extern const struct command cmd_help;
extern const struct command cmd_version;

/* All commands, in the order of --help. */
extern const struct command *const commands[];
extern const size_t command_count;

/*
 * Finds the command that words[0..count) begin with; *used_out is how many words
 * name it (1 or 2).  NULL: none.
 */
const struct command *command_find(const char *const *words, size_t count, size_t *used_out);
/* Whether some command has this first word. */
bool command_is_family(const char *name);
/* The nearest existing command to what was typed, e.g. "policy lint"; NULL: nothing is near. */
const char *command_nearest(const char *const *words, size_t count, struct arena *a);
/* "policy lint" */
const char *command_title(const struct command *c, struct arena *a);

#endif
