/* Intake's middle: messages from the archive and from imports, to readers, to the database. */
#include "base/log.h"
#include "service/intake_internal.h"

#define READ_BYTES_MAX (1u << 20) /* that go to a reader together; a larger message goes alone */

/* Messages on their way to one reader. */
struct batch {
	struct item *items[READER_BATCH_MAX];
	struct pool_message list[READER_BATCH_MAX];
	size_t count, bytes;
};

void queue_init(struct queue *q)
{
	*q = (struct queue){ .last = &q->first };
}

void queue_add(struct queue *q, struct item *it)
{
	it->next = NULL;
	*q->last = it;
	q->last = &it->next;
	q->count++;
}

struct item *queue_take(struct queue *q)
{
	struct item *it = q->first;

	if (it == NULL)
		return NULL;
	q->first = it->next;
	if (q->first == NULL)
		q->last = &q->first;
	q->count--;
	it->next = NULL;
	return it;
}

struct item *item_new(enum item_source source)
{
	struct item *it = mem_alloc(sizeof(*it));

	it->source = source;
	it->arena = arena_new();
	buf_init(&it->store, ARCHIVE_BYTES_MAX);
	return it;
}

struct slice item_file_name(const struct item *it)
{
	return it->record.way == ARCHIVE_IMPORT ? it->record.hint : (struct slice){ NULL, 0 };
}

void item_free(struct item *it)
{
	arena_free(it->arena);
	buf_fini(&it->store);
	mem_free(it);
}

static void finish(struct item *it, enum err e)
{
	if (it->done != NULL)
		it->done(it->arg, it, e);
	item_free(it);
}

/* Takes the stored ones out of the list by position. */
static void unlist_batch(struct intake *in)
{
	struct item **at = &in->ordered;

	while (*at != NULL) {
		if ((*at)->in_batch)
			*at = (*at)->in_order;
		else
			at = &(*at)->in_order;
	}
	in->ordered_last = at;
}

/* Somebody waits, and nothing that could be stored with it is at hand. */
static bool must_commit(const struct intake *in)
{
	return in->done_awaited > 0 && in->reading == 0 && in->imports.count == 0 &&
	       archive_pos_cmp(in->cursor, archive_end(in->archive)) >= 0;
}

/* What a transaction costs is shared by all that is in it. */
static void set_commit(struct intake *in)
{
	if (in->done.count >= BATCH_MAX || must_commit(in))
		loop_timer_set(&in->commit, 0);
	else if (in->done_seen == 0)
		loop_timer_set(&in->commit, BATCH_WAIT_MS);
	if (in->done_seen == 0)
		in->done_seen = in->done.count;
}

static void add_done(struct intake *in, struct item *it)
{
	in->done_awaited += it->done != NULL;
	queue_add(&in->done, it);
}

/* NULL: none. */
static struct item *take_done(struct intake *in)
{
	struct item *it = queue_take(&in->done);

	in->done_awaited -= it != NULL && it->done != NULL;
	return it;
}

/* More came, and the first one did not wait for long. */
static bool commit_later(struct intake *in)
{
	if (in->done.count >= BATCH_MAX || must_commit(in) || in->draining ||
	    in->done.count == in->done_seen || ++in->done_waits >= BATCH_WAITS_MAX)
		return false;
	in->done_seen = in->done.count;
	loop_timer_set(&in->commit, BATCH_WAIT_MS);
	return true;
}

static bool has_imports(const struct item *batch)
{
	for (; batch != NULL; batch = batch->next) {
		if (batch->source != ITEM_ARCHIVED)
			return true;
	}
	return false;
}

/* The database said no again and again: imports are told, what is acknowledged goes on waiting. */
static void give_up_imports(struct intake *in, struct item *batch)
{
	while (batch != NULL) {
		struct item *next = batch->next;

		batch->in_batch = false;
		if (batch->source == ITEM_ARCHIVED)
			add_done(in, batch);
		else
			finish(batch, ERR_UNAVAILABLE);
		batch = next;
	}
}

static void put_back(struct intake *in, struct item *batch)
{
	struct item *it;

	if (++in->store_failures % IMPORT_RETRIES == 0 && has_imports(batch)) {
		give_up_imports(in, batch);
	} else {
		struct queue back;

		queue_init(&back);
		for (; batch != NULL; batch = it) {
			it = batch->next;
			batch->in_batch = false;
			queue_add(&back, batch);
		}
		while ((it = take_done(in)) != NULL)
			queue_add(&back, it);
		while ((it = queue_take(&back)) != NULL)
			add_done(in, it);
	}
	in->done_seen = in->done.count;
	loop_timer_set(&in->commit, STORE_RETRY_MS);
}

/* Those that are only counted make a batch of their own. */
static struct item *take_batch(struct intake *in)
{
	bool dry_run = in->done.first != NULL && in->done.first->dry_run;
	struct queue batch;
	struct item *it;

	queue_init(&batch);
	while (batch.count < BATCH_MAX && in->done.first != NULL &&
	       in->done.first->dry_run == dry_run) {
		it = take_done(in);
		it->in_batch = true;
		queue_add(&batch, it);
	}
	return batch.first;
}

static void on_commit(void *arg)
{
	struct intake *in = arg;
	struct item *batch, *next;
	enum err e;

	if (commit_later(in))
		return;
	in->done_seen = in->done_waits = 0;
	batch = take_batch(in);
	if (batch == NULL)
		return;
	e = intake_settle(in, batch);
	if (e != OK) {
		if (in->store_failures == 0)
			log_error("what was read cannot be stored; it is tried again and again",
			          F("reason", err_name(e)));
		put_back(in, batch);
		return;
	}
	in->store_failures = 0;
	unlist_batch(in);
	for (; batch != NULL; batch = next) {
		next = batch->next;
		finish(batch, OK);
	}
	if (in->done.count > 0)
		set_commit(in);
	intake_wake(in);
}

void item_drop_bytes(struct item *it)
{
	enum archive_way way = it->record.way;

	if (!it->archived || (way != ARCHIVE_SMTP && way != ARCHIVE_LMTP && way != ARCHIVE_INGEST))
		return;
	it->record.hint = arena_copy(it->arena, it->record.hint);
	it->record.bytes.p = NULL;
	buf_fini(&it->store);
}

void intake_read_ended(struct intake *in, struct item *it)
{
	item_drop_bytes(it);
	add_done(in, it);
	set_commit(in);
	intake_wake(in);
}

/* In front of all others. */
static void read_again(struct intake *in, struct item *it)
{
	it->next = in->imports.first;
	in->imports.first = it;
	if (it->next == NULL)
		in->imports.last = &it->next;
	in->imports.count++;
	intake_wake(in);
}

/* A death may be an accident of the reader's; a second one is the message's doing. */
static void on_death(struct intake *in, struct item *it, enum pool_result result)
{
	if (++it->tries < ITEM_TRIES_MAX && result != POOL_TIMEOUT) {
		it->alone = true;
		read_again(in, it);
		return;
	}
	log_warn("a message could not be read and is kept in quarantine",
	         F("way", intake_way_name(it->record.way)), FN("bytes", it->record.bytes.len));
	it->facts = result == POOL_TIMEOUT
	                    ? facts_failed("reader-timeout", "Reading it took too long.")
	                    : facts_failed("reader-died", "The reader ended while it read this.");
	intake_read_ended(in, it);
}

static void on_read(void *arg, void *job, enum pool_result result, struct slice record)
{
	struct intake *in = arg;
	struct item *it = job;

	in->reading--;
	switch (result) {
	case POOL_READ:
		if (facts_parse(arena_copy(it->arena, record), it->arena, &it->facts) != OK)
			it->facts =
			        facts_failed("reader-answer", "The reader's answer made no sense.");
		trust_begin(in, it);
		break;
	case POOL_AGAIN:
		read_again(in, it);
		break;
	case POOL_ALONE:
		it->alone = true;
		read_again(in, it);
		break;
	case POOL_DIED:
	case POOL_TIMEOUT:
	case POOL_FAILED:
		on_death(in, it, result);
		break;
	}
}

void intake_wake(struct intake *in)
{
	loop_timer_set(&in->dispatch, 0);
}

static void on_idle(void *arg)
{
	intake_wake(arg);
}

/* Steps over records that imports added themselves; they are stored with their imports. */
static void skip_own(struct intake *in)
{
	while (in->own != NULL && archive_pos_cmp(in->own->at, in->cursor) <= 0) {
		struct own_record *own = in->own;

		if (archive_pos_cmp(in->cursor, own->end) < 0)
			in->cursor = own->end;
		in->own = own->next;
		if (in->own == NULL)
			in->own_last = &in->own;
		mem_free(own);
	}
}

/* A record that was stored before the end of the intake before this one. */
static bool was_stored(struct intake *in, const struct archive_record *r, struct arena *a)
{
	char hex[SHA256_HEX_SIZE];
	struct arrival arrival;

	if (archive_pos_cmp(r->at, in->replayed) >= 0)
		return false;
	return arrivals_get(in->db, slice_str(enc_hex(r->sha256, SHA256_SIZE, hex)), a, &arrival) ==
	               OK &&
	       arrival.place.segment == r->at.day && arrival.place.offset == (int64_t)r->at.offset;
}

/* The record at the cursor, or the next one behind it; NULL: none. */
static struct item *read_archived(struct intake *in)
{
	struct item *it = fresh_take(in, in->cursor);
	enum err e;

	if (it != NULL)
		return it;
	it = item_new(ITEM_ARCHIVED);
	e = archive_next(in->archive, in->cursor, &it->store, &it->record);
	if (e == OK)
		return it;
	if (e == ERR_IO)
		log_error("the archive cannot be read");
	item_free(it);
	return NULL;
}

/* The next acknowledged message; NULL: none. */
static struct item *next_archived(struct intake *in)
{
	struct item *it;

	for (;;) {
		skip_own(in);
		if (archive_pos_cmp(in->cursor, archive_end(in->archive)) >= 0)
			return NULL;
		it = read_archived(in);
		if (it == NULL)
			return NULL;
		if (in->own != NULL && archive_pos_cmp(in->own->at, it->record.at) == 0) {
			in->cursor = it->record.at;
		} else {
			in->cursor = it->record.next;
			if (!was_stored(in, &it->record, it->arena))
				break;
		}
		item_free(it);
	}
	it->archived = true;
	it->trust = intake_way_trust(it->record.way);
	*in->ordered_last = it;
	in->ordered_last = &it->in_order;
	return it;
}

/* Acknowledged messages and imports take turns. */
static struct item *next_item(struct intake *in)
{
	struct item *it = NULL;

	in->import_turn = !in->import_turn;
	if (in->import_turn)
		it = queue_take(&in->imports);
	if (it == NULL)
		it = next_archived(in);
	return it != NULL ? it : queue_take(&in->imports);
}

/* What goes to a reader together: small messages, none of which has met a reader's death. */
static bool fits(const struct batch *b, const struct item *it)
{
	return b->count == 0 || (b->count < READER_BATCH_MAX && !it->alone && !b->items[0]->alone &&
	                         b->bytes + it->record.bytes.len <= READ_BYTES_MAX);
}

static void add_to(struct batch *b, struct item *it)
{
	b->items[b->count] = it;
	b->list[b->count++] = (struct pool_message){ .job = it,
		                                     .kind = it->record.kind,
		                                     .name = item_file_name(it),
		                                     .bytes = it->record.bytes };
	b->bytes += it->record.bytes.len;
}

static void on_dispatch(void *arg)
{
	struct intake *in = arg;
	struct item *it = NULL;
	int64_t wait = in->imports.count > 0 ? 0 : fresh_wait_ms(in);

	if (wait > 0) {
		loop_timer_set(&in->dispatch, wait);
		return;
	}
	while (pool_has_idle(in->pool) && in->done.count < BATCH_MAX) {
		struct batch b = { .count = 0 };

		for (; it != NULL || (it = next_item(in)) != NULL; it = NULL) {
			if (!fits(&b, it))
				break;
			add_to(&b, it);
		}
		if (b.count == 0)
			return;
		in->reading += b.count;
		pool_submit(in->pool, b.list, b.count);
	}
	if (it != NULL)
		read_again(in, it); /* taken, but there is no reader for it now */
}

void intake_submit(struct intake *in, struct item *it)
{
	queue_add(&in->imports, it);
	intake_wake(in);
}

bool intake_is_idle(const struct intake *in)
{
	return in->reading == 0 && in->waiting.count == 0 && in->done.count == 0 &&
	       in->imports.count == 0 && in->ordered == NULL &&
	       archive_pos_cmp(in->cursor, archive_end(in->archive)) >= 0;
}

void intake_queue_init(struct intake *in)
{
	struct pool_owner owner = { on_read, on_idle, in };

	queue_init(&in->imports);
	queue_init(&in->done);
	queue_init(&in->fresh);
	in->ordered_last = &in->ordered;
	in->own_last = &in->own;
	loop_timer_init(&in->dispatch, in->loop, on_dispatch, in);
	loop_timer_init(&in->commit, in->loop, on_commit, in);
	in->pool = pool_new(in->loop, in->set->readers, in->set->reader_count, &owner);
}

void intake_queue_fini(struct intake *in)
{
	struct item *it;

	pool_free(in->pool);
	loop_timer_fini(&in->dispatch);
	loop_timer_fini(&in->commit);
	while ((it = queue_take(&in->imports)) != NULL)
		item_free(it);
	while ((it = queue_take(&in->done)) != NULL)
		item_free(it);
	while ((it = queue_take(&in->fresh)) != NULL)
		item_free(it);
	while (in->own != NULL) {
		struct own_record *next = in->own->next;

		mem_free(in->own);
		in->own = next;
	}
}
