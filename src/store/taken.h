/*
 * What came by each way and what became of it, counted by UTC day.
 *
 * Also of what left nothing else behind: reports for domains that are not known here, and messages
 * without any report.  Written in the transaction that stores the messages.
 */
#ifndef STORE_TAKEN_H
#define STORE_TAKEN_H

#include "store/db.h"

struct taken {
	const char *way;     /* as in store/arrivals.h */
	const char *outcome; /* "messages", "new", "duplicates", "foreign", "quarantined",
	                        "no-report" */
	int64_t count;
};

enum err taken_add(struct db *db, int64_t day, const struct taken *t) MUST_USE;
/* Sums of all days, in the order of way and outcome; strings live in a. */
enum err taken_list(struct db *db, struct arena *a, struct taken **out, size_t *count_out) MUST_USE;

#endif
