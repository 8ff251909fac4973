/*
 * What became of the DKIM signatures of a mail, with the key that each was verified with.
 *
 * Keys rotate; with what is kept here and the bytes in the archive a verdict can be found again
 * without asking anybody.  Written by intake together with the reports of the mail; they go when
 * the bytes go (arrivals_purge).
 */
#ifndef STORE_SIGNATURES_H
#define STORE_SIGNATURES_H

#include "base/enc.h"
#include "store/db.h"

#define SIGNATURE_KEY_MAX 4096u /* bytes of a key record; a longer one is cut */

struct signature_row {
	struct slice domain, selector; /* lower case; empty: the field did not tell */
	const char *algorithm;         /* "rsa-sha256", "ed25519-sha256" or "" */
	const char *result;            /* a code of wire/dkim_fault.h; "pass": valid */
	struct slice key;              /* the TXT record; empty: none was had */
	int64_t key_bits;
	bool secure;     /* the record was validated by DNSSEC */
	int64_t checked; /* when the key was asked for; 0: it was not */
};

/* Replaces what is kept of the mail with that digest (lower-case hex). */
enum err signatures_put(struct db *db, const char *sha256, const struct signature_row *rows,
                        size_t count) MUST_USE;
/* In the order of the fields; none: *count_out is 0. */
enum err signatures_list(struct db *db, const char *sha256, struct arena *a,
                         struct signature_row **out, size_t *count_out) MUST_USE;

#endif
