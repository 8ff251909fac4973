#include "net/acme.h"

#include "base/enc.h"
#include "base/utc.h"
#include "net/acme_internal.h"
#include "net/clock.h"
#include "wire/jose.h"
#include "wire/json.h"

#define DIRECTORY_MS INT64_C(3600000)
#define PAYLOAD_MAX 16384u

/* A member that is a string, copied; NULL: none. */
static const char *text_of(const json_t *object, const char *key, struct arena *a)
{
	struct slice s = json_slice(json_member(object, key));

	return s.len == 0 || !slice_is_printable(s) ? NULL : arena_str(a, s);
}

static enum acme_status status_of(const json_t *object)
{
	static const struct {
		const char *word;
		enum acme_status status;
	} rows[] = {
		{ "pending", ACME_PENDING },       { "ready", ACME_READY },
		{ "processing", ACME_PROCESSING }, { "valid", ACME_VALID },
		{ "invalid", ACME_INVALID },       { "deactivated", ACME_INVALID },
		{ "expired", ACME_INVALID },       { "revoked", ACME_INVALID },
	};
	struct slice word = json_slice(json_member(object, "status"));

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq(word, slice_str(rows[i].word)))
			return rows[i].status;
	return ACME_UNKNOWN;
}

static void read_error(const json_t *object, struct arena *a, struct acme_problem *out)
{
	const json_t *error = json_member(object, "error");
	int64_t status = json_integer_value(json_member(error, "status"));

	*out = (struct acme_problem){ .type = "" };
	if (json_is_object(error))
		acme_problem_read(error, (long)status, a, out);
}

static int64_t retry_of(const struct acme_answer *answer)
{
	return acme_retry_after(fetch_header(&answer->fetched, "Retry-After"), clock_now_s());
}

static enum err read_directory(const json_t *body, struct arena *a, struct acme_directory *out)
{
	const json_t *meta = json_member(body, "meta"), *names = json_member(meta, "caaIdentities");
	struct acme_directory d = {
		.new_nonce = text_of(body, "newNonce", a),
		.new_account = text_of(body, "newAccount", a),
		.new_order = text_of(body, "newOrder", a),
		.renewal_info = text_of(body, "renewalInfo", a),
		.terms = text_of(meta, "termsOfService", a),
		.binding_needed = json_is_true(json_member(meta, "externalAccountRequired")),
	};

	if (d.new_nonce == NULL || d.new_account == NULL || d.new_order == NULL)
		return ERR_SYNTAX;
	for (size_t i = 0; i < json_array_size(names) && i < ACME_IDENTITIES_MAX; i++)
		d.identities[d.identity_count++] =
		        arena_copy(a, json_slice(json_array_get(names, i)));
	*out = d;
	return OK;
}

static void copy_directory(const struct acme_directory *from, struct arena *a,
                           struct acme_directory *out)
{
	const char **texts[] = { &out->new_nonce, &out->new_account, &out->new_order,
		                 &out->renewal_info, &out->terms };

	*out = *from;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (*texts[i] != NULL)
			*texts[i] = arena_str(a, slice_str(*texts[i]));
	for (size_t i = 0; i < out->identity_count; i++)
		out->identities[i] = arena_copy(a, from->identities[i]);
}

static bool known_directory(struct acme *c, struct arena *a, struct acme_directory *out)
{
	(void)pthread_mutex_lock(&c->lock); /* fails for misuse only */
	bool known = clock_mono_ms() < c->directory_until_ms;
	if (known)
		copy_directory(&c->directory, a, out);
	(void)pthread_mutex_unlock(&c->lock);
	return known;
}

static void keep_directory(struct acme *c, const struct acme_directory *d)
{
	(void)pthread_mutex_lock(&c->lock); /* as above */
	arena_reset(c->directory_arena);
	copy_directory(d, c->directory_arena, &c->directory);
	c->directory_until_ms = clock_mono_ms() + DIRECTORY_MS;
	(void)pthread_mutex_unlock(&c->lock);
}

enum err acme_look(struct acme *c, struct arena *a, struct acme_directory *out,
                   struct acme_problem *problem)
{
	struct acme_answer answer;
	enum err e;

	if (known_directory(c, a, out))
		return OK;
	e = acme_ask(c, c->conf.directory, false, a, &answer, problem);
	if (e == OK && read_directory(answer.body, a, out) != OK)
		e = acme_fail(problem, ERR_SYNTAX, "the URL of the CA is no ACME directory");
	if (e == OK)
		keep_directory(c, out);
	acme_answer_fini(&answer);
	return e;
}

/* RFC 8555, 7.3: the contact, the agreement, and the binding when there is one. */
static enum err registration(const struct acme_directory *d, EVP_PKEY *key,
                             const struct acme_registration *r, struct buf *out)
{
	enum err e = OK;

	buf_add_str(out, "{\"termsOfServiceAgreed\":true");
	if (r->email[0] != '\0') {
		struct buf uri;
		buf_init(&uri, 1024);
		buf_printf(&uri, "mailto:%s", r->email);
		buf_add_str(out, ",\"contact\":[");
		json_add_string(out, buf_slice(&uri));
		buf_add_char(out, ']');
		buf_fini(&uri);
	}
	if (r->binding_key.len > 0) {
		buf_add_str(out, ",\"externalAccountBinding\":");
		e = jose_bind(key, d->new_account, r->binding_kid, r->binding_key, out);
	}
	buf_add_char(out, '}');
	return e == OK ? buf_status(out) : e;
}

enum err acme_register(struct acme *c, EVP_PKEY *key, const struct acme_registration *r,
                       struct arena *a, const char **url_out, struct acme_problem *problem)
{
	struct acme_account who = { key, NULL };
	struct acme_answer answer = { .body = NULL };
	struct acme_directory d = { .terms = NULL };
	struct slice url;
	struct buf body;
	enum err e = acme_look(c, a, &d, problem);

	if (e != OK)
		return e;
	if (d.binding_needed && r->binding_key.len == 0)
		return acme_fail(problem, ERR_DENIED,
		                 "the CA wants an external account: set [acme] eab_kid and "
		                 "eab_key_file");
	buf_init(&body, PAYLOAD_MAX);
	e = registration(&d, key, r, &body);
	if (e != OK)
		e = acme_fail(problem, ERR_CRYPTO, "the account cannot be bound");
	else
		e = acme_post(c, &who, d.new_account, buf_slice(&body), a, &answer, problem);
	url = fetch_header(&answer.fetched, "Location");
	if (e == OK && (url.len == 0 || url.len >= FETCH_URL_MAX))
		e = acme_fail(problem, ERR_SYNTAX, "the CA gave the account no URL");
	if (e == OK)
		*url_out = arena_str(a, url);
	acme_answer_fini(&answer);
	buf_fini(&body);
	return e;
}

static enum err read_order(const struct acme_answer *answer, const char *url, struct arena *a,
                           struct acme_order *out, struct acme_problem *problem)
{
	const json_t *list = json_member(answer->body, "authorizations");
	struct acme_order o = {
		.status = status_of(answer->body),
		.url = url,
		.finalize = text_of(answer->body, "finalize", a),
		.certificate = text_of(answer->body, "certificate", a),
		.retry_after = retry_of(answer),
	};

	for (size_t i = 0; i < json_array_size(list) && i < ACME_AUTHORIZATIONS_MAX; i++) {
		struct slice one = json_slice(json_array_get(list, i));
		o.authorizations[o.authorization_count++] = arena_str(a, one);
	}
	read_error(answer->body, a, &o.error);
	if (o.status == ACME_UNKNOWN || o.finalize == NULL || o.authorization_count == 0)
		return acme_fail(problem, ERR_SYNTAX, "the CA's order makes no sense");
	*out = o;
	return OK;
}

static void write_order(const char *host, const char *replaces, struct buf *out)
{
	buf_add_str(out, "{\"identifiers\":[{\"type\":\"dns\",\"value\":");
	json_add_string(out, slice_str(host));
	buf_add_str(out, "}]");
	if (replaces != NULL) {
		buf_add_str(out, ",\"replaces\":");
		json_add_string(out, slice_str(replaces));
	}
	buf_add_char(out, '}');
}

static enum err order_once(struct acme *c, const struct acme_account *who, const char *where,
                           const char *host, const char *replaces, struct arena *a,
                           struct acme_order *out, struct acme_problem *problem)
{
	struct acme_answer answer;
	struct slice url;
	struct buf body;
	enum err e;

	buf_init(&body, PAYLOAD_MAX);
	write_order(host, replaces, &body);
	e = acme_post(c, who, where, buf_slice(&body), a, &answer, problem);
	url = fetch_header(&answer.fetched, "Location");
	if (e == OK && (url.len == 0 || url.len >= FETCH_URL_MAX))
		e = acme_fail(problem, ERR_SYNTAX, "the CA gave the order no URL");
	if (e == OK)
		e = read_order(&answer, arena_str(a, url), a, out, problem);
	acme_answer_fini(&answer);
	buf_fini(&body);
	return e;
}

enum err acme_order_new(struct acme *c, const struct acme_account *who, const char *host,
                        const char *replaces, struct arena *a, struct acme_order *out,
                        struct acme_problem *problem)
{
	struct acme_directory d = { .terms = NULL };
	enum err e = acme_look(c, a, &d, problem);

	if (e != OK)
		return e;
	if (d.renewal_info == NULL)
		replaces = NULL;
	(void)acme_fail(problem, OK, ""); /* read below also when it was not filled */
	e = order_once(c, who, d.new_order, host, replaces, a, out, problem);
	/* RFC 9773, 5: what it replaces is a courtesy; the order matters more. */
	if (e == ERR_DENIED && replaces != NULL &&
	    (problem->status == 409 || strcmp(problem->type, "malformed") == 0))
		e = order_once(c, who, d.new_order, host, NULL, a, out, problem);
	return e;
}

enum err acme_order_get(struct acme *c, const struct acme_account *who, const char *url,
                        struct arena *a, struct acme_order *out, struct acme_problem *problem)
{
	struct acme_answer answer;
	enum err e = acme_post(c, who, url, S(""), a, &answer, problem);

	if (e == OK)
		e = read_order(&answer, arena_str(a, slice_str(url)), a, out, problem);
	acme_answer_fini(&answer);
	return e;
}

enum err acme_finalize(struct acme *c, const struct acme_account *who,
                       const struct acme_order *order, struct slice csr, struct arena *a,
                       struct acme_order *out, struct acme_problem *problem)
{
	struct acme_answer answer;
	struct buf body;
	enum err e;

	buf_init(&body, PAYLOAD_MAX);
	buf_add_str(&body, "{\"csr\":\"");
	enc_base64url(csr, &body);
	buf_add_str(&body, "\"}");
	e = acme_post(c, who, order->finalize, buf_slice(&body), a, &answer, problem);
	if (e == OK)
		e = read_order(&answer, order->url, a, out, problem);
	acme_answer_fini(&answer);
	buf_fini(&body);
	return e;
}

static void read_challenge(const json_t *object, struct arena *a, struct acme_authorization *out)
{
	struct acme_challenge c = {
		.type = text_of(object, "type", a),
		.url = text_of(object, "url", a),
		.token = arena_copy(a, json_slice(json_member(object, "token"))),
		.status = status_of(object),
	};

	/* The token becomes a part of a path: RFC 8555, 8.1 says which characters it may have. */
	if (c.type == NULL || c.url == NULL || !jose_is_base64url(c.token))
		return;
	read_error(object, a, &c.error);
	out->challenges[out->challenge_count++] = c;
}

enum err acme_authorization_get(struct acme *c, const struct acme_account *who, const char *url,
                                struct arena *a, struct acme_authorization *out,
                                struct acme_problem *problem)
{
	struct acme_authorization z = { 0 };
	struct acme_answer answer;
	enum err e = acme_post(c, who, url, S(""), a, &answer, problem);

	if (e == OK) {
		const json_t *list = json_member(answer.body, "challenges");
		z.status = status_of(answer.body);
		z.retry_after = retry_of(&answer);
		for (size_t i = 0; i < json_array_size(list) && i < ACME_CHALLENGES_MAX; i++)
			read_challenge(json_array_get(list, i), a, &z);
		if (z.status == ACME_UNKNOWN)
			e = acme_fail(problem, ERR_SYNTAX, "the CA's authorization makes no sense");
	}
	acme_answer_fini(&answer);
	if (e == OK)
		*out = z;
	return e;
}

enum err acme_challenge_ready(struct acme *c, const struct acme_account *who, const char *url,
                              struct arena *a, struct acme_problem *problem)
{
	struct acme_answer answer;
	enum err e = acme_post(c, who, url, S("{}"), a, &answer, problem);

	acme_answer_fini(&answer);
	return e;
}

enum err acme_download(struct acme *c, const struct acme_account *who, const char *url,
                       struct arena *a, struct slice *pem_out, struct acme_problem *problem)
{
	struct acme_answer answer;
	enum err e = acme_post(c, who, url, S(""), a, &answer, problem);

	if (e == OK &&
	    !slice_starts_i(slice_str(answer.fetched.type), S("application/pem-certificate-chain")))
		e = acme_fail(problem, ERR_SYNTAX, "the CA sent something else than a chain");
	if (e == OK)
		*pem_out = arena_copy(a, buf_slice(&answer.fetched.body));
	acme_answer_fini(&answer);
	return e;
}

static enum err read_window(const struct acme_answer *answer, struct arena *a,
                            struct acme_window *out)
{
	const json_t *window = json_member(answer->body, "suggestedWindow");
	struct acme_window w = { .retry_after = retry_of(answer) };
	bool zoned;

	if (utc_parse(json_slice(json_member(window, "start")), &w.start, &zoned) != OK ||
	    utc_parse(json_slice(json_member(window, "end")), &w.end, &zoned) != OK ||
	    w.end <= w.start)
		return ERR_SYNTAX;
	w.explanation = text_of(answer->body, "explanationURL", a);
	if (w.explanation != NULL && !slice_starts(slice_str(w.explanation), S("https://")))
		w.explanation = NULL;
	*out = w;
	return OK;
}

enum err acme_renewal(struct acme *c, const char *id, struct arena *a, struct acme_window *out,
                      struct acme_problem *problem)
{
	struct acme_directory d = { .terms = NULL };
	struct acme_answer answer;
	enum err e = acme_look(c, a, &d, problem);

	if (e != OK)
		return e;
	if (d.renewal_info == NULL)
		return acme_fail(problem, ERR_NOTFOUND, "the CA offers no renewal information");
	size_t n = strlen(d.renewal_info);
	const char *slash = n > 0 && d.renewal_info[n - 1] == '/' ? "" : "/";
	e = acme_ask(c, arena_printf(a, "%s%s%s", d.renewal_info, slash, id), false, a, &answer,
	             problem);
	if (e == OK && read_window(&answer, a, out) != OK)
		e = acme_fail(problem, ERR_SYNTAX, "the CA's renewal window makes no sense");
	acme_answer_fini(&answer);
	return e;
}
