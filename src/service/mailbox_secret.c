#include "service/mailbox_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/addresses.h"
#include "net/clock.h"
#include "net/fetch.h"
#include "net/local.h"
#include "wire/json.h"

#define RESOLVE_MS 5000u
#define TOKEN_MS 30000u
#define COMMAND_MS 40000u
#define EARLY_MS 60000 /* a token is renewed so long before it ends */
#define PRESET_S 600   /* a token that does not say how long it is good */
#define FORM_MAX (2 * IMAP_SECRET_MAX)

static enum err fail(char why[SECRET_WHY_SIZE], const char *what, const char *words)
{
	int n = snprintf(why, SECRET_WHY_SIZE, "%s: %s", what, words);

	for (int i = 0; i < n && i < (int)SECRET_WHY_SIZE - 1; i++)
		if (why[i] < 0x20 || why[i] > 0x7e)
			why[i] = '?';
	return ERR_UNAVAILABLE;
}

/* The first line of a file that others may not read. */
static enum err read_secret(const char *path, char out[IMAP_SECRET_MAX + 1],
                            char why[SECRET_WHY_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct slice text, line;
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return fail(why, path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07) == 0)
		n = read(fd, out, IMAP_SECRET_MAX);
	else
		errno = EPERM;
	(void)close(fd); /* only read */
	if (n < 0)
		return fail(why, path,
		            errno == EPERM ? "must be a file that others may not read"
		                           : strerror(errno));
	text = slice_of(out, (size_t)n);
	if (!slice_next_line(&text, &line) || line.len == 0)
		return fail(why, path, "is empty");
	out[line.len] = '\0';
	return OK;
}

/* "&name=value" as a form has it. */
static void add_field(struct buf *b, const char *name, const char *value)
{
	static const char plain[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	buf_printf(b, "%s%s=", b->len > 0 ? "&" : "", name);
	for (; *value != '\0'; value++) {
		if (strchr(plain, *value) != NULL)
			buf_add_char(b, *value);
		else
			buf_printf(b, "%%%02X", (unsigned char)*value);
	}
}

/* RFC 6749, 4.4.2 */
static enum err make_form(const struct mailbox_conf *conf, struct buf *out,
                          char why[SECRET_WHY_SIZE])
{
	char *secret = mem_alloc(IMAP_SECRET_MAX + 1);
	enum err e = read_secret(conf->secret_file, secret, why);

	if (e == OK) {
		add_field(out, "grant_type", "client_credentials");
		add_field(out, "client_id", conf->client_id);
		add_field(out, "client_secret", secret);
		if (conf->scope[0] != '\0')
			add_field(out, "scope", conf->scope);
		if (buf_status(out) != OK)
			e = fail(why, conf->secret_file, "is too long");
	}
	mem_wipe(secret, IMAP_SECRET_MAX);
	mem_free(secret);
	return e;
}

/* Keeps a token with its time; it was checked. */
static void keep_token(struct mailbox_secret *s, struct slice token, int64_t lasts_s)
{
	memcpy(s->text, token.p, token.len);
	s->text[token.len] = '\0';
	s->until_ms = clock_mono_ms() - EARLY_MS + 1000 * lasts_s;
}

/* RFC 6749, 5.1 and 5.2 */
static enum err read_token(const struct fetch_answer *answer, const char *host,
                           struct mailbox_secret *s, char why[SECRET_WHY_SIZE])
{
	json_t *root = NULL;
	struct slice token, error;
	enum err e = ERR_UNAVAILABLE;

	if (json_read(buf_slice(&answer->body), &json_limits_small, &root, NULL, NULL) != OK)
		return fail(why, host, "the token endpoint does not answer in JSON");
	token = json_slice(json_member(root, "access_token"));
	error = json_slice(json_member(root, "error"));
	if (answer->status == 200 && token.len > 0 && token.len <= IMAP_SECRET_MAX) {
		json_int_t lasts = json_integer_value(json_member(root, "expires_in"));

		keep_token(s, token, lasts > 0 && lasts < 86400 ? (int64_t)lasts : PRESET_S);
		e = OK;
	} else {
		char words[96];

		(void)snprintf(words, sizeof(words), "the token endpoint refuses: %.*s",
		               SLICE_ARGS(slice_head(error, 60))); /* cut is fine */
		e = fail(why, host, words);
	}
	json_decref(root);
	return e;
}

static enum err post_form(const struct mailbox_conf *conf, const struct fetch_url *url,
                          struct slice form, const atomic_bool *stop, struct mailbox_secret *s,
                          char why[SECRET_WHY_SIZE])
{
	static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
		                               "Accept: application/json", NULL };
	struct fetch_request q = { .host = url->host,
		                   .path = url->path,
		                   .rules = conf->rules,
		                   .ca_file = conf->ca_file[0] == '\0' ? NULL : conf->ca_file,
		                   .system_roots = true,
		                   .timeout_ms = TOKEN_MS,
		                   .post = form,
		                   .headers = headers,
		                   .stop = stop };
	struct dial_addr found[FETCH_ADDRESSES_MAX];
	struct arena *a = arena_new();
	struct fetch_answer answer = { 0 };
	struct diag diag = { .why = "" };
	size_t count = 0;
	enum err e = addresses_find(conf->resolver, a, url->host, (uint16_t)url->port, RESOLVE_MS,
	                            found, FETCH_ADDRESSES_MAX, &count);

	arena_free(a);
	if (e != OK)
		return fail(why, url->host, "has no address in DNS");
	fetch_to(&q, found, count);
	e = fetch_get(&q, &answer, &diag) == OK ? read_token(&answer, url->host, s, why)
	                                        : fail(why, url->host, diag.why);
	if (answer.body.p != NULL)
		mem_wipe(answer.body.p, answer.body.len);
	fetch_answer_fini(&answer);
	return e;
}

static enum err ask_token(const struct mailbox_conf *conf, const atomic_bool *stop,
                          struct mailbox_secret *s, char why[SECRET_WHY_SIZE])
{
	struct fetch_url *url = mem_alloc(sizeof(*url));
	struct buf form;
	enum err e;

	buf_init(&form, FORM_MAX);
	if (fetch_url_parse(slice_str(conf->token_url), url) != OK)
		e = fail(why, conf->token_url, "is no https URL");
	else
		e = make_form(conf, &form, why);
	if (e == OK)
		e = post_form(conf, url, buf_slice(&form), stop, s, why);
	if (form.p != NULL)
		mem_wipe(form.p, form.len);
	buf_fini(&form);
	mem_free(url);
	return e;
}

/* Desk starts the command: intake starts no programs. */
static enum err ask_command(const struct mailbox_conf *conf, const atomic_bool *stop,
                            struct mailbox_secret *s, char why[SECRET_WHY_SIZE])
{
	char path[128];
	struct local_request q = { .socket_path = conf->control_socket,
		                   .path = path,
		                   .timeout_ms = COMMAND_MS,
		                   .stop = stop };
	struct slice token, detail;
	json_t *root = NULL;
	struct buf body;
	long status = 0;
	enum err e;

	/* The name of a section fits. */
	(void)snprintf(path, sizeof(path), "/api/v1/reports/ways/%s/token", conf->name);
	buf_init(&body, FORM_MAX);
	e = local_post(&q, &status, &body);
	if (e == OK)
		e = json_read(buf_slice(&body), &json_limits_small, &root, NULL, NULL);
	token = json_slice(json_member(root, "token"));
	detail = json_slice(json_member(root, "detail"));
	if (e == OK && status == 200 && token.len > 0 && token.len <= IMAP_SECRET_MAX) {
		keep_token(s, token, PRESET_S);
	} else {
		char words[SECRET_WHY_SIZE];

		(void)snprintf(words, sizeof(words), "%.*s",
		               SLICE_ARGS(slice_head(detail, SECRET_WHY_SIZE - 1))); /* fits */
		e = fail(why, "token_command", words[0] == '\0' ? "is not answered" : words);
	}
	json_decref(root);
	if (body.p != NULL)
		mem_wipe(body.p, body.len);
	buf_fini(&body);
	return e;
}

enum err mailbox_secret(const struct mailbox_conf *conf, const atomic_bool *stop,
                        struct mailbox_secret *s, char why[SECRET_WHY_SIZE])
{
	if (s->until_ms > clock_mono_ms())
		return OK;
	mailbox_secret_forget(s);
	s->bearer = conf->password_file[0] == '\0';
	if (!s->bearer)
		return read_secret(conf->password_file, s->text, why);
	return conf->token_url[0] != '\0' ? ask_token(conf, stop, s, why)
	                                  : ask_command(conf, stop, s, why);
}

void mailbox_secret_forget(struct mailbox_secret *s)
{
	mem_wipe(s->text, sizeof(s->text));
	s->until_ms = 0;
}
