#include "mtasts/finding.h"

#define QUOTE_MAX 64u

const struct finding_kind_row finding_kinds[FINDING_KIND_COUNT] = {
#define FINDING_ROW(name, code, severity, sentence) { code, FINDING_##severity, sentence },
	FINDING_KINDS(FINDING_ROW)
#undef FINDING_ROW
};

static const char *const severity_names[FINDING_SEVERITIES] = { "fail", "warn", "info" };

struct findings findings_in(struct arena *a)
{
	return (struct findings){ .arena = a };
}

/* Bytes for a message: printable ASCII as it is, anything else as dots, cut with three more. */
static char *quoted(struct arena *a, struct slice s)
{
	struct slice shown = slice_head(s, QUOTE_MAX);
	char *out = arena_alloc(a, shown.len + sizeof("..."));

	for (size_t i = 0; i < shown.len; i++)
		out[i] = (char)(slice_is_printable(slice_of(shown.p + i, 1)) ? shown.p[i] : '.');
	if (s.len > shown.len)
		memcpy(out + shown.len, "...", sizeof("..."));
	return out;
}

static char *message(struct arena *a, const char *sentence, struct slice subject, const char *why)
{
	const char *dash = why[0] == '\0' ? "" : ": ";

	if (subject.len == 0)
		return arena_printf(a, "%s%s%s", sentence, dash, why);
	return arena_printf(a, "%s%s%s: '%s'", sentence, dash, why, quoted(a, subject));
}

static void grow(struct findings *f)
{
	size_t cap = f->cap == 0 ? 8 : f->cap * 2;
	struct finding *list = arena_calloc(f->arena, cap, sizeof(*list));

	if (f->len > 0)
		memcpy(list, f->list, f->len * sizeof(*list));
	f->list = list;
	f->cap = cap;
}

void findings_add_why(struct findings *f, enum finding_kind kind, struct finding_at at,
                      struct slice subject, const char *why)
{
	const struct finding_kind_row *row = &finding_kinds[kind];

	f->count[row->severity]++;
	if (f->len == FINDINGS_MAX)
		return;
	if (f->len == f->cap)
		grow(f);
	if (f->len == FINDINGS_MAX - 1) {
		row = &finding_kinds[FINDING_MORE];
		kind = FINDING_MORE;
		at = (struct finding_at){ 0, 0 };
		subject = S("");
		why = "";
	}
	f->list[f->len++] =
	        (struct finding){ .kind = kind,
		                  .severity = row->severity,
		                  .code = row->code,
		                  .message = message(f->arena, row->sentence, subject, why),
		                  .line = at.line,
		                  .offset = at.offset };
}

void findings_add(struct findings *f, enum finding_kind kind, struct finding_at at,
                  struct slice subject)
{
	findings_add_why(f, kind, at, subject, "");
}

bool findings_reach(const struct findings *f, enum finding_severity least)
{
	for (size_t s = 0; s <= (size_t)least; s++)
		if (f->count[s] > 0)
			return true;
	return false;
}

const char *finding_severity_name(enum finding_severity s)
{
	return severity_names[s];
}

enum err finding_severity_parse(struct slice s, enum finding_severity *out)
{
	for (size_t i = 0; i < FINDING_SEVERITIES; i++)
		if (slice_eq(s, slice_str(severity_names[i]))) {
			*out = (enum finding_severity)i;
			return OK;
		}
	return ERR_SYNTAX;
}
