#include "wire/caa.h"

#include "base/err.h"

#define CRITICAL 0x80u

struct property {
	bool critical;
	struct slice tag, value;
};

static bool read_property(struct slice rdata, struct property *out)
{
	size_t tag_len;

	if (rdata.len < 2)
		return false;
	tag_len = (unsigned char)rdata.p[1];
	if (tag_len == 0 || rdata.len < 2 + tag_len)
		return false;
	out->critical = ((unsigned char)rdata.p[0] & CRITICAL) != 0;
	out->tag = slice_head(slice_skip(rdata, 2), tag_len);
	out->value = slice_skip(rdata, 2 + tag_len);
	return true;
}

static bool is_asker(struct slice domain, const struct caa_asker *asker)
{
	for (size_t i = 0; i < asker->identity_count; i++)
		if (slice_eq_i(domain, asker->identities[i]))
			return true;
	return false;
}

static bool names_method(struct slice list, struct slice method)
{
	struct slice item;

	while (slice_next(&list, ',', &item))
		if (slice_eq(slice_trim_wsp(item), method))
			return true;
	return false;
}

/* RFC 8657, 3 and 4: each parameter narrows what the property permits. */
static enum caa_verdict judge_parameters(struct slice rest, const struct caa_asker *asker)
{
	struct slice item, name, value;

	while (slice_next(&rest, ';', &item)) {
		if (!slice_cut(item, '=', &name, &value))
			continue;
		name = slice_trim_wsp(name);
		value = slice_trim_wsp(value);
		if (slice_eq_i(name, S("accounturi")) && !slice_eq(value, asker->account))
			return CAA_OTHER_ACCOUNT;
		if (slice_eq_i(name, S("validationmethods")) && !names_method(value, asker->method))
			return CAA_OTHER_METHOD;
	}
	return CAA_PERMITS;
}

static enum caa_verdict judge_issue(struct slice value, const struct caa_asker *asker)
{
	struct slice domain = value, rest = { NULL, 0 };

	(void)slice_cut(value, ';', &domain, &rest); /* without parameters it is all domain */
	return is_asker(slice_trim_wsp(domain), asker) ? judge_parameters(rest, asker)
	                                               : CAA_FORBIDS;
}

static bool is_known(struct slice tag)
{
	static const struct slice tags[] = { SLICE_INIT("issue"), SLICE_INIT("issuewild"),
		                             SLICE_INIT("iodef") };

	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		if (slice_eq_i(tag, tags[i]))
			return true;
	return false;
}

enum caa_verdict caa_judge(const struct slice *rdata, size_t count, const struct caa_asker *asker)
{
	enum caa_verdict nearest = CAA_FORBIDS;
	bool issue = false, permits = false;

	for (size_t i = 0; i < count; i++) {
		struct property p;
		if (!read_property(rdata[i], &p))
			return CAA_MALFORMED;
		if (p.critical && !is_known(p.tag))
			return CAA_UNKNOWN_CRITICAL;
		if (!slice_eq_i(p.tag, S("issue")))
			continue;
		enum caa_verdict v = judge_issue(p.value, asker);
		issue = true;
		permits = permits || v == CAA_PERMITS;
		if (v != CAA_FORBIDS)
			nearest = v; /* names the CA, so it tells more */
	}
	return !issue || permits ? CAA_PERMITS : nearest;
}

const char *caa_words(enum caa_verdict v)
{
	static const char *const words[] = {
		[CAA_PERMITS] = "permits it",
		[CAA_FORBIDS] = "does not name this CA",
		[CAA_OTHER_ACCOUNT] = "names another account of this CA",
		[CAA_OTHER_METHOD] = "leaves out this way of validation",
		[CAA_UNKNOWN_CRITICAL] = "has a critical property that is not known here",
		[CAA_MALFORMED] = "is malformed",
	};

	return words[v];
}
