/*
 * One-time login links, web sessions and bearer tokens.  Only SHA-256 digests of the secrets come
 * here; the caller makes the secrets from 32 random bytes.
 */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "base/enc.h"
#include "store/db.h"

enum session_kind { SESSION_LOGIN, SESSION_WEB, SESSION_TOKEN };
enum session_role { ROLE_OWNER, ROLE_OPERATOR, ROLE_READER };

struct session {
	int64_t tenant;
	enum session_kind kind;
	enum session_role role;
	const char *who; /* for the audit log: "uid 0", "demonstration" */
	int64_t created, expires;
};

const char *session_role_name(enum session_role r); /* "owner", "operator", "reader" */

/* Stores a session of any kind.  ERR_CONFLICT: that digest exists. */
enum err sessions_add(struct db *db, const unsigned char digest[SHA256_SIZE],
                      const struct session *s) MUST_USE;
/*
 * Uses a login link up: it goes, and a web session with web_digest begins, for the same role and
 * person, until expires.  ERR_DENIED: unknown, used or expired.
 */
enum err sessions_login(struct db *db, const unsigned char login_digest[SHA256_SIZE],
                        const unsigned char web_digest[SHA256_SIZE], int64_t now, int64_t expires,
                        struct arena *a, struct session *out) MUST_USE;
/* A live web session or token.  ERR_DENIED: unknown, expired, or a login link. */
enum err sessions_find(struct db *db, const unsigned char digest[SHA256_SIZE], int64_t now,
                       struct arena *a, struct session *out) MUST_USE;
enum err sessions_end(struct db *db, const unsigned char digest[SHA256_SIZE]) MUST_USE;
enum err sessions_purge(struct db *db, int64_t now) MUST_USE; /* drops expired ones */

#endif
