/*
 * Mailboxes and watched folders: how far each was read, and how it fares.  Written by intake.
 */
#ifndef STORE_SUPPLIES_H
#define STORE_SUPPLIES_H

#include "store/db.h"

#define SUPPLY_TEXT_MAX 512u /* longer words are cut here */

/* Text is never NULL. */
struct supply_row {
	const char *kind;     /* "imap" or "watch" */
	const char *name;     /* of the section, or the path */
	const char *identity; /* what the mark belongs to; another one begins anew */
	/* A mailbox: UIDVALIDITY and the last UID that is done.  A folder: the moment up to which
	 * it is done.  An mbox file: its inode and the bytes that are done. */
	int64_t mark, place;
	int64_t stuck, tries; /* the UID under which polls ended early, and how many did */
	const char *why;      /* what keeps it from being read; "": nothing */
	const char *note; /* what was passed over, or could not be moved, last; "": nothing ever */
	int64_t polled, good;  /* the last attempt and the last whole one; 0: none */
	int64_t looked, taken; /* messages looked at, and those of them that held reports */
	int64_t skipped;       /* messages passed over for their size or because they failed */
};

/* ERR_NOTFOUND: nothing is known of it yet. */
enum err supplies_get(struct db *db, const char *kind, const char *name, struct arena *a,
                      struct supply_row *out) MUST_USE;
/* Stores the whole row; from now on it is listed. */
enum err supplies_put(struct db *db, const struct supply_row *in) MUST_USE;
/* None is listed until it is put again; nothing is forgotten. */
enum err supplies_unlist(struct db *db) MUST_USE;
/* Those in use, by kind and name. */
enum err supplies_list(struct db *db, struct arena *a, struct supply_row **out,
                       size_t *count_out) MUST_USE;

#endif
