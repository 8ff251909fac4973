#include "advice/explain.h"
#include "app/man.h"
#include "app/mdoc.h"

/* Fixes: a line that begins with "$ " is something to copy. */
static void fix_text(FILE *out, struct slice text)
{
	struct slice line;

	while (slice_next_line(&text, &line)) {
		if (slice_starts(line, S("$ ")))
			mdoc_literal(out, slice_skip(line, 2));
		else
			mdoc_fill(out, line);
	}
}

static void fixes(FILE *out, const struct explain_entry *e)
{
	for (enum platform p = PLATFORM_GW; p < PLATFORM_COUNT; p++) {
		(void)fputs(".Pp\n", out);
		if (e->same_fix)
			(void)fputs(".Sy Fix :\n", out);
		else
			(void)fprintf(out, ".Sy Fix , %s :\n", platform_name(p));
		fix_text(out, slice_str(e->fix[p]));
		if (e->same_fix)
			return;
	}
}

static void entry(FILE *out, const struct explain_entry *e, struct arena *a)
{
	const char *testing = explain_impact_words(e->testing);
	const char *enforce = explain_impact_words(e->enforce);

	mdoc_heading(out, 2, e->id);
	mdoc_fill(out, slice_str(arena_printf(a, "%s.", e->title)));
	mdoc_fill(out, slice_str(e->plain));
	(void)fputs(".Pp\n.Sy Impact :\n", out);
	mdoc_fill(out, slice_str(e->testing == e->enforce
	                                 ? arena_printf(a, "%s.", enforce)
	                                 : arena_printf(a, "%s (testing), %s (enforce).", testing,
	                                                enforce)));
	(void)fputs(".Pp\n.Sy Causes ,\nmost likely first:\n.Bl -enum -compact\n", out);
	for (size_t i = 0; e->causes[i] != NULL; i++) {
		(void)fputs(".It\n", out);
		mdoc_fill(out, slice_str(e->causes[i]));
	}
	(void)fputs(".El\n", out);
	fixes(out, e);
	(void)fputs(".Pp\n.Sy Verify :\n", out);
	mdoc_fill(out, slice_str(e->verify));
	mdoc_fill(out, slice_str(arena_printf(a, "See %s.", e->see)));
}

static const char *kind_title(enum explain_kind kind, struct arena *a)
{
	char *title = arena_printf(a, "%ss", explain_kind_name(kind));

	for (char *p = title; *p != '\0'; p++)
		*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
	return title;
}

void man_findings(FILE *out, int64_t now, struct arena *a)
{
	static const char *const pages[] = { "mxseal 1", "mxseal.conf 5", NULL };

	mdoc_head(out, "mxseal-findings", 7, "what the codes of mail transport security mean", now);
	mdoc_heading(out, 1, "DESCRIPTION");
	mdoc_prose(out, "Every code that mxseal prints, and those that senders write into reports "
	                "and bounces, with what to do. `mxseal explain` prints the same texts; it "
	                "also takes codes as they are pasted, and whole lines of a bounce.");
	for (enum explain_kind k = EXPLAIN_RESULT_TYPE; k <= EXPLAIN_TOPIC; k++) {
		bool first = true;

		for (size_t i = 0; i < explain_count(); i++) {
			const struct explain_entry *e = explain_at(i);

			if (e->kind != k)
				continue;
			if (first)
				mdoc_heading(out, 1, kind_title(k, a));
			first = false;
			entry(out, e, a);
		}
	}
	mdoc_see_also(out, pages);
}
