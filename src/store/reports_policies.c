/*
 * Policies and failures of a report as the text that its row keeps: nobody asks for them apart from
 * their report.
 *
 * A line is a policy, 'p' and its members, or a failure of the policy above it, 'f' and its
 * members.  A tab stands before each member; backslash, tab and line feed are written \\, \t and
 * \n.
 */
#include <inttypes.h>

#include "base/buf.h"
#include "base/num.h"
#include "store/reports_internal.h"

#define POLICY_TEXTS 4u
#define FAILURE_TEXTS 7u
#define TEXTS_MAX FAILURE_TEXTS

/* The text members of a row in the order of the line; its numbers follow them. */
struct texts {
	struct slice *list[TEXTS_MAX];
	size_t count;
};

static struct texts policy_texts(struct report_policy_row *p)
{
	return (struct texts){ { &p->type, &p->domain, &p->strings, &p->mx_hosts }, POLICY_TEXTS };
}

static struct texts failure_texts(struct report_failure_row *f)
{
	return (struct texts){ { &f->result_type, &f->reason_code, &f->sending_mta_ip,
		                 &f->receiving_mx, &f->receiving_helo, &f->receiving_ip,
		                 &f->additional },
		               FAILURE_TEXTS };
}

/* What stands behind the backslash for c; '\0': c stands for itself. */
static char letter_of(char c)
{
	return c == '\\' ? '\\' : c == '\t' ? 't' : c == '\n' ? 'n' : '\0';
}

static void add_text(struct buf *b, struct slice s)
{
	size_t start = 0;

	buf_add_char(b, '\t');
	for (size_t i = 0; i < s.len; i++) {
		char letter = letter_of(s.p[i]);

		if (letter == '\0')
			continue;
		buf_add(b, slice_of(s.p + start, i - start));
		buf_add_char(b, '\\');
		buf_add_char(b, letter);
		start = i + 1;
	}
	buf_add(b, slice_skip(s, start));
}

static void add_texts(struct buf *b, char kind, struct texts t)
{
	buf_add_char(b, kind);
	for (size_t i = 0; i < t.count; i++)
		add_text(b, *t.list[i]);
}

void policies_format(const struct report_policy_row *rows, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		struct report_policy_row p = rows[i];

		add_texts(out, 'p', policy_texts(&p));
		buf_printf(out, "\t%" PRId64 "\t%" PRId64 "\n", p.successful, p.failed);
		for (size_t j = 0; j < p.failure_count; j++) {
			struct report_failure_row f = p.failures[j];

			add_texts(out, 'f', failure_texts(&f));
			buf_printf(out, "\t%" PRId64 "\n", f.sessions);
		}
	}
}

static char character_of(char letter)
{
	return letter == 't' ? '\t' : letter == 'n' ? '\n' : letter;
}

static struct slice unescape(struct slice s, struct arena *a)
{
	char *out;
	size_t used = 0;

	if (slice_find(s, '\\') == SIZE_MAX)
		return s;
	out = arena_alloc(a, s.len);
	for (size_t i = 0; i < s.len; i++) {
		bool escaped = s.p[i] == '\\' && i + 1 < s.len;

		out[used++] = escaped ? character_of(s.p[++i]) : s.p[i];
	}
	return slice_of(out, used);
}

/* Takes the next member off *line; an empty one when there is none. */
static struct slice take(struct slice *line)
{
	struct slice piece = S("");

	(void)slice_next(line, '\t', &piece); /* false leaves it empty */
	return piece;
}

static int64_t take_number(struct slice *line)
{
	int64_t n = 0;

	(void)!num_parse_i64(take(line), &n); /* what is no number was not written here */
	return n;
}

static void take_texts(struct slice *line, struct texts t, struct arena *a)
{
	for (size_t i = 0; i < t.count; i++)
		*t.list[i] = unescape(take(line), a);
}

static void take_policy(struct slice *line, struct report_policy_row *p, struct arena *a)
{
	take_texts(line, policy_texts(p), a);
	p->successful = take_number(line);
	p->failed = take_number(line);
}

/* The failures of the policy whose line was the last one. */
static void take_failures(struct slice *text, struct report_policy_row *p, struct arena *a)
{
	struct rows r = ROWS(struct report_failure_row);

	while (text->len > 0 && text->p[0] == 'f') {
		struct report_failure_row *f = rows_add(&r, a);
		struct slice line = S("");

		(void)slice_next(text, '\n', &line); /* there is one */
		(void)take(&line);                   /* the 'f' */
		take_texts(&line, failure_texts(f), a);
		f->sessions = take_number(&line);
	}
	p->failures = r.items;
	p->failure_count = r.count;
}

void policies_parse(struct slice text, struct arena *a, struct report_policy_row **out,
                    size_t *count_out)
{
	struct rows r = ROWS(struct report_policy_row);
	struct slice line;

	while (slice_next(&text, '\n', &line)) {
		struct report_policy_row *p = rows_add(&r, a);

		(void)take(&line); /* the 'p' */
		take_policy(&line, p, a);
		take_failures(&text, p, a);
	}
	*out = r.items;
	*count_out = r.count;
}
