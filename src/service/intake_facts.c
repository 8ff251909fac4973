#include "service/intake_facts.h"

#include "tlsrpt/report_show.h"

static size_t count_lines(struct slice lines)
{
	struct slice line;
	size_t n = 0;

	while (slice_next_line(&lines, &line))
		n++;
	return n;
}

static void take_fault(struct facts *f, const struct show_line *line)
{
	enum fault_code code = line->item.fault.code;

	if (code == FAULT_NO_REPORT) {
		f->no_report = true;
	} else if (f->reason == NULL) {
		f->reason = fault_name(code);
		f->detail = line->message;
	}
}

static void take(struct facts *f, const struct show_line *line)
{
	switch (line->kind) {
	case SHOW_REPORT:
		f->items[f->count++] = line->item;
		break;
	case SHOW_ERROR:
		take_fault(f, line);
		break;
	case SHOW_MAIL:
		f->is_mail = true;
		f->mail = line->mail;
		break;
	case SHOW_SIGNATURES:
		f->signatures = line->signatures;
		break;
	}
}

enum err facts_parse(struct slice lines, struct arena *arena, struct facts *out)
{
	size_t n = count_lines(lines);
	struct facts f = { .items = NULL };
	struct slice text;
	struct show_line line;
	enum err e;

	if (n == 0)
		return ERR_SYNTAX;
	if (n > FACTS_ITEMS_MAX)
		return ERR_LIMIT;
	f.items = arena_calloc(arena, n, sizeof(*f.items));
	while (slice_next_line(&lines, &text)) {
		e = report_show_parse(text, arena, &line, NULL);
		if (e != OK)
			return e;
		take(&f, &line);
	}
	if (f.count == 0 && !f.no_report && f.reason == NULL)
		return ERR_SYNTAX; /* facts of a mail alone say nothing about its reports */
	*out = f;
	return OK;
}

struct facts facts_failed(const char *reason, const char *detail)
{
	return (struct facts){ .reason = reason, .detail = slice_str(detail) };
}

struct slice facts_domain(const struct report_item *item, struct slice fallback, bool first)
{
	if (first && fallback.len > 0)
		return fallback;
	return item->hint.len > 0 ? item->hint : fallback;
}
