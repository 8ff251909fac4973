/*
 * domain import FILE.csv: many domains from a table.
 *
 * The rows go to the service a hundred at a time; each part is stored whole or not at all, and
 * what is there already counts as unchanged, so that an import that was cut off goes on when the
 * same command is given again.
 */
#include <errno.h>

#include "app/client.h"
#include "app/commands.h"
#include "app/nearest.h"
#include "app/progress.h"
#include "base/num.h"
#include "base/table.h"
#include "wire/csv.h"

#define FILE_MAX (64u << 20)
#define PART_ROWS 100u   /* others wait for the databases while a part is stored */
#define PART_LOOKUPS 20u /* rows of one part whose MX hosts must be looked up, each for seconds */
#define PATTERNS_MAX 256u

#define COLUMN_NAMES "domain, mode, max_age, mx, profile, tenant"

enum column { COL_DOMAIN, COL_MODE, COL_MAX_AGE, COL_MX, COL_PROFILE, COL_TENANT, COL_COUNT };

static const char *const columns[COL_COUNT] = { "domain", "mode",    "max_age",
	                                        "mx",     "profile", "tenant" };

struct counts {
	json_int_t lines, added, unchanged, refused, not_checked;
};

struct import {
	const struct cli *cli;
	const char *path;
	size_t place[COL_COUNT]; /* of each column in a record; SIZE_MAX: the table has none */
	size_t width;
	struct table *names; /* domains to the lines where they stand */
	json_t *rows;        /* of the part that is being gathered */
	size_t lookups;
	struct counts sum;
	json_t *problems;
	json_int_t seq;
	struct progress progress;
	int code;
};

static const char *at_line(const struct import *im, json_int_t line)
{
	return arena_printf(im->cli->arena, "%s:%lld", im->path, (long long)line);
}

/* Keeps what is wrong with a line, and says it to people. */
static void problem(struct import *im, json_t *p)
{
	im->sum.refused++;
	if (!im->cli->json) {
		progress_clear(&im->progress);
		(void)cli_error(im->cli, EXIT_FINDINGS, at_line(im, client_int(p, "line")),
		                client_str(p, "message", ""), client_str(p, "fix", ""));
	}
	(void)json_array_append_new(im->problems, p); /* fails for lack of memory only */
}

static void refuse(struct import *im, unsigned line, struct slice domain, const char *message,
                   const char *fix)
{
	im->sum.lines++;
	problem(im, json_pack("{s:i, s:s%, s:s, s:s, s:s}", "line", (int)line, "domain", domain.p,
	                      domain.len, "code", "line", "message", message, "fix", fix));
}

static void take_answer(struct import *im, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "problems");

	im->sum.lines += client_int(answer, "lines");
	im->sum.added += client_int(answer, "added");
	im->sum.unchanged += client_int(answer, "unchanged");
	im->sum.not_checked += client_int(answer, "not_checked");
	for (size_t i = 0; i < json_array_size(list); i++)
		problem(im, json_incref(json_array_get(list, i)));
	if (client_int(answer, "seq") > im->seq)
		im->seq = client_int(answer, "seq");
	progress_show(&im->progress, "%lld lines, %lld domains added ", (long long)im->sum.lines,
	              (long long)im->sum.added);
}

static void send_part(struct import *im)
{
	json_t *answer = NULL, *body;

	if (im->code != EXIT_GOOD || json_array_size(im->rows) == 0)
		return;
	body = json_pack("{s:O, s:b}", "rows", im->rows, "dry_run", (int)im->cli->dry_run);
	if (cli_has(im->cli, "anyway"))
		(void)json_object_set_new(body, "anyway",
		                          json_string(cli_get(im->cli, "anyway"))); /* memory */
	im->code = client_request(im->cli, "POST", "/api/v1/import/domains", body, &answer);
	json_decref(body);
	if (im->code == EXIT_GOOD)
		take_answer(im, answer);
	json_decref(answer);
	(void)json_array_clear(im->rows); /* an array it is */
	im->lookups = 0;
}

static struct slice field(const struct import *im, const struct csv_record *r, enum column c)
{
	return im->place[c] == SIZE_MAX ? S("") : slice_trim(r->fields[im->place[c]]);
}

static json_t *text_json(struct slice s)
{
	return json_stringn(s.p, s.len);
}

/* Blanks and line ends stand between patterns. */
static json_t *patterns_json(struct slice text)
{
	json_t *list = json_array();

	for (size_t at = 0; at < text.len;) {
		size_t n = 0;

		while (at + n < text.len && strchr(" \t\r\n", text.p[at + n]) == NULL)
			n++;
		if (n > 0)
			(void)json_array_append_new(list, json_stringn(text.p + at, n));
		at += n + 1;
	}
	return list;
}

static void add_text(json_t *row, const char *key, struct slice value)
{
	if (value.len > 0)
		(void)json_object_set_new(row, key, text_json(value)); /* memory */
}

/* NULL, and said, when the line cannot be sent. */
static json_t *row_json(struct import *im, const struct csv_record *r)
{
	struct slice domain = field(im, r, COL_DOMAIN), age = field(im, r, COL_MAX_AGE);
	json_t *mx = patterns_json(field(im, r, COL_MX));
	uint64_t max_age = 0;

	if (age.len > 0 && num_parse_u64(age, INT64_MAX, &max_age) != OK) {
		json_decref(mx);
		refuse(im, r->line, domain, "max_age is no whole number",
		       "give seconds: 86400 is a day");
		return NULL;
	}
	if (json_array_size(mx) > PATTERNS_MAX) {
		json_decref(mx);
		refuse(im, r->line, domain, "the line has more than 256 patterns",
		       "a star stands for one label: *.example.com");
		return NULL;
	}
	json_t *row = json_pack("{s:i, s:o, s:o}", "line", (int)r->line, "domain",
	                        text_json(domain), "mx", mx);
	add_text(row, "mode", field(im, r, COL_MODE));
	add_text(row, "profile", field(im, r, COL_PROFILE));
	add_text(row, "tenant", field(im, r, COL_TENANT));
	if (age.len > 0)
		(void)json_object_set_new(row, "max_age", json_integer((json_int_t)max_age));
	if (json_array_size(mx) == 0 && !slice_eq(field(im, r, COL_MODE), S("none")))
		im->lookups++;
	return row;
}

/* Whether the line names a domain, and one that no earlier line names. */
static bool is_new(struct import *im, const struct csv_record *r)
{
	struct slice domain = field(im, r, COL_DOMAIN);

	if (domain.len == 0) {
		refuse(im, r->line, domain, "the line names no domain",
		       "put the domain behind the @ of its addresses into the column domain");
		return false;
	}
	size_t *line = table_at(im->names, arena_lower(im->cli->arena, domain));
	if (*line != TABLE_NONE) {
		refuse(im, r->line, domain,
		       arena_printf(im->cli->arena, "%.*s stands in line %zu already",
		                    SLICE_ARGS(domain), *line),
		       "keep one of the two lines");
		return false;
	}
	*line = r->line;
	return true;
}

static void take_record(struct import *im, const struct csv_record *r)
{
	if (r->count != im->width) {
		refuse(im, r->line, S(""),
		       arena_printf(im->cli->arena,
		                    "the line has %zu fields, the first one has %zu", r->count,
		                    im->width),
		       "put a field with a comma in it into double quotes");
		return;
	}
	json_t *row = is_new(im, r) ? row_json(im, r) : NULL;
	if (row != NULL)
		(void)json_array_append_new(im->rows, row); /* fails for lack of memory only */
	if (json_array_size(im->rows) >= PART_ROWS || im->lookups >= PART_LOOKUPS)
		send_part(im);
}

static int unknown_column(const struct import *im, unsigned line, const char *name)
{
	struct nearest near;

	nearest_init(&near, name);
	for (size_t i = 0; i < COL_COUNT; i++)
		nearest_offer(&near, columns[i]);
	return cli_error(im->cli, EXIT_FINDINGS, at_line(im, line),
	                 arena_printf(im->cli->arena, "there is no column \"%s\"", name),
	                 near.best == NULL
	                         ? "the columns are " COLUMN_NAMES
	                         : arena_printf(im->cli->arena,
	                                        "did you mean %s? The columns are " COLUMN_NAMES,
	                                        near.best));
}

static int take_column(struct import *im, const struct csv_record *r, size_t at)
{
	const char *name =
	        arena_str(im->cli->arena, arena_lower(im->cli->arena, slice_trim(r->fields[at])));

	for (size_t i = 0; i < COL_COUNT; i++) {
		if (strcmp(columns[i], name) != 0)
			continue;
		if (im->place[i] != SIZE_MAX)
			return cli_error(im->cli, EXIT_FINDINGS, at_line(im, r->line),
			                 arena_printf(im->cli->arena,
			                              "the column %s stands there twice", name),
			                 "keep one of the two");
		im->place[i] = at;
		return EXIT_GOOD;
	}
	return unknown_column(im, r->line, name);
}

/* The first line names the columns, in any order. */
static int take_header(struct import *im, const struct csv_record *r)
{
	int code = EXIT_GOOD;

	for (size_t i = 0; i < COL_COUNT; i++)
		im->place[i] = SIZE_MAX;
	im->width = r->count;
	for (size_t i = 0; code == EXIT_GOOD && i < r->count; i++)
		code = take_column(im, r, i);
	if (code == EXIT_GOOD && im->place[COL_DOMAIN] == SIZE_MAX)
		code = cli_error(im->cli, EXIT_FINDINGS, at_line(im, r->line),
		                 "the first line names no column domain",
		                 "begin with a line such as domain,mode,max_age,mx");
	return code;
}

static int read_header(struct import *im, struct csv *c)
{
	struct csv_record r;
	struct diag d = { .why = "" };
	enum err e = csv_next(c, &r, &d);

	if (e == OK)
		return take_header(im, &r);
	return cli_error(im->cli, EXIT_FINDINGS, at_line(im, e == ERR_NOTFOUND ? 1 : d.line),
	                 e == ERR_NOTFOUND ? "there is nothing in the file" : d.why,
	                 "begin with a line such as domain,mode,max_age,mx");
}

static void read_lines(struct import *im, struct csv *c)
{
	struct csv_record r;
	struct diag d = { .why = "" };
	enum err e;

	while (im->code == EXIT_GOOD && (e = csv_next(c, &r, &d)) != ERR_NOTFOUND) {
		if (e == OK)
			take_record(im, &r);
		else
			refuse(im, d.line, S(""), d.why,
			       "write it as comma-separated values in UTF-8 (RFC 4180)");
	}
	send_part(im);
}

static int read_file(const struct cli *cli, const char *path, struct buf *out)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	char piece[65536];
	size_t n = 1;

	while (f != NULL && n > 0 && buf_status(out) == OK) {
		n = fread(piece, 1, sizeof(piece), f);
		buf_add(out, slice_of(piece, n));
	}
	bool good = f != NULL && ferror(f) == 0 && buf_status(out) == OK;
	const char *why = buf_status(out) != OK ? "is larger than 64 MiB" : strerror(errno);
	if (f != NULL && f != stdin)
		(void)fclose(f); /* only read */
	return good ? EXIT_GOOD
	            : cli_error(cli, EXIT_UNKNOWN, path, why,
	                        "name a table that this user may read");
}

static void print_human(const struct import *im)
{
	const struct counts *c = &im->sum;

	if (im->cli->dry_run)
		(void)fputs("would import, with nothing changed yet:\n", im->cli->out);
	(void)fprintf(im->cli->out,
	              "lines       %7lld\n  added     %7lld\n  unchanged %7lld\n"
	              "  refused   %7lld\n",
	              (long long)c->lines, (long long)c->added, (long long)c->unchanged,
	              (long long)c->refused);
	if (c->not_checked > 0)
		(void)fprintf(
		        im->cli->out,
		        "The patterns of %lld domain%s were not laid over live MX hosts; that is "
		        "done within\na day or so, and `mxseal alert list` then names hosts that "
		        "no pattern matches.\n",
		        (long long)c->not_checked, c->not_checked == 1 ? "" : "s");
}

static void print_result(struct import *im)
{
	const struct counts *c = &im->sum;

	progress_clear(&im->progress);
	if (!im->cli->json) {
		print_human(im);
		return;
	}
	(void)client_print_json(im->cli,
	                        json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:O}",
	                                  "schema", "mxseal.domain-import/1", "changed",
	                                  (int)(c->added > 0 && !im->cli->dry_run), "dry_run",
	                                  (int)im->cli->dry_run, "seq", im->seq, "lines", c->lines,
	                                  "added", c->added, "unchanged", c->unchanged, "refused",
	                                  c->refused, "not_checked", c->not_checked, "problems",
	                                  im->problems));
}

static int import(struct import *im, struct csv *c)
{
	int code = read_header(im, c);

	if (code != EXIT_GOOD)
		return code;
	read_lines(im, c);
	print_result(im);
	if (im->code != EXIT_GOOD)
		return im->code;
	return cli_finish(im->cli, im->sum.refused > 0 ? EXIT_FINDINGS : EXIT_GOOD);
}

static int run(const struct cli *cli)
{
	struct import im = { .cli = cli, .path = cli->args[0] };
	struct buf text;
	struct csv c;

	buf_init(&text, FILE_MAX);
	int code = read_file(cli, im.path, &text);
	if (code != EXIT_GOOD) {
		buf_fini(&text);
		return code;
	}
	im.names = table_new();
	im.rows = json_array();
	im.problems = json_array();
	progress_begin(&im.progress, cli);
	csv_init(&c, buf_slice(&text));
	code = import(&im, &c);
	csv_fini(&c);
	json_decref(im.problems);
	json_decref(im.rows);
	table_free(im.names);
	buf_fini(&text);
	return code;
}

static const struct option_spec options[] = {
	{ .name = "anyway",
	  .arg = "REASON",
	  .help = "override guards in every line; the reason goes into the audit log" },
};

const struct command cmd_domain_import = {
	.name = "domain",
	.sub = "import",
	.args = "FILE.csv",
	.args_min = 1,
	.args_max = 1,
	.group = GROUP_SERVICE,
	.common = COMMON_WRITER,
	.summary = "host the domains of a table",
	.details =
	        "The first line names the columns, in any order: domain, and as far as wanted "
	        "mode, max_age,\n"
	        "mx (patterns separated by blanks), profile, tenant. What is empty is as with "
	        "domain add:\n"
	        "testing, 86400, the live MX hosts. Patterns that are given are stored as they are "
	        "and looked\n"
	        "at later. A line that cannot be taken is named with a fix, and the others go on "
	        "(exit 1). A\n"
	        "domain that is there already with the same policy counts as unchanged; one with "
	        "another\n"
	        "policy is named and left alone. The same command again goes on where it was cut "
	        "off.",
	.examples =
	        "mxseal domain import domains.csv --dry-run\nmxseal domain import domains.csv\n",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.run = run,
};
