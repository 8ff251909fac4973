#include "tlsrpt/reporters.h"

#include "tlsrpt/reporters_data.h"

static bool is_below(struct slice name, struct slice domain)
{
	return slice_ends_i(name, domain) &&
	       (name.len == domain.len || name.p[name.len - domain.len - 1] == '.');
}

static bool signs_for(const struct reporter *r, struct slice signer)
{
	for (const char *const *d = r->domains; *d != NULL; d++)
		if (is_below(signer, slice_str(*d)))
			return true;
	return false;
}

static bool goes_by(const struct reporter *r, struct slice name)
{
	for (const char *const *n = r->names; *n != NULL; n++)
		if (slice_eq_i(name, slice_str(*n)))
			return true;
	return signs_for(r, name); /* a domain of its own as a name */
}

const char *reporters_by_signer(struct slice signer)
{
	for (size_t i = 0; i < reporters_count; i++)
		if (signs_for(&reporters_table[i], signer))
			return reporters_table[i].organization;
	return NULL;
}

enum reporter_name reporters_name(struct slice signer, struct slice organization)
{
	struct slice name = slice_trim(organization);

	for (size_t i = 0; i < reporters_count; i++)
		if (goes_by(&reporters_table[i], name))
			return signs_for(&reporters_table[i], signer) ? REPORTER_NAME_OWN
			                                              : REPORTER_NAME_OTHERS;
	return REPORTER_NAME_FREE;
}
