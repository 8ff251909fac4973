/* Between the intake_*.c files only. */
#ifndef SERVICE_INTAKE_INTERNAL_H
#define SERVICE_INTAKE_INTERNAL_H

#include "net/handover.h"
#include "service/archive.h"
#include "service/intake.h"
#include "service/intake_allowance.h"
#include "service/intake_cert.h"
#include "service/intake_pool.h"
#include "service/intake_trust.h"
#include "service/keyring.h"
#include "store/arrivals.h"
#include "tlsrpt/facts.h"

#define ITEM_TRIES_MAX 2u /* readings that end with the reader's death before quarantine */
#define ITEM_DOMAIN_SIZE 256u
#define BATCH_MAX 2048u     /* messages stored in one transaction */
#define BATCH_WAIT_MS 50    /* how long a finished one waits for others */
#define BATCH_WAITS_MAX 10u /* times that, while more come */
#define STORE_RETRY_MS 250  /* after the database was busy */
#define IMPORT_RETRIES 8u   /* of a batch, before an import is told that it failed */

/* What became of one message. */
struct item_counts {
	uint64_t reports, new, duplicates, foreign, quarantined, no_report;
	uint64_t refused; /* of the duplicates: of other content, and believed less */
};

enum item_source {
	ITEM_ARCHIVED, /* acknowledged, read from the archive */
	ITEM_IMPORT,   /* still with its owner */
	ITEM_RETRY,    /* in the archive and in quarantine */
	ITEM_HELD,     /* in the archive; waits for its signer's key */
	ITEM_OFFER,    /* still with its sender, and taken only if its signature is believed */
};

struct item;

/* A report that was new or replaced another; for the log. */
struct item_news {
	const struct report *report;
	const char *domain;
	enum report_trust trust;
	bool replaced;
};

/* The message is stored, or e says why not.  The item goes after the call. */
typedef void (*item_done_fn)(void *arg, const struct item *it, enum err e);

/* One message on its way from bytes to rows. */
struct item {
	struct item *next;     /* in the queue it stands in */
	struct item *in_order; /* ITEM_ARCHIVED: the next one by position */
	enum item_source source;
	struct archive_record record; /* hint and bytes lie in store */
	struct buf store;
	bool archived; /* record.at is where it lies */
	bool in_batch;
	bool dry_run; /* ITEM_IMPORT, ITEM_RETRY: only its counts are wanted */
	enum report_trust trust;
	char domain[ITEM_DOMAIN_SIZE]; /* of the tag; "" for none */
	int64_t tag_domain;            /* the id of that domain; 0: not looked up, or none */
	bool believed;                 /* a report of it counts for a verified signer */
	unsigned tries;
	bool alone;          /* a reader ended while it had this and others */
	struct arena *arena; /* facts and outcome live here */
	struct facts facts;
	struct proof *proof; /* NULL: there was no signature to look at */
	struct intake *in;   /* while it waits for a key */
	struct item_counts counts;
	struct item_news *news;
	size_t news_count;
	const char **foreign; /* names of unknown domains */
	size_t foreign_count;
	item_done_fn done; /* NULL: nobody waits */
	void *arg;
};

struct queue {
	struct item *first, **last;
	size_t count;
};

/* Somebody who waits for what is in the archive to be on disk. */
struct waiter {
	struct waiter *next;
	bool waiting;
	void (*fn)(void *arg, bool durable);
	void *arg;
};

/* Records that imports have added: the reader of the archive steps over them. */
struct own_record {
	struct own_record *next;
	struct archive_pos at, end;
};

#define RECENT_SETS 1024u
#define RECENT_WAYS 4u /* digests of a set */

/* Digests of what was added since the start; of those that share a set the last ones. */
struct recent {
	unsigned char digests[RECENT_WAYS][SHA256_SIZE];
	unsigned count; /* added so far */
};

struct intake {
	const struct intake_settings *set;
	struct loop *loop;
	struct db *db;
	struct archive *archive;
	struct pool *pool;

	struct archive_pos cursor;   /* what follows was not given to a reader yet */
	struct archive_pos stored;   /* the position in the database */
	struct archive_pos replayed; /* the archive's end at the start */
	struct own_record *own, **own_last;
	struct item *ordered, **ordered_last; /* archived ones under way, by position */
	struct queue imports, done;
	struct queue fresh; /* added to the archive and still in memory, by position */
	size_t fresh_bytes;
	int64_t fresh_ms;    /* when the first of them was flushed; 0: none was */
	size_t done_awaited; /* of done: those that somebody waits for */
	size_t done_seen;    /* the size of done when commit was set last; 0: it is not set */
	unsigned done_waits; /* how often it was set again since */
	size_t reading;
	struct queue waiting;    /* for keys */
	struct lookups *lookups; /* NULL: the DNS is not asked */
	struct keyring *keys;
	psl_ctx_t *suffixes_loaded; /* NULL: suffixes is the library's own list */
	const psl_ctx_t *suffixes;
	int64_t held_due; /* when to look at the mails that wait in the table */
	size_t held_busy; /* those that are being looked at */
	int64_t full_day; /* on which it was said last that an allowance is used up */
	bool import_turn;
	unsigned store_failures;
	bool quarantined; /* something is in quarantine, as the batch being stored sees it */
	struct loop_timer dispatch, commit;

	struct waiter *waiters;
	size_t waiter_count;
	struct loop_timer sync;
	struct recent *recent;

	struct allowances *allowances;
	size_t offers;       /* ITEM_OFFER under way */
	size_t held;         /* bytes of bodies in memory */
	int64_t put_off_day; /* when it was last told that mail is put off */
	int64_t space_ms;    /* when the disk was asked for its free space */
	uint64_t space;      /* what it said, less what was added since */
	size_t post_count, control_count, smtp_count;
	struct post_conn *posts;      /* oldest first */
	struct smtp_conn *smtp_conns; /* oldest first */
	struct smtp_listener *smtp_listeners;
	size_t smtp_listener_count;
	struct loop_timer upkeep;
	char upkeep_after[SHA256_HEX_SIZE]; /* what follows was not read again yet */
	size_t upkeep_open;                 /* being read again */
	bool upkeep_read;                   /* there is no more of it */
	struct intake_cert *cert;           /* NULL: STARTTLS is never offered */
	struct control_conn *controls;      /* any order */
	struct loop_watch hand, ingest, signals;
	struct loop_timer tick;
	struct supplies *supplies; /* NULL: none */
	int64_t purged;            /* the day on which old raw bytes were removed last */
	struct purge *purge;       /* the day's, under way; NULL: none */
	int64_t old_at;            /* when old reports go again */
	struct old *old;           /* those of this day, under way; NULL: none */
	bool draining;
	unsigned drain_ticks;
};

/* intake.c */

/* Takes nothing new any more, finishes what it has, and ends. */
void intake_drain(struct intake *in);

/* intake_queue.c */

void queue_init(struct queue *q);
void queue_add(struct queue *q, struct item *it);
struct item *queue_take(struct queue *q); /* NULL: empty */

void intake_queue_init(struct intake *in);
void intake_queue_fini(struct intake *in);
/* Takes an item with record, trust and done filled: ITEM_IMPORT or ITEM_RETRY. */
void intake_submit(struct intake *in, struct item *it);
/* Its facts, and whether it is believed, are there: it is stored with the next batch. */
void intake_read_ended(struct intake *in, struct item *it);
/*
 * Its bytes are not needed any more, since they lie in the archive and nobody asks for them there;
 * what must outlive them is kept.
 */
void item_drop_bytes(struct item *it);
/* Something may have become possible; looked at from the loop. */
void intake_wake(struct intake *in);
/* Nothing acknowledged waits for a reader or for the database. */
bool intake_is_idle(const struct intake *in);
/* The base name of the file that was imported; empty for other ways. */
struct slice item_file_name(const struct item *it);

struct item *item_new(enum item_source source);
void item_free(struct item *it);

/* intake_fresh.c */

/* r was added to the archive: it is kept for a reader, if there is room, and not read back. */
void fresh_add(struct intake *in, const struct archive_record *r);
/* The message at that place, the caller's from now on; NULL: it must be read. */
struct item *fresh_take(struct intake *in, struct archive_pos at);
/* Drops those that lie at or behind end: they are not in the archive any more. */
void fresh_forget(struct intake *in, struct archive_pos end);
/* How long a reader shall wait, so that it gets several; 0: not at all. */
int64_t fresh_wait_ms(struct intake *in);

/* intake_held.c */

/*
 * Keeps a mail whose key could not be asked for; hex is its digest.  *held_out false: it is to be
 * settled without the key.
 */
enum err held_take(struct intake *in, const struct item *it, const char *hex,
                   const struct archive_place *place, int64_t now, bool *held_out) MUST_USE;
/* Looks at those that are due. */
void held_tick(struct intake *in);
void held_wake_all(struct intake *in);

/* intake_settle.c */

/* Stores the batch in one transaction, with the position. */
enum err intake_settle(struct intake *in, struct item *batch) MUST_USE;
const char *intake_way_name(enum archive_way way);
enum report_trust intake_way_trust(enum archive_way way);

/* intake_disk.c */

/*
 * Adds acknowledgeable bytes; w is told when they are durable.  *again_out: the same bytes were
 * there already; nothing was added.  ERR_LIMIT, ERR_UNAVAILABLE (the disk is all but full), ERR_IO:
 * nothing was added, nobody is told.
 */
enum err intake_archive(struct intake *in, struct archive_record *r, struct waiter *w,
                        bool *again_out) MUST_USE;
/* The archive has these bytes, so that taking them again adds nothing. */
bool intake_knows(struct intake *in, struct slice bytes);
/* Makes durable what was added and tells the waiters. */
enum err intake_sync(struct intake *in) MUST_USE;
void waiter_cancel(struct intake *in, struct waiter *w);
/*
 * size bytes more of a message of which so_far are held; false: no room at present.  Small messages
 * have some room of their own, so that large ones do not keep ordinary reports out.
 */
bool intake_hold(struct intake *in, size_t so_far, size_t size);
void intake_release(struct intake *in, size_t size);
void intake_disk_init(struct intake *in);
void intake_disk_fini(struct intake *in);

/* intake_purge.c */

struct line_purge;
struct line_purged;
struct purge; /* a removal under way, a page of rows in each turn of the loop */
/* The removal has ended and goes after the call. */
typedef void (*purge_done_fn)(void *arg, const struct line_purged *p);
/* Removes raw bytes as wished, or only counts them; done is called from the loop. */
struct purge *purge_new(struct intake *in, const struct line_purge *wish, purge_done_fn done,
                        void *arg);
/* Ends it where it stands, without a word; NULL does nothing. */
void purge_free(struct purge *g);
/* The same as configured, once a day. */
void intake_purge_daily(struct intake *in);

/* intake_old.c */

struct old; /* a removal of old reports under way */

void intake_old_daily(struct intake *in);
void old_free(struct old *o); /* NULL does nothing */

/* intake_http.c */

void intake_take_post(struct intake *in, const struct hand *h, int fd);
void intake_close_posts(struct intake *in);

/* intake_smtp.c */

void intake_open_smtp(struct intake *in);
/* No further connections; idle ones are told to come again. */
void intake_end_smtp(struct intake *in);
void intake_close_smtp(struct intake *in);

/* intake_offer.c */

/*
 * Reads a mail (way, kind, received, hint, bytes) for which there is no place any more; done is
 * called with its item, and calls intake_offer_done.  ERR_LIMIT: there is no point in it, or no
 * room; done is not called.
 */
enum err intake_offer(struct intake *in, const struct archive_record *r, item_done_fn done,
                      void *arg) MUST_USE;
/* True: the mail is believed and stored durably. */
bool intake_offer_done(struct intake *in, const struct item *it, enum err e);
/* Before anything is stored: some report of it is believed. */
bool intake_offer_is_good(const struct intake *in, const struct item *it, struct slice tag_domain);

/* intake_upkeep.c */

struct quarantine_row;

void intake_upkeep_init(struct intake *in);
void intake_upkeep_fini(struct intake *in);
/* An item that reads what lies in quarantine again; NULL: its bytes are not there any more. */
struct item *intake_quarantined(struct intake *in, const struct quarantine_row *row);

/* intake_control.c */

void intake_take_control(struct intake *in, enum hand_duty duty, int fd);
void intake_close_controls(struct intake *in);

#endif
