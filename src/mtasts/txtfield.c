#include "mtasts/txtfield.h"

#include "mtasts/record.h"

static struct finding_at place(const struct txtfield_reader *r, const char *p)
{
	return (struct finding_at){ r->number, (size_t)(p - r->text.p) };
}

struct finding_at txtfield_at(const struct txtfield_reader *r, const struct txtfield *field)
{
	return (struct finding_at){ r->number, field->offset };
}

static enum err refuse(struct txtfield_reader *r, enum finding_kind kind, struct slice where,
                       const char *why)
{
	findings_add_why(r->f, kind, place(r, where.p), where, why);
	return ERR_SYNTAX;
}

static struct slice skip_wsp(struct slice s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	return s;
}

/* RFC 8461, 3.1: US-ASCII.  RDATA is counted, so that a NUL is one more bad byte. */
static enum err check_bytes(struct txtfield_reader *r)
{
	for (size_t i = 0; i < r->text.len; i++) {
		char c = r->text.p[i];

		if (!slice_is_printable(slice_of(&c, 1)) && c != '\t')
			return refuse(r, FINDING_RECORD_BYTES, slice_skip(r->text, i), "");
	}
	return OK;
}

enum err txtfield_open(struct txtfield_reader *r, struct slice version)
{
	struct slice behind;

	if (r->text.len > RECORD_TEXT_MAX) {
		findings_add(r->f, FINDING_RECORD_TOO_LONG, place(r, r->text.p), S(""));
		return ERR_LIMIT;
	}
	if (r->text.len == 0) {
		findings_add(r->f, FINDING_RECORD_EMPTY, (struct finding_at){ r->number, 0 },
		             S(""));
		return ERR_SYNTAX;
	}
	if (check_bytes(r) != OK)
		return ERR_SYNTAX;
	if (skip_wsp(r->text).len < r->text.len)
		return refuse(r, FINDING_RECORD_LEADING_BLANK, r->text, "");
	if (!slice_starts(r->text, version))
		return refuse(r, FINDING_RECORD_VERSION, r->text, "");

	r->rest = slice_skip(r->text, version.len);
	behind = skip_wsp(r->rest);
	if (behind.len == 0)
		return refuse(r, FINDING_RECORD_NO_FIELD, behind, "");
	if (behind.p[0] != ';')
		return refuse(r, FINDING_RECORD_VERSION, r->text, "a semicolon must follow it");
	if (behind.len < r->rest.len)
		findings_add(r->f, FINDING_RECORD_BLANK_BEFORE_SEMICOLON, place(r, r->rest.p),
		             S(""));
	r->rest = slice_skip(behind, 1);
	if (skip_wsp(r->rest).len == 0)
		return refuse(r, FINDING_RECORD_NO_FIELD, skip_wsp(r->rest), "");
	return OK;
}

static bool name_is_formed(struct slice name)
{
	if (name.len == 0 || name.len > TXTFIELD_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool alnum =
		        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || (c != '_' && c != '-' && c != '.')))
			return false;
	}
	return true;
}

enum err txtfield_next(struct txtfield_reader *r, struct txtfield *out)
{
	struct slice piece = r->rest, behind = slice_skip(r->rest, r->rest.len);
	bool delimited = slice_cut(r->rest, ';', &piece, &behind);
	struct slice body = slice_trim_wsp(piece);
	struct txtfield field;

	r->rest = behind;
	if (body.len == 0)
		return delimited ? refuse(r, FINDING_RECORD_EMPTY_FIELD, body, "") : ERR_NOTFOUND;
	if (!delimited && body.p + body.len < piece.p + piece.len)
		return refuse(r, FINDING_RECORD_TRAILING_BLANK, slice_skip(piece, piece.len), "");
	if (!slice_cut(body, '=', &field.name, &field.value))
		return refuse(r, FINDING_RECORD_FIELD, body, "");
	if (!name_is_formed(field.name))
		return refuse(r, FINDING_RECORD_FIELD, body,
		              "a name is 1 to 32 letters, digits, \"_\", \"-\" or \".\", with "
		              "nothing around it");
	field.offset = (size_t)(field.name.p - r->text.p);
	*out = field;
	return OK;
}

bool txtfield_is_extension(const struct txtfield *field)
{
	if (!name_is_formed(field->name) || field->value.len == 0)
		return false;
	for (size_t i = 0; i < field->value.len; i++) {
		char c = field->value.p[i];

		if (c < 0x21 || c > 0x7e || c == ';' || c == '=')
			return false;
	}
	return true;
}

static bool is_kept(struct slice text, struct slice version)
{
	return slice_starts(text, version) && slice_starts(slice_skip(text, version.len), S(";"));
}

struct txtfield_choice txtfield_choose(const struct slice *texts, size_t count,
                                       struct slice version, struct findings *f)
{
	struct txtfield_choice choice = { 0, 0 };

	if (count == 1)
		return (struct txtfield_choice){ 0, 1 };
	for (size_t i = 0; i < count; i++)
		if (is_kept(texts[i], version))
			choice = (struct txtfield_choice){ i, choice.kept + 1 };
	for (size_t i = 0; i < count; i++) {
		struct finding_at at = { (unsigned)i + 1, 0 };
		bool blank = slice_starts(texts[i], version) &&
		             slice_starts(skip_wsp(slice_skip(texts[i], version.len)), S(";"));

		/* RFC 8461, erratum 6285: the filter is literal, the grammar is not. */
		if (!is_kept(texts[i], version))
			findings_add(f,
			             blank && choice.kept == 0 ? FINDING_RECORD_INVISIBLE
			                                       : FINDING_RECORD_UNRELATED,
			             at, texts[i]);
		else if (choice.kept > 1)
			findings_add(f, FINDING_RECORD_SEVERAL, at, texts[i]);
	}
	if (choice.kept == 0)
		findings_add(f, FINDING_RECORD_NONE, (struct finding_at){ 0, 0 }, S(""));
	return choice;
}
