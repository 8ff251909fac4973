#include "web/session.h"

#include <sodium.h>
#include <stdio.h>

#include "base/enc.h"
#include "base/log.h"
#include "store/sessions.h"

#define LINK_LENGTH 32u    /* of 32 letters: 160 bits */
#define SESSION_LENGTH 40u /* 200 bits */

static const char *cookie_name(bool secure)
{
	return secure ? "__Host-mxseal" : "mxseal";
}

enum err session_link(struct desk *d, int64_t now, char token_out[SESSION_TOKEN_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	char token[SESSION_TOKEN_SIZE];
	struct session s = { .tenant = TENANT_ONLY,
		             .kind = SESSION_LOGIN,
		             .role = ROLE_OWNER,
		             .who = "login link",
		             .created = now,
		             .expires = now + SESSION_LINK_SECONDS };

	enc_random_label(token, LINK_LENGTH);
	enc_sha256(slice_str(token), digest);
	desk_lock(d);
	enum err e = sessions_add(d->db, digest, &s);
	desk_unlock(d);
	if (e == OK)
		memcpy(token_out, token, sizeof(token));
	mem_wipe(token, sizeof(token));
	return e;
}

static void set_cookie(const struct request *q, struct response *r, const char *value,
                       int64_t seconds)
{
	response_header(r, "Set-Cookie",
	                arena_printf(q->arena,
	                             "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s",
	                             cookie_name(q->secure), value, (long long)seconds,
	                             q->secure ? "; Secure" : ""));
}

enum err session_open(const struct request *q, struct slice token, struct response *r)
{
	unsigned char link[SHA256_SIZE], web[SHA256_SIZE];
	char id[SESSION_TOKEN_SIZE];
	struct session s;

	enc_random_label(id, SESSION_LENGTH);
	enc_sha256(token, link);
	enc_sha256(slice_str(id), web);
	enum err e = sessions_login(q->desk->db, link, web, q->now, q->now + SESSION_TOTAL_SECONDS,
	                            q->arena, &s);
	if (e == OK)
		set_cookie(q, r, id, SESSION_TOTAL_SECONDS);
	mem_wipe(id, sizeof(id));
	return e;
}

/* The value of our cookie among others; of several the first counts. */
static bool find_cookie(const char *cookie, bool secure, char out[SESSION_TOKEN_SIZE])
{
	struct slice rest = slice_str(cookie), pair, name, value;

	while (slice_next(&rest, ';', &pair)) {
		if (!slice_cut(slice_trim(pair), '=', &name, &value) ||
		    !slice_eq(name, slice_str(cookie_name(secure))))
			continue;
		if (value.len != SESSION_LENGTH)
			return false;
		memcpy(out, value.p, value.len);
		out[value.len] = '\0';
		return true;
	}
	return false;
}

/* Tied to the session and useless without it: a digest of its secret under another name. */
static void make_csrf(const char *id, char out[SESSION_TOKEN_SIZE])
{
	char text[SESSION_TOKEN_SIZE + 8], hex[SHA256_HEX_SIZE];

	(void)snprintf(text, sizeof(text), "csrf:%s", id); /* the room is enough */
	(void)enc_sha256_hex(slice_str(text), hex);
	(void)snprintf(out, SESSION_TOKEN_SIZE, "%.40s", hex);
	mem_wipe(text, sizeof(text));
}

enum err session_find(struct desk *d, const char *cookie, bool secure, int64_t now,
                      struct web_session *out)
{
	unsigned char digest[SHA256_SIZE];
	struct web_session w = { 0 };
	struct session s;
	struct arena *a;

	if (cookie == NULL || !find_cookie(cookie, secure, w.id))
		return ERR_DENIED;
	enc_sha256(slice_str(w.id), digest);
	a = arena_new();
	enum err e = sessions_find(d->db, digest, now, a, &s);
	if (e == OK && s.kind != SESSION_WEB)
		e = ERR_DENIED;
	if (e == OK) {
		w.created = s.created;
		make_csrf(w.id, w.csrf);
		*out = w;
	}
	arena_free(a);
	mem_wipe(&w, sizeof(w));
	return e;
}

enum err session_bearer(struct desk *d, const char *authorization, int64_t now)
{
	struct slice token = slice_str(authorization);
	unsigned char digest[SHA256_SIZE];
	struct session s;
	struct arena *a;

	if (!slice_starts_i(token, S("Bearer mxs_")))
		return ERR_DENIED;
	enc_sha256(slice_trim(slice_skip(token, strlen("Bearer "))), digest);
	a = arena_new();
	enum err e = sessions_find(d->db, digest, now, a, &s);
	if (e == OK && s.kind != SESSION_TOKEN)
		e = ERR_DENIED;
	arena_free(a);
	return e;
}

void session_close(const struct request *q, struct response *r)
{
	unsigned char digest[SHA256_SIZE];

	if (q->session != NULL) {
		enc_sha256(slice_str(q->session->id), digest);
		/* The cookie goes in any case. */
		if (sessions_end(q->desk->db, digest) != OK)
			log_warn("a session was not ended", F("actor", q->actor));
	}
	set_cookie(q, r, "", 0);
}

void session_purge(struct desk *d, int64_t now)
{
	desk_lock(d);
	enum err e = sessions_purge(d->db, now);
	desk_unlock(d);
	if (e != OK)
		log_warn("old sign-ins not removed", F("why", err_name(e)));
}

bool session_csrf_fits(const struct web_session *s, struct slice given)
{
	size_t n = strlen(s->csrf);

	return given.len == n && n > 0 && sodium_memcmp(given.p, s->csrf, n) == 0;
}

/* "https://host:port" and "host:port". */
bool session_origin_fits(const char *origin, const char *host)
{
	struct slice o = origin == NULL ? S("") : slice_str(origin);

	if (host == NULL || host[0] == '\0')
		return false;
	if (slice_starts_i(o, S("https://")))
		o = slice_skip(o, strlen("https://"));
	else if (slice_starts_i(o, S("http://")))
		o = slice_skip(o, strlen("http://"));
	else
		return false;
	return slice_eq_i(o, slice_str(host));
}

static struct slice without_port(struct slice host)
{
	size_t end;

	if (host.len > 0 && host.p[0] == '[') {
		end = slice_find(host, ']');
		return end == SIZE_MAX ? host : slice_head(host, end + 1);
	}
	end = slice_find(host, ':');
	return end == SIZE_MAX ? host : slice_head(host, end);
}

bool session_host_fits(const char *host, const char *want)
{
	struct slice h = without_port(host == NULL ? S("") : slice_str(host));

	if (slice_ends(h, S(".")))
		h.len--;
	return h.len > 0 && slice_eq_i(h, slice_str(want));
}

bool session_host_is_loopback(const char *host)
{
	static const char *const names[] = { "127.0.0.1", "[::1]", "localhost" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (session_host_fits(host, names[i]))
			return true;
	return false;
}
