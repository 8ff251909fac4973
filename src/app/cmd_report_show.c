/* `mxseal report show`: reads reports from files of every form and prints them. */
#include <errno.h>
#include <stdio.h>

#include "app/commands.h"
#include "app/report_human.h"
#include "base/buf.h"
#include "tlsrpt/report_show.h"
#include "wire/mbox.h"
#include "wire/mime.h"

#define HEAD_SIZE 65536u
#define FILE_MAX (REPORT_TEXT_MAX + 3u) /* a byte order mark is no part of the JSON */

struct show {
	const struct cli *cli;
	const char *file; /* as given */
	size_t index;     /* of the next item of this file */
	size_t printed;   /* items of all files */
	bool refused;     /* some input was no report */
};

static void print_fault(struct show *s, const struct report_fault *fault)
{
	struct buf words;

	buf_init(&words, 1024);
	report_show_words(fault, &words);
	(void)cli_error(s->cli, EXIT_FINDINGS, s->file, buf_str(&words),
	                arena_printf(s->cli->arena, "mxseal explain %s", fault_name(fault->code)));
	buf_fini(&words);
}

static void print_json(struct show *s, const struct report_item *item)
{
	struct slice file = slice_str(s->file);
	struct buf line;

	buf_init(&line, SHOW_TEXT_MAX);
	if (item->fault.code != FAULT_NONE)
		report_show_error(&item->fault, file, s->index, &line);
	else
		report_show_report(item, file, s->index, &line);
	if (s->cli->json)
		(void)fputs(s->printed > 0 ? ",\n" : "", s->cli->out); /* cli_finish asks */
	(void)fwrite(line.p, 1, line.len, s->cli->out);
	if (!s->cli->json)
		(void)fputc('\n', s->cli->out);
	buf_fini(&line);
}

static void print_item(struct show *s, const struct report_item *item)
{
	bool refused = item->fault.code != FAULT_NONE;

	s->refused = s->refused || refused;
	if (s->cli->json || s->cli->jsonl)
		print_json(s, item);
	else if (refused)
		print_fault(s, &item->fault);
	else
		report_human(s->cli, item, s->file);
	s->index++;
	s->printed++;
}

static void print_refusal(struct show *s, enum fault_code code, const char *why)
{
	struct report_item item = { .fault = { .code = code, .why = why } };

	print_item(s, &item);
}

static void show_bytes(struct show *s, struct slice bytes, enum report_form form)
{
	struct arena *arena = arena_new();
	struct reports all;

	reports_read(bytes, form, slice_str(s->file), arena, &all);
	for (size_t i = 0; i < all.count; i++)
		print_item(s, &all.items[i]);
	arena_free(arena);
}

/* False: nothing more, or the file cannot be read, which is told. */
static bool read_more(struct show *s, FILE *f, char *piece, size_t size, struct slice *out)
{
	size_t n = fread(piece, 1, size, f);

	*out = slice_of(piece, n);
	if (n == 0 && ferror(f) != 0)
		print_refusal(s, FAULT_UNREADABLE, strerror(errno));
	return n > 0;
}

static void show_message(struct show *s, enum err e, struct slice message)
{
	if (e == OK)
		show_bytes(s, message, FORM_MAIL);
	else
		print_refusal(s, FAULT_TOO_LARGE, "a message is larger than 25 MB");
}

/* Message by message, so that a mailbox may be of any size. */
static void show_mbox(struct show *s, FILE *f, struct slice head)
{
	char piece[HEAD_SIZE];
	struct slice in = head, message = { 0 };
	struct mbox mbox;
	enum err e;

	mbox_init(&mbox, MIME_MESSAGE_MAX);
	do {
		while ((e = mbox_step(&mbox, &in, &message)) != ERR_AGAIN)
			show_message(s, e, message);
	} while (read_more(s, f, piece, sizeof(piece), &in));
	while ((e = mbox_end(&mbox, &message)) != ERR_NOTFOUND)
		show_message(s, e, message);
	mbox_fini(&mbox);
}

static void show_whole(struct show *s, FILE *f, struct slice head)
{
	char piece[HEAD_SIZE];
	struct slice in = head;
	struct buf all;

	buf_init(&all, FILE_MAX);
	do {
		buf_add(&all, in);
	} while (buf_status(&all) == OK && read_more(s, f, piece, sizeof(piece), &in));
	if (buf_status(&all) != OK)
		print_refusal(s, FAULT_TOO_LARGE, "the file is larger than 64 MB");
	else if (ferror(f) == 0)
		show_bytes(s, buf_slice(&all), FORM_UNKNOWN);
	buf_fini(&all);
}

static void show_file(struct show *s)
{
	bool standard = strcmp(s->file, "-") == 0;
	FILE *f = standard ? stdin : fopen(s->file, "rb");
	char head[HEAD_SIZE];
	struct slice in = { 0 };

	if (f == NULL) {
		print_refusal(s, FAULT_UNREADABLE, strerror(errno));
		return;
	}
	(void)read_more(s, f, head, sizeof(head), &in); /* an empty file is told below */
	if (mbox_sniff(in))
		show_mbox(s, f, in);
	else if (ferror(f) == 0)
		show_whole(s, f, in);
	if (!standard)
		(void)fclose(f); /* only read */
}

static int run(const struct cli *cli)
{
	struct show s = { .cli = cli };

	if (cli->json)
		(void)fputs("{\"schema\":\"mxseal.list/1\",\"items\":[", cli->out);
	for (size_t i = 0; i < cli->arg_count; i++) {
		s.file = cli->args[i];
		s.index = 0;
		show_file(&s);
	}
	if (cli->json)
		(void)fputs("],\"next\":null}\n", cli->out);
	return cli_finish(cli, s.refused ? EXIT_FINDINGS : EXIT_GOOD);
}

const struct command cmd_report_show = {
	.name = "report",
	.sub = "show",
	.args = "FILE…",
	.args_min = 1,
	.args_max = ARGS_MANY,
	.summary = "read TLS reports from files and print them",
	.details =
	        "Each FILE is a report as JSON, its gzip or zip, a mail, or a mailbox (mbox) of\n"
	        "such mails; - is the standard input. The content decides, not the name. What is\n"
	        "no report is told and the rest is still read; the exit status is then 1.\n"
	        "Notes say where a report departs from RFC 8460.",
	.examples = "mxseal report show report.json.gz\n"
	            "mxseal report show --jsonl *.eml | jq .totals\n",
	.group = GROUP_OFFLINE,
	.common = COMMON_READER,
	.run = run,
};
