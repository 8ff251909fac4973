#include "store/sessions.h"

#include "store/db_internal.h"

const char *session_role_name(enum session_role r)
{
	static const char *const names[] = {
		[ROLE_OWNER] = "owner",
		[ROLE_OPERATOR] = "operator",
		[ROLE_READER] = "reader",
	};

	return names[r];
}

enum err sessions_add(struct db *db, const unsigned char digest[SHA256_SIZE],
                      const struct session *s)
{
	struct query q = db_query(db, SQL_SESSION_ADD);
	char hex[SHA256_HEX_SIZE];

	query_str(&q, 1, enc_hex(digest, SHA256_SIZE, hex));
	query_int(&q, 2, s->tenant);
	query_int(&q, 3, (int64_t)s->kind);
	query_int(&q, 4, (int64_t)s->role);
	query_str(&q, 5, s->who);
	query_int(&q, 6, s->created);
	query_int(&q, 7, s->expires);
	return query_run(&q);
}

/* ERR_DENIED: unknown or expired. */
static enum err get(struct db *db, const unsigned char digest[SHA256_SIZE], int64_t now,
                    struct arena *a, struct session *out)
{
	struct query q = db_query(db, SQL_SESSION_GET);
	char hex[SHA256_HEX_SIZE];
	struct session s = { 0 };

	query_str(&q, 1, enc_hex(digest, SHA256_SIZE, hex));
	bool found = query_row(&q);
	if (found) {
		s.tenant = query_get_int(&q, 0);
		s.kind = (enum session_kind)query_get_int(&q, 1);
		s.role = (enum session_role)query_get_int(&q, 2);
		s.who = query_copy_str(&q, 3, a);
		s.created = query_get_int(&q, 4);
		s.expires = query_get_int(&q, 5);
	}
	enum err e = query_end(&q);
	if (e == OK && (!found || s.expires <= now))
		e = ERR_DENIED;
	if (e == OK)
		*out = s;
	return e;
}

static enum err login(struct db *db, const unsigned char login_digest[SHA256_SIZE],
                      const unsigned char web_digest[SHA256_SIZE], int64_t now, int64_t expires,
                      struct arena *a, struct session *out)
{
	struct session s = { 0 };
	enum err e = get(db, login_digest, now, a, &s);

	if (e == OK && s.kind != SESSION_LOGIN)
		e = ERR_DENIED;
	if (e == OK)
		e = sessions_end(db, login_digest);
	if (e != OK)
		return e;
	s.kind = SESSION_WEB;
	s.created = now;
	s.expires = expires;
	e = sessions_add(db, web_digest, &s);
	if (e == OK)
		*out = s;
	return e;
}

enum err sessions_login(struct db *db, const unsigned char login_digest[SHA256_SIZE],
                        const unsigned char web_digest[SHA256_SIZE], int64_t now, int64_t expires,
                        struct arena *a, struct session *out)
{
	struct session s;
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, login(db, login_digest, web_digest, now, expires, a, &s));
	if (e == OK)
		*out = s;
	return e;
}

enum err sessions_find(struct db *db, const unsigned char digest[SHA256_SIZE], int64_t now,
                       struct arena *a, struct session *out)
{
	struct session s;
	enum err e = get(db, digest, now, a, &s);

	if (e == OK && s.kind == SESSION_LOGIN)
		e = ERR_DENIED;
	if (e == OK)
		*out = s;
	return e;
}

enum err sessions_end(struct db *db, const unsigned char digest[SHA256_SIZE])
{
	struct query q = db_query(db, SQL_SESSION_DROP);
	char hex[SHA256_HEX_SIZE];

	query_str(&q, 1, enc_hex(digest, SHA256_SIZE, hex));
	return query_run(&q);
}

enum err sessions_purge(struct db *db, int64_t now)
{
	struct query q = db_query(db, SQL_SESSION_PURGE);

	query_int(&q, 1, now);
	return query_run(&q);
}
