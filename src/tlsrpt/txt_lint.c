#include "tlsrpt/txt_lint.h"

#include "mtasts/record.h"

/* How each kind is recognised: what it must begin with, misspelt beginnings, its name in DNS. */
static const struct trait {
	struct slice version, loose, owner;
} traits[] = {
	[TXT_STS] = { SLICE_INIT("v=STSv1"), SLICE_INIT("v=sts"), SLICE_INIT("_mta-sts") },
	[TXT_TLSRPT] = { SLICE_INIT("v=TLSRPTv1"), SLICE_INIT("v=tlsrpt"),
	                 SLICE_INIT("_smtp._tls") },
};

const char *txt_kind_name(enum txt_kind kind)
{
	static const char *const names[] = { NULL, "sts", "tlsrpt" };

	return names[kind];
}

static bool begins(const struct paste *p, const struct trait *t)
{
	return slice_starts(p->text, t->version);
}

static bool begins_loosely(const struct paste *p, const struct trait *t)
{
	return slice_starts_i(slice_trim(p->text), t->loose);
}

static bool stands_there(const struct paste *p, const struct trait *t)
{
	return paste_owner_fits(p->owner, t->owner);
}

static bool holds(const struct paste *p, const struct trait *t)
{
	return slice_find_slice(p->text, t->version) != SIZE_MAX;
}

/* The surest sign decides, then the first record that has it. */
static enum txt_kind kind_of(const struct pastes *all)
{
	static bool (*const signs[])(const struct paste *,
	                             const struct trait *) = { begins, begins_loosely, stands_there,
		                                               holds };

	for (size_t s = 0; s < ARRAY_LEN(signs); s++)
		for (size_t i = 0; i < all->count; i++)
			for (size_t k = TXT_STS; k < ARRAY_LEN(traits); k++)
				if (signs[s](&all->list[i], &traits[k]))
					return (enum txt_kind)k;
	return TXT_UNKNOWN;
}

static void check_owners(const struct pastes *all, enum txt_kind kind, struct findings *f)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].owner.len > 0 && begins(&all->list[i], &traits[kind]) &&
		    !stands_there(&all->list[i], &traits[kind]))
			findings_add(f, FINDING_PASTE_OWNER,
			             (struct finding_at){ (unsigned)i + 1, 0 }, all->list[i].owner);
}

static enum err judge(const struct pastes *all, struct findings *f, struct txt_lint *out)
{
	struct slice *texts = arena_calloc(f->arena, all->count + 1, sizeof(*texts));
	struct record sts = { { NULL, 0 } };
	enum err e;

	for (size_t i = 0; i < all->count; i++)
		texts[i] = all->list[i].text;
	if (out->kind == TXT_STS)
		e = record_set_read(texts, all->count, f, &sts);
	else
		e = tlsrpt_record_set_read(texts, all->count, f, &out->tlsrpt);
	out->id = sts.id;
	return e;
}

enum err txt_lint_read(const struct slice *args, size_t count, struct findings *f,
                       struct txt_lint *out)
{
	struct pastes all = { .count = 0 };
	struct txt_lint lint = { .kind = TXT_UNKNOWN };
	bool good = false;

	for (size_t i = 0; i < count; i++) {
		enum err e = paste_read(args[i], f, &all);

		if (e != OK)
			return e;
	}
	lint.kind = kind_of(&all);
	if (lint.kind == TXT_UNKNOWN) {
		findings_add(f, FINDING_RECORD_UNKNOWN, (struct finding_at){ 0, 0 }, S(""));
	} else {
		check_owners(&all, lint.kind, f);
		good = judge(&all, f, &lint) == OK;
	}
	lint.valid = good && !findings_fail(f);
	*out = lint;
	return OK;
}
