#include "service/alert_mail.h"

#include "base/utc.h"
#include "base/utf8.h"

#define COLUMNS 76u
#define LABEL 11u     /* columns before the text of a paragraph */
#define WORD_MAX 900u /* of a line of mail there may be 998 bytes */

/* One character of text from anywhere: what shows nothing or breaks a line is not shown. */
static size_t add_char(struct buf *b, struct slice text, bool ascii)
{
	uint32_t code;
	size_t n = utf8_next(text, &code);
	bool good = code >= ' ' && code != 0x7f && code != UTF8_BROKEN &&
	            !utf8_is_deceptive(code) && (!ascii || code < 0x7f);

	if (good)
		buf_add(b, slice_head(text, n));
	else
		buf_add_char(b, code == '\n' || code == '\t' ? ' ' : '?');
	return n;
}

static void add_safe(struct buf *b, struct slice text, bool ascii)
{
	while (text.len > 0)
		text = slice_skip(text, add_char(b, text, ascii));
}

static void indent(struct buf *b)
{
	for (unsigned i = 0; i < LABEL; i++)
		buf_add_char(b, ' ');
}

/* A paragraph behind its label, wrapped at blanks. */
static void put(struct buf *b, const char *label, const char *text)
{
	struct slice rest = slice_str(text), word;
	size_t column = LABEL;

	buf_printf(b, "  %-*s", (int)LABEL - 2, label);
	while (slice_next(&rest, ' ', &word)) {
		word = slice_head(word, WORD_MAX);
		if (column > LABEL && column + 1 + word.len > COLUMNS) {
			buf_add_char(b, '\n');
			indent(b);
			column = LABEL;
		}
		if (column > LABEL)
			buf_add_char(b, ' ');
		column += (column > LABEL ? 1 : 0) + word.len;
		add_safe(b, word, false);
	}
	buf_add_char(b, '\n');
}

/* A line to copy: never wrapped. */
static void put_command(struct buf *b, const char *command)
{
	if (command[0] == '\0')
		return;
	indent(b);
	buf_add_str(b, "  ");
	add_safe(b, slice_head(slice_str(command), WORD_MAX), false);
	buf_add_char(b, '\n');
}

static const struct explain_entry *entry_of(enum alert_cause cause)
{
	return explain_find(slice_str(alert_code(cause)));
}

static const char *title_of(enum alert_cause cause)
{
	const struct explain_entry *e = entry_of(cause);

	return e == NULL ? alert_code(cause) : e->title;
}

/* The worst of those that it speaks of. */
static enum explain_impact impact_of(const struct alert_mail *m)
{
	enum explain_impact worst = IMPACT_NONE;

	for (size_t i = 0; i < m->count; i++) {
		enum explain_impact x = alert_impact(m->cause, m->rows[i].state.level);
		worst = x > worst ? x : worst;
	}
	return worst;
}

static void put_date(struct buf *b, int64_t now)
{
	static const char days[][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct utc_date d = utc_civil(now);

	buf_printf(b, "Date: %s, %02u %s %04lld %02u:%02u:%02u +0000\n",
	           days[(size_t)(now / UTC_DAY % 7)], d.day, months[d.month - 1], (long long)d.year,
	           d.hour, d.min, d.sec);
}

static void put_head(struct buf *b, const struct alert_mail *m, const char *event,
                     const char *subject)
{
	buf_printf(b, "From: mxseal <mxseal@%s>\n", m->host);
	if (m->to[0] != '\0')
		buf_printf(b, "To: %s\n", m->to);
	buf_add_str(b, "Subject: [mxseal] ");
	add_safe(b, slice_head(slice_str(subject), WORD_MAX), true);
	buf_add_char(b, '\n');
	put_date(b, m->now);
	buf_printf(b,
	           "Message-ID: <mxseal.%lld@%s>\n"
	           "Auto-Submitted: auto-generated\n"
	           "X-Mxseal-Event: %s\n"
	           "MIME-Version: 1.0\n"
	           "Content-Type: text/plain; charset=utf-8\n"
	           "Content-Transfer-Encoding: 8bit\n\n",
	           (long long)m->id, m->host, event);
}

static const char *subject_of(const struct alert_mail *m, struct arena *a)
{
	static const char *const became[] = { [ALERT_NOTHING] = "",
		                              [ALERT_OPENED] = "",
		                              [ALERT_WORSE] = "worse - ",
		                              [ALERT_CLOSED] = "closed - " };
	enum explain_impact impact = m->event == ALERT_CLOSED ? IMPACT_NONE : impact_of(m);

	return arena_printf(
	        a, "%s: %s%s%s%s",
	        m->count == 1 ? m->rows[0].name : arena_printf(a, "%zu names", m->count),
	        became[m->event], impact == IMPACT_NONE ? "" : explain_impact_words(impact),
	        impact == IMPACT_NONE ? "" : " - ", title_of(m->cause));
}

static void put_row(struct buf *b, const struct alert_mail *m, const struct alert_row *row,
                    struct arena *a)
{
	char opened[UTC_TEXT_SIZE], closed[UTC_TEXT_SIZE];

	(void)utc_format(row->state.opened, opened); /* gives opened */
	if (m->event == ALERT_CLOSED) {
		put(b, "Was",
		    arena_printf(a, "open from %s to %s", opened,
		                 utc_format(row->state.closed, closed)));
		return;
	}
	put(b, "What", row->detail);
	put(b, "Do", row->step);
	put_command(b, row->command);
	put(b, "Since", opened);
}

static void put_rows(struct buf *b, const struct alert_mail *m, struct arena *a)
{
	for (size_t i = 0; i < m->count && i < ALERT_MAIL_NAMES_MAX; i++) {
		if (m->count > 1)
			buf_printf(b, "%s\n", m->rows[i].name);
		put_row(b, m, &m->rows[i], a);
		buf_add_char(b, '\n');
	}
	if (m->count > ALERT_MAIL_NAMES_MAX)
		buf_printf(b, "And %zu more; `mxseal alert list` names them.\n\n",
		           m->count - ALERT_MAIL_NAMES_MAX);
}

static void put_meaning(struct buf *b, const struct alert_mail *m)
{
	const struct explain_entry *e = entry_of(m->cause);
	enum explain_impact impact = impact_of(m);

	if (e == NULL || m->event == ALERT_CLOSED)
		return;
	if (impact != IMPACT_NONE)
		put(b, "Impact", explain_impact_words(impact));
	put(b, "Means", e->plain);
	put(b, "Until", e->verify);
	put(b, "", "This is said again only when it gets worse, and once more when it is over.");
}

static void put_pause(struct buf *b, const struct alert_mail *m, struct arena *a)
{
	if (m->pause[0] != '\0')
		put(b, "Next",
		    arena_printf(a,
		                 "More of the same is gathered for %s, and is one mail then; "
		                 "`mxseal alert list` has it before.",
		                 m->pause));
}

void alert_mail_format(const struct alert_mail *m, struct arena *a, struct buf *out)
{
	put_head(out, m, arena_printf(a, "%s %s", alert_event_name(m->event), alert_code(m->cause)),
	         subject_of(m, a));
	put_rows(out, m, a);
	put_meaning(out, m);
	put_pause(out, m, a);
	put(out, "More", arena_printf(a, "mxseal explain %s", alert_code(m->cause)));
	if (m->dashboard[0] != '\0')
		put(out, "", m->dashboard);
}

void alert_mail_test(const struct alert_mail *m, struct buf *out)
{
	put_head(out, m, "test", "a test: this is how mxseal tells of what needs you");
	put(out, "What", "`mxseal alert test` sent this. Nothing is wrong.");
}
