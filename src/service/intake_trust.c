#include "service/intake_trust.h"

#include "base/log.h"
#include "net/clock.h"
#include "service/intake_internal.h"
#include "service/keyring.h"
#include "tlsrpt/aligned.h"
#include "tlsrpt/reporters.h"

static void step(struct intake *in, struct item *it);

bool trust_by_signature(const struct archive_record *r)
{
	switch (r->way) {
	case ARCHIVE_INGEST:
	case ARCHIVE_SMTP:
	case ARCHIVE_LMTP:
	case ARCHIVE_MAILBOX:
	case ARCHIVE_WATCH:
		return r->kind == ARCHIVE_MAIL; /* a bare report in a folder is its owner's act */
	case ARCHIVE_POST:
	case ARCHIVE_IMPORT:
		break;
	}
	return false;
}

static void set_result(struct proof *p, size_t i, enum dkim_fault fault)
{
	p->faults[i] = fault;
	p->rows[i].result = dkim_fault_code(fault);
}

/* Mail in a mailbox or folder arrived there before; x= was for that moment, which nobody told. */
static bool came_now(const struct item *it)
{
	return it->record.way != ARCHIVE_MAILBOX && it->record.way != ARCHIVE_WATCH;
}

/* All that can be said of a signature without its key; DKIM_NONE: the key decides. */
static enum dkim_fault judge_alone(const struct intake *in, const struct item *it,
                                   const struct dkim_signed *s)
{
	enum dkim_fault f = s->fault;

	if (f == DKIM_NONE)
		f = dkim_time_check(s->has_time, s->time, s->has_expiry && came_now(it), s->expiry,
		                    it->record.received);
	if (f == DKIM_NONE && !aligned_same(in->suffixes, s->domain, it->facts.signatures->from))
		f = DKIM_UNALIGNED;
	return f;
}

/* What was found out about the mail before, if it is not new. */
static void recall(struct intake *in, const struct item *it, struct proof *p)
{
	char hex[SHA256_HEX_SIZE];

	if (it->source == ITEM_ARCHIVED)
		return;
	(void)enc_hex(it->record.sha256, SHA256_SIZE, hex); /* returns hex */
	if (signatures_list(in->db, hex, it->arena, &p->known, &p->known_count) != OK)
		p->known_count = 0; /* then it is asked again */
}

static void begin(struct intake *in, struct item *it)
{
	const struct dkim_scan *scan = it->facts.signatures;
	struct proof *p = arena_alloc(it->arena, sizeof(*p));

	it->proof = p;
	p->count = scan->count;
	p->author = aligned_organization(in->suffixes, scan->from);
	for (size_t i = 0; i < scan->count; i++) {
		const struct dkim_signed *s = &scan->signatures[i];

		p->rows[i].domain = s->domain;
		p->rows[i].selector = s->selector;
		p->rows[i].algorithm =
		        s->fault == DKIM_NONE ? dkim_algorithm_name(s->algorithm) : "";
		set_result(p, i, judge_alone(in, it, s));
	}
	recall(in, it, p);
}

/* The signature that is being looked at, under a key. */
static enum dkim_fault judge(const struct intake *in, struct item *it, const struct dkim_key *key)
{
	struct proof *p = it->proof;
	const struct dkim_signed *s = &it->facts.signatures->signatures[p->at];
	enum dkim_fault f = dkim_key_check(key, s->algorithm, slice_eq(s->identity, s->domain),
	                                   in->set->strict_dkim);

	p->rows[p->at].key_bits = key->bits;
	p->email_only[p->at] = key->services == DKIM_FOR_EMAIL;
	if (f == DKIM_NONE)
		f = dkim_key_verify(key, s->digest, s->b);
	if (f == DKIM_NONE)
		p->good = s;
	return f;
}

static void take_answer(const struct intake *in, struct item *it, const struct key_answer *answer)
{
	struct proof *p = it->proof;
	struct signature_row *row = &p->rows[p->at];

	row->key = arena_copy(it->arena, answer->record);
	row->secure = answer->secure;
	row->checked = answer->checked;
	p->waits = p->waits || dkim_fault_is_temporary(answer->fault);
	set_result(p, p->at,
	           answer->fault == DKIM_NONE ? judge(in, it, answer->key) : answer->fault);
}

/*
 * DKIM-24: a verdict that was found once is found again from what was kept, whatever DNS says
 * now.  False: nothing usable was kept.
 */
static bool take_known(const struct intake *in, struct item *it)
{
	struct proof *p = it->proof;
	struct key_answer answer = { .fault = DKIM_NONE };
	struct dkim_key key = { .bits = 0 };
	const struct signature_row *known;
	size_t which;

	if (p->at >= p->known_count)
		return false;
	known = &p->known[p->at];
	if (known->checked == 0 || !slice_eq(known->domain, p->rows[p->at].domain) ||
	    !slice_eq(known->selector, p->rows[p->at].selector) ||
	    dkim_fault_by_code(slice_str(known->result), &answer.fault) != OK ||
	    dkim_fault_is_temporary(answer.fault))
		return false;
	if (known->key.len > 0)
		answer.fault = dkim_key_choose(&known->key, 1, &key, &which);
	else if (answer.fault == DKIM_NONE)
		return false; /* a verdict without its key */
	answer.key = &key;
	answer.record = known->key;
	answer.secure = known->secure;
	answer.checked = known->checked;
	take_answer(in, it, &answer);
	dkim_key_fini(&key);
	return true;
}

static void go_on(struct intake *in, struct item *it)
{
	it->proof->at++;
	step(in, it);
}

static void unlist(struct intake *in, struct item *it)
{
	struct item **at = &in->waiting.first;

	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
	if (*at == NULL)
		in->waiting.last = at;
	in->waiting.count--;
	it->next = NULL;
}

static void on_key(void *arg, const struct key_answer *answer)
{
	struct item *it = arg;
	struct intake *in = it->in;

	unlist(in, it);
	take_answer(in, it, answer);
	go_on(in, it);
}

static void wait(struct intake *in, struct item *it)
{
	it->in = in;
	item_drop_bytes(it);
	queue_add(&in->waiting, it);
}

/* True: the signature has its result; false: its key is being asked for. */
static bool ask(struct intake *in, struct item *it)
{
	static const struct key_answer crowded = { .fault = DKIM_KEY_UNKNOWN };
	const struct proof *p = it->proof;
	const struct dkim_signed *s = &it->facts.signatures->signatures[p->at];
	struct key_name name = { s->selector, s->domain, p->author,
		                 reporters_by_signer(s->domain) != NULL };
	const struct key_answer *answer = &crowded;

	if (take_known(in, it))
		return true;
	if (in->waiting.count < TRUST_WAITING_MAX || name.favoured)
		answer = keyring_ask(in->keys, &name, on_key, it);
	if (answer != NULL)
		take_answer(in, it, answer);
	else
		wait(in, it);
	return answer != NULL;
}

/* One good signature is enough; the first one that is good ends the search. */
static void step(struct intake *in, struct item *it)
{
	struct proof *p = it->proof;

	for (; p->at < p->count && p->good == NULL; p->at++)
		if (p->faults[p->at] == DKIM_NONE && !ask(in, it))
			return; /* on_key goes on */
	p->waits = p->waits && p->good == NULL && in->lookups != NULL;
	intake_read_ended(in, it);
}

/* Without a report in it, a mail out of somebody's mailbox is nobody's business. */
static bool is_theirs(const struct item *it)
{
	return it->facts.count == 0 &&
	       (it->record.way == ARCHIVE_MAILBOX || it->record.way == ARCHIVE_WATCH);
}

void trust_begin(struct intake *in, struct item *it)
{
	if (is_theirs(it) || !trust_by_signature(&it->record) || it->facts.signatures == NULL ||
	    it->facts.signatures->count == 0) {
		intake_read_ended(in, it);
		return;
	}
	begin(in, it);
	step(in, it);
}

/* What the mail says of its submitter, as far as the signature covers it; else of its contact. */
static struct slice submitter_of(const struct item *it, const struct report_item *r)
{
	struct slice submitter = it->facts.mail.report_submitter;

	if (it->proof->good->covers_submitter && dkim_is_domain(submitter))
		return submitter;
	return report_contact_domain(&r->report);
}

/*
 * RFC 8460, 3: signed "by the reporting domain".  Whoever the report says it is from must be of
 * the signer's organisation; strictly, the signer itself.
 */
static bool is_aligned(const struct intake *in, const struct item *it, const struct report_item *r)
{
	struct slice signer = it->proof->good->domain, submitter = submitter_of(it, r);

	if (in->set->strict_dkim && !slice_eq_i(signer, it->facts.signatures->from))
		return false;
	if (!dkim_is_domain(submitter))
		return true; /* it names none; From has vouched */
	return in->set->strict_dkim ? slice_eq_i(signer, submitter)
	                            : aligned_same(in->suffixes, signer, submitter);
}

/* Only what the signature covers tells whose report it is. */
static struct slice signed_domain(const struct item *it, const struct report_item *r)
{
	if (it->proof->good->covers_domain && it->facts.mail.report_domain.len > 0)
		return it->facts.mail.report_domain;
	return r->inner_hint;
}

static void believe(const struct item *it, const struct report_item *r, struct report_arrival *out)
{
	static const enum report_claim claims[] = {
		[REPORTER_NAME_FREE] = REPORT_CLAIM_OPEN,
		[REPORTER_NAME_OWN] = REPORT_CLAIM_PROVED,
		[REPORTER_NAME_OTHERS] = REPORT_CLAIM_REFUSED,
	};

	out->trust = TRUST_DKIM;
	out->signer = it->proof->good->domain;
	out->organization = slice_str(reporters_by_signer(out->signer));
	out->claim = claims[reporters_name(out->signer, r->report.organization)];
	out->domain = signed_domain(it, r);
}

uint64_t trust_notes(const struct item *it)
{
	const struct proof *p = it->proof;
	const struct dkim_signed *s = p->good;
	const struct mail_facts *mail = &it->facts.mail;
	size_t i = (size_t)(s - it->facts.signatures->signatures);
	uint64_t notes = 0;

	if ((mail->report_domain.len > 0 && !s->covers_domain) ||
	    (mail->report_submitter.len > 0 && !s->covers_submitter))
		notes |= NOTE_BIT(NOTE_UNSIGNED_METADATA);
	if (s->algorithm == DKIM_RSA_SHA256 && p->rows[i].key_bits < DKIM_RSA_BITS_GOOD)
		notes |= NOTE_BIT(NOTE_SHORT_KEY);
	if (p->email_only[i])
		notes |= NOTE_BIT(NOTE_EMAIL_KEY);
	return notes;
}

void trust_of_report(const struct intake *in, const struct item *it, const struct report_item *r,
                     struct slice tag_domain, struct report_arrival *out)
{
	bool by_signature = trust_by_signature(&it->record);

	out->trust = by_signature ? TRUST_UNSIGNED : it->trust;
	out->domain = facts_domain(r, tag_domain, it->record.way == ARCHIVE_POST);
	/* A mail inside of another is not what was signed (MIME-01). */
	if (by_signature && it->proof != NULL && it->proof->good != NULL && r->forwarded == 0 &&
	    is_aligned(in, it, r))
		believe(it, r, out);
}

void trust_init(struct intake *in)
{
	struct diag diag = { .why = "" };

	queue_init(&in->waiting);
	in->suffixes_loaded = psl_latest(NULL);
	in->suffixes = in->suffixes_loaded != NULL ? in->suffixes_loaded : psl_builtin();
	if (in->set->resolver != NULL &&
	    lookups_open(in->loop, in->set->resolver, &in->lookups, &diag) != OK)
		log_error("the resolver cannot be used; mail counts as unsigned",
		          F("why", diag.why));
	in->keys = keyring_new(in->lookups);
}

void trust_fini(struct intake *in)
{
	struct item *it;

	keyring_free(in->keys);
	lookups_close(in->lookups);
	while ((it = queue_take(&in->waiting)) != NULL)
		item_free(it);
	psl_free(in->suffixes_loaded);
}
