#include "net/fetch.h"

#include <stdio.h>

#include "base/num.h"
#include "net/curl_dial.h"
#include "net/fetch_internal.h"

struct transfer {
	const struct fetch_request *q;
	struct fetch_answer *out;
	struct curl_dial dial;
};

void fetch_setup(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows at the first fetch */
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	buf_add(&t->out->body, slice_of(bytes, size * count));
	return buf_status(&t->out->body) == OK ? size * count : 0;
}

#define SET(option, value) good = good && curl_easy_setopt(c, (option), (value)) == CURLE_OK

/* Of several answers (100 Continue) the last one's fields count. */
static size_t on_head(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	struct slice line = slice_of(bytes, size * count);

	if (slice_starts(line, S("HTTP/")))
		buf_reset(&t->out->head);
	buf_add(&t->out->head, line);
	return buf_status(&t->out->head) == OK ? line.len : 0;
}

static struct curl_slist *append_all(const char *const *lines)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; lines != NULL && lines[i] != NULL; i++) {
		struct curl_slist *longer = curl_slist_append(list, lines[i]);
		if (longer == NULL)
			break; /* out of memory: the request then lacks fields and is refused */
		list = longer;
	}
	return list;
}

/* Called about once a second; not zero ends the transfer. */
static int on_progress(void *arg, curl_off_t in, curl_off_t in_now, curl_off_t out,
                       curl_off_t out_now)
{
	const struct transfer *t = arg;

	(void)in; /* only the moment matters */
	(void)in_now;
	(void)out;
	(void)out_now;
	return t->q->stop != NULL && atomic_load(t->q->stop);
}

static bool set_method(CURL *c, const struct fetch_request *q)
{
	bool good = true;

	if (q->head)
		SET(CURLOPT_NOBODY, 1L);
	if (q->post.p != NULL) {
		SET(CURLOPT_POSTFIELDS, q->post.p);
		SET(CURLOPT_POSTFIELDSIZE, (long)q->post.len);
	}
	return good;
}

/* The lists belong to the transfer and must live until it ends. */
struct lists {
	struct curl_slist *resolve, *headers;
};

static bool prepare(CURL *c, struct transfer *t, const char *url, const struct lists *lists)
{
	const struct fetch_request *q = t->q;
	bool good = set_method(c, q);

	SET(CURLOPT_URL, url);
	SET(CURLOPT_RESOLVE, lists->resolve);
	SET(CURLOPT_HTTPHEADER, lists->headers);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CERTINFO, q->want_cert ? 1L : 0L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	SET(CURLOPT_OPENSOCKETFUNCTION, curl_dial_open);
	SET(CURLOPT_OPENSOCKETDATA, &t->dial);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_head);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, t);
	if (q->ca_file != NULL) {
		/* With a directory of roots libcurl would not keep its cache. */
		if (!q->system_roots)
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
	if (t->dial.denied)
		return diag_set(diag, ERR_DENIED, 0, "the address may not be dialled");
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return diag_set(diag, ERR_CRYPTO, 0, words);
	if (buf_status(&t->out->body) != OK || buf_status(&t->out->head) != OK)
		return diag_set(diag, ERR_LIMIT, 0, "the answer is too long");
	return diag_set(diag, ERR_UNAVAILABLE, 0, words);
}

static void note_head(CURL *c, struct fetch_answer *out)
{
	char *type = NULL;

	if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status) != CURLE_OK)
		out->status = 0;
	fetch_note_cert(c, out);
	if (curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL)
		(void)snprintf(out->type, sizeof(out->type), "%s", type); /* cut: no type we want */
}

static unsigned port_of(const struct dial_addr *a)
{
	return ntohs(a->u.sa.sa_family == AF_INET6 ? a->u.v6.sin6_port : a->u.v4.sin_port);
}

void fetch_to(struct fetch_request *q, const struct dial_addr *addresses, size_t count)
{
	q->to = addresses[0];
	q->more_count = count - 1;
	memcpy(q->more, addresses + 1, q->more_count * sizeof(*addresses));
}

static struct curl_slist *pin(const struct fetch_request *q)
{
	struct dial_addr all[FETCH_ADDRESSES_MAX];

	all[0] = q->to;
	memcpy(all + 1, q->more, q->more_count * sizeof(*all));
	return curl_dial_pin(q->host, all, q->more_count + 1);
}

enum err fetch_get(const struct fetch_request *q, struct fetch_answer *out, struct diag *diag)
{
	struct transfer t = { .q = q, .out = out, .dial = { .rules = q->rules } };
	struct lists lists = { pin(q), append_all(q->headers) };
	const char *v6 = strchr(q->host, ':');
	CURL *c = curl_easy_init();
	enum err e = ERR_UNAVAILABLE;
	struct buf url;

	*out = (struct fetch_answer){ 0 };
	buf_init(&out->body, FETCH_BODY_MAX);
	buf_init(&out->head, FETCH_HEAD_MAX);
	buf_init(&url, FETCH_URL_MAX + 512);
	buf_printf(&url, "https://%s%s%s:%u%s", v6 == NULL ? "" : "[", q->host,
	           v6 == NULL ? "" : "]", port_of(&q->to), q->path);
	if (c == NULL || lists.resolve == NULL || buf_status(&url) != OK ||
	    !prepare(c, &t, buf_str(&url), &lists)) {
		(void)diag_set(diag, e, 0, "libcurl cannot be used");
		goto done;
	}
	e = result_of(curl_easy_perform(c), &t, diag);
	note_head(c, out);
done:
	buf_fini(&url);
	curl_slist_free_all(lists.resolve);
	curl_slist_free_all(lists.headers);
	curl_easy_cleanup(c);
	return e;
}

void fetch_answer_fini(struct fetch_answer *answer)
{
	buf_fini(&answer->body);
	buf_fini(&answer->head);
}

struct slice fetch_header(const struct fetch_answer *answer, const char *name)
{
	struct slice rest = buf_slice(&answer->head), line, field, value;

	while (slice_next_line(&rest, &line))
		if (slice_cut(line, ':', &field, &value) && slice_eq_i(field, slice_str(name)))
			return slice_trim_wsp(value);
	return (struct slice){ NULL, 0 };
}

/* "host", "host:port", "[v6]:port" */
static enum err read_authority(struct slice text, struct fetch_url *u)
{
	struct slice host = text, port = { NULL, 0 };
	uint64_t n = 443;

	if (slice_find(text, '@') != SIZE_MAX)
		return ERR_SYNTAX;
	if (slice_starts(text, S("["))) {
		if (!slice_cut(slice_skip(text, 1), ']', &host, &port))
			return ERR_SYNTAX;
		if (port.len > 0 && !slice_starts(port, S(":")))
			return ERR_SYNTAX;
		port = slice_skip(port, 1);
	} else {
		(void)slice_cut(text, ':', &host, &port); /* without one the preset stays */
	}
	if (host.len == 0 || host.len >= sizeof(u->host) || !slice_is_printable(host) ||
	    (port.len > 0 && (num_parse_u64(port, 65535, &n) != OK || n == 0)))
		return ERR_SYNTAX;
	memcpy(u->host, host.p, host.len);
	u->host[host.len] = '\0';
	u->port = (unsigned)n;
	return OK;
}

enum err fetch_url_parse(struct slice url, struct fetch_url *out)
{
	static const struct slice scheme = SLICE_INIT("https://");
	struct fetch_url u = { .port = 0 };
	struct slice rest, path = SLICE_INIT("/");
	size_t slash;
	enum err e;

	if (url.len >= FETCH_URL_MAX)
		return ERR_LIMIT;
	if (!slice_starts_i(url, scheme) || !slice_is_printable(url) ||
	    slice_find(url, ' ') != SIZE_MAX || slice_find(url, '#') != SIZE_MAX)
		return ERR_SYNTAX;
	rest = slice_skip(url, scheme.len);
	slash = slice_find(rest, '/');
	if (slash != SIZE_MAX)
		path = slice_skip(rest, slash);
	e = read_authority(slice_head(rest, slash), &u);
	if (e != OK)
		return e;
	memcpy(u.path, path.p, path.len);
	*out = u;
	return OK;
}
