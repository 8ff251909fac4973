#include "tlsrpt/aligned.h"

struct slice aligned_organization(const psl_ctx_t *list, struct slice name)
{
	char text[ALIGNED_NAME_MAX + 1];
	const char *found;

	if (name.len == 0 || name.len > ALIGNED_NAME_MAX || slice_find(name, '\0') != SIZE_MAX)
		return S("");
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		text[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	text[name.len] = '\0';
	found = psl_registrable_domain(list, text);
	return found == NULL ? S("") : slice_skip(name, (size_t)(found - text));
}

bool aligned_same(const psl_ctx_t *list, struct slice a, struct slice b)
{
	struct slice mine, theirs;

	if (a.len == 0 || b.len == 0)
		return false;
	if (slice_eq_i(a, b))
		return true;
	mine = aligned_organization(list, a);
	theirs = aligned_organization(list, b);
	return mine.len > 0 && slice_eq_i(mine, theirs);
}
