#include "app/conf_schema.h"
#include "app/man.h"
#include "app/mdoc.h"

/* "300 seconds", "unset", or as it is. */
static const char *preset_text(const struct conf_row *row, struct arena *a)
{
	if (row->preset[0] == '\0')
		return "unset";
	return row->unit == NULL ? arena_printf(a, "`%s`", row->preset)
	                         : arena_printf(a, "`%s` %s", row->preset, row->unit);
}

static void setting(FILE *out, const struct conf_row *row, struct arena *a)
{
	(void)fprintf(out, ".It Ic %s\n", row->key);
	mdoc_fill(out, slice_str(arena_printf(a, "%c%s.",
	                                      row->help[0] >= 'a' && row->help[0] <= 'z'
	                                              ? row->help[0] - 'a' + 'A'
	                                              : row->help[0],
	                                      row->help + 1)));
	if (row->details != NULL)
		mdoc_fill(out, slice_str(row->details));
	mdoc_fill(out, slice_str(arena_printf(a, "Value (%s): %s.", row->type->name,
	                                      row->type->syntax)));
	if (row->max > 0)
		mdoc_fill(out, slice_str(arena_printf(
		                       a, "From %llu to %llu%s%s.", (unsigned long long)row->min,
		                       (unsigned long long)row->max, row->unit == NULL ? "" : " ",
		                       row->unit == NULL ? "" : row->unit)));
	mdoc_fill(out, slice_str(arena_printf(a, "Default: %s.", preset_text(row, a))));
	mdoc_literal(out, slice_str(arena_printf(a, "%s = %s", row->key, row->example)));
}

static void mailbox_section(FILE *out, struct arena *a)
{
	mdoc_heading(out, 2, "[imap NAME]");
	mdoc_fill(out, slice_str(conf_section_help("imap name")));
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < conf_mailbox_row_count; i++)
		setting(out, &conf_mailbox_rows[i], a);
	(void)fputs(".El\n", out);
}

static void sections(FILE *out, struct arena *a)
{
	const char *section = "";

	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (strcmp(section, row->section) != 0) {
			if (i > 0)
				(void)fputs(".El\n", out);
			section = row->section;
			mdoc_heading(out, 2, arena_printf(a, "[%s]", section));
			mdoc_fill(out, slice_str(conf_section_help(section)));
			(void)fputs(".Bl -tag -width Ds\n", out);
		}
		setting(out, row, a);
	}
	(void)fputs(".El\n", out);
}

void man_conf(FILE *out, int64_t now, struct arena *a)
{
	static const struct mdoc_term files[] = {
		{ "/etc/mxseal/mxseal.conf", "Read unless --config names another file." },
		{ NULL, NULL },
	};
	static const char *const pages[] = { "mxseal 1", "mxseal-findings 7", NULL };

	mdoc_head(out, "mxseal.conf", 5, "configuration of mxseal", now);
	mdoc_heading(out, 1, "DESCRIPTION");
	mdoc_prose(
	        out,
	        "The configuration of `mxseal serve` is an INI file in UTF-8: `[section]` lines, "
	        "and below each `key = value`. A line that begins with `;` or `#` is a comment, "
	        "and so is what follows a blank and `;`. A value with several parts may go on in "
	        "lines that begin with a blank. No line is longer than 196 bytes.\n\n"
	        "A setting comes from the first of these that has it: an option of `mxseal "
	        "serve`; the variable `MXSEAL_SECTION__KEY` of the environment, or the file "
	        "that `MXSEAL_SECTION__KEY_FILE` names; this file; the default. Unknown sections "
	        "and settings, repeats and values that do not fit are errors with their line, "
	        "and all are said at once.\n\n"
	        "`mxseal serve --check-config` reads the file and starts nothing; `mxseal serve "
	        "--print-config` shows every setting with its value and where it comes from. On "
	        "SIGHUP the file is read again; when it has an error, the service goes on as "
	        "before and says so.");
	mdoc_heading(out, 1, "SETTINGS");
	sections(out, a);
	mailbox_section(out, a);
	mdoc_heading(out, 1, "FILES");
	mdoc_terms(out, files);
	mdoc_heading(out, 1, "EXAMPLES");
	mdoc_fill(out, S("A service that hosts domains of its own and of others:"));
	mdoc_literal(out, S("[server]\nuser = mxseal\n\n"
	                    "[service]\nhost = mxseal.example.net\nzone = sts.example.net\n"
	                    "addresses = 192.0.2.1 2001:db8::1\n\n"
	                    "[report]\nhost = reports.example.net"));
	mdoc_see_also(out, pages);
}
