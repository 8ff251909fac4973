/*
 * The master key and the purpose keys made from it.
 *
 * The parent reads the master key once, derives a key per purpose, hands each
 * child only its own and wipes the rest.  Purpose keys seal rows (store/seal.h);
 * a key for one purpose opens nothing of another.
 */
#ifndef SERVICE_KEYS_H
#define SERVICE_KEYS_H

#include "base/slice.h"
#include "service/board.h"

#define KEY_SIZE 32u
#define KEY_HEX_SIZE (2u * KEY_SIZE + 1u)

enum key_purpose {
	KEY_EDGE_TLS,   /* private keys of policy hosts */
	KEY_REPORT_TLS, /* private keys of the report and the admin host */
	KEY_ACME,       /* account keys */
	KEY_TSIG,       /* secrets for DNS updates */
	KEY_SECRETS,    /* passwords and tokens for mailboxes and hooks */
	KEY_EVIDENCE,   /* signing of evidence */
	KEY_CHECK,      /* seals nothing and is no secret: a state knows its master key by it */
	KEY_PURPOSES,
};

struct keys {
	unsigned have; /* bit i: key[i] is present */
	unsigned char key[KEY_PURPOSES][KEY_SIZE];
};

/* "edge-tls"; never NULL. */
const char *key_name(enum key_purpose purpose);
/* ERR_NOTFOUND: no such purpose. */
enum err key_find(struct slice name, enum key_purpose *out) MUST_USE;

/* All purpose keys of a master key; the same ones every time. */
void keys_derive(const unsigned char master[KEY_SIZE], struct keys *out);
/* What role is allowed to hold of all; the rest of *out is zero. */
void keys_for_role(const struct keys *all, enum role role, struct keys *out);
/* KEY_SIZE bytes that live as long as k; NULL: this process does not hold that key. */
const unsigned char *keys_get(const struct keys *k, enum key_purpose purpose);
void keys_wipe(struct keys *k);

/*
 * Reads the master key: 32 bytes, raw or as 64 hexadecimal digits (a line end
 * after them is fine), from a regular file that others can neither read nor change.
 * With create a missing file is made (0400, fsynced, from the system's generator)
 * and *created_out says so; it is never overwritten.
 *
 * ERR_NOTFOUND: no such file.  ERR_DENIED: this user may not read it, or others may.  ERR_SYNTAX:
 * not a key.  ERR_IO: the system said no (errno stays).
 */
enum err keys_master(const char *path, bool create, unsigned char out[KEY_SIZE], bool *created_out,
                     struct diag *diag) MUST_USE;

#endif
