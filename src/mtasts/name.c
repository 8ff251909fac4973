#include "mtasts/name.h"

#include <idn2.h>

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Faults that a person makes for a reason, told in the words of that reason. */
static const char *byte_fault(char c)
{
	if ((unsigned char)c >= 0x80)
		return "it must be written in ASCII (xn--...)";
	switch (c) {
	case '_':
		return "host names have no underscore";
	case '*':
		return "a star may only be the whole first label";
	case ',':
	case ' ':
	case '\t':
	case ';':
		return "one name stands in one line";
	case '[':
	case ']':
	case ':':
		return "addresses are not allowed";
	case '/':
	case '@':
		return "a host name is wanted, no address or link";
	default:
		return "a character that host names do not have";
	}
}

static const char *label_fault(struct slice label)
{
	if (label.len == 0)
		return "a label is empty";
	for (size_t i = 0; i < label.len; i++)
		if (!is_letter_or_digit(label.p[i]) && label.p[i] != '-')
			return byte_fault(label.p[i]);
	if (label.len > NAME_LABEL_MAX)
		return "a label is longer than 63 characters";
	if (label.p[0] == '-' || label.p[label.len - 1] == '-')
		return "a label begins or ends with a hyphen";
	return NULL;
}

const char *name_fault(struct slice name)
{
	struct slice label = S(""), rest = name;
	const char *fault = NULL;

	if (name.len == 0)
		return "there is no name";
	if (name.p[0] == '.')
		return "it begins with a dot";
	while (fault == NULL && slice_next(&rest, '.', &label))
		fault = label_fault(label);
	if (fault == NULL && name.p[name.len - 1] == '.')
		fault = "it ends with a dot";
	if (fault == NULL && name.len > NAME_MAX_LEN)
		fault = "it is longer than 253 characters";
	return fault;
}

static struct slice without_star(struct slice pattern)
{
	return slice_starts(pattern, S("*.")) ? slice_skip(pattern, 2) : pattern;
}

const char *mxpattern_fault(struct slice pattern)
{
	return name_fault(without_star(pattern));
}

bool name_is_numeric(struct slice name)
{
	size_t digits = 0;

	while (digits < name.len && name.p[name.len - 1 - digits] >= '0' &&
	       name.p[name.len - 1 - digits] <= '9')
		digits++;
	return digits > 0 && (digits == name.len || name.p[name.len - 1 - digits] == '.');
}

size_t name_labels(struct slice name)
{
	size_t n = 1;

	for (size_t i = 0; i < name.len; i++)
		n += name.p[i] == '.';
	return n;
}

enum err mxpattern_check(struct slice pattern, struct diag *diag)
{
	const char *fault = mxpattern_fault(pattern);

	if (fault != NULL)
		return diag_set(diag, ERR_SYNTAX, 0, fault);
	if (name_is_numeric(pattern))
		return diag_set(diag, ERR_SYNTAX, 0, "addresses are not allowed");
	if (name_labels(pattern) < 2)
		return diag_set(diag, ERR_SYNTAX, 0, "a host name of one label is no MX host");
	return OK;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static void lower_copy(struct slice s, char *out)
{
	for (size_t i = 0; i < s.len; i++)
		out[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + ('a' - 'A') : s.p[i]);
	out[s.len] = '\0';
}

/* IDNA 2008 with the mapping of UTS 46, as browsers and mail programs do it. */
static enum err to_ascii(struct slice name, char out[NAME_SIZE], struct diag *diag)
{
	uint8_t utf8[4 * NAME_SIZE] = { 0 };
	uint8_t *ascii = NULL;
	enum err e = OK;

	if (name.len >= sizeof(utf8))
		return diag_set(diag, ERR_SYNTAX, 0, "it is longer than 253 characters");
	if (!slice_is_utf8(name) || slice_find(name, '\0') != SIZE_MAX)
		return diag_set(diag, ERR_SYNTAX, 0, "it is not UTF-8");
	memcpy(utf8, name.p, name.len);
	if (idn2_lookup_u8(utf8, &ascii, IDN2_NONTRANSITIONAL) != IDN2_OK)
		return diag_set(diag, ERR_SYNTAX, 0, "it has no form in ASCII (IDNA)");
	if (strlen((const char *)ascii) >= NAME_SIZE)
		e = diag_set(diag, ERR_SYNTAX, 0, "it is longer than 253 characters");
	else
		lower_copy(slice_str((const char *)ascii), out);
	idn2_free(ascii);
	return e;
}

/* Into work, of NAME_SIZE bytes, and *flat_out, which points there. */
static enum err flatten(struct slice name, char *work, struct slice *flat_out, struct diag *diag)
{
	if (!is_ascii(name)) {
		enum err e = to_ascii(name, work, diag);

		if (e == OK)
			*flat_out = slice_str(work);
		return e;
	}
	if (name.len > NAME_MAX_LEN + 1)
		return diag_set(diag, ERR_SYNTAX, 0, "it is longer than 253 characters");
	lower_copy(name, work);
	*flat_out = slice_of(work, name.len);
	return OK;
}

enum err name_normal(struct slice name, char out[NAME_SIZE], struct diag *diag)
{
	char work[NAME_SIZE] = "";
	struct slice flat = S("");
	const char *fault;
	enum err e = flatten(name, work, &flat, diag);

	if (e != OK)
		return e;
	if (flat.len > 1 && slice_ends(flat, S(".")))
		flat.len--;
	fault = name_fault(flat);
	if (fault != NULL)
		return diag_set(diag, ERR_SYNTAX, 0, fault);
	memcpy(out, work, flat.len);
	out[flat.len] = '\0';
	return OK;
}

enum err mxpattern_normal(struct slice pattern, char out[NAME_SIZE], struct diag *diag)
{
	struct slice name = without_star(pattern);
	size_t star = pattern.len - name.len;
	char work[NAME_SIZE];
	enum err e = name_normal(name, work, diag);

	if (e != OK)
		return e;
	memcpy(out, "*.", star);
	memcpy(out + star, work, strlen(work) + 1);
	return OK;
}

enum err name_for(enum name_role role, struct slice domain, char out[NAME_SIZE])
{
	static const struct slice prefixes[] = {
		[NAME_STS_TXT] = SLICE_INIT("_mta-sts."),
		[NAME_STS_HOST] = SLICE_INIT("mta-sts."),
		[NAME_RPT_TXT] = SLICE_INIT("_smtp._tls."),
	};
	struct slice prefix = prefixes[role];

	if (domain.len > NAME_MAX_LEN - prefix.len)
		return ERR_LIMIT;
	memcpy(out, prefix.p, prefix.len);
	memcpy(out + prefix.len, domain.p, domain.len);
	out[prefix.len + domain.len] = '\0';
	return OK;
}
