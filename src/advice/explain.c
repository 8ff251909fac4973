#include "advice/explain.h"

#include "advice/explain_data.h"

#define NORMAL_MAX 1024u
#define CONTAINED_MIN 9u /* literal characters; see may_match */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char normal_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || is_digit(c) ? c : '-';
}

/* The form that keys are stored in: lower case, every run of other characters one '-'. */
static void normalise(struct slice text, char out[NORMAL_MAX])
{
	size_t n = 0;

	text = slice_head(text, EXPLAIN_TEXT_MAX);
	for (size_t i = 0; i < text.len && n + 1 < NORMAL_MAX; i++) {
		char c = normal_char(text.p[i]);
		if (c != '-' || (n > 0 && out[n - 1] != '-'))
			out[n++] = c;
	}
	if (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

/*
 * Does pattern take the whole of t, or with open_end the words that t begins with?
 * A star behind a digit does not cut a number in two: 5-7* is not about 5-70.
 */
static bool glob(const char *pattern, const char *t, bool open_end)
{
	const char *p = pattern, *star = NULL, *mark = NULL;

	for (;;) {
		if (*p == '*') {
			if (p > pattern && is_digit(p[-1]) && is_digit(*t))
				return false;
			star = ++p;
			mark = t;
		} else if (*p == '\0' && (*t == '\0' || (open_end && *t == '-'))) {
			return true;
		} else if (*p != '\0' && *p == *t) {
			p++;
			t++;
		} else {
			if (star == NULL || *mark == '\0')
				return false;
			p = star;
			t = ++mark;
		}
	}
}

static bool contains(const char *pattern, const char *t)
{
	for (; t != NULL; t = strchr(t, '-')) {
		if (*t == '-')
			t++;
		if (glob(pattern, t, true))
			return true;
	}
	return false;
}

/*
 * Short spellings are not looked for inside a sentence, and short ones with a star (5.7.*) take
 * numbers only: a line that begins with a status has words that say more.
 */
static bool may_match(const struct explain_key *k, const char *t, bool contained)
{
	if (k->literal >= CONTAINED_MIN)
		return !contained || strchr(k->pattern, '-') != NULL;
	return !contained &&
	       (strchr(k->pattern, '*') == NULL || strspn(t, "0123456789-") == strlen(t));
}

/* The key with the most literal characters that takes t, or that t contains. */
static const struct explain_key *best_key(const char *t, bool contained)
{
	const struct explain_key *best = NULL;

	for (size_t i = 0; i < explain_key_count; i++) {
		const struct explain_key *k = &explain_keys[i];
		if (best != NULL && best->literal >= k->literal)
			continue;
		if (!may_match(k, t, contained))
			continue;
		if (contained ? contains(k->pattern, t) : glob(k->pattern, t, false))
			best = k;
	}
	return best;
}

/* "bad-https-response-code-404" without its number; false: there is none. */
static bool drop_number(char *t)
{
	size_t n = strlen(t), end = n;

	while (n > 0 && is_digit(t[n - 1]))
		n--;
	if (n == end || n < 2 || t[n - 1] != '-')
		return false;
	t[n - 1] = '\0';
	return true;
}

static size_t digits(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && is_digit(s.p[at + n]))
		n++;
	return n;
}

/* The length of an enhanced status code (RFC 3463) at the start of s, or 0. */
static size_t status_length(struct slice s)
{
	size_t at = 1;

	if (s.len < 5 || (s.p[0] != '2' && s.p[0] != '4' && s.p[0] != '5'))
		return 0;
	for (int part = 0; part < 2; part++) {
		if (at >= s.len || s.p[at] != '.')
			return 0;
		size_t n = digits(s, at + 1);
		if (n == 0 || n > 3)
			return 0;
		at += 1 + n;
	}
	bool address = at + 1 < s.len && s.p[at] == '.' && is_digit(s.p[at + 1]);
	return address ? 0 : at;
}

static const struct explain_key *status_key(struct slice text)
{
	char t[NORMAL_MAX];

	for (size_t i = 0; i < text.len; i++) {
		if (i > 0 && (is_digit(text.p[i - 1]) || text.p[i - 1] == '.'))
			continue;
		size_t n = status_length(slice_skip(text, i));
		if (n == 0)
			continue;
		normalise(slice_of(text.p + i, n), t);
		const struct explain_key *k = best_key(t, false);
		if (k != NULL)
			return k;
	}
	return NULL;
}

const struct explain_entry *explain_find(struct slice text)
{
	char t[NORMAL_MAX], shorter[NORMAL_MAX];

	text = slice_head(text, EXPLAIN_TEXT_MAX);
	normalise(text, t);
	if (t[0] == '\0')
		return NULL;
	const struct explain_key *k = best_key(t, false);
	memcpy(shorter, t, strlen(t) + 1);
	while (k == NULL && drop_number(shorter))
		k = best_key(shorter, false);
	if (k == NULL)
		k = best_key(t, true);
	if (k == NULL)
		k = status_key(text);
	return k == NULL ? NULL : &explain_entries[k->entry];
}

const struct explain_entry *explain_failure(struct slice result_type, struct slice reason_code)
{
	const struct explain_entry *type = explain_find(result_type);
	const struct explain_entry *reason = explain_find(reason_code);

	if (type != NULL && type->kind >= EXPLAIN_FINDING)
		type = NULL;
	if (reason == NULL || reason->kind >= EXPLAIN_FINDING)
		return type;
	if (type == NULL)
		return reason;
	/* The same sentence means one thing about an MX host and another about the web host. */
	return reason->family == type->family && reason->kind != EXPLAIN_RESULT_TYPE ? reason
	                                                                             : type;
}

/* Pairs of neighbouring characters that a and b share, each pair of b counted once. */
static unsigned shared_pairs(const char *a, const char *b)
{
	unsigned shared = 0;
	uint64_t used = 0;

	for (size_t i = 0; a[0] != '\0' && a[i + 1] != '\0'; i++) {
		for (size_t j = 0; j < 64 && b[0] != '\0' && b[j] != '\0' && b[j + 1] != '\0';
		     j++) {
			if (a[i] != b[j] || a[i + 1] != b[j + 1] || (used >> j & 1u) != 0)
				continue;
			used |= (uint64_t)1 << j;
			shared++;
			break;
		}
	}
	return shared;
}

/* 0 to 2000: twice the shared pairs per thousand pairs of both (Dice). */
static unsigned likeness(const char *a, const char *b)
{
	size_t pairs = strlen(a) + strlen(b);

	return pairs <= 2 ? 0 : (unsigned)((size_t)2000 * shared_pairs(a, b) / (pairs - 2));
}

void explain_nearest(struct slice text, const struct explain_entry *out[EXPLAIN_NEAREST])
{
	char t[NORMAL_MAX];
	unsigned best[EXPLAIN_NEAREST] = { 0 };

	normalise(slice_head(text, 80), t);
	for (size_t i = 0; i < EXPLAIN_NEAREST; i++)
		out[i] = &explain_entries[i];
	for (size_t e = 0; e < explain_entry_count; e++) {
		unsigned score = 0;
		for (size_t i = 0; i < explain_key_count; i++) {
			if (explain_keys[i].entry != e)
				continue;
			unsigned s = likeness(t, explain_keys[i].pattern) + 1;
			score = s > score ? s : score;
		}
		size_t at = EXPLAIN_NEAREST;
		while (at > 0 && score > best[at - 1])
			at--;
		for (size_t i = EXPLAIN_NEAREST; i-- > at + 1;) {
			best[i] = best[i - 1];
			out[i] = out[i - 1];
		}
		if (at < EXPLAIN_NEAREST) {
			best[at] = score;
			out[at] = &explain_entries[e];
		}
	}
}

size_t explain_count(void)
{
	return explain_entry_count;
}

const struct explain_entry *explain_at(size_t i)
{
	return &explain_entries[i];
}

const char *explain_kind_name(enum explain_kind kind)
{
	static const char *const names[] = {
		"result type", "policy type", "reason code", "status", "finding",
		"note",        "fault",       "signature",   "topic",
	};
	return names[kind];
}

const char *explain_impact_words(enum explain_impact i)
{
	static const char *const words[] = {
		"no effect on mail",
		"untidy",
		"blind",
		"protection off",
		"mail would be refused in enforce",
		"mail refused now",
	};
	return words[i];
}

const char *platform_name(enum platform p)
{
	static const char *const names[PLATFORM_COUNT] = {
		"Google Workspace",
		"Microsoft 365",
		"Postfix",
		"Exchange Server",
	};
	return names[p];
}

const char *platform_key(enum platform p)
{
	static const char *const keys[PLATFORM_COUNT] = { "GW", "M365", "PF", "EX" };

	return keys[p];
}

bool platform_of_mx(struct slice host, enum platform *out)
{
	static const struct {
		struct slice ending;
		enum platform platform;
	} rows[] = {
		{ SLICE_INIT("smtp.google.com"), PLATFORM_GW },
		{ SLICE_INIT("aspmx.l.google.com"), PLATFORM_GW },
		{ SLICE_INIT(".googlemail.com"), PLATFORM_GW },
		{ SLICE_INIT(".mail.protection.outlook.com"), PLATFORM_M365 },
		{ SLICE_INIT(".mx.microsoft"), PLATFORM_M365 },
	};

	if (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (slice_ends_i(host, rows[i].ending)) {
			*out = rows[i].platform;
			return true;
		}
	}
	return false;
}
