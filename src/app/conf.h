/*
 * The configuration: read from flags, environment, file and defaults, checked whole.
 *
 * conf_schema.c holds one row per setting; reader, --check-config, --print-config,
 * mxseal.conf(5) and the children's copy are driven by it.  A struct conf is built
 * new on each (re)load and only replaces the old one when every value was good.
 */
#ifndef APP_CONF_H
#define APP_CONF_H

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/address.h"

#define CONF_ADDRESSES_MAX 16u
#define CONF_FILE_MAX 262144u     /* bytes of a configuration file */
#define CONF_ERRORS_MAX 20u       /* said at once; further ones are only counted */
#define CONF_UNLIMITED UINT64_MAX /* "unlimited" for an allowance; "off" is 0 */
#define CONF_SETTINGS_MAX 64u
#define CONF_MAILBOXES_MAX 16u
#define CONF_MAILBOX_KEYS_MAX 16u

struct conf_addresses {
	size_t count; /* 0: off */
	struct address at[CONF_ADDRESSES_MAX];
};

/* How a value came about. */
struct conf_origin {
	const char *text; /* the value as written, normal form */
	const char *from; /* "default", "--state", "MXSEAL_…", "FILE:12" */
};

/* A section [imap NAME]; texts as in struct conf. */
struct conf_mailbox {
	const char *name, *url, *user, *password_file;
	const char *oauth_token_url, *oauth_client_id, *oauth_secret_file, *oauth_scope;
	const char *token_command, *ca_file, *after;
	uint64_t every; /* seconds */
	struct conf_origin origin[CONF_MAILBOX_KEYS_MAX];
};

/* Texts are never NULL: an unset one is empty.  They live as long as the struct conf. */
struct conf {
	struct {
		const char *state; /* absolute */
		const char *user;
		const char *key_file; /* empty: STATE/master.key */
		enum log_level log_level;
		bool log_json;
	} server;
	struct {
		struct conf_addresses tls, http, behind, dns, smtp, lmtp, admin;
	} listen;
	struct {
		const char *trusted; /* as net/trusted.h reads it */
		bool preamble;       /* protocol = proxy */
	} proxy;
	struct {
		const char *host, *zone; /* lower-case A-labels, no final dot */
		const char *addresses;   /* blanks between */
		const char *nameservers; /* as service/zone_rows.h reads it */
		uint64_t ttl;
		const char *secondaries; /* addresses, blanks between */
		const char *transfer_key_file;
		uint64_t dns_rate; /* answers a second; 0 and CONF_UNLIMITED: not limited */
	} service;
	struct {
		const char *host;
		uint64_t keep_unsigned, keep_posted; /* a domain and day; CONF_UNLIMITED */
		uint64_t keep_quarantine;            /* days */
		uint64_t keep_raw, keep_reports;     /* days; CONF_UNLIMITED */
		const char *watch;                   /* paths, blanks between */
		bool strict_dkim;
	} report;
	struct {
		const char *directory; /* URL */
		const char *ca_file;   /* empty: the system's roots */
		const char *email;     /* empty: none */
		const char *eab_kid;   /* empty: no external account */
		const char *eab_key_file;
		uint64_t orders; /* in three hours */
		bool accept_terms;
	} acme;
	struct {
		const char *update_server; /* "" : the zone's primary */
		const char *tsig_name, *tsig_file;
		const char *update_command;
	} dns;
	struct {
		const char *command, *to; /* "": see app/alert_command.h; nobody */
	} alert;
	struct {
		const char *forward, *stub, *trust_anchor; /* as net/resolver.h reads them */
	} resolver;
	struct {
		const char *allow;   /* as net/dial.h reads it */
		const char *ca_file; /* empty: the system's roots */
	} outgoing;
	size_t mailbox_count;
	struct conf_mailbox mailboxes[CONF_MAILBOXES_MAX];

	struct arena *arena;
	struct conf_origin origin[CONF_SETTINGS_MAX]; /* by row of the schema */
};

/* What was wrong, for people; all in one go. */
struct conf_errors {
	struct arena *arena; /* the caller's */
	size_t count;        /* may pass CONF_ERRORS_MAX */
	struct conf_error {
		const char *where; /* "FILE:12", "MXSEAL_LISTEN__TLS", "--state" */
		const char *why;
		const char *fix; /* or NULL */
	} list[CONF_ERRORS_MAX];
};

void conf_error_add(struct conf_errors *errors, const char *where, const char *why,
                    const char *fix);
/* Its fix, or where else the setting is explained. */
const char *conf_error_fix(const struct conf_error *e);

/* Where values come from, weakest first: preset, file, environment, flags. */
struct conf_sources {
	const struct conf_setting *preset; /* defaults of a demonstration, "section.key" = text */
	size_t preset_count;
	const char *file;         /* NULL: none is read */
	char *const *environment; /* "NAME=value", NULL-terminated; NULL: none */
	const struct conf_setting *flags;
	size_t flag_count;
};

struct conf_setting {
	const char *key; /* "listen.tls", "imap.NAME.url" */
	const char *value;
	const char *from; /* shown as the origin */
};

/*
 * Reads all sources.  OK: *out is whole and the caller's (conf_free).  ERR_SYNTAX: *errors says
 * what is wrong.  ERR_NOTFOUND, ERR_IO: the file cannot be read; *errors says so too.
 */
enum err conf_load(const struct conf_sources *sources, struct conf **out,
                   struct conf_errors *errors) MUST_USE;
/* The text of a file in memory against an otherwise default configuration; for tests and fuzzing.
 */
enum err conf_parse(struct slice text, const char *name, struct conf **out,
                    struct conf_errors *errors) MUST_USE;
void conf_free(struct conf *c); /* NULL does nothing */

/*
 * Replaces one value of a configuration under construction, e.g. by a port that was found free.
 * ERR_NOTFOUND: no such setting.  ERR_SYNTAX: not its kind of value.  Both are added to *errors,
 * so a caller that looks there need not look at the result.
 */
enum err conf_set(struct conf *c, const struct conf_setting *s, struct conf_errors *errors);

/* A configuration of defaults only, to conf_set into (what a child does with its copy). */
struct conf *conf_new(void);

/* The i-th setting as "section.key" and its text; false: no more. */
bool conf_nth(const struct conf *c, size_t i, struct conf_setting *out);

/* --print-config: a file that reads back to the same values, each with its origin. */
void conf_print(const struct conf *c, struct buf *out);

/* The mailbox's URL, also where another setting implies it; "": none. */
const char *conf_mailbox_url(const struct conf_mailbox *m);

/* "STATE/name", in the configuration's arena. */
const char *conf_path(const struct conf *c, const char *name);

#endif
