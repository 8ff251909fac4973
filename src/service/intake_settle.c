/* From facts to rows: one transaction for a batch of messages and the archive position. */
#include "base/log.h"
#include "base/utc.h"
#include "net/clock.h"
#include "service/intake_envelope.h"
#include "service/intake_internal.h"
#include "store/domains.h"
#include "store/held.h"
#include "store/quarantine.h"
#include "store/taken.h"
#include "tlsrpt/sift.h"

#define SIGNER_DAY_MAX 1000u   /* reports of one verified signer for a domain and day */
#define FOREIGN_NAMES_MAX 256u /* of one message that are told */

static const struct {
	enum archive_way way;
	const char *name;
	enum report_trust trust;
} ways[] = {
	{ ARCHIVE_POST, "post", TRUST_POSTED },       { ARCHIVE_INGEST, "ingest", TRUST_UNSIGNED },
	{ ARCHIVE_IMPORT, "import", TRUST_IMPORTED }, { ARCHIVE_SMTP, "smtp", TRUST_UNSIGNED },
	{ ARCHIVE_LMTP, "lmtp", TRUST_UNSIGNED },     { ARCHIVE_MAILBOX, "imap", TRUST_UNSIGNED },
	{ ARCHIVE_WATCH, "watch", TRUST_UNSIGNED },
};

const char *intake_way_name(enum archive_way way)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		if (ways[i].way == way)
			return ways[i].name;
	}
	return "ingest";
}

enum report_trust intake_way_trust(enum archive_way way)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		if (ways[i].way == way)
			return ways[i].trust;
	}
	return TRUST_UNSIGNED; /* a record of a later program: believed least */
}

/* One message being stored. */
struct settle {
	struct intake *in;
	struct item *it;
	int64_t now;
	char hex[SHA256_HEX_SIZE];
	struct slice tag_domain;
	struct archive_place place;
	bool noted;  /* the archive has the bytes and arrivals knows them */
	bool wanted; /* something stored refers to the bytes */
};

static struct archive_place place_of(const struct item *it)
{
	return (struct archive_place){ it->record.at.day, (int64_t)it->record.at.offset,
		                       (int64_t)it->record.bytes.len };
}

/* The tags that a record came to. */
static size_t tags_of(const struct archive_record *r, struct slice out[ENVELOPE_TAGS_MAX])
{
	struct envelope e = { .tag_count = 0 };

	switch (r->way) {
	case ARCHIVE_POST:
		out[0] = r->hint;
		return 1;
	case ARCHIVE_SMTP:
	case ARCHIVE_LMTP:
		if (envelope_parse(r->hint, &e) == OK)
			memcpy(out, e.tags, e.tag_count * sizeof(*out));
		return e.tag_count;
	case ARCHIVE_INGEST:
	case ARCHIVE_IMPORT:
	case ARCHIVE_MAILBOX:
	case ARCHIVE_WATCH:
		break;
	}
	return 0;
}

/* The domain whose tag the message came to, or was noted for; of several the first one known. */
static enum err find_tag_domain(struct settle *s)
{
	struct item *it = s->it;
	struct slice tags[ENVELOPE_TAGS_MAX] = { { NULL, 0 } };
	size_t count = tags_of(&it->record, tags);
	struct domain d;
	enum err e = ERR_NOTFOUND;

	s->tag_domain = slice_str(it->domain);
	if (it->domain[0] != '\0')
		return OK;
	for (size_t i = 0; e == ERR_NOTFOUND && i < count; i++)
		e = domains_by_tag(s->in->db, tags[i], it->record.received, it->arena, &d);
	if (e == OK) {
		s->tag_domain = slice_str(d.name);
		it->tag_domain = d.id;
	}
	return e == ERR_NOTFOUND ? OK : e;
}

/* Where the bytes lie, or will lie if something in them is new. */
static enum err find_place(struct settle *s)
{
	struct item *it = s->it;
	struct archive_pos pos;
	struct arrival known;
	enum err e;

	if (it->archived) {
		s->place = place_of(it);
		return OK;
	}
	e = arrivals_get(s->in->db, slice_str(s->hex), it->arena, &known);
	if (e == OK) {
		s->noted = true;
		s->place = known.place;
	}
	if (e != ERR_NOTFOUND)
		return e;
	e = archive_place(s->in->archive, it->record.received, &pos);
	s->place = (struct archive_place){ pos.day, (int64_t)pos.offset,
		                           (int64_t)it->record.bytes.len };
	return e;
}

static void note_foreign(struct item *it, const struct report_outcome *o)
{
	if (it->foreign == NULL)
		it->foreign = arena_calloc(it->arena, FOREIGN_NAMES_MAX, sizeof(*it->foreign));
	for (size_t i = 0; i < o->foreign_count && it->foreign_count < FOREIGN_NAMES_MAX; i++)
		it->foreign[it->foreign_count++] = o->foreign[i];
}

static void note_news(struct item *it, const struct report *report, enum report_trust trust,
                      const struct report_outcome *o)
{
	if (o->domain == NULL)
		return;
	if (it->news == NULL)
		it->news = arena_calloc(it->arena, it->facts.count, sizeof(*it->news));
	it->news[it->news_count++] = (struct item_news){ report, o->domain, trust, o->replaced };
}

/* Once a day: a flood shall not fill the log, too. */
static void tell_full(struct intake *in, struct slice signer)
{
	int64_t today = utc_day_start(clock_now_s());

	if (in->full_day == today)
		return;
	in->full_day = today;
	log_warn("reports are left out of the figures: one signer sends too many for a domain",
	         FS("signer", signer));
}

static struct report_arrival unsigned_arrival(const struct settle *s, const struct report_item *r,
                                              const struct report_arrival *a)
{
	struct report_arrival out = *a;

	out.trust = TRUST_UNSIGNED;
	out.signer = out.organization = S("");
	out.claim = REPORT_CLAIM_OPEN;
	out.domain = facts_domain(r, s->tag_domain, false);
	return out;
}

static enum err store_report(struct settle *s, struct report_item *r)
{
	struct item *it = s->it;
	struct report_arrival arrival = {
		.report = &r->report,
		.raw_sha256 = it->record.sha256,
		.place = s->place,
		.mail_date = it->facts.mail.has_time ? it->facts.mail.time : 0,
		.arrived = it->record.received,
		.signer_room = SIGNER_DAY_MAX,
	};
	struct report_outcome o = { 0 };
	enum err e;

	trust_of_report(s->in, it, r, s->tag_domain, &arrival);
	if (arrival.trust == TRUST_DKIM)
		r->report.notes |= trust_notes(it);
	e = reports_store(s->in->db, TENANT_ONLY, &arrival, it->arena, &o);
	/* Whose report it is nothing signed tells: then nothing signed counts. */
	if (e == OK && o.result == REPORT_FOREIGN && arrival.trust == TRUST_DKIM &&
	    arrival.domain.len == 0) {
		arrival = unsigned_arrival(s, r, &arrival);
		e = reports_store(s->in->db, TENANT_ONLY, &arrival, it->arena, &o);
	}
	if (e != OK)
		return e;
	it->counts.reports++;
	it->counts.new += o.result == REPORT_NEW;
	it->counts.duplicates += o.result == REPORT_DUPLICATE;
	it->counts.foreign += o.result == REPORT_FOREIGN;
	it->counts.refused += o.refused;
	it->believed = it->believed ||
	               (arrival.trust == TRUST_DKIM && !o.over && o.result != REPORT_FOREIGN);
	s->wanted = s->wanted || o.result == REPORT_NEW || o.replaced;
	note_foreign(it, &o);
	note_news(it, &r->report, arrival.trust, &o);
	if (o.over)
		tell_full(s->in, arrival.signer);
	return OK;
}

/*
 * People's mail comes from mailboxes and Maildirs, too: what does not call itself a TLS report is
 * not kept for being odd.
 */
static bool is_private(const struct item *it)
{
	bool theirs = it->record.way == ARCHIVE_MAILBOX || it->record.way == ARCHIVE_WATCH;

	return theirs && !sift_claims_report(it->record.bytes);
}

/* Of the bytes as a whole. */
static enum report_trust best_trust(const struct item *it)
{
	return it->proof != NULL && it->proof->good != NULL ? TRUST_DKIM : it->trust;
}

static enum err put_in_quarantine(struct settle *s)
{
	struct item *it = s->it;
	bool new = false;
	struct quarantine_row row = {
		.reason = it->facts.reason,
		.message = it->facts.detail,
		.way = intake_way_name(it->record.way),
		.kind = it->record.kind == ARCHIVE_MAIL ? "mail" : "",
		.trust = best_trust(it),
		.name = item_file_name(it),
		.domain = s->tag_domain,
		.place = s->place,
		.arrived = it->record.received,
		.tried = s->now,
		.tries = 1,
		.program = s->in->set->program,
	};
	enum err e;

	memcpy(row.sha256, s->hex, sizeof(row.sha256));
	if (is_private(it)) {
		it->counts.no_report = it->counts.reports == 0;
		return OK;
	}
	it->counts.quarantined = 1;
	if (it->source == ITEM_RETRY) {
		e = quarantine_retried(s->in->db, &row);
		return e == ERR_NOTFOUND ? OK : e; /* somebody imported it meanwhile */
	}
	s->in->quarantined = true;
	e = quarantine_put(s->in->db, &row, &new);
	s->wanted = s->wanted || new;
	return e;
}

/* Mail to postmaster alone is for people: it lies where they look, though nothing is wrong with it.
 */
static void keep_for_people(struct item *it)
{
	struct envelope e;

	if (it->record.way != ARCHIVE_SMTP || it->facts.count > 0 || it->facts.reason != NULL ||
	    envelope_parse(it->record.hint, &e) != OK || e.tag_count > 0)
		return;
	it->facts.no_report = false;
	it->facts.reason = "to-postmaster";
	it->facts.detail = S("A mail to postmaster, with no report in it.");
}

/* Reads now what could not be read before, if it was there. */
static enum err leave_quarantine(struct settle *s)
{
	enum err e = ERR_NOTFOUND;

	if (s->in->quarantined)
		e = quarantine_resolve(s->in->db, slice_str(s->hex));
	return e == ERR_NOTFOUND ? OK : e;
}

/* An import's bytes join the archive when something now refers to them. */
static enum err archive_import(struct settle *s)
{
	struct intake *in = s->in;
	struct item *it = s->it;
	struct own_record *own;
	enum err e;

	if (it->archived || s->noted || !s->wanted || it->dry_run)
		return OK;
	e = archive_add(in->archive, &it->record);
	if (e != OK)
		return e;
	it->archived = true;
	own = mem_alloc(sizeof(*own));
	*own = (struct own_record){ .at = it->record.at, .end = it->record.next };
	*in->own_last = own;
	in->own_last = &own->next;
	return OK;
}

static enum err note_arrival(struct settle *s)
{
	const struct item *it = s->it;
	struct arrival arrival = {
		.place = s->place,
		.way = intake_way_name(it->record.way),
		/* A signature alone, on whatever it is, opens nobody's allowance. */
		.trust = it->believed ? TRUST_DKIM : it->trust,
		.arrived = it->record.received,
		.reports = (int64_t)it->counts.reports,
		.domain = it->tag_domain,
	};

	if (!it->archived && !s->noted)
		return OK;
	memcpy(arrival.sha256, s->hex, sizeof(arrival.sha256));
	return arrivals_put(s->in->db, &arrival, NULL);
}

/* What the signatures are, with their keys, for whoever asks later (DKIM-24). */
static enum err note_signatures(struct settle *s)
{
	const struct item *it = s->it;
	enum err e = OK;

	if (it->proof != NULL && (it->archived || s->noted))
		e = signatures_put(s->in->db, s->hex, it->proof->rows, it->proof->count);
	if (e == OK && (it->source == ITEM_HELD || it->source == ITEM_RETRY))
		e = held_drop(s->in->db, s->hex);
	return e;
}

/* A mail whose key could not be asked for; it is taken, and judged later. */
static enum err hold(struct settle *s, bool *held_out)
{
	struct item *it = s->it;
	enum err e = held_take(s->in, it, s->hex, &s->place, s->now, held_out);

	if (e != OK || !*held_out)
		return e;
	s->wanted = true;
	it->counts.reports = it->facts.count;
	return archive_import(s);
}

static enum err store_facts(struct settle *s)
{
	struct item *it = s->it;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < it->facts.count; i++)
		e = store_report(s, &it->facts.items[i]);
	if (e == OK)
		e = it->facts.reason != NULL ? put_in_quarantine(s) : leave_quarantine(s);
	if (e == OK)
		e = archive_import(s);
	return e == OK ? note_signatures(s) : e;
}

static enum err settle_item(struct intake *in, struct item *it, int64_t now)
{
	struct settle s = { .in = in, .it = it, .now = now };
	bool held = false;
	enum err e = find_tag_domain(&s);

	keep_for_people(it);
	it->counts = (struct item_counts){ .no_report = it->facts.no_report };
	it->foreign_count = 0;
	it->news_count = 0;
	it->believed = false;
	if (e == OK && it->source == ITEM_OFFER && !intake_offer_is_good(in, it, s.tag_domain))
		return OK;                                    /* refused: nothing of it is kept */
	(void)enc_hex(it->record.sha256, SHA256_SIZE, s.hex); /* gives s.hex */
	if (e == OK)
		e = find_place(&s);
	if (e == OK && it->proof != NULL && it->proof->waits)
		e = hold(&s, &held);
	if (e == OK && !held)
		e = store_facts(&s);
	return e == OK ? note_arrival(&s) : e;
}

/* What follows was not stored: the first message by position that is still under way. */
static struct archive_pos position_after(const struct intake *in)
{
	for (const struct item *it = in->ordered; it != NULL; it = it->in_order) {
		if (!it->in_batch)
			return it->record.at;
	}
	return in->cursor;
}

/* What was added and could not be flushed is gone from the archive again. */
static void forget_own(struct intake *in, struct item *batch)
{
	struct archive_pos end = archive_end(in->archive);
	struct own_record **at = &in->own;

	for (; batch != NULL; batch = batch->next) {
		if ((batch->source == ITEM_IMPORT || batch->source == ITEM_OFFER) &&
		    archive_pos_cmp(batch->record.at, end) >= 0)
			batch->archived = false;
	}
	while (*at != NULL && archive_pos_cmp((*at)->at, end) < 0)
		at = &(*at)->next;
	while (*at != NULL) {
		struct own_record *next = (*at)->next;

		mem_free(*at);
		*at = next;
	}
	in->own_last = at;
}

/* What the batch was, by way; what is read again was counted when it came. */
static enum err count_batch(struct intake *in, const struct item *batch, int64_t now)
{
	static const char *const outcomes[] = { "messages", "new",         "duplicates",
		                                "foreign",  "quarantined", "no-report" };
	int64_t sums[ARRAY_LEN(ways)][ARRAY_LEN(outcomes)] = { { 0 } };
	enum err e = OK;

	for (const struct item *it = batch; it != NULL; it = it->next) {
		const struct item_counts *c = &it->counts;
		const uint64_t counts[] = { it->source != ITEM_HELD, c->new,
			                    c->duplicates,           c->foreign,
			                    c->quarantined,          c->no_report };

		for (size_t w = 0; it->source != ITEM_RETRY && w < ARRAY_LEN(ways); w++) {
			for (size_t i = 0; ways[w].way == it->record.way && i < ARRAY_LEN(counts);
			     i++)
				sums[w][i] += (int64_t)counts[i];
		}
	}
	for (size_t i = 0; e == OK && i < ARRAY_LEN(ways) * ARRAY_LEN(outcomes); i++) {
		size_t w = i / ARRAY_LEN(outcomes), o = i % ARRAY_LEN(outcomes);
		struct taken t = { ways[w].name, outcomes[o], sums[w][o] };

		if (t.count > 0)
			e = taken_add(in->db, utc_day_start(now), &t);
	}
	return e;
}

static enum err settle_items(struct intake *in, struct item *batch, int64_t now)
{
	int64_t quarantined = 0;
	enum err e = quarantine_count(in->db, S(""), &quarantined);

	in->quarantined = quarantined > 0;
	for (struct item *it = batch; e == OK && it != NULL; it = it->next)
		e = settle_item(in, it, now);
	return e;
}

static enum err settle_all(struct intake *in, struct item *batch, struct archive_pos pos)
{
	struct archive_position position = { pos.day, (int64_t)pos.offset };
	int64_t now = clock_now_s();
	enum err e = settle_items(in, batch, now);

	if (e == OK)
		e = count_batch(in, batch, now);
	if (e == OK) {
		e = intake_sync(in);
		if (e != OK)
			forget_own(in, batch);
	}
	if (e == OK && archive_pos_cmp(pos, in->stored) != 0)
		e = archive_set_position(in->db, &position);
	return e;
}

/* One line a report, for those who gather logs; a further copy of it gives none. */
static void log_news(const struct item *it)
{
	char start[UTC_TEXT_SIZE], end[UTC_TEXT_SIZE];

	for (size_t i = 0; i < it->news_count; i++) {
		const struct item_news *n = &it->news[i];
		struct report_totals totals = report_totals(n->report);

		log_info(
		        n->replaced ? "report replaced" : "report stored", F("domain", n->domain),
		        FS("organization", n->report->organization),
		        FS("report_id", n->report->report_id),
		        F("trust", report_trust_name(n->trust)),
		        F("way", intake_way_name(it->record.way)),
		        F("start", n->report->has_start ? utc_format(n->report->start, start) : ""),
		        F("end", n->report->has_end ? utc_format(n->report->end, end) : ""),
		        FN("successful", totals.successful), FN("failed", totals.failed));
	}
}

/* A mail that turned out to be a verified signer's was not what the allowance is for. */
static void release_allowance(struct intake *in, const struct item *it)
{
	struct allowance_place p = { .domain = it->tag_domain,
		                     .day = utc_day_start(it->record.received),
		                     .trust = TRUST_UNSIGNED };

	if (!it->believed || (it->source != ITEM_ARCHIVED && it->source != ITEM_HELD))
		return;
	allowance_resize(&p, it->record.bytes.len);
	allowance_give_back(in->allowances, &p);
}

/* Counts what storing the batch would do. */
static enum err settle_dry(struct intake *in, struct item *batch)
{
	enum err e = db_begin(in->db);

	if (e != OK)
		return e;
	e = settle_items(in, batch, clock_now_s());
	db_undo(in->db);
	return e;
}

enum err intake_settle(struct intake *in, struct item *batch)
{
	struct archive_pos pos = position_after(in);
	enum err e;

	if (batch->dry_run)
		return settle_dry(in, batch);
	e = db_begin(in->db);
	if (e == OK)
		e = db_end(in->db, settle_all(in, batch, pos));
	if (e != OK)
		return e;
	in->stored = pos;
	for (; batch != NULL; batch = batch->next) {
		release_allowance(in, batch);
		if (!in->set->quiet)
			log_news(batch);
	}
	return OK;
}
