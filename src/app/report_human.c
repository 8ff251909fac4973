#include "app/report_human.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/utc.h"
#include "base/utf8.h"
#include "wire/json.h"

#define SUM_MAX 1000u /* policies of a report that get a sum; more are no reading for people */
#define LINE_MAX_BYTES (8u * REPORT_STRING_MAX)

static void put_visible(struct buf *line, struct slice s)
{
	while (s.len > 0) {
		uint32_t code;
		size_t n = utf8_next(s, &code);

		if (utf8_is_deceptive(code))
			buf_printf(line, "\\u%04" PRIx32, code);
		else
			buf_add(line, slice_head(s, n));
		s = slice_skip(s, n);
	}
}

/* Text of a report with everything unprintable escaped as in JSON. */
static void put(struct buf *line, struct slice s)
{
	struct buf quoted;

	buf_init(&quoted, LINE_MAX_BYTES);
	json_add_string(&quoted, s);
	if (quoted.len >= 2)
		put_visible(line, slice_of(quoted.p + 1, quoted.len - 2));
	buf_fini(&quoted);
}

static void put_or(struct buf *line, struct slice s, const char *otherwise)
{
	if (s.len > 0)
		put(line, s);
	else
		buf_add_str(line, otherwise);
}

static void end_line(const struct cli *cli, struct buf *line)
{
	(void)fprintf(cli->out, "%s\n", buf_str(line)); /* cli_finish asks for errors */
	buf_reset(line);
}

static void strong_line(const struct cli *cli, struct buf *line)
{
	(void)fprintf(cli->out, cli->color ? "\033[1m%s\033[0m\n" : "%s\n", buf_str(line));
	buf_reset(line);
}

static void put_range(const struct report *r, struct buf *line)
{
	char from[UTC_TEXT_SIZE], to[UTC_TEXT_SIZE];

	buf_printf(line, "%s to %s", r->has_start ? utc_format(r->start, from) : "unknown",
	           r->has_end ? utc_format(r->end, to) : "unknown");
}

static void put_head(const struct cli *cli, const struct report *r, const char *file,
                     struct buf *line)
{
	put(line, slice_str(file));
	buf_add_str(line, ": report of ");
	put_or(line, r->organization, "an unnamed organisation");
	strong_line(cli, line);
	buf_add_str(line, "  covers     ");
	put_range(r, line);
	end_line(cli, line);
	buf_add_str(line, "  report-id  ");
	put_or(line, r->report_id, "none");
	end_line(cli, line);
	buf_add_str(line, "  contact    ");
	put_or(line, r->contact, "none");
	end_line(cli, line);
}

static const char *plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

static void put_failure(const struct cli *cli, const struct report_failure *f, struct buf *line)
{
	const struct {
		const char *lead;
		struct slice value;
		const char *tail;
	} pieces[] = {
		{ ", reason ", f->reason_code, "" },
		{ ", at ", f->receiving_mx_hostname, "" },
		{ " [", f->receiving_ip, "]" },
		{ ", which calls itself ", f->receiving_mx_helo, "" },
		{ ", from [", f->sending_mta_ip, "]" },
		{ ", see ", f->additional_information, "" },
	};

	buf_printf(line, "      %" PRIu64 " ", f->failed_sessions);
	put(line, f->result_type);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		if (pieces[i].value.len == 0)
			continue;
		buf_add_str(line, pieces[i].lead);
		put(line, pieces[i].value);
		buf_add_str(line, pieces[i].tail);
	}
	end_line(cli, line);
}

static void put_list(const struct cli *cli, const char *lead, const struct slice *items, size_t n,
                     struct buf *line)
{
	if (n == 0)
		return;
	buf_add_str(line, lead);
	for (size_t i = 0; i < n; i++) {
		buf_add_str(line, i == 0 ? "" : ", ");
		put(line, items[i]);
	}
	end_line(cli, line);
}

static void put_policy(const struct cli *cli, const struct report_policy *p, struct buf *line)
{
	buf_add_str(line, "  ");
	put_or(line, p->domain, "no domain named");
	buf_add_str(line, " under ");
	put_or(line, report_type_text(p), "a policy of no named type");
	buf_printf(line, ": %" PRIu64 " %s good, %" PRIu64 " failed", p->successful,
	           plural(p->successful, "session", "sessions"), p->failed);
	end_line(cli, line);
	put_list(cli, "      policy  ", p->strings, p->string_count, line);
	put_list(cli, "      mx      ", p->mx_hosts, p->mx_host_count, line);
	for (size_t i = 0; i < p->failure_count; i++)
		put_failure(cli, &p->failures[i], line);
}

static void put_notes(const struct cli *cli, uint64_t notes, struct buf *line)
{
	for (size_t i = 0; i < NOTE_COUNT; i++) {
		if ((notes & NOTE_BIT(i)) == 0)
			continue;
		buf_printf(line, "  note: %s (%s)", note_sentence((enum report_note)i),
		           note_code((enum report_note)i));
		end_line(cli, line);
	}
}

/* Once for each domain, so that sessions listed under tlsa and under sts are told once. */
static struct report_sessions together(const struct report *r)
{
	struct report_sessions sum = { 0 };

	for (size_t i = 0; i < r->policy_count; i++) {
		bool before = false;

		for (size_t k = 0; k < i && !before; k++)
			before = slice_eq(r->policies[k].domain, r->policies[i].domain);
		if (before)
			continue;
		struct report_sessions one = report_headline(r, r->policies[i].domain);
		sum.successful += one.successful;
		sum.failed += one.failed;
	}
	return sum;
}

/* The last line of several policies. */
static void put_sum(const struct cli *cli, const struct report *r, struct buf *line)
{
	struct report_sessions sum = together(r);
	struct report_totals plain = report_totals(r);
	bool twice = sum.successful + sum.failed != plain.successful + plain.failed;

	buf_printf(line, "  together: %" PRIu64 " %s good, %" PRIu64 " failed%s", sum.successful,
	           plural(sum.successful, "session", "sessions"), sum.failed,
	           twice ? " (listed under tlsa and sts, counted once)" : "");
	end_line(cli, line);
}

void report_human(const struct cli *cli, const struct report_item *item, const char *file)
{
	const struct report *r = &item->report;
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	put_head(cli, r, file, &line);
	for (size_t i = 0; i < r->policy_count; i++)
		put_policy(cli, &r->policies[i], &line);
	if (r->policy_count > 1 && r->policy_count <= SUM_MAX)
		put_sum(cli, r, &line);
	put_notes(cli, r->notes, &line);
	buf_fini(&line);
}
