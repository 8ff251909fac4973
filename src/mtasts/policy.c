#include "mtasts/policy.h"

#include "base/num.h"
#include "mtasts/name.h"

#define EXTENSIONS_REMEMBERED 64u /* of more unknown keys a repetition goes unnoticed */
#define DUPLICATES_REMEMBERED 256u
#define DAY 86400u

static const char *const mode_names[] = {
	[POLICY_NONE] = "none", [POLICY_TESTING] = "testing", [POLICY_ENFORCE] = "enforce"
};

const char *policy_mode_name(enum policy_mode mode)
{
	return mode_names[mode];
}

enum err policy_mode_parse(struct slice s, enum policy_mode *out)
{
	for (size_t i = 0; i < ARRAY_LEN(mode_names); i++)
		if (slice_eq(s, slice_str(mode_names[i]))) {
			*out = (enum policy_mode)i;
			return OK;
		}
	return ERR_SYNTAX;
}

/* One pass through a text. */
struct pass {
	struct findings *f;
	struct policy_reading *out;
	unsigned line;
	size_t forgiven;    /* failures that a sender of ours overlooks */
	size_t last_byte;   /* end of the last line that has something in it */
	unsigned seen;      /* bits of the rows of keys[] */
	bool told_line_end; /* once is enough */
	struct slice *mx;
	size_t mx_cap;
	struct slice extensions[EXTENSIONS_REMEMBERED];
	size_t extension_count;
};

static struct finding_at at(const struct pass *p, size_t offset)
{
	return (struct finding_at){ p->line, offset };
}

static void forgive(struct pass *p, enum finding_kind kind, struct slice subject)
{
	findings_add(p->f, kind, at(p, 0), subject);
	p->forgiven++;
}

static void apply_version(struct pass *p, struct slice value, size_t offset)
{
	p->out->has_version = slice_eq(value, S("STSv1"));
	if (!p->out->has_version)
		findings_add(p->f, FINDING_POLICY_VERSION, at(p, offset), value);
}

static void apply_mode(struct pass *p, struct slice value, size_t offset)
{
	p->out->has_mode = policy_mode_parse(value, &p->out->policy.mode) == OK;
	if (!p->out->has_mode)
		findings_add(p->f, FINDING_POLICY_MODE, at(p, offset), value);
}

static void apply_max_age(struct pass *p, struct slice value, size_t offset)
{
	uint64_t age = 0;

	p->out->has_max_age = value.len <= 10 && num_parse_u64(value, 9999999999u, &age) == OK;
	if (!p->out->has_max_age) {
		findings_add(p->f, FINDING_POLICY_MAX_AGE, at(p, offset), value);
		return;
	}
	p->out->max_age = age;
	if (age > POLICY_MAX_AGE_TOP) {
		forgive(p, FINDING_POLICY_MAX_AGE_RANGE, value);
		age = POLICY_MAX_AGE_TOP;
	}
	p->out->policy.max_age = (uint32_t)age;
}

static void keep_mx(struct pass *p, struct slice pattern)
{
	struct policy *policy = &p->out->policy;

	if (policy->mx_count == p->mx_cap) {
		size_t cap = p->mx_cap == 0 ? 8 : p->mx_cap * 2;
		struct slice *list = arena_calloc(p->f->arena, cap, sizeof(*list));

		if (p->mx_cap > 0)
			memcpy(list, p->mx, p->mx_cap * sizeof(*list));
		p->mx = list;
		p->mx_cap = cap;
		policy->mx = list;
	}
	p->mx[policy->mx_count++] = pattern;
}

static bool was_there(const struct slice *list, size_t count, struct slice what,
                      bool (*same)(struct slice, struct slice))
{
	for (size_t i = 0; i < count; i++)
		if (same(list[i], what))
			return true;
	return false;
}

static void apply_mx(struct pass *p, struct slice value, size_t offset)
{
	const struct policy *policy = &p->out->policy;
	size_t known =
	        policy->mx_count < DUPLICATES_REMEMBERED ? policy->mx_count : DUPLICATES_REMEMBERED;
	const char *fault = mxpattern_fault(value);
	bool star = slice_starts(value, S("*."));

	if (fault != NULL) {
		findings_add_why(p->f, FINDING_POLICY_MX, at(p, offset), value, fault);
		return;
	}
	if (name_is_numeric(value))
		findings_add(p->f, FINDING_POLICY_MX_ADDRESS, at(p, offset), value);
	else if (star && name_labels(value) == 2)
		findings_add(p->f, FINDING_POLICY_MX_BROAD, at(p, offset), value);
	else if (name_labels(value) == 1)
		findings_add(p->f, FINDING_POLICY_MX_LABEL, at(p, offset), value);
	if (was_there(policy->mx, known, value, slice_eq_i))
		findings_add(p->f, FINDING_POLICY_MX_DUPLICATE, at(p, offset), value);
	keep_mx(p, value);
}

static const struct key {
	struct slice name;
	void (*apply)(struct pass *p, struct slice value, size_t offset);
	enum finding_kind missing;
	bool repeats;
} keys[] = {
	{ SLICE_INIT("version"), apply_version, FINDING_POLICY_VERSION_MISSING, false },
	{ SLICE_INIT("mode"), apply_mode, FINDING_POLICY_MODE_MISSING, false },
	{ SLICE_INIT("max_age"), apply_max_age, FINDING_POLICY_MAX_AGE_MISSING, false },
	{ SLICE_INIT("mx"), apply_mx, FINDING_POLICY_MX_MISSING, true },
};
enum { KEY_MX = ARRAY_LEN(keys) - 1 };

static bool key_is_formed(struct slice key)
{
	if (key.len == 0 || key.len > 32)
		return false;
	for (size_t i = 0; i < key.len; i++) {
		char c = key.p[i];
		bool alnum =
		        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || (c != '_' && c != '-' && c != '.')))
			return false;
	}
	return true;
}

/* RFC 8461, 3.2: an unknown field is ignored, but it has to be well-formed. */
static void extension(struct pass *p, struct slice key, struct slice value, size_t offset)
{
	if (was_there(p->extensions, p->extension_count, key, slice_eq)) {
		findings_add(p->f, FINDING_POLICY_DUPLICATE, at(p, 0), key);
		return;
	}
	if (p->extension_count < EXTENSIONS_REMEMBERED)
		p->extensions[p->extension_count++] = key;
	if (value.len == 0)
		findings_add(p->f, FINDING_POLICY_VALUE_EMPTY, at(p, offset), key);
	else if (slice_find(value, '\t') != SIZE_MAX)
		findings_add(p->f, FINDING_POLICY_CONTROL, at(p, offset), value);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_eq_i(key, keys[i].name)) {
			findings_add(p->f, FINDING_POLICY_KEY_CASE, at(p, 0), key);
			return;
		}
	findings_add(p->f, FINDING_POLICY_EXTENSION, at(p, 0), key);
}

static void field(struct pass *p, struct slice key, struct slice value, size_t offset)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!slice_eq(key, keys[i].name))
			continue;
		if ((p->seen & 1u << i) != 0 && !keys[i].repeats) {
			findings_add(p->f, FINDING_POLICY_DUPLICATE, at(p, 0), key);
			return;
		}
		p->seen |= 1u << i;
		keys[i].apply(p, value, offset);
		return;
	}
	extension(p, key, value, offset);
}

/* Bytes that no line may have, wherever they stand; HTAB is looked at later. */
static bool bytes_are_good(struct pass *p, struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if ((c >= 0x20 && c != 0x7f) || c == '\t')
			continue;
		findings_add(p->f, c == '\r' ? FINDING_POLICY_BARE_CR : FINDING_POLICY_CONTROL,
		             at(p, i), line);
		return false;
	}
	if (!slice_is_utf8(line)) {
		findings_add(p->f, FINDING_POLICY_ENCODING, at(p, 0), line);
		return false;
	}
	return true;
}

static struct slice without_indent(struct pass *p, struct slice line)
{
	struct slice rest = line;

	while (rest.len > 0 && (rest.p[0] == ' ' || rest.p[0] == '\t'))
		rest = slice_skip(rest, 1);
	if (rest.len < line.len)
		findings_add(p->f, FINDING_POLICY_INDENTED, at(p, 0), line);
	return rest;
}

static void read_line(struct pass *p, struct slice line)
{
	struct slice whole, key, value;

	if (!bytes_are_good(p, line))
		return;
	whole = without_indent(p, line);
	if (whole.p[0] == '#' || slice_starts(whole, S("//"))) {
		findings_add(p->f, FINDING_POLICY_COMMENT, at(p, 0), whole);
		return;
	}
	if (!slice_cut(whole, ':', &key, &value)) {
		findings_add(p->f, FINDING_POLICY_NO_COLON, at(p, 0), whole);
		return;
	}
	value = slice_trim_wsp(value);
	if (value.len > 0 && value.p + value.len < line.p + line.len)
		findings_add(p->f, FINDING_POLICY_TRAILING_BLANK, at(p, line.len - 1), S(""));
	if (slice_trim_wsp(key).len < key.len) {
		findings_add(p->f, FINDING_POLICY_BLANK_BEFORE_COLON,
		             at(p, (size_t)(key.p + key.len - line.p)), key);
		key = slice_trim_wsp(key);
	}
	if (!key_is_formed(key)) {
		findings_add(p->f, FINDING_POLICY_KEY, at(p, 0), key);
		return;
	}
	field(p, key, value, (size_t)(value.p - line.p));
}

/* Takes one line off *rest.  RFC 8461, 3.2, erratum 6253: LF and CRLF both end a line. */
static struct slice next_line(struct pass *p, struct slice *rest)
{
	size_t end = slice_find(*rest, '\n');
	struct slice line = slice_head(*rest, end);

	p->line++;
	if (end == SIZE_MAX) {
		*rest = slice_skip(*rest, rest->len);
		return line;
	}
	*rest = slice_skip(*rest, end + 1);
	if (slice_ends(line, S("\r"))) {
		line.len--;
	} else if (!p->told_line_end) {
		p->told_line_end = true;
		findings_add(p->f, FINDING_POLICY_LINE_END, at(p, line.len), S(""));
	}
	return line;
}

static void read_lines(struct pass *p, struct slice text)
{
	struct slice rest = text;

	while (rest.len > 0) {
		size_t offset = (size_t)(rest.p - text.p);
		struct slice line = next_line(p, &rest);

		if (slice_trim_wsp(line).len > 0)
			read_line(p, line);
		else if (offset >= p->last_byte)
			forgive(p, FINDING_POLICY_BLANK_END, S(""));
		else
			findings_add(p->f, FINDING_POLICY_BLANK_LINE, at(p, 0), S(""));
	}
	p->line = 0;
}

static void check_missing(struct pass *p)
{
	bool mx_needed = p->out->has_mode && p->out->policy.mode != POLICY_NONE;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if ((p->seen & 1u << i) == 0 && (i != KEY_MX || mx_needed))
			findings_add(p->f, keys[i].missing, at(p, 0), S(""));
}

/* Valid and yet worth a word. */
static void check_doubtful(struct pass *p)
{
	const struct policy *policy = &p->out->policy;

	if (policy->mode == POLICY_NONE)
		findings_add(p->f, FINDING_POLICY_MODE_NONE, at(p, 0), S(""));
	if (policy->mode == POLICY_ENFORCE && policy->max_age < DAY)
		findings_add(p->f, FINDING_POLICY_AGE_SHORT, at(p, 0), S(""));
	else if (policy->mode == POLICY_ENFORCE && policy->max_age < 7 * DAY)
		findings_add(p->f, FINDING_POLICY_AGE_WEEK, at(p, 0), S(""));
	if (policy->mode == POLICY_TESTING && policy->max_age > 7 * DAY)
		findings_add(p->f, FINDING_POLICY_AGE_LONG, at(p, 0), S(""));
}

/* What makes reading lines pointless. */
static bool is_no_policy(struct pass *p, struct slice text)
{
	struct slice head = slice_trim(text);

	if (text.len > POLICY_TEXT_MAX)
		findings_add(p->f, FINDING_POLICY_TOO_LONG, at(p, 0), S(""));
	else if (head.len == 0)
		findings_add(p->f, FINDING_POLICY_EMPTY, at(p, 0), S(""));
	else if (head.p[0] == '<')
		findings_add(p->f, FINDING_POLICY_HTML, at(p, 0), head);
	else
		return false;
	return true;
}

void policy_read(struct slice text, struct findings *f, struct policy_reading *out)
{
	struct policy_reading reading = { 0 };
	struct pass p = { .f = f, .out = &reading };
	size_t before = f->count[FINDING_FAIL], fails;

	if (slice_starts(text, S("\xef\xbb\xbf"))) {
		findings_add(f, FINDING_POLICY_BOM, at(&p, 0), S(""));
		text = slice_skip(text, 3);
	}
	if (!is_no_policy(&p, text)) {
		struct slice body = slice_trim(text);

		p.last_byte = (size_t)(body.p + body.len - text.p);
		read_lines(&p, text);
		check_missing(&p);
	}
	fails = f->count[FINDING_FAIL] - before;
	reading.valid = fails == 0;
	reading.usable = fails == p.forgiven;
	if (reading.valid)
		check_doubtful(&p);
	*out = reading;
}

enum err policy_parse(struct arena *a, struct slice text, struct policy *out, struct diag *diag)
{
	struct findings f = findings_in(a);
	struct policy_reading reading;

	if (text.len > POLICY_TEXT_MAX)
		return diag_set(diag, ERR_LIMIT, 0,
		                finding_kinds[FINDING_POLICY_TOO_LONG].sentence);
	policy_read(text, &f, &reading);
	if (reading.usable) {
		*out = reading.policy;
		return OK;
	}
	for (size_t i = 0; i < f.len; i++)
		if (f.list[i].severity == FINDING_FAIL &&
		    f.list[i].kind != FINDING_POLICY_BLANK_END &&
		    f.list[i].kind != FINDING_POLICY_MAX_AGE_RANGE)
			return diag_at(diag, ERR_SYNTAX, f.list[i].line, f.list[i].offset,
			               finding_kinds[f.list[i].kind].sentence);
	return diag_set(diag, ERR_SYNTAX, 0, "not a valid policy");
}

void policy_lint_domain(const struct policy *p, struct slice domain, struct findings *f)
{
	for (size_t i = 0; i < p->mx_count; i++)
		if (slice_starts(p->mx[i], S("*.")) && slice_eq_i(slice_skip(p->mx[i], 2), domain))
			findings_add(f, FINDING_POLICY_MX_OWN, (struct finding_at){ 0, 0 },
			             p->mx[i]);
}

static enum err check_format(const struct policy *p, struct diag *diag)
{
	size_t size = sizeof("version: STSv1\r\nmode: enforce\r\nmax_age: 31557600\r\n");

	if (p->max_age > POLICY_MAX_AGE_TOP)
		return diag_set(diag, ERR_LIMIT, 0,
		                finding_kinds[FINDING_POLICY_MAX_AGE_RANGE].sentence);
	if (p->mx_count == 0 && p->mode != POLICY_NONE)
		return diag_set(diag, ERR_SYNTAX, 0,
		                finding_kinds[FINDING_POLICY_MX_MISSING].sentence);
	for (size_t i = 0; i < p->mx_count; i++) {
		enum err e = mxpattern_check(p->mx[i], diag);

		if (e != OK)
			return e;
		size += sizeof("mx: \r\n") + p->mx[i].len;
		if (size > POLICY_TEXT_MAX)
			return diag_set(diag, ERR_LIMIT, 0,
			                finding_kinds[FINDING_POLICY_TOO_LONG].sentence);
	}
	return OK;
}

enum err policy_format(const struct policy *p, struct buf *out, struct diag *diag)
{
	enum err e = check_format(p, diag);

	if (e != OK)
		return e;
	buf_printf(out, "version: STSv1\r\nmode: %s\r\n", policy_mode_name(p->mode));
	for (size_t i = 0; i < p->mx_count; i++) {
		buf_add_str(out, "mx: ");
		buf_add(out, p->mx[i]);
		buf_add_str(out, "\r\n");
	}
	buf_printf(out, "max_age: %u\r\n", (unsigned)p->max_age);
	if (buf_status(out) != OK)
		return diag_set(diag, ERR_LIMIT, 0, "the buffer is full");
	return OK;
}

bool policy_same(const struct policy *a, const struct policy *b)
{
	if (a->mode != b->mode || a->max_age != b->max_age || a->mx_count != b->mx_count)
		return false;
	for (size_t i = 0; i < a->mx_count; i++)
		if (!slice_eq(a->mx[i], b->mx[i]))
			return false;
	return true;
}
