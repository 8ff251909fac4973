#include "tlsrpt/report_mail.h"

#include "tlsrpt/unpack.h"
#include "wire/gzip.h"
#include "wire/mbox.h"
#include "wire/mime.h"
#include "wire/zip.h"

#define ITEMS_FIRST 4u

/* How sure a part's labels are that it holds a report. */
enum claim {
	CLAIM_NONE,  /* text or anything else */
	CLAIM_MAYBE, /* a type or name that reports come under, or packed bytes */
	CLAIM_SURE   /* application/tlsrpt... */
};

struct gather {
	struct arena *arena;
	struct reports *out;
	const struct mime *mime;
	size_t room;   /* items that fit into out */
	size_t budget; /* bytes that may still be inflated */
	bool ignored;  /* a further report without a key of its own was passed over */
};

static struct slice skip_blanks(struct slice s)
{
	if (slice_starts(s, S("\xEF\xBB\xBF")))
		s = slice_skip(s, 3);
	while (s.len > 0 && slice_find(S(" \t\r\n"), s.p[0]) != SIZE_MAX)
		s = slice_skip(s, 1);
	return s;
}

static bool looks_json(struct slice s)
{
	s = skip_blanks(s);
	return slice_starts(s, S("{")) || slice_starts(s, S("["));
}

static bool looks_packed(struct slice s)
{
	return gzip_sniff(s) || zip_sniff(s);
}

enum report_form report_sniff(struct slice head)
{
	struct slice line = { 0 }, rest = head;

	if (gzip_sniff(head))
		return FORM_GZIP;
	if (zip_sniff(head))
		return FORM_ZIP;
	if (looks_json(head))
		return FORM_JSON;
	if (mbox_sniff(head))
		return FORM_MBOX;
	if (!slice_next_line(&rest, &line))
		return FORM_UNKNOWN;
	size_t colon = slice_find(line, ':');
	return colon != SIZE_MAX && colon > 0 && slice_is_printable(slice_head(line, colon)) &&
	                       slice_find(slice_head(line, colon), ' ') == SIZE_MAX
	               ? FORM_MAIL
	               : FORM_UNKNOWN;
}

/* One for each part at most, so that their number has its ceiling; most mails have one. */
static struct report_item *add_item(struct gather *g)
{
	struct reports *out = g->out;

	if (out->count == g->room) {
		struct report_item *before = out->items;

		g->room = g->room == 0 ? ITEMS_FIRST : 2 * g->room;
		out->items = arena_calloc(g->arena, g->room, sizeof(*out->items));
		if (out->count > 0)
			memcpy(out->items, before, out->count * sizeof(*before));
	}
	return &out->items[out->count++];
}

static void add_fault(struct gather *g, enum fault_code code, const char *why)
{
	add_item(g)->fault = (struct report_fault){ .code = code, .why = why };
}

static struct slice hint_lower(struct gather *g, struct slice s)
{
	while (s.len > 0 && s.p[s.len - 1] == '.')
		s.len--;
	return arena_lower(g->arena, s);
}

/* The policy-domain of a tlsa policy may be an MX host's name (RFC 8460, 4.4). */
static bool needs_hint(const struct report *r)
{
	for (size_t i = 0; i < r->policy_count; i++)
		if (r->policies[i].type == REPORT_TYPE_TLSA)
			return true;
	return (r->notes & NOTE_BIT(NOTE_NO_POLICY_DOMAIN)) != 0;
}

static void set_hint(struct gather *g, struct report_item *item, struct slice mail_domain)
{
	const struct slice inner[] = { report_file_name_domain(item->file_name),
		                       report_id_domain(item->report.report_id) };

	if (!needs_hint(&item->report))
		return;
	for (size_t i = 0; item->inner_hint.len == 0 && i < ARRAY_LEN(inner); i++)
		item->inner_hint = hint_lower(g, inner[i]);
	if ((item->report.notes & NOTE_BIT(NOTE_NO_POLICY_DOMAIN)) != 0)
		item->hint = mail_domain.len > 0 ? hint_lower(g, mail_domain) : item->inner_hint;
}

/* Inflates and reads one report; *item gets the report or the fault. */
static void read_item(struct gather *g, struct slice bytes, struct report_item *item)
{
	struct unpacked u;
	struct buf store;

	buf_init(&store, g->budget);
	if (unpack(bytes, &store, &u, &item->fault) == OK &&
	    report_json_parse(u.json, g->arena, &item->report, &item->fault) == OK) {
		item->report.notes |= u.notes;
		if (!unpack_label_fits(&u, item->file_name))
			item->report.notes |= NOTE_BIT(NOTE_LABEL);
	}
	g->budget -= u.inflated < g->budget ? u.inflated : g->budget;
	buf_fini(&store);
}

enum packing { PACKING_ANY, PACKING_NONE, PACKING_GZIP, PACKING_ZIP };

/* The media types that reports come under, and the packing that each promises. */
static const struct {
	const char *type;
	enum packing packing;
	bool known; /* RFC 8460, 6.4 and 6.5, and what is left of them without their ending */
} report_types[] = {
	{ "application/tlsrpt+gzip", PACKING_GZIP, true },
	{ "application/tlsrpt+json", PACKING_NONE, true },
	{ "application/tlsrpt", PACKING_ANY, true },
	{ "application/tlsrpt+x-gzip", PACKING_GZIP, false },
	{ "application/tlsrpt+zip", PACKING_ZIP, false },
	{ "application/json", PACKING_NONE, false },
	{ "text/json", PACKING_NONE, false },
	{ "application/gzip", PACKING_GZIP, false },
	{ "application/x-gzip", PACKING_GZIP, false },
	{ "application/gunzip", PACKING_GZIP, false },
	{ "application/x-gunzip", PACKING_GZIP, false },
	{ "application/gzip-compressed", PACKING_GZIP, false },
	{ "application/zip", PACKING_ZIP, false },
	{ "application/x-zip", PACKING_ZIP, false },
	{ "application/x-zip-compressed", PACKING_ZIP, false },
	{ "application/octet-stream", PACKING_ANY, false },
	{ "text/xml", PACKING_ANY, false },
	{ "application/xml", PACKING_ANY, false },
};

/* Its place in report_types; the number of rows: none. */
static size_t find_type(struct slice type)
{
	size_t i = 0;

	while (i < ARRAY_LEN(report_types) && !slice_eq(type, slice_str(report_types[i].type)))
		i++;
	return i;
}

static bool is_known_type(struct slice type)
{
	size_t i = find_type(type);

	return i < ARRAY_LEN(report_types) && report_types[i].known;
}

static bool is_json_name(struct slice name)
{
	return slice_ends_i(name, S(".json")) || slice_ends_i(name, S(".json.gz")) ||
	       slice_ends_i(name, S(".json.zip"));
}

static bool is_report_name(struct slice name)
{
	return is_json_name(name) || slice_ends_i(name, S(".gz")) || slice_ends_i(name, S(".zip"));
}

/* RPT-93: a report of another registered kind is no TLS report, whatever its parts are. */
static bool is_other_kind(const struct mime_message *m)
{
	return slice_eq(m->report_type, S("feedback-report")) ||
	       slice_eq(m->report_type, S("delivery-status")) ||
	       slice_eq(m->report_type, S("disposition-notification"));
}

static enum claim claim_of(const struct gather *g, const struct mime_part *part)
{
	if (is_other_kind(&g->mime->messages[part->message]))
		return CLAIM_NONE;
	if (slice_starts(part->type, S("application/tlsrpt")))
		return CLAIM_SURE;
	if (find_type(part->type) < ARRAY_LEN(report_types) || is_report_name(part->file_name) ||
	    looks_packed(part->content))
		return CLAIM_MAYBE;
	return CLAIM_NONE;
}

static bool is_marked(const struct mime_message *m)
{
	return !is_other_kind(m) && (slice_eq(m->report_type, S("tlsrpt")) ||
	                             m->report_domains > 0 || m->report_submitter.len > 0);
}

/* The part's bytes under whatever encoding they really have. */
static struct slice content_of(struct gather *g, const struct mime_part *part, uint64_t *notes)
{
	struct slice decoded;

	if (looks_packed(part->content) || looks_json(part->content))
		return part->content;
	*notes |= NOTE_BIT(NOTE_ENCODING_LABEL);
	if (looks_packed(part->raw) || looks_json(part->raw))
		return part->raw;
	decoded = unpack_base64(skip_blanks(part->raw), g->arena);
	if (looks_packed(decoded) || looks_json(decoded))
		return decoded;
	*notes &= ~NOTE_BIT(NOTE_ENCODING_LABEL);
	return part->content;
}

/* False: the media type promises a packing that the bytes do not have. */
static bool type_fits(struct slice type, struct slice bytes)
{
	size_t i = find_type(type);

	switch (i < ARRAY_LEN(report_types) ? report_types[i].packing : PACKING_ANY) {
	case PACKING_NONE:
		return !looks_packed(bytes);
	case PACKING_GZIP:
		return gzip_sniff(bytes);
	case PACKING_ZIP:
		return zip_sniff(bytes);
	case PACKING_ANY:
	default:
		return true;
	}
}

static bool submitter_fits(const struct report *r, const struct mime_message *m)
{
	struct slice contact = report_contact_domain(r);

	return contact.len == 0 || m->report_submitter.len == 0 ||
	       slice_eq_i(contact, m->report_submitter);
}

static uint64_t mail_notes(const struct report *r, const struct mime_part *part,
                           const struct mime_message *m)
{
	const struct {
		bool cond;
		enum report_note note;
	} rows[] = {
		{ slice_eq(part->type, S("application/tlsrpt")), NOTE_BARE_TYPE },
		{ !is_known_type(part->type), NOTE_GENERIC_TYPE },
		{ part->alone, NOTE_NOT_MULTIPART },
		{ !part->alone && (!slice_eq(m->type, S("multipart/report")) ||
		                   !slice_eq(m->report_type, S("tlsrpt"))),
		  NOTE_OUTER_TYPE },
		{ m->unclosed, NOTE_UNCLOSED },
		{ m->damaged, NOTE_DAMAGED_HEADER },
		{ m->depth > 0, NOTE_FORWARDED },
		{ m->report_domains != 1, NOTE_NO_REPORT_DOMAIN },
		{ m->report_submitter.len == 0, NOTE_NO_SUBMITTER },
		{ !submitter_fits(r, m), NOTE_SUBMITTER_DIFFERS },
	};
	uint64_t notes = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		notes |= rows[i].cond ? NOTE_BIT(rows[i].note) : 0;
	return notes;
}

static bool same_key(const struct report *a, const struct report *b)
{
	return slice_eq(a->report_id, b->report_id) && slice_eq(a->organization, b->organization);
}

static bool same_json(const struct report *a, const struct report *b)
{
	struct buf x, y;

	buf_init(&x, 2 * REPORT_TEXT_MAX);
	buf_init(&y, 2 * REPORT_TEXT_MAX);
	report_json_format(a, &x);
	report_json_format(b, &y);
	bool same = slice_eq(buf_slice(&x), buf_slice(&y));
	buf_fini(&x);
	buf_fini(&y);
	return same;
}

/*
 * MIME-07: a further report in a message counts only under a report-id of its own, so that a
 * message cannot add to the figures what was read already.  True: item is passed over, and the
 * one before it says so.
 */
static bool passed_over(struct gather *g, const struct report_item *item)
{
	struct report *last = NULL;

	for (size_t i = 0; i < g->out->count; i++) {
		struct report *before = &g->out->items[i].report;

		if (g->out->items[i].fault.code != FAULT_NONE)
			continue;
		last = before;
		if (!same_key(before, &item->report))
			continue;
		before->notes |= NOTE_BIT(same_json(before, &item->report) ? NOTE_PART_REPEATED
		                                                           : NOTE_PART_IGNORED);
		return true;
	}
	if (last == NULL || item->report.report_id.len > 0)
		return false;
	last->notes |= NOTE_BIT(NOTE_PART_IGNORED);
	return true;
}

/*
 * What could not be read is told when the labels promised a report, else it was none: a mailbox
 * has mail with JSON of all kinds, and DMARC reports, whose names only end differently.
 */
static bool fault_counts(const struct report_item *item, const struct mime_part *part,
                         enum claim claim, const struct mime_message *m)
{
	bool named =
	        is_json_name(part->file_name) && report_file_name_domain(part->file_name).len > 0;

	if (claim == CLAIM_SURE)
		return true;
	return item->fault.code != FAULT_NOT_A_REPORT && (is_marked(m) || named);
}

static void read_part(struct gather *g, const struct mime_part *part, enum claim claim)
{
	const struct mime_message *m = &g->mime->messages[part->message];
	struct report_item item = { .file_name = part->file_name, .forwarded = m->depth };
	uint64_t notes = 0;
	struct slice bytes = content_of(g, part, &notes);

	if (slice_trim(bytes).len == 0)
		return;
	read_item(g, bytes, &item);
	if (item.fault.code != FAULT_NONE) {
		if (fault_counts(&item, part, claim, m))
			*add_item(g) = item;
		return;
	}
	notes |= mail_notes(&item.report, part, m);
	if (!type_fits(part->type, bytes))
		notes |= NOTE_BIT(NOTE_LABEL);
	item.report.notes |= notes;
	set_hint(g, &item, m->report_domain);
	if (!passed_over(g, &item))
		*add_item(g) = item;
}

static void read_parts(struct gather *g)
{
	for (size_t i = 0; i < g->mime->part_count; i++) {
		enum claim claim = claim_of(g, &g->mime->parts[i]);

		if (claim != CLAIM_NONE)
			read_part(g, &g->mime->parts[i], claim);
	}
}

/*
 * Only when no labelled part gave anything: a mail that says it carries a report and has its JSON
 * in a text part.
 */
static void read_text_parts(struct gather *g)
{
	for (size_t i = 0; i < g->mime->part_count; i++) {
		const struct mime_part *part = &g->mime->parts[i];
		uint64_t notes = 0;

		if (claim_of(g, part) != CLAIM_NONE ||
		    !is_marked(&g->mime->messages[part->message]))
			continue;
		struct slice bytes = content_of(g, part, &notes);
		if (looks_json(bytes) || looks_packed(bytes))
			read_part(g, part, CLAIM_MAYBE);
	}
}

static void take_facts(struct gather *g)
{
	const struct mime_message *m = &g->mime->messages[0];

	g->out->is_mail = true;
	g->out->mail = (struct mail_facts){
		.from = m->from,
		.subject = m->subject,
		.date = m->date,
		.message_id = m->message_id,
		.report_domain = m->report_domain,
		.report_submitter = m->report_submitter,
		.has_time = m->has_time,
		.time = m->time,
	};
}

static void read_mail(struct gather *g, struct slice message)
{
	struct mime mime = { 0 };
	struct diag diag = { 0 };

	if (message.len > MIME_MESSAGE_MAX) {
		add_fault(g, FAULT_TOO_LARGE, "the message is larger than 25 MB");
		return;
	}
	enum err e = mime_read(message, g->arena, &mime, &diag);
	if (e != OK) {
		add_fault(g, e == ERR_LIMIT ? FAULT_TOO_COMPLEX : FAULT_BAD_MAIL, diag.why);
		return;
	}
	g->mime = &mime;
	take_facts(g);
	read_parts(g);
	if (g->out->count == 0)
		read_text_parts(g);
	if (g->out->count == 0)
		add_fault(g, FAULT_NO_REPORT, "no part of the message is a TLS report");
	g->mime = NULL;
}

static void read_first_of_mbox(struct gather *g, struct slice bytes)
{
	struct slice message = S("");
	struct mbox mbox;

	mbox_init(&mbox, MIME_MESSAGE_MAX);
	enum err e = mbox_step(&mbox, &bytes, &message);
	if (e == ERR_AGAIN)
		e = mbox_end(&mbox, &message);
	if (e == OK)
		read_mail(g, message);
	else
		add_fault(g, e == ERR_LIMIT ? FAULT_TOO_LARGE : FAULT_BAD_MAIL,
		          "the mailbox's first message cannot be read");
	mbox_fini(&mbox);
}

static void read_file(struct gather *g, struct slice bytes, struct slice file_name)
{
	struct report_item item = { .file_name = file_name };

	read_item(g, bytes, &item);
	if (item.fault.code == FAULT_NONE)
		set_hint(g, &item, S(""));
	*add_item(g) = item;
}

void reports_read(struct slice bytes, enum report_form form, struct slice file_name,
                  struct arena *arena, struct reports *out)
{
	struct gather g = { .arena = arena, .out = out, .budget = REPORT_TEXT_MAX };

	*out = (struct reports){ .items = NULL };
	if (form == FORM_UNKNOWN)
		form = report_sniff(bytes);
	switch (form) {
	case FORM_MAIL:
		read_mail(&g, bytes);
		break;
	case FORM_MBOX:
		read_first_of_mbox(&g, bytes);
		break;
	case FORM_JSON:
	case FORM_GZIP:
	case FORM_ZIP:
		read_file(&g, bytes, file_name);
		break;
	case FORM_UNKNOWN:
		add_fault(&g, FAULT_BAD_MAIL, "this is neither a report nor a mail message");
		break;
	}
}
