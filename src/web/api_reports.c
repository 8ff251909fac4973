/* Reports, figures, quarantine. */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "base/utc.h"
#include "net/clock.h"
#include "net/handover.h"
#include "service/archive.h"
#include "web/api_internal.h"

#define PURGE_DAYS_MAX 36500u
#define RETRY_MS 110000
#define RETRY_LINE_MAX 65536u

static bool read_day(const struct request *q, const char *name, int64_t otherwise, int64_t *out,
                     struct response *r)
{
	struct slice text = request_query(q, name, 0);

	*out = otherwise;
	if (text.p == NULL || utc_parse_day(text, out) == OK)
		return true;
	problem_say(r, ERR_SYNTAX, "day", arena_printf(q->arena, "%s is not a day", name),
	            "write it as 2026-05-12");
	return false;
}

static bool read_trusts(const struct request *q, unsigned otherwise, unsigned *out,
                        struct response *r)
{
	enum report_trust t;
	struct slice text;

	*out = 0;
	for (size_t i = 0; (text = request_query(q, "trust", i)).p != NULL; i++) {
		if (report_trust_parse(text, &t) != OK) {
			problem_say(r, ERR_SYNTAX, "trust", "there is no such trust",
			            "it is dkim, imported, posted or unsigned");
			return false;
		}
		*out |= TRUST_BIT(t);
	}
	if (*out == 0)
		*out = otherwise;
	return true;
}

/* Reports about a day come after it: today is shown beside the last whole days. */
void api_domain_summary(const struct request *q, struct response *r)
{
	int64_t today = utc_day_start(q->now), from, to;
	struct summary s;
	struct domain d;
	unsigned trusts;

	if (!api_find_domain(q, &d, r) || !read_day(q, "to", today, &to, r) ||
	    !read_day(q, "from", to - (int64_t)SUMMARY_DAYS * UTC_DAY, &from, r) ||
	    !read_trusts(q, TRUST_HEADLINE, &trusts, r))
		return;
	enum err e = summary_read(q->desk->db, d.id, from, to, trusts, q->arena, &s);
	if (e == ERR_LIMIT)
		problem_say(r, ERR_SYNTAX, "day-range",
		            "the days are in the wrong order or too many",
		            "give at most ten years, the first day first");
	else if (e != OK)
		api_store_failed(q, e, r);
	else
		response_json(r, api_summary(d.name, &s));
}

/* "DAY.ID" of the last row. */
static bool read_cursor(const struct request *q, struct report_cursor *out, struct response *r)
{
	struct slice text = request_query(q, "cursor", 0), day, id;

	if (text.p == NULL)
		return true;
	if (slice_cut(text, '.', &day, &id) && num_parse_i64(day, &out->day) == OK &&
	    num_parse_i64(id, &out->id) == OK)
		return true;
	problem_say(r, ERR_SYNTAX, "cursor", "the cursor is none of ours", "take it from \"next\"");
	return false;
}

void api_domain_reports(const struct request *q, struct response *r)
{
	struct report_cursor after = { 0 };
	struct report_row *rows;
	const char *next = NULL;
	struct domain d;
	unsigned trusts;
	size_t count;

	if (!api_find_domain(q, &d, r) || !read_cursor(q, &after, r) ||
	    !read_trusts(q, TRUST_HEADLINE | TRUST_BIT(TRUST_UNSIGNED), &trusts, r))
		return;
	enum err e =
	        reports_list(q->desk->db, d.id, trusts, &after, API_PAGE, q->arena, &rows, &count);
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, api_report(d.name, &rows[i]));
	if (count == API_PAGE)
		next = arena_printf(q->arena, "%lld.%lld", (long long)rows[count - 1].day,
		                    (long long)rows[count - 1].id);
	response_json(r, api_list(items, next));
}

void api_quarantine_list(const struct request *q, struct response *r)
{
	struct slice after = request_query(q, "cursor", 0), domain = request_query(q, "domain", 0);
	struct quarantine_row *rows;
	size_t count;
	enum err e =
	        quarantine_list(q->desk->db, domain.p == NULL ? S("") : domain,
	                        after.p == NULL ? S("") : after, API_PAGE, q->arena, &rows, &count);

	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, api_quarantined(&rows[i]));
	response_json(r, api_list(items, count == API_PAGE ? rows[count - 1].sha256 : NULL));
}

static enum err read_raw(const struct request *q, const struct quarantine_row *row, struct buf *out)
{
	const char *dir = arena_printf(q->arena, "%s/archive", q->desk->set.state_dir);
	struct archive_pos at = { (uint32_t)row->place.segment, (uint64_t)row->place.offset };
	struct archive_record record;
	struct buf store;
	enum err e;

	buf_init(&store, 0); /* archive_fetch replaces it */
	e = archive_fetch(dir, at, &store, &record);
	if (e == OK)
		buf_add(out, record.bytes);
	buf_fini(&store);
	return e == OK ? buf_status(out) : e;
}

/* Bytes of a stranger: named and typed so that no browser does anything with them but keep them. */
void api_quarantine_raw(const struct request *q, struct response *r)
{
	struct quarantine_row row;
	enum err e = quarantine_get(q->desk->db, q->params[0], q->arena, &row);

	if (e == OK)
		e = read_raw(q, &row, &r->body);
	if (e == ERR_NOTFOUND || e == ERR_LIMIT) {
		problem_say(r, ERR_NOTFOUND, "quarantine",
		            "there is no such message in quarantine, or its bytes are gone by age",
		            "`mxseal report quarantine` lists what is there");
		return;
	}
	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	r->content_type = "application/octet-stream";
	response_header(r, "Content-Disposition",
	                arena_printf(q->arena, "attachment; filename=\"%.16s.%s\"", row.sha256,
	                             strcmp(row.kind, "mail") == 0 ? "eml" : "bin"));
}

/* One line from intake, or nothing within the time. */
static bool read_line(int fd, struct buf *out)
{
	int64_t deadline = clock_mono_ms() + RETRY_MS;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char piece[4096];

	while (slice_find(buf_slice(out), '\n') == SIZE_MAX) {
		int64_t left = deadline - clock_mono_ms();
		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return false;
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return false;
		buf_add(out, slice_of(piece, (size_t)n));
		if (buf_status(out) != OK)
			return false;
	}
	return true;
}

/* intake writes quarantine: it gets one end of a connection, as if the command line had called. */
static bool ask_intake(const struct request *q, const char *op, struct buf *line)
{
	struct hand h = { .duty = HAND_IMPORT };
	bool good = false;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	if (hand_send(q->desk->hand_intake, &h, ends[1]) == OK &&
	    write(ends[0], op, strlen(op)) == (ssize_t)strlen(op) &&
	    shutdown(ends[0], SHUT_WR) == 0)
		good = read_line(ends[0], line);
	(void)close(ends[0]); /* sockets: nothing is lost that was not lost before */
	(void)close(ends[1]);
	return good;
}

static void answer_by_intake(const struct request *q, const char *op, struct response *r)
{
	struct buf line;
	json_t *answer = NULL;

	buf_init(&line, RETRY_LINE_MAX);
	if (ask_intake(q, op, &line))
		answer = json_loadb(line.p, line.len, JSON_DISABLE_EOF_CHECK, NULL);
	buf_fini(&line);
	if (answer == NULL)
		problem_say(r, ERR_UNAVAILABLE, "intake", "what receives reports did not answer",
		            "try again in a moment");
	else
		response_json(r, answer);
}

void api_reports_retry(const struct request *q, struct response *r)
{
	struct api_body b;

	api_body_open(&b, q);
	bool dry_run = api_body_flag(&b, "dry_run");
	if (!api_body_close(&b, r))
		return;
	answer_by_intake(
	        q, dry_run ? "{\"op\":\"retry\",\"dry_run\":true}\n" : "{\"op\":\"retry\"}\n", r);
}

void api_reports_purge(const struct request *q, struct response *r)
{
	struct api_body b;
	bool has_days = false;

	api_body_open(&b, q);
	uint64_t days = api_body_number(&b, "days", &has_days);
	bool dry_run = api_body_flag(&b, "dry_run");
	if (has_days && (days == 0 || days > PURGE_DAYS_MAX))
		api_body_fault(&b, "days", "is a number from 1 to 36500");
	if (!api_body_close(&b, r))
		return;
	answer_by_intake(q,
	                 arena_printf(q->arena, "{\"op\":\"purge\",\"days\":%u,\"dry_run\":%s}\n",
	                              (unsigned)days, dry_run ? "true" : "false"),
	                 r);
}
