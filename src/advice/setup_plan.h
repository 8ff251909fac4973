/*
 * From what a person answers and what was found on a machine to a configuration: what setup
 * guesses, what it would write, which records are to be typed, and what could not be proved.
 * Pure; nothing is looked at here.
 *
 * An IPv6 address is named in records only when it was answered, and DNS listens on single
 * addresses, never on the wildcard.
 */
#ifndef ADVICE_SETUP_PLAN_H
#define ADVICE_SETUP_PLAN_H

#include "base/buf.h"
#include "base/mem.h"

#define SETUP_ADDRESSES_MAX 8u
#define SETUP_SETTINGS_MAX 16u
#define SETUP_CHECKS_MAX 32u
#define SETUP_RECORDS_MAX 40u
#define SETUP_STEPS_MAX 8u
#define SETUP_TEXT_MAX 8192u

/* Strings are never NULL: "" is not answered, and the guess counts. */
struct setup_answers {
	bool others;             /* domains of others, too: a service zone */
	const char *host;        /* public name of this machine; lower case, no final dot */
	const char *zone;        /* of CNAMEs; with others only */
	const char *report_host; /* where reports are taken */
	const char *email;       /* for the certificate authority */
	const char *alert_to;    /* who is told of what needs a person */
	bool reports;            /* they are taken at all */
	bool terms;              /* those of the certificate authority are agreed to */
	size_t address_count;    /* 0: as found */
	const char *addresses[SETUP_ADDRESSES_MAX];
};

/* SETUP_OURS: by the service that runs; SETUP_UNIT: by the service manager, for a socket unit. */
enum setup_port_state { SETUP_FREE, SETUP_OURS, SETUP_TAKEN, SETUP_UNIT, SETUP_UNKNOWN };

struct setup_port {
	enum setup_port_state state;
	const char *owner; /* of a taken one: "nginx (process 812)" */
	const char *name;  /* its program alone: "nginx"; "" unknown */
};

struct setup_address {
	const char *text; /* without a port */
	bool v6;
	bool global;           /* the Internet routes it */
	bool answered;         /* somebody outside has answered to it; IPv6 only */
	struct setup_port dns; /* port 53 of this very address */
};

struct setup_facts {
	struct setup_port tls, http, smtp; /* ports 443, 80 and 25 of all addresses */
	size_t address_count;
	struct setup_address addresses[SETUP_ADDRESSES_MAX];
};

enum setup_severity { SETUP_PASS, SETUP_SKIP, SETUP_WARN, SETUP_FAIL };

/* "pass", "skip", "warn", "fail" */
const char *setup_severity_name(enum setup_severity s);

struct setup_check {
	enum setup_severity severity;
	const char *check, *detail;
	const char *fix; /* NULL: nothing to do */
};

struct setup_setting {
	const char *section, *key, *value;
};

struct setup_record {
	const char *name, *type, *value;
};

struct setup_plan {
	bool possible; /* no check fails */
	size_t setting_count, check_count, record_count, step_count;
	struct setup_setting settings[SETUP_SETTINGS_MAX]; /* sections together */
	struct setup_check checks[SETUP_CHECKS_MAX];
	struct setup_record records[SETUP_RECORDS_MAX];
	const char *steps[SETUP_STEPS_MAX]; /* what to do next, as command lines */
};

/* "reports." and the domain of the host: a name beside it; in arena a. */
const char *setup_guess_report_host(const char *host, struct arena *a);
/* "sts." and the domain of the host. */
const char *setup_guess_zone(const char *host, struct arena *a);

/* Strings of *out are constant, in a, or those of q and f. */
void setup_plan_make(const struct setup_answers *q, const struct setup_facts *f, struct arena *a,
                     struct setup_plan *out);
/* The plan as a configuration file. */
void setup_plan_text(const struct setup_plan *p, struct buf *out);

#endif
