#include "app/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/state.h"
#include "base/buf.h"
#include "base/utc.h"

#define REQUEST_SECONDS 180L

const char *client_state_told(const struct cli *cli)
{
	const char *env = getenv("MXSEAL_STATE");

	if (cli->state != NULL)
		return cli->state;
	return env != NULL && env[0] != '\0' ? env : NULL;
}

const char *client_state(const struct cli *cli)
{
	const char *told = client_state_told(cli);
	struct stat st;

	if (told != NULL)
		return told;
	if (stat("var/demo", &st) == 0 && st.st_uid == geteuid())
		return "var";
	return "/var/lib/mxseal";
}

static bool peer_is_trusted(int fd, const char *state)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct stat st;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() ||
	       (stat(state, &st) == 0 && peer.uid == st.st_uid);
}

static int no_service(const struct cli *cli, const char *path, int error)
{
	if (error == EACCES || error == EPERM)
		return cli_error(
		        cli, EXIT_DENIED, path, "the control socket may not be used by this user",
		        "run this as root, as the service's user, or as a member of the group "
		        "mxseal");
	return cli_error(cli, EXIT_UNKNOWN, path, "the service is not running",
	                 state_is_demo(client_state(cli), cli->arena)
	                         ? "start it with `mxseal serve --demo`, or name another one "
	                           "with --state DIR"
	                         : "sudo systemctl start mxseal (sudo mxseal doctor says why it "
	                           "stopped), or name another one with --state DIR");
}

static int stranger(const struct cli *cli, const char *path)
{
	return cli_error(cli, EXIT_DENIED, path, "the socket belongs to a stranger",
	                 "check who owns the state directory and what listens there");
}

static const char *socket_path(const struct cli *cli)
{
	return arena_printf(cli->arena, "%s/control.sock", client_state(cli));
}

static int connect_to(const struct cli *cli, const char *path, int *fd_out)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return no_service(cli, path, ENAMETOOLONG);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
		int error = errno;

		if (fd >= 0)
			(void)close(fd); /* never connected */
		return no_service(cli, path, error);
	}
	if (!peer_is_trusted(fd, client_state(cli))) {
		(void)close(fd); /* nothing was sent */
		return stranger(cli, path);
	}
	*fd_out = fd;
	return EXIT_GOOD;
}

int client_connect(const struct cli *cli, int *fd_out)
{
	return connect_to(cli, socket_path(cli), fd_out);
}

int client_connect_ingest(const struct cli *cli, int *fd_out)
{
	return connect_to(cli, arena_printf(cli->arena, "%s/ingest.sock", client_state(cli)),
	                  fd_out);
}

static size_t on_bytes(char *p, size_t size, size_t count, void *arg)
{
	struct buf *b = arg;

	buf_add(b, slice_of(p, size * count));
	return buf_status(b) == OK ? size * count : 0;
}

/* One request on its way, for libcurl's callbacks. */
struct request {
	const struct cli *cli;
	const char *socket_path;
	int fd; /* the connection; libcurl's */
	struct buf answer;
	long status;
};

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct request *r = arg;

	(void)purpose;
	r->fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	return r->fd;
}

/* Connected, and nothing is sent yet: the moment to look who answers. */
static int on_connected(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	const struct request *r = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	return peer_is_trusted(r->fd, client_state(r->cli)) ? CURL_PREREQFUNC_OK
	                                                    : CURL_PREREQFUNC_ABORT;
}

static CURLcode perform(CURL *curl, struct request *r, const char *method, const char *path,
                        const char *body)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");

	curl_easy_setopt(curl, CURLOPT_URL,
	                 arena_printf(r->cli->arena, "http://localhost%s", path));
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, r->socket_path);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, r);
	curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(curl, CURLOPT_PREREQDATA, r);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, REQUEST_SECONDS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &r->answer);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	CURLcode rc = curl_easy_perform(curl);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->status);
	curl_slist_free_all(headers);
	return rc;
}

/* Why libcurl gave up, as an exit status that was said. */
static int gave_up(const struct cli *cli, CURL *curl, const struct request *r, CURLcode rc)
{
	long error = 0;

	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return stranger(cli, r->socket_path);
	if (rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST) {
		(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error); /* 0 stays */
		return no_service(cli, r->socket_path, (int)error);
	}
	return cli_error(cli, EXIT_UNKNOWN, "control socket", curl_easy_strerror(rc),
	                 "look at the service's log, then try again");
}

/* An answer that is no success: its problem in words, and the exit status it names. */
static int problem(const struct cli *cli, long status, const json_t *answer)
{
	const char *domain = client_domain(cli), *command = cli->command->name;
	json_int_t code = client_int(answer, "exit");

	return cli_error(cli, code > 0 && code < 256 ? (int)code : EXIT_UNKNOWN,
	                 domain != NULL ? domain
	                 : cli->command->sub != NULL
	                         ? arena_printf(cli->arena, "%s %s", command, cli->command->sub)
	                         : command,
	                 client_str(answer, "detail",
	                            client_str(answer, "title",
	                                       arena_printf(cli->arena, "the service answered %ld",
	                                                    status))),
	                 client_str(answer, "fix", NULL));
}

static int judge(const struct cli *cli, const struct request *r, json_t **answer_out)
{
	struct slice bytes = buf_slice(&r->answer);
	json_t *answer = bytes.len == 0
	                         ? NULL
	                         : json_loadb(bytes.p, bytes.len, JSON_REJECT_DUPLICATES, NULL);

	if (r->status >= 200 && r->status < 300) {
		*answer_out = answer;
		return EXIT_GOOD;
	}
	int code = problem(cli, r->status, answer);
	json_decref(answer);
	return code;
}

int client_raw(const struct cli *cli, const char *path)
{
	struct request r = { .cli = cli, .socket_path = socket_path(cli), .fd = -1 };
	CURL *curl = curl_easy_init();
	json_t *none = NULL;

	if (curl == NULL)
		return cli_error(cli, EXIT_UNKNOWN, "control socket", "out of memory",
		                 "free some memory, then try again");
	buf_init(&r.answer, CLIENT_ANSWER_MAX);
	CURLcode rc = perform(curl, &r, "GET", path, NULL);
	int code = rc != CURLE_OK ? gave_up(cli, curl, &r, rc) : EXIT_GOOD;
	if (code == EXIT_GOOD && r.status == 200)
		(void)fwrite(r.answer.p, 1, r.answer.len, cli->out); /* cli_finish looks */
	else if (code == EXIT_GOOD)
		code = judge(cli, &r, &none);
	json_decref(none);
	buf_fini(&r.answer);
	curl_easy_cleanup(curl); /* closes the socket */
	return code;
}

int client_request(const struct cli *cli, const char *method, const char *path, const json_t *body,
                   json_t **answer_out)
{
	struct request r = { .cli = cli, .socket_path = socket_path(cli), .fd = -1 };
	CURL *curl = curl_easy_init();

	if (curl == NULL)
		return cli_error(cli, EXIT_UNKNOWN, "control socket", "out of memory",
		                 "free some memory, then try again");
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	buf_init(&r.answer, CLIENT_ANSWER_MAX);
	CURLcode rc = perform(curl, &r, method, path, text);
	int code = rc == CURLE_OK ? judge(cli, &r, answer_out) : gave_up(cli, curl, &r, rc);
	buf_fini(&r.answer);
	free(text);
	curl_easy_cleanup(curl); /* closes the socket */
	return code;
}

int client_get(const struct cli *cli, const char *path, json_t **answer_out)
{
	return client_request(cli, "GET", path, NULL, answer_out);
}

int client_list(const struct cli *cli, const char *path, json_t **answer_out)
{
	json_t *all = NULL; /* the first page, with what it says beside its items */
	const char *next = path;

	while (next != NULL) {
		json_t *page = NULL;
		int code = client_get(cli, next, &page);

		if (code != EXIT_GOOD) {
			json_decref(all);
			return code;
		}
		if (all == NULL)
			all = json_incref(page);
		else /* no items: nothing to add */
			(void)json_array_extend(json_object_get(all, "items"),
			                        json_object_get(page, "items"));
		const char *cursor = client_str(page, "next", NULL);
		next = cursor == NULL ? NULL
		                      : arena_printf(cli->arena, "%s%ccursor=%s", path,
		                                     strchr(path, '?') != NULL ? '&' : '?',
		                                     client_path(cli, "%s", cursor));
		json_decref(page);
	}
	(void)json_object_set_new(all, "next", json_null()); /* fails for lack of memory only */
	*answer_out = all;
	return EXIT_GOOD;
}

const char *client_path(const struct cli *cli, const char *fmt, ...)
{
	struct buf path;
	va_list ap;

	buf_init(&path, 8192);
	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		if (fmt[0] != '%' || fmt[1] != 's') {
			buf_add_char(&path, *fmt);
			continue;
		}
		char *escaped = curl_easy_escape(NULL, va_arg(ap, const char *), 0);
		buf_add_str(&path, escaped == NULL ? "" : escaped);
		curl_free(escaped);
		fmt++;
	}
	va_end(ap);
	const char *text = arena_str(cli->arena, buf_slice(&path));
	buf_fini(&path);
	return text;
}

const char *client_domain(const struct cli *cli)
{
	const char *shown = cli->command->args;

	return shown != NULL && strncmp(shown, "DOMAIN", 6) == 0 && cli->arg_count > 0
	               ? cli->args[0]
	               : NULL;
}

static void print_line(const struct cli *cli, const json_t *value)
{
	(void)json_dumpf(value, cli->out, JSON_COMPACT); /* cli_finish looks at the stream */
	(void)fputc('\n', cli->out);
}

bool client_print_json(const struct cli *cli, json_t *answer)
{
	const json_t *items = json_object_get(answer, "items");

	if (!cli->json && !cli->jsonl)
		return false;
	if (cli->jsonl && json_is_array(items)) {
		for (size_t i = 0; i < json_array_size(items); i++)
			print_line(cli, json_array_get(items, i));
	} else if (answer != NULL) {
		print_line(cli, answer);
	}
	json_decref(answer);
	return true;
}

const char *client_str(const json_t *object, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? otherwise : text;
}

json_int_t client_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *client_time(const struct cli *cli, const json_t *value)
{
	char *text = arena_alloc(cli->arena, UTC_TEXT_SIZE + 8);
	int64_t t;
	bool zoned;

	if (json_is_integer(value))
		t = json_integer_value(value);
	else if (!json_is_string(value) ||
	         utc_parse(slice_str(json_string_value(value)), &t, &zoned) != OK)
		return "-";
	struct utc_date d = utc_civil(t);
	(void)snprintf(text, UTC_TEXT_SIZE + 8, "%04u-%02u-%02u %02u:%02u UTC",
	               (unsigned)d.year % 10000, d.month % 100, d.day % 100, d.hour % 100,
	               d.min % 100); /* fits */
	return text;
}
