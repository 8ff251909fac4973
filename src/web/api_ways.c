/* Mailboxes and watched folders: how each fares. */
#include "service/hook.h"
#include "store/supplies.h"
#include "web/api_internal.h"

#define TOKEN_MS 30000u
#define TOKEN_MAX 16384u

static json_t *supply_json(const struct supply_row *s)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "kind", s->kind,
	                 "name", json_text(slice_str(s->name)), "state",
	                 s->why[0] != '\0' ? "trouble"
	                 : s->good != 0    ? "ok"
	                                   : "new",
	                 "why", api_string(s->why), "note", api_string(s->note), "tried",
	                 api_time(s->polled), "good", api_time(s->good), "looked_at",
	                 (json_int_t)s->looked, "with_reports", (json_int_t)s->taken, "skipped",
	                 (json_int_t)s->skipped);
}

void api_reports_ways(const struct request *q, struct response *r)
{
	struct supply_row *rows = NULL;
	size_t count = 0;
	enum err e = supplies_list(q->desk->db, q->arena, &rows, &count);

	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, supply_json(&rows[i]));
	response_json(r, api_list(items, NULL));
}

static const struct desk_token *find_token(const struct request *q)
{
	const struct desk_settings *set = &q->desk->set;

	for (size_t i = 0; q->control && i < set->token_count; i++)
		if (slice_eq(q->params[0], slice_str(set->tokens[i].name)))
			return &set->tokens[i];
	return NULL;
}

/* The first line that the command prints. */
static void answer_token(struct slice output, struct response *r)
{
	struct slice line = S("");

	(void)slice_next_line(&output, &line); /* none: it printed nothing */
	line = slice_trim(line);
	if (line.len == 0 || !slice_is_printable(line))
		problem_say(r, ERR_UNAVAILABLE, "token-command", "the command printed no token",
		            "it prints the token alone, on one line");
	else
		response_json(r, json_pack("{s:o}", "token", json_text(line)));
}

/* Intake starts no programs; it asks here, over the control socket, as the service's user. */
void api_way_token(const struct request *q, struct response *r)
{
	const struct desk_token *t = find_token(q);
	struct hook_result result = { .code = -1 };
	struct buf output;

	if (t == NULL) {
		problem_say(r, ERR_NOTFOUND, "no-token", "no such mailbox has a token_command",
		            "see [imap NAME] in man mxseal.conf");
		return;
	}
	buf_init(&output, TOKEN_MAX);
	if (hook_run(t->command, S(""), TOKEN_MS, NULL, &output, &result) != OK || result.code != 0)
		problem_say(r, ERR_UNAVAILABLE, "token-command",
		            arena_printf(q->arena, "it ended with status %d: %.150s", result.code,
		                         result.words),
		            "run it by hand as the service's user");
	else
		answer_token(buf_slice(&output), r);
	if (output.p != NULL)
		mem_wipe(output.p, output.len);
	buf_fini(&output);
}

/* A label's value: a path may hold anything but a NUL. */
static void put_label(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, *text == '\n' ? ' ' : *text);
	}
}

static void put_number(struct buf *b, const char *metric, const struct supply_row *s, int64_t n)
{
	buf_printf(b, "mxseal_way_%s{kind=\"%s\",name=\"", metric, s->kind);
	put_label(b, s->name);
	buf_printf(b, "\"} %lld\n", (long long)n);
}

enum err api_ways_metrics(const struct request *q, struct buf *b)
{
	struct supply_row *rows = NULL;
	size_t count = 0;
	enum err e = supplies_list(q->desk->db, q->arena, &rows, &count);

	if (e != OK || count == 0)
		return e;
	buf_add_str(b, "# HELP mxseal_way_trouble Whether a mailbox or folder cannot be read\n"
	               "# TYPE mxseal_way_trouble gauge\n");
	for (size_t i = 0; i < count; i++)
		put_number(b, "trouble", &rows[i], rows[i].why[0] != '\0');
	buf_add_str(b, "# HELP mxseal_way_last_good_seconds When it was last read whole\n"
	               "# TYPE mxseal_way_last_good_seconds gauge\n");
	for (size_t i = 0; i < count; i++)
		put_number(b, "last_good_seconds", &rows[i], rows[i].good);
	buf_add_str(b, "# HELP mxseal_way_messages_total Messages that were looked at there\n"
	               "# TYPE mxseal_way_messages_total counter\n");
	for (size_t i = 0; i < count; i++)
		put_number(b, "messages_total", &rows[i], rows[i].looked);
	buf_add_str(b, "# HELP mxseal_way_with_reports_total Of these, with a report\n"
	               "# TYPE mxseal_way_with_reports_total counter\n");
	for (size_t i = 0; i < count; i++)
		put_number(b, "with_reports_total", &rows[i], rows[i].taken);
	buf_add_str(b, "# HELP mxseal_way_skipped_total Messages passed over without being read\n"
	               "# TYPE mxseal_way_skipped_total counter\n");
	for (size_t i = 0; i < count; i++)
		put_number(b, "skipped_total", &rows[i], rows[i].skipped);
	return OK;
}
