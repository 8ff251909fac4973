#include "base/slice.h"

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool slice_eq_i(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_eq(slice_head(s, prefix.len), prefix);
}

bool slice_starts_i(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_eq_i(slice_head(s, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_eq(slice_skip(s, s.len - suffix.len), suffix);
}

bool slice_ends_i(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_eq_i(slice_skip(s, s.len - suffix.len), suffix);
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (c != 0)
		return c;
	return (a.len > b.len) - (a.len < b.len);
}

size_t slice_find(struct slice s, char c)
{
	const char *hit = s.len == 0 ? NULL : memchr(s.p, c, s.len);

	return hit == NULL ? SIZE_MAX : (size_t)(hit - s.p);
}

size_t slice_find_slice(struct slice s, struct slice what)
{
	const char *hit = what.len > s.len ? NULL : memmem(s.p, s.len, what.p, what.len);

	return hit == NULL ? SIZE_MAX : (size_t)(hit - s.p);
}

static struct slice trim(struct slice s, const char *set, size_t set_len)
{
	while (s.len > 0 && memchr(set, s.p[0], set_len) != NULL)
		s = slice_skip(s, 1);
	while (s.len > 0 && memchr(set, s.p[s.len - 1], set_len) != NULL)
		s.len--;
	return s;
}

struct slice slice_trim(struct slice s)
{
	return trim(s, " \t\r\n", 4);
}

struct slice slice_trim_wsp(struct slice s)
{
	return trim(s, " \t", 2);
}

bool slice_cut(struct slice s, char sep, struct slice *before, struct slice *after)
{
	size_t at = slice_find(s, sep);

	if (at == SIZE_MAX)
		return false;
	*before = slice_head(s, at);
	*after = slice_skip(s, at + 1);
	return true;
}

bool slice_next(struct slice *rest, char sep, struct slice *piece_out)
{
	struct slice before, after;

	if (rest->len == 0)
		return false;
	if (slice_cut(*rest, sep, &before, &after)) {
		*piece_out = before;
		*rest = after;
	} else {
		*piece_out = *rest;
		*rest = slice_skip(*rest, rest->len);
	}
	return true;
}

bool slice_next_line(struct slice *rest, struct slice *line_out)
{
	if (!slice_next(rest, '\n', line_out))
		return false;
	if (line_out->len > 0 && line_out->p[line_out->len - 1] == '\r')
		line_out->len--;
	return true;
}

bool slice_is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return true;
}

/* Length of the well-formed sequence at p, 0 if there is none (Unicode, table 3-7). */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char lead_lo, lead_hi, second_lo, second_hi;
		size_t len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (p[0] < forms[i].lead_lo || p[0] > forms[i].lead_hi || left < forms[i].len)
			continue;
		if (p[1] < forms[i].second_lo || p[1] > forms[i].second_hi)
			continue;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* Bytes of ASCII at the front, found eight at a time: some may follow. */
static size_t ascii_run(struct slice s)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t word;
	size_t n = 0;

	for (; n + sizeof(word) <= s.len; n += sizeof(word)) {
		memcpy(&word, s.p + n, sizeof(word));
		if ((word & high) != 0)
			break;
	}
	return n;
}

bool slice_is_utf8(struct slice s)
{
	for (size_t i = ascii_run(s); i < s.len; i += ascii_run(slice_skip(s, i))) {
		size_t n = utf8_len((const unsigned char *)s.p + i, s.len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
