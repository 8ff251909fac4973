/*
 * Mail that comes when the allowance for unsigned mail is used up.
 *
 * Floods must not keep signed reports out: such a mail is read and its signature judged first,
 * while its sender waits; it is taken when it is believed, and refused for the day when it is not.
 */
#include "service/intake_internal.h"

#define OFFERS_MAX 32u /* at once; further ones are refused without a look */
#define HEAD_MAX 65536u

/* A head that names no signature needs no reader to say so. */
static bool has_signature(struct slice bytes)
{
	struct slice head = slice_head(bytes, HEAD_MAX), line;

	while (slice_next_line(&head, &line) && line.len > 0) {
		if (slice_starts_i(line, S("DKIM-Signature")))
			return true;
	}
	return false;
}

enum err intake_offer(struct intake *in, const struct archive_record *r, item_done_fn done,
                      void *arg)
{
	struct item *it;

	if (in->offers == OFFERS_MAX || !has_signature(r->bytes) ||
	    !intake_hold(in, 0, r->bytes.len))
		return ERR_LIMIT;
	it = item_new(ITEM_OFFER);
	it->in = in;
	buf_add(&it->store, r->bytes);
	it->record = *r;
	it->record.bytes = buf_slice(&it->store);
	it->record.hint = arena_copy(it->arena, r->hint);
	enc_sha256(it->record.bytes, it->record.sha256);
	it->trust = intake_way_trust(r->way);
	it->done = done;
	it->arg = arg;
	in->offers++;
	intake_submit(in, it);
	return OK;
}

bool intake_offer_done(struct intake *in, const struct item *it, enum err e)
{
	in->offers--;
	intake_release(in, it->record.bytes.len);
	return e == OK && it->believed;
}

bool intake_offer_is_good(const struct intake *in, const struct item *it, struct slice tag_domain)
{
	bool good = false;

	if (it->proof == NULL || it->proof->waits)
		return false;
	for (size_t i = 0; !good && i < it->facts.count; i++) {
		struct report_arrival a = { .trust = TRUST_UNSIGNED };

		trust_of_report(in, it, &it->facts.items[i], tag_domain, &a);
		good = a.trust == TRUST_DKIM;
	}
	return good;
}
