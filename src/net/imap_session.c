/* The connection to an IMAP server: libcurl up to the sign-in, then one command after the other. */
#include <poll.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/clock.h"
#include "net/imap_internal.h"

#define CONNECT_MS 60000L
#define QUIET_MS 60000    /* without a byte from the server */
#define COMMAND_MS 300000 /* one command, all of it */
#define GOODBYE_MS 2000
#define WASTE_MAX 65536u
#define CHUNK_SIZE 65536u

#define SET(option, value) good = good && curl_easy_setopt(c, (option), (value)) == CURLE_OK

static size_t on_waste(char *bytes, size_t size, size_t count, void *arg)
{
	struct imap *m = arg;

	buf_add(&m->waste, slice_of(bytes, size * count));
	return buf_status(&m->waste) == OK ? size * count : 0;
}

/* Called about once a second; not zero ends the transfer. */
static int on_progress(void *arg, curl_off_t in, curl_off_t in_now, curl_off_t out,
                       curl_off_t out_now)
{
	const struct imap *m = arg;

	(void)in; /* only the moment matters */
	(void)in_now;
	(void)out;
	(void)out_now;
	return atomic_load(m->stop);
}

static bool set_secrets(CURL *c, const struct imap_conf *conf)
{
	bool good = true;

	SET(CURLOPT_USERNAME, conf->user);
	if (conf->bearer != NULL)
		SET(CURLOPT_XOAUTH2_BEARER, conf->bearer);
	else
		SET(CURLOPT_PASSWORD, conf->password);
	return good;
}

static bool set_tls(CURL *c, const struct imap_conf *conf)
{
	bool good = true;

	SET(CURLOPT_USE_SSL, (long)(conf->url->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (conf->ca_file != NULL)
		SET(CURLOPT_CAINFO, conf->ca_file);
	return good;
}

static bool prepare(struct imap *m, const struct imap_conf *conf, const char *url,
                    struct curl_slist *pinned)
{
	CURL *c = m->curl;
	bool good = set_secrets(c, conf) && set_tls(c, conf);

	SET(CURLOPT_URL, url);
	SET(CURLOPT_RESOLVE, pinned);
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "imap,imaps");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_OPENSOCKETFUNCTION, curl_dial_open);
	SET(CURLOPT_OPENSOCKETDATA, &m->dial);
	SET(CURLOPT_WRITEFUNCTION, on_waste);
	SET(CURLOPT_WRITEDATA, m);
	SET(CURLOPT_HEADERFUNCTION, on_waste);
	SET(CURLOPT_HEADERDATA, m);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, m);
	return good;
}

static enum err result_of(const struct imap *m, CURLcode code, struct diag *diag)
{
	const char *words = curl_easy_strerror(code);

	if (code == CURLE_OK)
		return OK;
	if (m->dial.denied)
		return diag_set(diag, ERR_DENIED, 0,
		                "the address may not be dialled; name it in [outgoing] allow");
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR ||
	    code == CURLE_USE_SSL_FAILED)
		return diag_set(diag, ERR_CRYPTO, 0, words);
	if (code == CURLE_LOGIN_DENIED)
		return diag_set(diag, ERR_NOTFOUND, 0, "the server refuses the user or the secret");
	return diag_set(diag, ERR_UNAVAILABLE, 0, words);
}

static enum err sign_in(struct imap *m, const struct imap_conf *conf, struct diag *diag)
{
	struct curl_slist *pinned =
	        curl_dial_pin(conf->url->host, conf->addresses, conf->address_count);
	const char *v6 = strchr(conf->url->host, ':');
	char url[512];
	enum err e;

	/* A host and a port fit. */
	(void)snprintf(url, sizeof(url), "%s://%s%s%s:%u/", conf->url->tls ? "imaps" : "imap",
	               v6 == NULL ? "" : "[", conf->url->host, v6 == NULL ? "" : "]",
	               conf->url->port);
	m->curl = curl_easy_init();
	if (m->curl == NULL || pinned == NULL || !prepare(m, conf, url, pinned))
		e = diag_set(diag, ERR_UNAVAILABLE, 0, "libcurl cannot be used");
	else
		e = result_of(m, curl_easy_perform(m->curl), diag);
	curl_slist_free_all(pinned);
	return e;
}

static enum err on_capability(void *arg, const struct imap_response *r)
{
	struct imap *m = arg;

	if (r->kind != IMAP_CAPABILITY)
		return OK;
	m->can_move = imap_has_word(r->text, S("MOVE"));
	m->has_uidplus = imap_has_word(r->text, S("UIDPLUS"));
	return OK;
}

enum err imap_open(const struct imap_conf *conf, struct imap **out, struct diag *diag)
{
	struct imap *m = mem_alloc(sizeof(*m));
	enum err e;

	m->dial.rules = conf->rules;
	m->stop = conf->stop;
	m->wake = conf->wake;
	m->broken = true;
	buf_init(&m->in, ANSWER_MAX + IMAP_MESSAGE_MAX + CHUNK_SIZE);
	buf_init(&m->waste, WASTE_MAX);
	e = sign_in(m, conf, diag);
	m->broken = e != OK;
	if (e == OK && imap_command(m, "CAPABILITY", ANSWER_MAX, on_capability, m) != OK)
		e = diag_set(diag, ERR_UNAVAILABLE, 0,
		             "the server does not answer after the sign-in");
	if (e == OK)
		*out = m;
	else
		imap_close(m);
	return e;
}

void imap_close(struct imap *m)
{
	if (m == NULL)
		return;
	if (!m->broken)
		(void)!imap_command(m, "LOGOUT", ANSWER_MAX, NULL, NULL); /* only politeness */
	curl_easy_cleanup(m->curl);
	buf_fini(&m->in);
	buf_fini(&m->waste);
	mem_free(m);
}

const char *imap_said(const struct imap *m)
{
	return m->said;
}

static void note_said(struct imap *m, struct slice text)
{
	text = slice_head(text, SAID_MAX);
	for (size_t i = 0; i < text.len; i++)
		m->said[i] = text.p[i] >= 0x20 && text.p[i] < 0x7f ? text.p[i] : '?';
	m->said[text.len] = '\0';
}

/* In milliseconds; 0: the deadline is there, or somebody wants an end. */
static unsigned time_left(const struct imap *m, int64_t deadline)
{
	return atomic_load(m->stop) ? 0 : clock_left_ms(deadline);
}

/* Until the socket is ready or no time is left. */
static enum err wait_for(const struct imap *m, short events, int64_t deadline)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	unsigned left = time_left(m, deadline);

	if (left == 0 || curl_easy_getinfo(m->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
	    fd == CURL_SOCKET_BAD)
		return ERR_UNAVAILABLE;
	struct pollfd p[2] = { { .fd = fd, .events = events },
		               { .fd = m->wake, .events = POLLIN } };
	return poll(p, 2, left > QUIET_MS ? QUIET_MS : (int)left) > 0 && p[1].revents == 0
	               ? OK
	               : ERR_UNAVAILABLE;
}

static enum err send_all(struct imap *m, struct slice bytes, int64_t deadline)
{
	while (bytes.len > 0) {
		size_t n = 0;
		CURLcode code = curl_easy_send(m->curl, bytes.p, bytes.len, &n);

		if (code == CURLE_AGAIN && wait_for(m, POLLOUT, deadline) == OK)
			continue;
		if (code != CURLE_OK)
			return ERR_UNAVAILABLE;
		bytes = slice_skip(bytes, n);
	}
	return OK;
}

/*
 * What TLS has decrypted already shows in no poll: receive first, then wait.  A server that never
 * makes us wait has no more time than another.
 */
static enum err receive(struct imap *m, int64_t deadline)
{
	char chunk[CHUNK_SIZE];

	while (time_left(m, deadline) > 0) {
		size_t n = 0;
		CURLcode code = curl_easy_recv(m->curl, chunk, sizeof(chunk), &n);

		if (code == CURLE_AGAIN) {
			if (wait_for(m, POLLIN, deadline) != OK)
				return ERR_UNAVAILABLE;
			continue;
		}
		if (code != CURLE_OK || n == 0)
			return ERR_UNAVAILABLE;
		buf_add(&m->in, slice_of(chunk, n));
		return buf_status(&m->in);
	}
	return ERR_UNAVAILABLE;
}

/* One whole response at the front of m->in. */
static enum err next_response(struct imap *m, size_t max, int64_t deadline, size_t *len_out)
{
	struct imap_frame frame = { 0 };
	enum err e;

	while ((e = imap_frame_step(&frame, buf_slice(&m->in), max, len_out)) == ERR_AGAIN) {
		e = receive(m, deadline);
		if (e != OK)
			return e;
	}
	return e;
}

static enum err take_responses(struct imap *m, size_t max, int64_t deadline, imap_untagged_fn fn,
                               void *arg)
{
	for (;;) {
		struct imap_response r = { .kind = IMAP_OTHER };
		size_t len = 0;
		enum err e = next_response(m, max, deadline, &len);

		if (e == OK)
			e = imap_response_parse(slice_head(buf_slice(&m->in), len),
			                        slice_str(m->tag_text), &r);
		if (e != OK)
			return e;
		if (r.kind == IMAP_NO || r.kind == IMAP_BAD || r.kind == IMAP_BYE)
			note_said(m, r.text);
		else if (r.kind != IMAP_OK && fn != NULL)
			e = fn(arg, &r);
		buf_consume(&m->in, len);
		if (e != OK || r.kind == IMAP_OK)
			return e;
		if (r.kind == IMAP_NO || r.kind == IMAP_BAD)
			return ERR_DENIED;
		if (r.kind == IMAP_GO_ON)
			return ERR_SYNTAX; /* no command of ours has a second part */
	}
}

enum err imap_command(struct imap *m, const char *command, size_t max, imap_untagged_fn fn,
                      void *arg)
{
	bool goodbye = strcmp(command, "LOGOUT") == 0;
	int64_t deadline = clock_mono_ms() + (goodbye ? GOODBYE_MS : COMMAND_MS);
	struct buf line;
	enum err e;

	if (m->broken)
		return ERR_UNAVAILABLE;
	m->said[0] = '\0';
	(void)snprintf(m->tag_text, sizeof(m->tag_text), "m%u", m->tag++ % 100000000); /* fits */
	buf_init(&line, COMMAND_MAX);
	buf_printf(&line, "%s %s\r\n", m->tag_text, command);
	e = buf_status(&line);
	if (e == OK)
		e = send_all(m, buf_slice(&line), deadline);
	if (e == OK)
		e = take_responses(m, max, deadline, fn, arg);
	buf_fini(&line);
	m->broken = e != OK && e != ERR_DENIED;
	return e;
}
