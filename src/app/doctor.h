/*
 * What doctor looks at: this machine, the configuration, the state, and the service if it runs.
 *
 * A check adds one row or several.  What cannot be looked at from here is "skip", with the reason:
 * never good, never bad.
 */
#ifndef APP_DOCTOR_H
#define APP_DOCTOR_H

#include "app/command.h"
#include "app/conf.h"

#define DOCTOR_ROWS_MAX 512u

enum doctor_severity { DOCTOR_PASS, DOCTOR_SKIP, DOCTOR_INFO, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_row {
	enum doctor_severity severity;
	const char *check, *detail, *fix; /* fix NULL: nothing to do */
};

struct doctor {
	const struct cli *cli;
	const char *state;
	const struct conf *conf; /* NULL: it cannot be read */
	bool demo, running;      /* running: the control socket answered */
	bool fault;              /* it runs without its databases */
	bool key_is_other;       /* it runs under another master key than its state's */
	size_t count;
	struct doctor_row rows[DOCTOR_ROWS_MAX];
};

/* Strings live as long as the command's arena; a row too many is dropped. */
void doctor_add(struct doctor *d, enum doctor_severity severity, const char *check,
                const char *detail, const char *fix);

/* doctor_service.c; first, since others ask whether it runs */
void doctor_service(struct doctor *d);
void doctor_certificates(struct doctor *d);
/* The database of a service that does not run. */
void doctor_database(struct doctor *d);
/* Whether somebody is told of what needs a person, and what does now. */
void doctor_alerts(struct doctor *d);
/* doctor_ports.c */
void doctor_ports(struct doctor *d);
/* doctor_machine.c */
void doctor_permissions(struct doctor *d);
/* Whether what is sealed opens. */
void doctor_master_key(struct doctor *d);
void doctor_disk(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_cages(struct doctor *d);
void doctor_backup(struct doctor *d);
void doctor_resolver(struct doctor *d);

#endif
