#include "mtasts/record.h"

#include "mtasts/txtfield.h"

#define VERSION S("v=STSv1")

enum err record_id_check(struct slice id)
{
	if (id.len == 0 || id.len > RECORD_ID_MAX)
		return ERR_SYNTAX;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
			return ERR_SYNTAX;
	}
	return OK;
}

/* What the fields gave so far. */
struct pass {
	struct txtfield_reader reader;
	bool id_seen, good;
	struct slice id;
};

static void fail(struct pass *p, enum finding_kind kind, const struct txtfield *field,
                 struct slice subject)
{
	findings_add(p->reader.f, kind, txtfield_at(&p->reader, field), subject);
	p->good = false;
}

static void apply(struct pass *p, const struct txtfield *field)
{
	struct finding_at at = txtfield_at(&p->reader, field);

	if (slice_eq(field->name, S("id"))) {
		/* RFC 8461, 3.2: the first one counts, whatever stands in the others. */
		if (p->id_seen)
			findings_add(p->reader.f, FINDING_RECORD_DUPLICATE, at, field->name);
		else if (record_id_check(field->value) == OK)
			p->id = field->value;
		else
			fail(p, FINDING_RECORD_ID, field, field->value);
		p->id_seen = true;
	} else if (!txtfield_is_extension(field)) {
		fail(p, FINDING_RECORD_FIELD, field, field->value);
	} else if (slice_eq_i(field->name, S("id"))) {
		findings_add(p->reader.f, FINDING_RECORD_NAME_CASE, at, field->name);
	} else {
		findings_add(p->reader.f, FINDING_RECORD_EXTENSION, at, field->name);
	}
}

enum err record_read(struct slice text, unsigned number, struct findings *f, struct record *out)
{
	struct pass p = { .reader = { .text = text, .number = number, .f = f }, .good = true };
	struct txtfield field;
	enum err e = txtfield_open(&p.reader, VERSION);

	if (e != OK)
		return e;
	while ((e = txtfield_next(&p.reader, &field)) != ERR_NOTFOUND) {
		if (e == OK)
			apply(&p, &field);
		else
			p.good = false;
	}
	if (!p.id_seen)
		findings_add(f, FINDING_RECORD_ID_MISSING, (struct finding_at){ number, 0 }, S(""));
	out->id = p.id;
	return p.good && p.id_seen ? OK : ERR_SYNTAX;
}

enum err record_set_read(const struct slice *texts, size_t count, struct findings *f,
                         struct record *out)
{
	struct txtfield_choice choice = txtfield_choose(texts, count, VERSION, f);

	if (choice.kept == 0)
		return ERR_NOTFOUND;
	if (choice.kept > 1)
		return ERR_CONFLICT;
	return record_read(texts[choice.index], (unsigned)choice.index + 1, f, out);
}

enum err record_format(const struct record *r, struct buf *out)
{
	enum err e = record_id_check(r->id);

	if (e != OK)
		return e;
	buf_add_str(out, "v=STSv1; id=");
	buf_add(out, r->id);
	buf_add_char(out, ';');
	return buf_status(out);
}
