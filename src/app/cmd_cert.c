/* cert list | import | renew */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/client_body.h"
#include "app/commands.h"
#include "app/progress.h"
#include "base/buf.h"

#define FILE_MAX (1u << 20)  /* one PEM file */
#define BATCH_MAX (4u << 20) /* of one request; NAME.key travels with NAME.crt */
#define DEPTH_MAX 16u

#define NAME_PEM "name PEM files, or directories of them, that this user may read"

static int run_list(const struct cli *cli)
{
	json_t *answer = NULL;
	int code = client_list(cli, "/api/v1/certs", &answer);

	if (code != EXIT_GOOD)
		return code;
	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	const json_t *items = json_object_get(answer, "items");
	(void)fprintf(cli->out, "%-40s %-21s %-28s %s\n", "NAME", "NOT AFTER", "ISSUER", "STATE");
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *c = json_array_get(items, i);

		const char *order = client_str(json_object_get(c, "order"), "summary", "");
		const json_t *seen = json_object_get(json_object_get(c, "outside"), "finding");

		if (seen != NULL)
			order = client_str(seen, "detail", "");

		cli_print_safe(cli->out,
		               arena_printf(cli->arena, "%-40s %-21s %-28.28s %s%s%s\n",
		                            client_str(c, "name", "-"),
		                            client_time(cli, json_object_get(c, "not_after")),
		                            client_str(c, "issuer", "-"),
		                            client_str(c, "state", "-"),
		                            order[0] == '\0' ? "" : ": ", order));
	}
	json_decref(answer);
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_cert_list = {
	.name = "cert",
	.sub = "list",
	.group = GROUP_SERVICE,
	.common = COMMON_READER,
	.summary = "list the certificates in use and the names without one",
	.details =
	        "Behind the state stands when the certificate is renewed, or why it is not there "
	        "yet, in\n"
	        "the words of the certificate authority, and when that is tried again. not-ours:\n"
	        "a web server in front, or elsewhere, ends TLS; behind it stands what is seen of\n"
	        "that host from outside. other-master-key: its private key was sealed under "
	        "another\n"
	        "master key, so that it is not served.",
	.examples = "mxseal cert list\n",
	.run = run_list,
};

struct batch {
	const struct cli *cli;
	json_t *files;
	size_t bytes;
	const char *stem; /* of the last file: its path without the ending */
	json_t *sum;      /* the answers so far, arrays joined and numbers added */
	char *text;       /* room for one file */
	size_t sent;      /* files */
	struct progress progress;
	int code;
};

static bool is_pem_name(const char *name)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer", ".key" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends_i(slice_str(name), slice_str(endings[i])))
			return true;
	return false;
}

static void join_answer(json_t *sum, json_t *answer)
{
	const char *key;
	json_t *value;

	json_object_foreach(answer, key, value)
	{
		json_t *old = json_object_get(sum, key);

		if (json_is_array(old))
			(void)json_array_extend(old, value); /* fails for lack of memory only */
		else if (json_is_true(old) && strcmp(key, "changed") == 0)
			continue;
		else if (json_is_integer(old) && strcmp(key, "seq") != 0)
			(void)json_integer_set(old,
			                       json_integer_value(old) + json_integer_value(value));
		else
			(void)json_object_set(sum, key, value); /* as above */
	}
}

/* The last one of several is a part as well. */
static void send_batch(struct batch *b, bool last)
{
	json_t *answer = NULL;

	if (b->code == EXIT_GOOD && json_array_size(b->files) > 0) {
		json_t *body = json_pack("{s:O}", "files", b->files);

		if (b->cli->dry_run)
			(void)json_object_set_new(body, "dry_run", json_true()); /* memory */
		if (!last || b->sent > 0)
			(void)json_object_set_new(body, "part", json_true()); /* memory */
		b->code = client_request(b->cli, "POST", "/api/v1/certs", body, &answer);
		json_decref(body);
	}
	if (answer != NULL)
		join_answer(b->sum, answer);
	json_decref(answer);
	b->sent += json_array_size(b->files);
	progress_show(&b->progress, "%zu files, %lld certificates ", b->sent,
	              (long long)client_int(b->sum, "certificates"));
	(void)json_array_clear(b->files); /* an array it is */
	b->bytes = 0;
}

static void add_file(struct batch *b, const char *path)
{
	const char *dot = strrchr(path, '.');
	const char *stem = arena_str(
	        b->cli->arena, slice_of(path, dot == NULL ? strlen(path) : (size_t)(dot - path)));
	FILE *f = fopen(path, "rb");
	size_t n = f == NULL ? 0 : fread(b->text, 1, FILE_MAX + 1, f);

	if (f == NULL || ferror(f) != 0 || n > FILE_MAX) {
		b->code = cli_error(b->cli, EXIT_UNKNOWN, path,
		                    n > FILE_MAX ? "is too large" : strerror(errno), NAME_PEM);
	} else {
		if (b->bytes > BATCH_MAX && (b->stem == NULL || strcmp(b->stem, stem) != 0))
			send_batch(b, false);
		/* Bytes that no PEM file has: the service says so of a file with nothing in it. */
		struct slice pem = slice_of(b->text, n);
		if (!slice_is_utf8(pem))
			pem = S("");
		json_t *file = json_pack("{s:s, s:s%}", "name", path, "pem", pem.p, pem.len);
		if (file != NULL)
			(void)json_array_append_new(b->files,
			                            file); /* fails for lack of memory only */
		b->bytes += n;
		b->stem = stem;
	}
	if (f != NULL)
		(void)fclose(f); /* only read */
	mem_wipe(b->text, FILE_MAX + 1);
}

/* A certificate that was named alone still finds NAME.key beside it. */
static void add_key_beside(struct batch *b, const char *path)
{
	const char *key = arena_printf(b->cli->arena, "%s.key", b->stem);

	if (strcmp(key, path) != 0 && access(key, R_OK) == 0)
		add_file(b, key);
}

static void add_path(struct batch *b, const char *path, bool named, unsigned depth)
{
	struct dirent **entries;
	struct stat st;

	if (b->code != EXIT_GOOD)
		return;
	if (stat(path, &st) != 0) {
		b->code = cli_error(b->cli, EXIT_UNKNOWN, path, strerror(errno), NAME_PEM);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (named || is_pem_name(path))
			add_file(b, path);
		if (named && b->code == EXIT_GOOD)
			add_key_beside(b, path);
		return;
	}
	int n = depth > DEPTH_MAX ? 0 : scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			add_path(b, arena_printf(b->cli->arena, "%s/%s", path, entries[i]->d_name),
			         false, depth + 1);
		free(entries[i]);
	}
	if (n > 0)
		free(entries);
}

static void print_notes(const struct cli *cli, const json_t *answer, const char *key,
                        const char *what)
{
	const json_t *rows = json_object_get(answer, key);

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *name = json_is_string(row)
		                           ? json_string_value(row)
		                           : client_str(row, "name", client_str(row, "file", "-"));
		const char *why = client_str(row, "message", client_str(row, "why", ""));

		cli_print_safe(cli->out, arena_printf(cli->arena, "  %s %s %s\n", what, name, why));
	}
}

/* Of many files, all of no use: the service said so of each part by itself. */
static int nothing_taken(const struct cli *cli, const json_t *sum)
{
	const json_t *first = json_array_get(json_object_get(sum, "refused"), 0);

	if (first == NULL || client_int(sum, "certificates") > 0)
		return EXIT_GOOD;
	return cli_error(cli, EXIT_FINDINGS, client_str(first, "file", "-"),
	                 client_str(first, "message", ""),
	                 "give the certificate and the key that belongs to it, both PEM");
}

static int run_import(const struct cli *cli)
{
	struct batch b = {
		.cli = cli,
		.files = json_array(),
		.sum = json_object(),
		.text = arena_alloc(cli->arena, FILE_MAX + 1),
	};

	progress_begin(&b.progress, cli);
	for (size_t i = 0; i < cli->arg_count; i++)
		add_path(&b, cli->args[i], true, 0);
	send_batch(&b, true);
	progress_clear(&b.progress);
	json_decref(b.files);
	if (b.code == EXIT_GOOD)
		b.code = nothing_taken(cli, b.sum);
	if (b.code != EXIT_GOOD) {
		json_decref(b.sum);
		return b.code;
	}
	if (!client_print_json(cli, b.sum)) {
		print_notes(cli, b.sum, "imported", "[ OK ]");
		print_notes(cli, b.sum, "warnings", "[WARN]");
		print_notes(cli, b.sum, "unused", "[ -- ]");
		json_decref(b.sum);
	}
	return cli_finish(cli, EXIT_GOOD);
}

const struct command cmd_cert_import = {
	.name = "cert",
	.sub = "import",
	.args = "PATH…",
	.args_min = 1,
	.args_max = ARGS_MANY,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "take certificates from PEM files and directories",
	.details = "Each key is looked for in the same file, or in NAME.key beside NAME.crt or "
	           "NAME.pem.\n"
	           "Certificates are assigned by subjectAltName to policy hosts, the report host "
	           "and the\n"
	           "admin host; the one in use is replaced.",
	.examples = "mxseal cert import /etc/ssl/mta-sts/\n",
	.run = run_import,
};

static int run_renew(const struct cli *cli)
{
	int code = EXIT_GOOD;

	for (size_t i = 0; code == EXIT_GOOD && i < cli->arg_count; i++) {
		json_t *answer = NULL, *body = json_pack("{s:s}", "name", cli->args[i]);

		if (body == NULL)
			return cli_usage(cli, "a name is not text");
		if (!cli->dry_run)
			code = client_request(cli, "POST", "/api/v1/certs/renew", body, &answer);
		json_decref(body);
		if (code == EXIT_GOOD && answer != NULL && !client_print_json(cli, answer)) {
			cli_print_safe(cli->out, arena_printf(cli->arena, "%s is ordered now.\n",
			                                      client_str(answer, "host", "")));
			json_decref(answer);
		}
	}
	return code == EXIT_GOOD ? cli_finish(cli, code) : code;
}

const struct command cmd_cert_renew = {
	.name = "cert",
	.sub = "renew",
	.args = "NAME…",
	.args_min = 1,
	.args_max = ARGS_MANY,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "order certificates now, whatever they wait for",
	.details =
	        "NAME is a domain, or the host itself. The certificate in use stays until the new "
	        "one is\n"
	        "there; mxseal cert list shows how it goes.",
	.examples = "mxseal cert renew example.com\n",
	.run = run_renew,
};
