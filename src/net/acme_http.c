/* Requests to a CA: addresses, nonces, signatures, problem documents. */
#include "net/acme_internal.h"

#include <curl/curl.h>

#include "base/num.h"
#include "net/addresses.h"
#include "net/clock.h"
#include "wire/jose.h"
#include "wire/json.h"

#define TIMEOUT_MS 30000u
#define RESOLVE_MS 5000u
#define DOWN_MS 5000
#define NONCE_TRIES 12
#define REQUEST_MAX 65536u
#define SUBPROBLEMS_MAX 4u

static const char type_prefix[] = "urn:ietf:params:acme:error:";

struct acme *acme_new(const struct acme_conf *conf)
{
	struct acme *c = mem_alloc(sizeof(*c));

	c->conf = *conf;
	c->directory_arena = arena_new();
	(void)pthread_mutex_init(&c->lock, NULL); /* cannot fail with these arguments */
	return c;
}

void acme_free(struct acme *c)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_destroy(&c->lock); /* nobody calls any more */
	arena_free(c->directory_arena);
	mem_free(c);
}

void acme_answer_fini(struct acme_answer *answer)
{
	fetch_answer_fini(&answer->fetched);
	json_decref(answer->body);
	answer->body = NULL;
}

enum err acme_fail(struct acme_problem *p, enum err e, const char *words)
{
	*p = (struct acme_problem){ .type = "", .words = words };
	return e;
}

int64_t acme_retry_after(struct slice value, int64_t now)
{
	uint64_t seconds = 0;
	char text[64] = "";

	if (value.len == 0 || value.len >= sizeof(text))
		return 0;
	if (num_parse_u64(value, ACME_RETRY_MAX, &seconds) == OK)
		return (int64_t)seconds;
	memcpy(text, value.p, value.len);
	time_t at = curl_getdate(text, NULL);
	return at == -1 || at <= now               ? 0
	       : at - now > (time_t)ACME_RETRY_MAX ? ACME_RETRY_MAX
	                                           : (int64_t)(at - now);
}

/* Printable and cut, as it goes into logs, tables and pages. */
static const char *clean(struct arena *a, struct slice s)
{
	char *copy = arena_str(a, slice_head(s, ACME_TEXT_MAX));

	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = ' ';
	return copy;
}

static const char *add_subproblems(const json_t *list, const char *words, struct arena *a)
{
	for (size_t i = 0; i < json_array_size(list) && i < SUBPROBLEMS_MAX; i++) {
		const json_t *one = json_array_get(list, i);
		struct slice detail = json_slice(json_member(one, "detail"));
		struct slice host =
		        json_slice(json_member(json_member(one, "identifier"), "value"));
		if (detail.len > 0)
			words = arena_printf(a, "%s; %s%s%s", words, clean(a, host),
			                     host.len > 0 ? ": " : "", clean(a, detail));
	}
	return words;
}

void acme_problem_read(const json_t *object, long status, struct arena *a, struct acme_problem *out)
{
	struct slice type = json_slice(json_member(object, "type"));
	struct slice detail = json_slice(json_member(object, "detail"));
	struct slice prefix = slice_of(type_prefix, sizeof(type_prefix) - 1);

	*out = (struct acme_problem){ .status = status };
	if (slice_starts(type, prefix))
		type = slice_skip(type, prefix.len);
	out->type = clean(a, type);
	out->words = detail.len > 0 ? clean(a, detail)
	             : type.len > 0
	                     ? arena_printf(a, "the CA refused it: %s", out->type)
	                     : arena_printf(a, "the CA answered %ld without saying why", status);
	out->words = add_subproblems(json_member(object, "subproblems"), out->words, a);
}

static enum err find_addresses(struct acme *c, const struct fetch_url *url, struct arena *a,
                               struct fetch_request *q)
{
	struct dial_addr found[FETCH_ADDRESSES_MAX];
	size_t count = 0;
	enum err e = addresses_find(c->conf.resolver, a, url->host, (uint16_t)url->port, RESOLVE_MS,
	                            found, FETCH_ADDRESSES_MAX, &count);

	if (e == OK)
		fetch_to(q, found, count);
	return e;
}

static bool is_down(struct acme *c, const char **why)
{
	(void)pthread_mutex_lock(&c->lock); /* fails for misuse only */
	bool down = clock_mono_ms() < c->down_until_ms;
	*why = c->down_why;
	(void)pthread_mutex_unlock(&c->lock);
	return down;
}

/* A CA that is not there costs each name a moment, not a time-out. */
static void note_down(struct acme *c, const char *why)
{
	(void)pthread_mutex_lock(&c->lock); /* as above */
	c->down_until_ms = clock_mono_ms() + DOWN_MS;
	c->down_why = why;
	(void)pthread_mutex_unlock(&c->lock);
}

/* Nonces are checked before they are used anywhere (RFC 8555, 6.5.1). */
static void keep_nonce(struct acme *c, const struct fetch_answer *answer)
{
	struct slice nonce = fetch_header(answer, "Replay-Nonce");

	if (!jose_is_base64url(nonce) || nonce.len >= ACME_NONCE_SIZE)
		return;
	(void)pthread_mutex_lock(&c->lock); /* as above */
	if (c->nonce_count < ACME_NONCES_MAX) {
		char *at = c->nonces[c->nonce_count++];
		memcpy(at, nonce.p, nonce.len);
		at[nonce.len] = '\0';
	}
	(void)pthread_mutex_unlock(&c->lock);
}

/* The newest first: the others may have grown too old. */
static bool take_nonce(struct acme *c, char out[ACME_NONCE_SIZE])
{
	(void)pthread_mutex_lock(&c->lock); /* as above */
	bool have = c->nonce_count > 0;
	if (have)
		memcpy(out, c->nonces[--c->nonce_count], ACME_NONCE_SIZE);
	(void)pthread_mutex_unlock(&c->lock);
	return have;
}

static void read_body(struct acme_answer *out)
{
	bool json = slice_starts_i(slice_str(out->fetched.type), S("application/json")) ||
	            slice_starts_i(slice_str(out->fetched.type), S("application/problem+json"));

	if (json && json_read(buf_slice(&out->fetched.body), &json_limits_small, &out->body, NULL,
	                      NULL) != OK)
		out->body = NULL;
}

static bool is_patience(const struct acme_problem *p)
{
	return p->status >= 500 || p->status == 429 || strcmp(p->type, "rateLimited") == 0 ||
	       strcmp(p->type, "badNonce") == 0 || strcmp(p->type, "serverInternal") == 0;
}

/* One request; the answer's status decides the result. */
static enum err exchange(struct acme *c, const char *url, struct fetch_request *q, struct arena *a,
                         struct acme_answer *out, struct acme_problem *problem)
{
	struct fetch_url *to = arena_alloc(a, sizeof(*to));
	struct diag diag = { .why = "" };
	const char *down = NULL;
	enum err e;

	*out = (struct acme_answer){ 0 };
	if (is_down(c, &down))
		return acme_fail(problem, ERR_UNAVAILABLE, down);
	if (fetch_url_parse(slice_str(url), to) != OK)
		return acme_fail(problem, ERR_SYNTAX, "the CA names a URL that is not https");
	if (find_addresses(c, to, a, q) != OK)
		return acme_fail(problem, ERR_UNAVAILABLE,
		                 arena_printf(a, "%s has no address in DNS", to->host));
	q->host = to->host;
	q->path = to->path;
	q->rules = c->conf.rules;
	q->ca_file = c->conf.ca_file;
	q->timeout_ms = TIMEOUT_MS;
	q->stop = c->conf.stop;
	e = fetch_get(q, &out->fetched, &diag);
	if (e != OK) {
		note_down(c, diag.why);
		return acme_fail(problem, ERR_UNAVAILABLE,
		                 arena_printf(a, "%s: %s", to->host, diag.why));
	}
	keep_nonce(c, &out->fetched);
	read_body(out);
	if (out->fetched.status >= 200 && out->fetched.status < 300)
		return OK;
	acme_problem_read(out->body, out->fetched.status, a, problem);
	problem->retry_after =
	        acme_retry_after(fetch_header(&out->fetched, "Retry-After"), clock_now_s());
	return is_patience(problem) ? ERR_UNAVAILABLE : ERR_DENIED;
}

/* RFC 8555, 6.1: a client says what it is, and in which language it wants to be told. */
#define COMMON_HEADERS "User-Agent: mxseal/" MXSEAL_VERSION " libcurl", "Accept-Language: en"

enum err acme_ask(struct acme *c, const char *url, bool head, struct arena *a,
                  struct acme_answer *out, struct acme_problem *problem)
{
	static const char *const headers[] = { COMMON_HEADERS, NULL };
	struct fetch_request q = { .head = head, .headers = headers };

	return exchange(c, url, &q, a, out, problem);
}

static enum err have_nonce(struct acme *c, char nonce[ACME_NONCE_SIZE], struct arena *a,
                           struct acme_problem *problem)
{
	struct acme_directory d = { .terms = NULL };
	struct acme_answer answer;
	enum err e;

	if (take_nonce(c, nonce))
		return OK;
	e = acme_look(c, a, &d, problem);
	if (e != OK)
		return e;
	e = acme_ask(c, d.new_nonce, true, a, &answer, problem);
	acme_answer_fini(&answer);
	if (e == OK && !take_nonce(c, nonce))
		return acme_fail(problem, ERR_SYNTAX, "the CA gave no nonce");
	return e;
}

static enum err post_once(struct acme *c, const struct acme_account *who, const char *url,
                          struct slice payload, struct arena *a, struct acme_answer *out,
                          struct acme_problem *problem)
{
	static const char *const headers[] = { COMMON_HEADERS,
		                               "Content-Type: application/jose+json", NULL };
	char nonce[ACME_NONCE_SIZE];
	struct fetch_request q = { .headers = headers };
	struct jose_head head = { url, nonce, who->url };
	struct buf body;
	enum err e = have_nonce(c, nonce, a, problem);

	*out = (struct acme_answer){ 0 };
	if (e != OK)
		return e;
	buf_init(&body, REQUEST_MAX);
	if (jose_sign(who->key, &head, payload, &body) != OK) {
		e = acme_fail(problem, ERR_CRYPTO, "the account key cannot sign");
	} else {
		q.post = buf_slice(&body);
		e = exchange(c, url, &q, a, out, problem);
	}
	buf_fini(&body);
	return e;
}

/* RFC 8555, 6.5: a refused nonce says nothing about the request; its answer brings a new one. */
enum err acme_post(struct acme *c, const struct acme_account *who, const char *url,
                   struct slice payload, struct arena *a, struct acme_answer *out,
                   struct acme_problem *problem)
{
	enum err e = OK;

	for (int i = 0; i < NONCE_TRIES; i++) {
		e = post_once(c, who, url, payload, a, out, problem);
		if (e == OK || strcmp(problem->type, "badNonce") != 0)
			break;
		if (i + 1 < NONCE_TRIES)
			acme_answer_fini(out);
	}
	return e;
}
