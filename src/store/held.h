/*
 * Mails whose signer's key could not be asked for yet: they lie in the archive and are looked at
 * again when they are due.  Written by intake.
 */
#ifndef STORE_HELD_H
#define STORE_HELD_H

#include "store/reports.h"

struct held_row {
	char sha256[SHA256_HEX_SIZE];
	const char *author; /* the organisation that the mail says it is from, lower case */
	struct archive_place place;
	int64_t arrived, due;
	int64_t tries; /* how often the key was asked for in vain */
};

/* Adds a mail, or gives the one that is there its new due and tries. */
enum err held_put(struct db *db, const struct held_row *row) MUST_USE;
enum err held_get(struct db *db, const char *sha256, struct arena *a,
                  struct held_row *out) MUST_USE; /* ERR_NOTFOUND */
/* The verdict is there; nothing happens to a mail that is not held. */
enum err held_drop(struct db *db, const char *sha256) MUST_USE;
/* Those due at now, the most urgent first, at most limit. */
enum err held_due(struct db *db, int64_t now, size_t limit, struct arena *a, struct held_row **out,
                  size_t *count_out) MUST_USE;
/* All of them are due now. */
enum err held_wake(struct db *db, int64_t now) MUST_USE;
/* How many there are, and when the first is due (INT64_MAX: none). */
enum err held_count(struct db *db, int64_t *count_out, int64_t *due_out) MUST_USE;
/* How many claim that author. */
enum err held_count_author(struct db *db, const char *author, int64_t *out) MUST_USE;

#endif
