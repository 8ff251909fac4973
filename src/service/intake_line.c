#include "service/intake_line.h"

#include <inttypes.h>

#include "base/utc.h"
#include "wire/json.h"

enum err line_parse_op(struct slice line, enum line_op *out, bool *dry_run_out)
{
	static const struct {
		struct slice name;
		enum line_op op;
	} ops[] = {
		{ SLICE_INIT("import"), LINE_IMPORT },
		{ SLICE_INIT("ingest"), LINE_INGEST },
		{ SLICE_INIT("retry"), LINE_RETRY },
		{ SLICE_INIT("purge"), LINE_PURGE },
	};
	json_t *root = NULL;
	enum err e = json_read(line, &json_limits_small, &root, NULL, NULL);
	struct slice name;

	if (e != OK)
		return ERR_SYNTAX;
	name = json_slice(json_member(root, "op"));
	e = name.len == 0 ? ERR_SYNTAX : ERR_NOTFOUND;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (slice_eq(name, ops[i].name)) {
			*out = ops[i].op;
			*dry_run_out = json_is_true(json_member(root, "dry_run"));
			e = OK;
		}
	}
	json_decref(root);
	return e;
}

enum err line_parse_purge(struct slice line, struct line_purge *out)
{
	json_t *root = NULL;
	enum err e = json_read(line, &json_limits_small, &root, NULL, NULL);

	if (e != OK)
		return ERR_SYNTAX;
	const json_t *days = json_member(root, "days");
	if (days != NULL && (!json_is_integer(days) || json_integer_value(days) < 0))
		e = ERR_SYNTAX;
	if (e == OK)
		*out = (struct line_purge){ (uint64_t)json_integer_value(days),
			                    json_is_true(json_member(root, "dry_run")) };
	json_decref(root);
	return e;
}

/* An empty kind is a message: the line of an ingested mail says none. */
static enum err set_kind(struct slice kind, struct line_file *f)
{
	static const struct {
		struct slice name;
		bool bundle, mbox, mail;
	} kinds[] = {
		{ SLICE_INIT(""), false, false, true },
		{ SLICE_INIT("json"), false, false, false },
		{ SLICE_INIT("gz"), false, false, false },
		{ SLICE_INIT("zip"), false, false, false },
		{ SLICE_INIT("eml"), false, false, true },
		{ SLICE_INIT("mbox"), false, true, true },
		{ SLICE_INIT("bundle"), true, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (slice_eq(kind, kinds[i].name)) {
			f->bundle = kinds[i].bundle;
			f->mbox = kinds[i].mbox;
			f->mail = kinds[i].mail;
			return OK;
		}
	}
	return ERR_NOTFOUND;
}

enum err line_parse_file(struct slice line, struct arena *arena, struct line_file *out)
{
	struct line_file f = { .mbox = false };
	json_t *root = NULL;
	enum err e = json_read(line, &json_limits_small, &root, NULL, NULL);

	if (e != OK)
		return ERR_SYNTAX;
	f.name = arena_copy(arena, json_slice(json_member(root, "file")));
	e = set_kind(json_slice(json_member(root, "kind")), &f);
	if (!json_is_string(json_member(root, "file")))
		e = ERR_SYNTAX;
	json_decref(root);
	if (e == OK)
		*out = f;
	return e;
}

static void add_counts(const struct line_counts *c, struct buf *out)
{
	buf_printf(out,
	           "\"reports\":%" PRIu64 ",\"new\":%" PRIu64 ",\"duplicates\":%" PRIu64
	           ",\"foreign\":%" PRIu64 ",\"quarantined\":%" PRIu64 ",\"no_report\":%" PRIu64,
	           c->reports, c->new, c->duplicates, c->foreign, c->quarantined, c->no_report);
}

void line_format_file(struct slice name, const struct line_counts *c, struct buf *out)
{
	buf_add_str(out, "{\"file\":");
	json_add_string(out, name);
	buf_add_char(out, ',');
	add_counts(c, out);
	buf_add_str(out, ",\"foreign_domains\":[");
	for (size_t i = 0; i < c->foreign_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		json_add_string(out, slice_str(c->foreign_names[i]));
	}
	buf_add_str(out, "],\"error\":");
	json_add_string_or_null(out, slice_str(c->error));
	buf_add_str(out, "}\n");
}

void line_format_retry(uint64_t retried, const struct line_counts *c, struct buf *out)
{
	buf_printf(out, "{\"schema\":\"mxseal.retry/1\",\"retried\":%" PRIu64 ",", retried);
	add_counts(c, out);
	buf_add_str(out, ",\"error\":");
	json_add_string_or_null(out, slice_str(c->error));
	buf_add_str(out, "}\n");
}

void line_format_purged(const struct line_purged *p, struct buf *out)
{
	char day[UTC_TEXT_SIZE];

	buf_printf(out, "{\"schema\":\"mxseal.purge/1\",\"dry_run\":%s,\"days\":",
	           p->dry_run ? "true" : "false");
	if (p->days == UINT64_MAX)
		buf_add_str(out, "null,\"before\":null");
	else
		buf_printf(out, "%" PRIu64 ",\"before\":\"%s\"", p->days,
		           utc_format_day(p->before, day));
	buf_printf(out, ",\"segments\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"messages\":%" PRIu64,
	           p->segments, p->bytes, p->messages);
	buf_add_str(out, ",\"error\":");
	json_add_string_or_null(out, slice_str(p->error));
	buf_add_str(out, "}\n");
}

void line_format_ingest(const char *result, const char *why, struct buf *out)
{
	buf_add_str(out, "{\"result\":");
	json_add_string(out, slice_str(result));
	buf_add_str(out, ",\"why\":");
	json_add_string_or_null(out, slice_str(why));
	buf_add_str(out, "}\n");
}
