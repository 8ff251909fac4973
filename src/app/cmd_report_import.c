/*
 * report import PATH…: files, directories, mbox, Maildir, standard input.
 *
 * Every file goes to the service as an open descriptor, small ones many together in memory; the
 * answers come in the same order.  With --add-domains every file goes alone, and one that spoke of
 * unknown domains is sent again once these are added.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/client_intake.h"
#include "app/commands.h"
#include "app/import_walk.h"
#include "app/progress.h"
#include "service/archive.h"
#include "service/bundle.h"
#include "service/intake_control.h"

#define WINDOW 32u            /* files or bundles on their way at once */
#define BUNDLE_FILES 64u      /* small files that go together */
#define SMALL_MAX (16u << 10) /* bytes of a small file */

#define READABLE "name files and directories that this user may read"

struct counts {
	json_int_t reports, new, duplicates, foreign, quarantined, no_report;
};

/* A regular file that was opened. */
struct file {
	const char *path, *kind;
	off_t size;
};

struct sent {
	int fd;
	const char *name, *kind;
	json_int_t files; /* in it */
	bool again;       /* sent for the second time, after its domains were added */
	json_int_t new_before;
};

struct import {
	const struct cli *cli;
	struct intake_link link;
	struct sent queue[WINDOW];
	size_t first, count;
	struct counts sum;
	json_int_t files;
	struct buf bundle;    /* small files that were not sent yet */
	char *small;          /* SMALL_MAX bytes of one */
	json_int_t bundled;   /* files in bundle */
	const char *first_of; /* its first file */
	bool add_domains;
	struct progress progress;
	int code;           /* the worst so far; 3 before 1 before 0 */
	const char **added; /* domains that were added in this run, or would have been */
	size_t added_count;
};

static void fail(struct import *im, int code)
{
	if (code > im->code)
		im->code = code;
}

static void show_progress(struct import *im)
{
	progress_show(&im->progress, "%lld files, %lld reports, %lld new ", (long long)im->files,
	              (long long)im->sum.reports, (long long)im->sum.new);
}

static bool was_added(const struct import *im, const char *name)
{
	for (size_t i = 0; i < im->added_count; i++)
		if (strcmp(im->added[i], name) == 0)
			return true;
	return false;
}

/* Files that were on their way together may speak of the same new domain. */
static bool add_domain(struct import *im, const char *name)
{
	if (was_added(im, name))
		return true;
	im->added = mem_realloc(im->added, (im->added_count + 1) * sizeof(*im->added));
	im->added[im->added_count++] = arena_str(im->cli->arena, slice_str(name));
	if (im->cli->dry_run)
		return true;
	json_t *answer = NULL, *body = json_pack("{s:s, s:b}", "domain", name, "observed", 1);
	int code = client_request(im->cli, "POST", "/api/v1/domains", body, &answer);

	json_decref(body);
	if (code == EXIT_GOOD)
		json_decref(answer);
	return code == EXIT_GOOD || code == EXIT_CONFLICT;
}

/* An answer that is about no file: the service takes nothing from here. */
static bool is_refusal(struct import *im, const json_t *answer)
{
	const char *result = client_str(answer, "result", NULL);
	const char *why = client_str(answer, "why", "the service refused it");

	if (result == NULL)
		return false;
	if (strcmp(result, "denied") == 0)
		fail(im, cli_error(im->cli, EXIT_DENIED, "control socket", why,
		                   "run this as root, as the service's user, or as a member of the "
		                   "group mxseal"));
	else
		fail(im, cli_error(im->cli, EXIT_UNKNOWN, "control socket", why,
		                   "look at the service's log, then try again"));
	return true;
}

/* A service that closed while something was sent to it may have said why before. */
static bool was_told_why(struct import *im)
{
	json_t *answer = NULL;
	bool told = false;

	while (!told && intake_receive(&im->link, &answer) == OK) {
		told = is_refusal(im, answer);
		json_decref(answer);
	}
	return told;
}

static bool send_file(struct import *im, const struct sent *s)
{
	json_t *line = json_pack("{s:s, s:s}", "file", s->name, "kind", s->kind);
	enum err e = line == NULL ? ERR_SYNTAX : intake_send(&im->link, line, s->fd);

	json_decref(line);
	if (e != OK) {
		if (e == ERR_SYNTAX || !was_told_why(im))
			fail(im, cli_error(im->cli, EXIT_UNKNOWN, s->name,
			                   e == ERR_SYNTAX ? "the name is not UTF-8"
			                                   : "the service went away",
			                   "run the import again; what is stored stays stored"));
		(void)close(s->fd); /* only read */
		return false;
	}
	im->queue[(im->first + im->count++) % WINDOW] = *s;
	return true;
}

static void add_counts(struct import *im, const struct sent *s, const json_t *a)
{
	json_int_t reports = client_int(a, "reports"), new = client_int(a, "new") + s->new_before;

	/* A report that was stored for one domain and then for another is one new report. */
	new = new > reports ? reports : new;
	im->files += s->files;
	im->sum.reports += reports;
	im->sum.new += new;
	im->sum.foreign += client_int(a, "foreign");
	im->sum.duplicates +=
	        s->again ? reports - new - client_int(a, "foreign") : client_int(a, "duplicates");
	im->sum.quarantined += client_int(a, "quarantined");
	im->sum.no_report += client_int(a, "no_report");
}

/* True: the file is on its way again, after the domains it spoke of were added. */
static bool sent_again(struct import *im, struct sent s, const json_t *answer)
{
	const json_t *names = json_object_get(answer, "foreign_domains");

	if (!im->add_domains || s.again || json_array_size(names) == 0)
		return false;
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (name == NULL || !add_domain(im, name))
			fail(im, EXIT_FINDINGS);
	}
	if (im->cli->dry_run)
		return false;
	s.again = true;
	s.new_before = client_int(answer, "new");
	(void)lseek(s.fd, 0, SEEK_SET); /* regular files and memory only */
	if (!send_file(im, &s))
		im->count = 0;
	return true;
}

/* Takes the oldest answer.  False: the service went away. */
static bool take_answer(struct import *im)
{
	struct sent s = im->queue[im->first];
	json_t *answer = NULL;

	im->first = (im->first + 1) % WINDOW;
	im->count--;
	if (intake_receive(&im->link, &answer) != OK) {
		fail(im, cli_error(im->cli, EXIT_UNKNOWN, s.name,
		                   "the service went away before it answered",
		                   "run the import again; what is stored stays stored"));
		(void)close(s.fd); /* only read */
		return false;
	}
	if (is_refusal(im, answer)) {
		json_decref(answer);
		(void)close(s.fd); /* only read */
		return false;
	}
	const char *error = client_str(answer, "error", NULL);
	if (error != NULL && strcmp(error, CONTROL_NOT_STORED) == 0) {
		fail(im, cli_error(im->cli, EXIT_UNKNOWN, s.name, error,
		                   "free some space, look at the log of the service, and run the "
		                   "import again; what is stored stays stored"));
		json_decref(answer);
		(void)close(s.fd); /* only read */
		return false;
	}
	if (error != NULL)
		fail(im, cli_error(im->cli, EXIT_FINDINGS, s.name, error,
		                   "`mxseal report show` says what is in the file"));
	if (!sent_again(im, s, answer)) {
		add_counts(im, &s, answer);
		(void)close(s.fd); /* only read */
	}
	json_decref(answer);
	show_progress(im);
	return true;
}

static bool send_when_room(struct import *im, const struct sent *s)
{
	while (im->count >= WINDOW)
		if (!take_answer(im))
			return false;
	return send_file(im, s);
}

static bool import_descriptor(struct import *im, int fd, const char *name, const char *kind)
{
	struct sent s = { .fd = fd,
		          .name = arena_str(im->cli->arena, slice_str(name)),
		          .kind = kind,
		          .files = 1 };

	return send_when_room(im, &s);
}

/* The small files that were gathered go over in one piece of memory. */
static bool send_bundle(struct import *im)
{
	int fd = im->bundled == 0 ? -1 : memfd_create("bundle", MFD_CLOEXEC);
	struct sent s = { .fd = fd, .name = im->first_of, .kind = "bundle", .files = im->bundled };
	struct slice rest = buf_slice(&im->bundle);

	if (im->bundled == 0)
		return true;
	while (fd >= 0 && rest.len > 0) {
		ssize_t n = write(fd, rest.p, rest.len);

		if (n <= 0)
			break;
		rest = slice_skip(rest, (size_t)n);
	}
	buf_reset(&im->bundle);
	im->bundled = 0;
	if (fd >= 0 && rest.len == 0)
		return send_when_room(im, &s);
	fail(im, cli_error(im->cli, EXIT_UNKNOWN, s.name, "no memory to pass files on", NULL));
	if (fd >= 0)
		(void)close(fd); /* memory */
	return false;
}

/* True: the file is small and was taken into the bundle, or could not be; *alive_out as usual. */
static bool bundle_file(struct import *im, int fd, const struct file *f, bool *alive_out)
{
	const char *slash = strrchr(f->path, '/');
	ssize_t n = im->add_domains || f->size >= SMALL_MAX || strcmp(f->kind, "mbox") == 0
	                    ? -1
	                    : pread(fd, im->small, SMALL_MAX, 0);

	if (n < 0 || n == SMALL_MAX)
		return false; /* also a file that grows: it goes alone */
	if (im->bundled == 0)
		im->first_of = arena_str(im->cli->arena, slice_str(f->path));
	bundle_add(
	        &(struct bundle_item){ strcmp(f->kind, "eml") == 0 ? ARCHIVE_MAIL : ARCHIVE_REPORT,
	                               slice_str(slash == NULL ? f->path : slash + 1),
	                               slice_of(im->small, (size_t)n) },
	        &im->bundle);
	(void)close(fd); /* only read */
	*alive_out = ++im->bundled < BUNDLE_FILES || send_bundle(im);
	return true;
}

static bool import_file(void *arg, const char *path, const char *kind)
{
	struct import *im = arg;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	bool alive = true;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		struct file f = { path, kind, st.st_size };

		if (bundle_file(im, fd, &f, &alive))
			return alive;
		return send_bundle(im) && import_descriptor(im, fd, path, kind);
	}
	const char *why = fd < 0 ? strerror(errno) : "is no file";
	if (fd >= 0)
		(void)close(fd); /* only opened */
	fail(im, cli_error(im->cli, EXIT_UNKNOWN, path, why, READABLE));
	return true;
}

static void on_fault(void *arg, const char *path, const char *why)
{
	struct import *im = arg;

	fail(im, cli_error(im->cli, EXIT_UNKNOWN, path, why, READABLE));
}

static void on_passed_over(void *arg, const char *path)
{
	struct import *im = arg;

	cli_print_safe(im->cli->err,
	               arena_printf(im->cli->arena,
	                            "%s is passed over: its name is none that reports have\n",
	                            path));
}

static bool import_stdin(struct import *im)
{
	char chunk[65536];
	int fd = memfd_create("stdin", MFD_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && (n = read(STDIN_FILENO, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write(fd, chunk, (size_t)n) != n)
			break;
	}
	if (fd < 0 || n != 0) {
		fail(im, cli_error(im->cli, EXIT_UNKNOWN, "-", strerror(errno), READABLE));
		return true;
	}
	ssize_t head = pread(fd, chunk, 5, 0);
	(void)lseek(fd, 0, SEEK_SET); /* memory */
	return import_descriptor(im, fd, "-",
	                         head == 5 && memcmp(chunk, "From ", 5) == 0 ? "mbox" : "eml");
}

static bool import_path(struct import *im, const char *path)
{
	struct import_visitor v = { import_file, on_fault, on_passed_over, im };

	return strcmp(path, "-") == 0 ? import_stdin(im) : import_walk(path, &v);
}

static void print_json(const struct import *im)
{
	const struct counts *c = &im->sum;
	json_t *answer = json_pack(
	        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "schema", "mxseal.import/1", "files",
	        im->files, "reports", c->reports, "new", c->new, "duplicates", c->duplicates,
	        "foreign", c->foreign, "quarantined", c->quarantined, "no_report", c->no_report);
	json_t *names = json_array();

	for (size_t i = 0; i < im->added_count; i++)
		(void)json_array_append_new(names, json_string(im->added[i]));
	if (im->cli->dry_run) {
		(void)json_object_set_new(answer, "dry_run", json_true());
		(void)json_object_set(answer, "would_add", names);
	}
	json_decref(names);
	(void)client_print_json(im->cli, answer);
}

static void print_human(const struct import *im)
{
	const struct counts *c = &im->sum;

	if (im->cli->dry_run)
		(void)fputs("would store, with nothing changed yet:\n", im->cli->out);
	(void)fprintf(im->cli->out,
	              "reports      %6lld\n  new        %6lld\n  duplicates %6lld\n"
	              "  foreign    %6lld\nquarantined  %6lld\nno report    %6lld\n",
	              (long long)c->reports, (long long)c->new, (long long)c->duplicates,
	              (long long)c->foreign, (long long)c->quarantined, (long long)c->no_report);
	for (size_t i = 0; im->cli->dry_run && i < im->added_count; i++)
		(void)fprintf(im->cli->out, "would add    %s\n", im->added[i]);
}

static void print_result(struct import *im)
{
	progress_clear(&im->progress);
	if (im->cli->json)
		print_json(im);
	else
		print_human(im);
}

static int run(const struct cli *cli)
{
	struct import im = {
		.cli = cli,
		.add_domains = cli_has(cli, "add-domains"),
	};
	json_t *hello = json_pack("{s:s, s:b}", "op", "import", "dry_run", cli->dry_run);
	int code;

	progress_begin(&im.progress, cli);
	code = intake_open(cli, false, hello, &im.link);
	bool alive = code == EXIT_GOOD;

	json_decref(hello);
	if (!alive)
		return code;
	im.small = mem_alloc(SMALL_MAX);
	buf_init(&im.bundle, BUNDLE_FILES * (SMALL_MAX + 512));
	for (size_t i = 0; i < cli->arg_count && alive; i++)
		alive = import_path(&im, cli->args[i]);
	alive = alive && send_bundle(&im);
	while (alive && im.count > 0)
		alive = take_answer(&im);
	for (; im.count > 0; im.count--, im.first = (im.first + 1) % WINDOW)
		(void)close(im.queue[im.first].fd); /* only read */
	intake_close(&im.link);
	mem_free(im.small);
	buf_fini(&im.bundle);
	print_result(&im);
	mem_free(im.added);
	return cli_finish(cli, im.code);
}

static const struct option_spec options[] = {
	{ .name = "add-domains", .help = "first add domains that are not known, as observed ones" },
};

const struct command cmd_report_import = {
	.name = "report",
	.sub = "import",
	.args = "PATH…",
	.args_min = 1,
	.args_max = ARGS_MANY,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "read reports from files, directories, mbox, Maildir or -",
	.details =
	        "Takes names that end in .json .json.gz .gz .zip .eml .mbox and the entries of a "
	        "Maildir;\n"
	        "others are passed over.  A report that is there already is a duplicate; one about "
	        "no\n"
	        "known domain is foreign and not stored; what cannot be read goes to quarantine.\n"
	        "With --dry-run everything is read and counted, and nothing stored: a report that "
	        "several\n"
	        "files hold may then count as new more than once.",
	.examples =
	        "mxseal report import ~/Maildir\nmxseal report import --add-domains old-reports/\n"
	        "mxseal report import --add-domains --dry-run old-reports/\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};
