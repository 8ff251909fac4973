#include "service/mailbox.h"

#include <stdio.h>

#include "base/log.h"
#include "net/addresses.h"
#include "net/clock.h"
#include "service/mailbox_secret.h"
#include "service/supply.h"
#include "tlsrpt/sift.h"

#define RESOLVE_MS 5000u
#define BATCH 50u        /* messages looked at with one command */
#define STUCK_TRIES 3    /* polls that end at the same message before it is passed over */
#define PAUSE_MAX_S 900u /* between polls that fail */
#define SAVE_EVERY 1000  /* messages looked at */
#define WORDS_SIZE 512u
#define IDENTITY_SIZE 1200u /* host, folder and most of a user */

static const char kind[] = "imap";
static const char not_stored[] = "what was read could not be stored; look at the service's log";

struct look {
	uint32_t uid;
	uint64_t size; /* 0: not told */
	bool passed;   /* its structure holds no report */
};

struct mailbox {
	const struct mailbox_conf *conf;
	struct supply *supply;
	struct imap *session;
	struct supply_row row;
	struct mailbox_secret secret;
	struct reach reach[3];
	int64_t saved_looked; /* of the row, when it was saved */
	unsigned failures;    /* polls in a row */
	bool again;           /* go on at once with a new session */
	bool not_stored;      /* it is the store that failed, not the server */
	char identity[IDENTITY_SIZE], why[WORDS_SIZE], note[WORDS_SIZE];
	/* messages of the batch that may hold a report and were fetched */
	struct supply_parcel parcels[SUPPLY_PARCELS_MAX];
	size_t parcel_count, parcel_bytes;
};

/* A reason that stands in the listing; cut when it is too long. */
static void set_why(struct mailbox *m, const char *what, const char *words)
{
	const char *said = m->session == NULL ? "" : imap_said(m->session);

	(void)snprintf(m->why, sizeof(m->why), "%s%s%s%s%s", what, what[0] == '\0' ? "" : ": ",
	               words, said[0] == '\0' ? "" : "; the server says: ", said);
}

static void pass_over(struct mailbox *m, uint32_t uid, const char *words)
{
	m->row.skipped++;
	(void)snprintf(m->note, sizeof(m->note), "message UID %u was passed over: %s", uid, words);
	log_warn("a message of a mailbox was passed over", F("mailbox", m->conf->name),
	         FN("uid", uid), F("reason", words));
}

static enum err open_session(struct mailbox *m)
{
	const struct mailbox_conf *c = m->conf;
	struct imap_conf conf = { .url = &c->url,
		                  .rules = c->rules,
		                  .ca_file = c->ca_file[0] == '\0' ? NULL : c->ca_file,
		                  .user = c->user,
		                  .password = m->secret.text,
		                  .bearer = m->secret.bearer ? m->secret.text : NULL,
		                  .stop = supply_stop_flag(m->supply),
		                  .wake = supply_wake(m->supply) };
	struct diag diag = { .why = "" };
	struct arena *a = arena_new();
	enum err e = addresses_find(c->resolver, a, c->url.host, (uint16_t)c->url.port, RESOLVE_MS,
	                            conf.addresses, IMAP_ADDRESSES_MAX, &conf.address_count);

	arena_free(a);
	if (e != OK) {
		set_why(m, c->url.host, "has no address in DNS");
		return e;
	}
	e = imap_open(&conf, &m->session, &diag);
	if (e == OK)
		return OK;
	if (e == ERR_NOTFOUND)
		mailbox_secret_forget(&m->secret);
	set_why(m, c->url.host, diag.why);
	return e;
}

/* The folder, and from which UID on there is something new. */
static enum err select_folder(struct mailbox *m)
{
	const struct mailbox_conf *c = m->conf;
	uint64_t uidvalidity = 0;
	enum err e = imap_select(m->session, c->url.folder, c->after == AFTER_LEAVE, &uidvalidity);

	if (e != OK) {
		set_why(m, c->url.folder, "the folder cannot be opened");
		return e;
	}
	if (strcmp(m->row.identity, m->identity) == 0 && m->row.mark == (int64_t)uidvalidity)
		return OK;
	/* Another mailbox, or its UIDs count anew: what was taken is known by its content. */
	if (m->row.place != 0)
		log_info("a mailbox is read from its start", F("mailbox", c->name),
		         F("reason", strcmp(m->row.identity, m->identity) == 0
		                             ? "its UIDVALIDITY has changed"
		                             : "its settings have changed"));
	m->row.identity = m->identity;
	m->row.mark = (int64_t)uidvalidity;
	m->row.place = m->row.stuck = m->row.tries = 0;
	return OK;
}

static enum err act_on(struct mailbox *m, const uint32_t *uids, size_t count)
{
	switch (m->conf->after) {
	case AFTER_FLAG:
		return imap_flag(m->session, uids, count);
	case AFTER_MOVE:
		return imap_move(m->session, uids, count, m->conf->folder);
	case AFTER_DELETE:
		return imap_delete(m->session, uids, count);
	case AFTER_LEAVE:
		break;
	}
	return OK;
}

/* Everything that the message held is stored, and nothing of it only here. */
static bool is_stored(const struct supply_parcel *p)
{
	const struct item_counts *c = &p->counts;

	return p->result == OK && c->reports > c->foreign && c->quarantined == 0 && c->refused == 0;
}

/* A server that refuses the action has its reports taken all the same. */
static enum err act(struct mailbox *m, const uint32_t *uids, size_t count)
{
	enum err e = count == 0 ? OK : act_on(m, uids, count);

	if (e != ERR_DENIED)
		return e;
	/* Said until the next such thing: those messages are not looked at again. */
	const char *said = m->session == NULL ? "" : imap_said(m->session);
	(void)snprintf(m->note, sizeof(m->note),
	               "reports are stored, but what shall become of their messages is refused%s%s",
	               said[0] == '\0' ? "" : "; the server says: ", said);
	log_warn("messages with reports stay as they are", F("mailbox", m->conf->name),
	         F("reason", m->note));
	return OK;
}

/* Stores what was fetched, then acts on those messages whose report is stored. */
static enum err give(struct mailbox *m)
{
	uint32_t stored[SUPPLY_PARCELS_MAX];
	size_t count = 0, n = m->parcel_count;
	enum err e;

	m->parcel_count = m->parcel_bytes = 0;
	e = supply_give(m->supply, m->parcels, n);
	for (size_t i = 0; e == OK && i < n; i++) {
		m->row.taken += m->parcels[i].counts.reports > 0;
		if (is_stored(&m->parcels[i]))
			stored[count++] = (uint32_t)m->parcels[i].id;
	}
	m->not_stored = e != OK;
	if (e != OK)
		set_why(m, "", not_stored);
	return e == OK ? act(m, stored, count) : e;
}

/* A message as the server gave it; m->parcels has room. */
static void add_parcel(struct mailbox *m, uint32_t uid, struct item *it)
{
	it->record.way = ARCHIVE_MAILBOX;
	it->record.kind = ARCHIVE_MAIL;
	it->record.hint =
	        arena_copy(it->arena, slice_head(slice_str(m->conf->name), ARCHIVE_HINT_MAX));
	m->parcels[m->parcel_count++] = (struct supply_parcel){ .item = it, .id = uid };
	m->parcel_bytes += it->store.len;
}

static enum err fetch(struct mailbox *m, const struct look *l)
{
	struct item *it = item_new(ITEM_IMPORT);
	enum err e = imap_fetch(m->session, l->uid, &it->store);

	if (e == OK) {
		add_parcel(m, l->uid, it);
		return OK;
	}
	item_free(it);
	if (e == ERR_NOTFOUND)
		return OK; /* somebody was faster */
	if (e == ERR_DENIED) {
		pass_over(m, l->uid, "the server refuses it");
		return OK;
	}
	return e;
}

static enum err take_one(struct mailbox *m, const struct look *l)
{
	enum err e = OK;

	m->row.looked++;
	if (l->passed)
		return OK;
	if (l->size > IMAP_MESSAGE_MAX) {
		pass_over(m, l->uid, "it is larger than 25 MiB");
		return OK;
	}
	if (m->parcel_count == SUPPLY_PARCELS_MAX ||
	    (m->parcel_count > 0 && m->parcel_bytes + l->size > SUPPLY_BYTES_MAX))
		e = give(m);
	return e == OK ? fetch(m, l) : e;
}

struct looking {
	struct look *list;
	size_t count;
};

static void on_look(void *arg, const struct imap_fetch *f)
{
	const struct looking *l = arg;

	for (size_t i = 0; i < l->count; i++) {
		if (l->list[i].uid != f->uid)
			continue;
		l->list[i].size = f->has_size ? f->size : 0;
		l->list[i].passed =
		        f->structure.len > 0 && !sift_may_hold_report(f->structure, f->header);
	}
}

/*
 * The session ended while the message of that UID was on its way.  Only when it was alone is it
 * known that nothing else is passed over with it.
 */
static enum err note_stuck(struct mailbox *m, uint32_t uid, bool alone, enum err e)
{
	if (supply_must_end(m->supply) || m->not_stored)
		return e;
	m->row.tries = m->row.stuck == uid ? m->row.tries + 1 : 1;
	m->row.stuck = uid;
	m->again = e == ERR_LIMIT;
	if (!alone || (m->row.tries < STUCK_TRIES && e != ERR_LIMIT))
		return e;
	pass_over(m, uid,
	          e == ERR_LIMIT ? "it is larger than 25 MiB"
	                         : "the connection ends whenever it is fetched");
	m->row.place = uid;
	m->row.tries = 0;
	m->again = true;
	return e;
}

/*
 * Messages of rising UIDs.  A single one that the server does not even describe is fetched to see.
 */
static enum err take_batch(struct mailbox *m, const uint32_t *uids, size_t count)
{
	struct look list[BATCH] = { { 0 } };
	struct looking l = { list, count };
	enum err e;

	for (size_t i = 0; i < count; i++)
		list[i].uid = uids[i];
	e = imap_look(m->session, uids, count, on_look, &l);
	if (e != OK && e != ERR_DENIED)
		return note_stuck(m, uids[0], count == 1, e);
	for (size_t i = 0; i < count; i++) {
		e = take_one(m, &list[i]);
		if (e != OK)
			return note_stuck(m, list[i].uid, count == 1, e);
	}
	e = give(m);
	return e == OK ? OK : note_stuck(m, uids[0], count == 1, e);
}

/* Frees what was fetched and not given. */
static void drop_parcels(struct mailbox *m)
{
	while (m->parcel_count > 0)
		item_free(m->parcels[--m->parcel_count].item);
	m->parcel_bytes = 0;
}

static enum err save(struct mailbox *m)
{
	enum err e = supply_save(m->supply, &m->row);

	m->saved_looked = m->row.looked;
	m->not_stored = e != OK;
	if (e != OK)
		set_why(m, "", not_stored);
	return e;
}

static enum err take_all(struct mailbox *m, const uint32_t *uids, size_t count)
{
	enum err e = OK;

	for (size_t i = 0, n; e == OK && i < count && !supply_must_end(m->supply); i += n) {
		int64_t taken = m->row.taken;

		/* After a failure one by one, so that it is known whose fault it was. */
		n = m->row.tries > 0 ? 1 : count - i < BATCH ? count - i : BATCH;
		e = take_batch(m, uids + i, n);
		if (e != OK) {
			drop_parcels(m);
			break;
		}
		m->row.place = uids[i + n - 1];
		if (m->row.place >= m->row.stuck)
			m->row.tries = 0;
		if (m->row.taken != taken || m->row.looked - m->saved_looked > SAVE_EVERY)
			e = save(m);
	}
	return e;
}

static enum err poll_folder(struct mailbox *m)
{
	uint32_t *uids = NULL;
	size_t count = 0;
	enum err e = select_folder(m);

	if (e == OK)
		e = imap_list(m->session, (uint64_t)m->row.place + 1, &uids, &count);
	if (e == OK)
		e = take_all(m, uids, count);
	mem_free(uids);
	if (e != OK && m->why[0] == '\0')
		set_why(m, m->conf->url.host, "the connection ended in the middle");
	return e;
}

static enum err poll_once(struct mailbox *m)
{
	enum err e;

	m->why[0] = '\0';
	m->again = m->not_stored = false;
	e = mailbox_secret(m->conf, supply_stop_flag(m->supply), &m->secret, m->why);
	if (e == OK)
		e = open_session(m);
	if (e == OK)
		e = poll_folder(m);
	imap_close(m->session);
	m->session = NULL;
	return e;
}

/* One line when it begins to fail and one when it works again. */
static void report_state(struct mailbox *m, enum err e)
{
	bool failed = e != OK || m->why[0] != '\0';

	if (failed && m->failures == 0)
		log_error("a mailbox has trouble", F("mailbox", m->conf->name),
		          F("reason", m->why));
	else if (!failed && m->failures > 0)
		log_info("a mailbox has no trouble any more", F("mailbox", m->conf->name));
	m->failures = failed ? m->failures + 1 : 0;
	m->row.polled = clock_now_s();
	if (e == OK)
		m->row.good = m->row.polled;
}

static int64_t pause_ms(const struct mailbox *m)
{
	uint64_t s = m->conf->every;

	for (unsigned i = 1; i < m->failures && s < PAUSE_MAX_S; i++)
		s *= 2;
	if (s > PAUSE_MAX_S && s > m->conf->every)
		s = m->conf->every > PAUSE_MAX_S ? m->conf->every : PAUSE_MAX_S;
	return m->again ? 0 : (int64_t)s * 1000;
}

/* What is remembered; without an answer from the database nothing is polled. */
static bool load(struct mailbox *m, struct arena *a)
{
	enum err e = ERR_UNAVAILABLE;

	do
		e = supply_load(m->supply, kind, m->conf->name, a, &m->row);
	while (e != OK && e != ERR_NOTFOUND && supply_sleep(m->supply, 1000));
	if (e == ERR_NOTFOUND)
		m->row = (struct supply_row){ .identity = "" };
	else if (e == OK)
		(void)snprintf(m->note, sizeof(m->note), "%s", m->row.note); /* cut is fine */
	m->row.kind = kind;
	m->row.name = m->conf->name;
	m->row.why = m->why;
	m->row.note = m->note;
	(void)snprintf(m->identity, sizeof(m->identity), "%s:%u/%s %s", m->conf->url.host,
	               m->conf->url.port, m->conf->url.folder, m->conf->user); /* as above */
	return e == OK || e == ERR_NOTFOUND;
}

void mailbox_run(struct supply *s, void *arg)
{
	struct mailbox *m = mem_alloc(sizeof(*m));
	struct arena *a = arena_new();

	m->conf = arg;
	m->supply = s;
	reach_init(&m->reach[0], m->conf->password_file);
	reach_init(&m->reach[1], m->conf->secret_file);
	reach_init(&m->reach[2], m->conf->ca_file);
	if (load(m, a) && supply_save(s, &m->row) == OK) {
		do {
			enum err e = poll_once(m);

			if (supply_must_end(s))
				break;
			report_state(m, e);
			if (m->failures > 0)
				supply_keep_reach(s, m->reach, ARRAY_LEN(m->reach));
			if (supply_save(s, &m->row) != OK)
				m->failures++;
		} while (supply_sleep(s, pause_ms(m)));
	}
	mailbox_secret_forget(&m->secret);
	mem_free(m);
	arena_free(a);
}
