#include "net/local.h"

#include <curl/curl.h>

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct buf *out = arg;

	buf_add(out, slice_of(bytes, size * count));
	return buf_status(out) == OK ? size * count : 0;
}

/* Called about once a second; not zero ends the transfer. */
static int on_progress(void *arg, curl_off_t in, curl_off_t in_now, curl_off_t out,
                       curl_off_t out_now)
{
	const struct local_request *q = arg;

	(void)in; /* only the moment matters */
	(void)in_now;
	(void)out;
	(void)out_now;
	return q->stop != NULL && atomic_load(q->stop);
}

#define SET(option, value) good = good && curl_easy_setopt(c, (option), (value)) == CURLE_OK

static bool prepare(CURL *c, const struct local_request *q, const char *url, struct buf *out)
{
	bool good = true;

	SET(CURLOPT_URL, url);
	SET(CURLOPT_UNIX_SOCKET_PATH, q->socket_path);
	SET(CURLOPT_PROTOCOLS_STR, "http");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_POSTFIELDS, "");
	SET(CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, out);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, q);
	return good;
}

enum err local_post(const struct local_request *q, long *status_out, struct buf *out)
{
	CURL *c = curl_easy_init();
	struct buf url;
	long status = 0;
	bool good;

	buf_init(&url, 4096);
	buf_printf(&url, "http://localhost%s", q->path);
	good = c != NULL && buf_status(&url) == OK && prepare(c, q, buf_str(&url), out) &&
	       curl_easy_perform(c) == CURLE_OK &&
	       curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK;
	curl_easy_cleanup(c);
	buf_fini(&url);
	if (!good)
		return ERR_UNAVAILABLE;
	*status_out = status;
	return OK;
}
