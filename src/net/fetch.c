#include "net/fetch.h"

#include <curl/curl.h>
#include <stdio.h>

struct transfer {
	const struct fetch_request *q;
	struct fetch_answer *out;
	bool denied;
};

void fetch_setup(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows at the first fetch */
}

/* The check is on the address that is about to be connected to, not on one looked up before. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	struct dial_addr addr = { .len = to->addrlen };

	(void)purpose;
	if (to->addrlen > sizeof(addr.u))
		return CURL_SOCKET_BAD;
	memcpy(&addr.u, &to->addr, to->addrlen);
	if (dial_check(t->q->rules, &addr, NULL) != OK) {
		t->denied = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	buf_add(&t->out->body, slice_of(bytes, size * count));
	return buf_status(&t->out->body) == OK ? size * count : 0;
}

#define SET(option, value) good = good && curl_easy_setopt(c, (option), (value)) == CURLE_OK

static bool prepare(CURL *c, struct transfer *t, const char *url, struct curl_slist *resolve)
{
	const struct fetch_request *q = t->q;
	bool good = true;

	SET(CURLOPT_URL, url);
	SET(CURLOPT_RESOLVE, resolve);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	if (q->ca_file != NULL) {
		/* With a directory of roots libcurl would not keep its cache. */
		SET(CURLOPT_CAPATH, NULL);
		SET(CURLOPT_CAINFO, q->ca_file);
	}
	return good;
}

static enum err result_of(CURLcode code, const struct transfer *t, struct diag *diag)
{
	const char *words = curl_easy_strerror(code);

	if (code == CURLE_OK)
		return OK;
	if (t->denied)
		return diag_set(diag, ERR_DENIED, 0, "the address may not be dialled");
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return diag_set(diag, ERR_CRYPTO, 0, words);
	if (buf_status(&t->out->body) != OK)
		return diag_set(diag, ERR_LIMIT, 0, "the answer is too long");
	return diag_set(diag, ERR_UNAVAILABLE, 0, words);
}

static void note_head(CURL *c, struct fetch_answer *out)
{
	char *type = NULL;

	if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status) != CURLE_OK)
		out->status = 0;
	if (curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL)
		(void)snprintf(out->type, sizeof(out->type), "%s", type); /* cut: no type we want */
}

enum err fetch_get(const struct fetch_request *q, struct fetch_answer *out, struct diag *diag)
{
	struct transfer t = { .q = q, .out = out };
	char addr[DIAL_TEXT_SIZE], url[1024], pin[512];
	bool v6 = q->to.u.sa.sa_family == AF_INET6;
	unsigned port = ntohs(v6 ? q->to.u.v6.sin6_port : q->to.u.v4.sin_port);
	struct curl_slist *resolve;
	CURL *c = curl_easy_init();
	enum err e = ERR_UNAVAILABLE;

	*out = (struct fetch_answer){ 0 };
	buf_init(&out->body, FETCH_BODY_MAX);
	(void)dial_addr_format(&q->to, true, addr);
	/* Host names are at most 253 bytes and paths our own constants. */
	(void)snprintf(url, sizeof(url), "https://%s:%u%s", q->host, port, q->path);
	(void)snprintf(pin, sizeof(pin), "%s:%u:%s%s%s", q->host, port, v6 ? "[" : "", addr,
	               v6 ? "]" : "");
	resolve = curl_slist_append(NULL, pin);
	if (c == NULL || resolve == NULL || !prepare(c, &t, url, resolve)) {
		(void)diag_set(diag, e, 0, "libcurl cannot be used");
		goto done;
	}
	e = result_of(curl_easy_perform(c), &t, diag);
	note_head(c, out);
done:
	curl_slist_free_all(resolve);
	curl_easy_cleanup(c);
	return e;
}
