#include "service/intake.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"
#include "net/listen.h"
#include "service/intake_internal.h"
#include "service/supply.h"
#include "service/watch.h"

#define TICK_MS 500
#define HANDS_TURN 64u /* hand-overs taken before others get their turn */
#define DRAIN_TICKS 8u /* of TICK_MS: how long an ending intake goes on working */

static void on_hand(void *arg, unsigned ready)
{
	struct intake *in = arg;
	struct hand h;
	int fd = -1;

	(void)ready;
	for (unsigned n = 0; n < HANDS_TURN; n++) {
		enum err e = hand_receive(in->set->hand, &h, &fd);

		if (e == ERR_SYNTAX)
			continue;
		if (e != OK)
			return;
		switch (h.duty) {
		case HAND_POST:
			intake_take_post(in, &h, fd);
			break;
		case HAND_IMPORT:
		case HAND_INGEST:
			intake_take_control(in, h.duty, fd);
			break;
		case HAND_ADMIN:
			(void)close(fd); /* not for us */
			break;
		}
	}
}

/* The position moves on when the archive was read to its end and nothing carried it along. */
static void store_position(struct intake *in)
{
	struct archive_position position = { in->cursor.day, (int64_t)in->cursor.offset };

	if (!intake_is_idle(in) || archive_pos_cmp(in->cursor, in->stored) == 0)
		return;
	if (archive_set_position(in->db, &position) == OK)
		in->stored = in->cursor;
}

/* Whoever it is, a mail is all that is taken there. */
static void on_ingest(void *arg, unsigned ready)
{
	struct intake *in = arg;
	struct sockaddr_storage peer;
	int fd = -1;

	(void)ready; /* accepting finds out */
	for (unsigned n = 0; n < HANDS_TURN; n++) {
		if (listen_accept(in->set->ingest, &fd, &peer) != OK)
			return;
		intake_take_control(in, HAND_INGEST, fd);
	}
}

static void beat(struct intake *in)
{
	if (in->set->board != NULL)
		board_beat(in->set->board, in->set->slot, clock_mono_ms());
}

static void on_tick(void *arg)
{
	struct intake *in = arg;

	beat(in);
	store_position(in);
	if (in->draining) {
		intake_end_smtp(in);
	} else {
		intake_purge_daily(in);
		intake_old_daily(in);
	}
	held_tick(in);
	if (in->draining && (intake_is_idle(in) || ++in->drain_ticks > DRAIN_TICKS))
		loop_stop(in->loop);
	else
		loop_timer_set(&in->tick, TICK_MS);
}

void intake_drain(struct intake *in)
{
	in->draining = true;
	supplies_stop(in->supplies);
	intake_end_smtp(in);
	loop_watch_want(&in->signals, 0);
	loop_watch_want(&in->hand, 0);
	if (in->set->ingest >= 0)
		loop_watch_want(&in->ingest, 0);
	loop_timer_set(&in->tick, 0);
}

static void on_signal(void *arg, unsigned ready)
{
	(void)ready; /* each of them asks for the same */
	intake_drain(arg);
}

static int open_signals(void)
{
	sigset_t set;
	int fd;

	if (sigemptyset(&set) != 0 || sigaddset(&set, SIGTERM) != 0 ||
	    sigaddset(&set, SIGINT) != 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		log_fatal("signals cannot be blocked");
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		log_fatal("signals cannot be read");
	return fd;
}

/* The archive and the place in it from which on nothing is stored yet. */
static enum err open_archive(struct intake *in)
{
	struct archive_position position;
	struct archive_counts counts;
	enum err e = archive_get_position(in->db, &position);

	if (e != OK)
		return e;
	in->stored = (struct archive_pos){ (uint32_t)position.segment, (uint64_t)position.offset };
	e = archive_open(in->set->archive_dir, in->stored, &in->archive);
	if (e != OK)
		return e;
	counts = archive_counts(in->archive);
	if (counts.cut_bytes > 0)
		log_info("the archive's tail was not complete and is cut",
		         FN("bytes", counts.cut_bytes));
	if (counts.damaged > 0)
		log_error("a segment of the archive is damaged and was set aside");
	in->replayed = archive_end(in->archive);
	in->cursor = in->stored;
	/* Only when the disk forgot what it had confirmed, or an old archive was put back. */
	if (archive_pos_cmp(in->cursor, in->replayed) > 0) {
		log_error("the archive ends before what is stored of it");
		in->cursor = in->replayed;
	}
	return OK;
}

static enum err open_all(struct intake *in)
{
	struct diag diag = { .why = "" };
	enum err e = db_open(in->set->database, DB_WRITE, &in->db, &diag);

	if (e == OK)
		e = db_temp_in_memory(in->db);
	if (e != OK) {
		log_error("the database cannot be opened", F("reason", diag.why));
		return e;
	}
	e = open_archive(in);
	if (e != OK)
		log_error("the archive cannot be opened", F("reason", err_name(e)));
	return e;
}

/* Rows of mailboxes and paths that are no longer read are kept, but not listed. */
static void start_supplies(struct intake *in)
{
	const struct intake_settings *set = in->set;

	if (supplies_unlist(in->db) != OK)
		log_error("the list of mailboxes cannot be written");
	if (set->mailbox_count == 0 && set->watch[0] == '\0')
		return;
	in->supplies = supplies_new(in);
	for (size_t i = 0; i < set->mailbox_count; i++)
		supplies_start(in->supplies, mailbox_run, &set->mailboxes[i]);
	watch_start(in->supplies, set->watch);
}

static void serve(struct intake *in)
{
	int fd = open_signals();

	in->loop = loop_new();
	intake_disk_init(in);
	intake_queue_init(in);
	in->allowances = allowances_new(in->db, &in->set->limits);
	intake_open_smtp(in);
	trust_init(in);
	held_wake_all(in); /* a new start is a good moment */
	intake_upkeep_init(in);
	loop_watch_init(&in->signals, in->loop, fd, on_signal, in);
	loop_watch_want(&in->signals, LOOP_READ);
	loop_watch_init(&in->hand, in->loop, in->set->hand, on_hand, in);
	loop_watch_want(&in->hand, LOOP_READ);
	if (in->set->ingest >= 0) {
		loop_watch_init(&in->ingest, in->loop, in->set->ingest, on_ingest, in);
		loop_watch_want(&in->ingest, LOOP_READ);
	}
	loop_timer_init(&in->tick, in->loop, on_tick, in);
	loop_timer_set(&in->tick, 0);
	intake_wake(in);
	start_supplies(in);
	log_info("intake works", FN("readers", in->set->reader_count));
	loop_run(in->loop);
	supplies_free(in->supplies);
	intake_close_controls(in);
	intake_close_posts(in);
	intake_close_smtp(in);
	intake_upkeep_fini(in);
	purge_free(in->purge);
	old_free(in->old);
	allowances_free(in->allowances);
	loop_timer_fini(&in->tick);
	loop_watch_fini(&in->hand);
	loop_watch_fini(&in->ingest);
	loop_watch_fini(&in->signals);
	intake_queue_fini(in);
	trust_fini(in);
	intake_disk_fini(in);
	loop_free(in->loop);
	(void)close(fd); /* only read */
}

enum err intake_run(const struct intake_settings *set)
{
	struct intake in = { .set = set };
	enum err e = open_all(&in);

	if (e == OK)
		serve(&in);
	archive_close(in.archive);
	db_close(in.db);
	return e;
}
