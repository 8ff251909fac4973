/*
 * Intake: takes reports in by every way, and turns them into rows and figures.
 *
 * Bytes go to the archive and are acknowledged once they are on disk; then a caged reader makes
 * facts of them, and these are stored together with the archive position in one transaction.
 * What was acknowledged and not yet stored when intake ended is read again when it starts.
 * Imports are read first, since the bytes are still with their owner, and archived only when
 * there is something new in them.
 *
 * One loop, which waits for nothing but its own disk and database.  Only what fetches messages from
 * mailboxes and folders has threads of its own, and these ask the loop for everything else.
 */
#ifndef SERVICE_INTAKE_H
#define SERVICE_INTAKE_H

#include "net/resolver.h"
#include "service/board.h"
#include "service/intake_allowance.h"
#include "service/mailbox.h"

struct intake_settings {
	const char *database;    /* path of the main database, migrated */
	const char *archive_dir; /* made when it is not there */
	int hand;                /* the hand-over channel's reading end */
	int ingest;              /* listener for mails of any user of this machine; -1: none */
	const int *readers;      /* SOCK_SEQPACKET ends, one for each reader */
	size_t reader_count;
	struct board *board; /* NULL: nobody watches */
	unsigned slot;
	bool strict_dkim; /* d= must be the submitter, and its key be for TLS reports */
	const struct resolver_conf *resolver; /* NULL: no DNS, no mail has a valid signature */
	uint64_t keep_raw;     /* days that raw bytes are kept; UINT64_MAX: for ever */
	uint64_t keep_reports; /* the same of reports, whose figures stay */
	bool quiet;            /* no line in the log for each report */
	/* Mailboxes and paths that are read by threads of their own; see service/supply.h. */
	struct mailbox_conf *mailboxes;
	size_t mailbox_count;
	const char *watch; /* paths, blanks between; "": none */
	struct allowance_limits limits;
	const char *program;     /* its version: a newer one reads quarantine again */
	int64_t keep_quarantine; /* days */
	const char *host;        /* what SMTP and LMTP call this machine */
	const char *report_host; /* the same where there is one; else "" */
	const int *smtp, *lmtp;  /* listeners */
	size_t smtp_count, lmtp_count;
	const char *edgedb_path;
	const unsigned char *report_key; /* opens the report host's key; NULL: not held */
};

/* Runs until SIGTERM.  OK: drained.  Anything else: it could not start; the log says why. */
enum err intake_run(const struct intake_settings *set) MUST_USE;

#endif
