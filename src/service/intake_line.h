/*
 * The line protocol of the control socket: imports, ingested mails, and the retry.  Pure.
 *
 *   {"op":"import","dry_run":B}  then {"file":"NAME","kind":"json|gz|zip|eml|mbox|bundle"} with a
 * descriptor each; one answer line a file, in order; a dry run counts what would be stored and
 * stores nothing.  A bundle (service/bundle.h, kind: enum archive_kind) holds many small files and
 * has one answer for all
 *   {"op":"ingest"}   with one descriptor, here or with a {"file":…} line behind it
 *   {"op":"retry","dry_run":B}  reads what lies in quarantine again; one answer line
 *   {"op":"purge","days":N,"dry_run":B}  removes raw bytes older than N days, 0: as configured;
 *                     one answer line
 */
#ifndef SERVICE_INTAKE_LINE_H
#define SERVICE_INTAKE_LINE_H

#include "base/buf.h"
#include "base/mem.h"

#define LINE_MAX_SIZE 65536u

enum line_op { LINE_IMPORT, LINE_INGEST, LINE_RETRY, LINE_PURGE };

/* The first line.  ERR_SYNTAX: not one; ERR_NOTFOUND: an op nobody knows. */
enum err line_parse_op(struct slice line, enum line_op *out, bool *dry_run_out) MUST_USE;

struct line_purge {
	uint64_t days; /* 0: as configured */
	bool dry_run;
};

/* The rest of a line with the op purge.  ERR_SYNTAX: days is no number. */
enum err line_parse_purge(struct slice line, struct line_purge *out) MUST_USE;

struct line_file {
	struct slice name; /* as given, in the arena */
	bool bundle;       /* many files */
	bool mbox;         /* many messages */
	bool mail;         /* a message; else one report in any packing */
};

/* A file's line.  ERR_SYNTAX; ERR_NOTFOUND: a kind nobody knows. */
enum err line_parse_file(struct slice line, struct arena *arena, struct line_file *out) MUST_USE;

struct line_counts {
	uint64_t reports, new, duplicates, foreign, quarantined, no_report;
	const char *const *foreign_names;
	size_t foreign_count;
	const char *error; /* NULL: none */
};

/* The answers, each with its LF.  Check buf_status. */
void line_format_file(struct slice name, const struct line_counts *c, struct buf *out);
void line_format_retry(uint64_t retried, const struct line_counts *c, struct buf *out);
struct line_purged {
	bool dry_run;
	uint64_t days;  /* UINT64_MAX: unlimited */
	int64_t before; /* midnight; what arrived on earlier days goes */
	uint64_t segments, bytes, messages;
	const char *error; /* NULL: none */
};
void line_format_purged(const struct line_purged *p, struct buf *out);
/* result: "stored", "again", "refused", or "denied" to this user; why may be NULL. */
void line_format_ingest(const char *result, const char *why, struct buf *out);

#endif
