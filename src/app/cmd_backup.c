/* backup: a folder with everything but the master key, made while the service runs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/backup_files.h"
#include "app/client.h"
#include "app/commands.h"
#include "app/progress.h"
#include "base/utc.h"
#include "net/clock.h"
#include "service/backup.h"

struct backup {
	const struct cli *cli;
	const char *state, *draft; /* the folder under its first name */
	struct backup_manifest manifest;
	uint64_t bytes;
	struct progress progress;
	int making; /* held locked, by which the service knows that somebody is at work */
};

#define MB 1000000
#define STALLED_MS 120000

static int failed(const struct cli *cli, const char *what, const char *why)
{
	return cli_error(cli, EXIT_UNKNOWN, what, why,
	                 "run it as root or as the service's user, and look for free space (`df`)");
}

static void on_piece(void *arg, size_t bytes)
{
	struct backup *b = arg;

	b->bytes += bytes;
	progress_show(&b->progress, "%llu MB taken along", (unsigned long long)b->bytes / MB);
}

static const struct backup_watch *watch_of(struct backup *b, struct backup_watch *w)
{
	*w = (struct backup_watch){ on_piece, b };
	return w;
}

static int take(struct backup *b, const char *from, const char *name)
{
	struct backup_watch w;
	struct arena *a = b->cli->arena;
	struct backup_file *f = &b->manifest.files[b->manifest.count];

	if (b->manifest.count == BACKUP_FILES_MAX)
		return failed(b->cli, from, "too many files");
	f->name = name;
	if (backup_copy(arena_printf(a, "%s/%s", b->state, from),
	                arena_printf(a, "%s/%s", b->draft, name), watch_of(b, &w), f) != OK)
		return failed(b->cli, from, strerror(errno));
	b->manifest.count++;
	return EXIT_GOOD;
}

static int take_archive(struct backup *b)
{
	struct arena *a = b->cli->arena;
	const char *path = arena_printf(a, "%s/archive", b->state);
	DIR *d = opendir(path);
	const struct dirent *entry;
	int code = EXIT_GOOD;

	if (d == NULL)
		return failed(b->cli, path, strerror(errno));
	while (code == EXIT_GOOD && (entry = readdir(d)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot == NULL || strcmp(dot, ".seg") != 0)
			continue;
		const char *name = arena_printf(a, "archive/%s", entry->d_name);
		code = take(b, name, name);
	}
	(void)closedir(d); /* only read from */
	return code;
}

/* Until this descriptor is closed the service keeps the copies; the end of the command does that.
 */
static int hold(struct backup *b)
{
	const char *path = arena_printf(b->cli->arena, "%s/" BACKUP_MAKING, b->state);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	b->making = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (b->making < 0 || fcntl(b->making, F_SETLK, &lock) != 0)
		return failed(b->cli, path, strerror(errno));
	return EXIT_GOOD;
}

static int begin(struct backup *b)
{
	json_t *answer = NULL;
	int code = client_request(b->cli, "POST", "/api/v1/backup", NULL, &answer);
	bool zoned;

	if (code != EXIT_GOOD)
		return code;
	b->manifest.demo = json_is_true(json_object_get(answer, "demo"));
	if (utc_parse(slice_str(client_str(answer, "made", "")), &b->manifest.made, &zoned) != OK)
		code = failed(b->cli, NULL, "the service's answer cannot be read");
	json_decref(answer);
	return code == EXIT_GOOD ? hold(b) : code;
}

/* However long it takes, as long as it gets on. */
static int copy_databases(struct backup *b)
{
	json_int_t copied = -1;
	int64_t moved = clock_mono_ms();
	bool whole = false;
	int code = EXIT_GOOD;

	while (code == EXIT_GOOD && !whole) {
		json_t *answer = NULL;

		code = client_request(b->cli, "POST", "/api/v1/backup/steps", NULL, &answer);
		if (code != EXIT_GOOD)
			break;
		whole = json_is_true(json_object_get(answer, "whole"));
		if (client_int(answer, "copied") != copied)
			moved = clock_mono_ms();
		copied = client_int(answer, "copied");
		progress_show(&b->progress, "%lld of %lld MB copied", (long long)copied / MB,
		              (long long)client_int(answer, "bytes") / MB);
		json_decref(answer);
		if (clock_mono_ms() - moved > STALLED_MS)
			code = failed(b->cli, b->state,
			              "the copy of the databases does not get on");
	}
	return code;
}

/* The databases first: what the archive gains meanwhile is read again after a restore. */
static int take_all(struct backup *b)
{
	json_t *answer = NULL;
	int code = begin(b), ended;

	if (code != EXIT_GOOD)
		return code;
	code = copy_databases(b);
	if (code == EXIT_GOOD)
		code = take(b, BACKUP_FOLDER "/mxseal.db", "mxseal.db");
	if (code == EXIT_GOOD)
		code = take(b, BACKUP_FOLDER "/edge.db", "edge.db");
	if (code == EXIT_GOOD)
		code = take_archive(b);
	if (code == EXIT_GOOD && backup_manifest_write(b->draft, &b->manifest) != OK)
		code = failed(b->cli, b->draft, "its list cannot be written");
	progress_clear(&b->progress);
	ended = client_request(b->cli, "DELETE",
	                       code == EXIT_GOOD ? "/api/v1/backup?done=1" : "/api/v1/backup", NULL,
	                       &answer);
	json_decref(answer);
	return code == EXIT_GOOD ? ended : code;
}

static int say(const struct backup *b, const char *dir)
{
	const struct cli *cli = b->cli;
	char time[UTC_TEXT_SIZE];
	json_t *answer = json_pack("{s:s, s:s, s:s, s:I, s:I, s:b}", "schema", "mxseal.backup/1",
	                           "folder", dir, "made", utc_format(b->manifest.made, time),
	                           "files", (json_int_t)b->manifest.count, "bytes",
	                           (json_int_t)b->bytes, "master_key", 0);

	if (client_print_json(cli, answer))
		return cli_finish(cli, EXIT_GOOD);
	json_decref(answer);
	cli_print_safe(cli->out, arena_printf(cli->arena, "%s: %zu files, %llu bytes\n", dir,
	                                      b->manifest.count, (unsigned long long)b->bytes));
	if (cli->progress) /* cron would mail it daily */
		cli_print_safe(
		        cli->err,
		        "The master key is not in it: keep a copy of that somewhere else.\n");
	return cli_finish(cli, EXIT_GOOD);
}

static int run(const struct cli *cli)
{
	struct arena *a = cli->arena;
	const char *dir = cli->args[0];
	struct backup b = { .cli = cli, .state = client_state(cli), .making = -1 };
	struct stat st;
	int code;

	b.draft = arena_printf(a, "%s.%d.part", dir, (int)getpid());
	b.manifest.files = arena_calloc(a, BACKUP_FILES_MAX, sizeof(*b.manifest.files));
	if (lstat(dir, &st) == 0)
		return cli_error(cli, EXIT_CONFLICT, dir, "is there already",
		                 "name a folder that is not there yet");
	if (mkdir(b.draft, 0700) != 0 || mkdir(arena_printf(a, "%s/archive", b.draft), 0700) != 0)
		return cli_error(cli, EXIT_DENIED, dir, strerror(errno),
		                 "name a folder in one that you may write to");
	progress_begin(&b.progress, cli);
	code = take_all(&b);
	if (b.making >= 0)
		(void)close(b.making); /* nothing was written */
	if (code == EXIT_GOOD && rename(b.draft, dir) != 0)
		code = failed(cli, dir, strerror(errno));
	if (code == EXIT_GOOD)
		return say(&b, dir);
	cli_print_safe(cli->err, arena_printf(a, "What there is of it is in %s.\n", b.draft));
	return code;
}

const struct command cmd_backup = {
	.name = "backup",
	.args = "DIR",
	.args_min = 1,
	.args_max = 1,
	.new_name = true,
	.group = GROUP_SERVICE,
	.common = COMMON_JSON,
	.summary = "copy everything but the master key into a new folder",
	.details =
	        "The service goes on meanwhile; databases are copied as they stand at one moment.\n"
	        "Private keys in the backup are sealed under the master key, which is never part\n"
	        "of it: keep that apart. Root and the service's user may do this. The state "
	        "directory\n"
	        "needs room for a copy of the databases meanwhile.",
	.examples = "mxseal backup /srv/backup/mxseal-today\n",
	.run = run,
};
