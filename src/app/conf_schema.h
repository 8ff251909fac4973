/* The table of settings; see conf.h for what becomes of it. */
#ifndef APP_CONF_SCHEMA_H
#define APP_CONF_SCHEMA_H

#include "app/conf.h"

struct conf_row;

/*
 * A kind of value.  read checks text (trimmed, printable) and, when it is good, writes it to place
 * and gives NULL; else it gives why not, as a half sentence.  *normal_out is the text in
 * normal form (text itself unless changed), in c's arena.
 */
struct conf_type {
	const char *name;   /* as the manual page calls it */
	const char *syntax; /* how a value is written, as a half sentence for mxseal.conf(5) */
	bool list;          /* may go on in further lines, several values */
	const char *(*read)(const struct conf_row *row, const char *text, struct conf *c,
	                    void *place, const char **normal_out);
};

extern const struct conf_type conf_type_path;
extern const struct conf_type conf_type_user;
extern const struct conf_type conf_type_log;
extern const struct conf_type conf_type_listen;
extern const struct conf_type conf_type_local;
extern const struct conf_type conf_type_named;
extern const struct conf_type conf_type_loopback;
extern const struct conf_type conf_type_nameservers;
extern const struct conf_type conf_type_host;
extern const struct conf_type conf_type_number;
extern const struct conf_type conf_type_allowance;
extern const struct conf_type conf_type_days;
extern const struct conf_type conf_type_addresses;
extern const struct conf_type conf_type_forward;
extern const struct conf_type conf_type_stub;
extern const struct conf_type conf_type_anchor;
extern const struct conf_type conf_type_networks;
extern const struct conf_type conf_type_proxies;
extern const struct conf_type conf_type_says;
extern const struct conf_type conf_type_url;
extern const struct conf_type conf_type_mail;
extern const struct conf_type conf_type_word;
extern const struct conf_type conf_type_command;
extern const struct conf_type conf_type_server;
extern const struct conf_type conf_type_yes;
extern const struct conf_type conf_type_paths;

/* A setting.  Written with names (.section = …), so that a further field breaks no row. */
struct conf_row {
	const char *section, *key;
	const struct conf_type *type;
	const char *preset;  /* the default, as it would be written; "" is unset */
	uint64_t min, max;   /* numbers only */
	const char *unit;    /* of a number; NULL: none */
	const char *help;    /* one line, no final stop */
	const char *details; /* whole sentences for mxseal.conf(5): when to touch it; NULL: none */
	const char *example; /* a value that is read as it stands, other than the default */
	size_t place;        /* in struct conf */
};

extern const struct conf_row conf_rows[];
extern const size_t conf_row_count;

/* The settings of each [imap NAME]; their places lie in struct conf_mailbox. */
extern const struct conf_row conf_mailbox_rows[];
extern const size_t conf_mailbox_row_count;

/* What a section is for, in the order of the rows; NULL: no such section. */
const char *conf_section_help(const char *section);

/* The row of a setting, or NULL. */
const struct conf_row *conf_row_find(const char *section, const char *key);

#endif
