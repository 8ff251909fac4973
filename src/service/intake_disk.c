/* Intake's acknowledgements: bytes into the archive, one flush for many, then the answers. */
#include <sys/statvfs.h>

#include "base/log.h"
#include "net/clock.h"
#include "service/intake_internal.h"

#define HELD_MAX (256u << 20)  /* bytes of messages in memory, all together */
#define HELD_SMALL (64u << 20) /* of these, for messages of at most SMALL_MAX */
#define SMALL_MAX (1u << 20)
#define SPACE_MIN (UINT64_C(128) << 20) /* bytes of the disk that are left to others */
#define SYNC_GATHER_MS 3                /* how long a mail waits to be flushed with others */
#define SPACE_MS 1000                   /* how long an answer of the disk is good */

static void on_sync(void *arg)
{
	struct intake *in = arg;

	if (intake_sync(in) != OK)
		log_error("the archive cannot be written",
		          F("action", "free space or look at the disk"));
}

void intake_disk_init(struct intake *in)
{
	loop_timer_init(&in->sync, in->loop, on_sync, in);
	in->recent = mem_calloc(RECENT_SETS, sizeof(*in->recent));
}

void intake_disk_fini(struct intake *in)
{
	loop_timer_fini(&in->sync);
	mem_free(in->recent);
}

static struct recent *recent_set(const struct intake *in, const unsigned char sha256[SHA256_SIZE])
{
	return &in->recent[(sha256[0] | (unsigned)sha256[1] << 8) % RECENT_SETS];
}

static bool is_recent(const struct intake *in, const unsigned char sha256[SHA256_SIZE])
{
	const struct recent *set = recent_set(in, sha256);

	for (size_t i = 0; i < set->count && i < RECENT_WAYS; i++) {
		if (memcmp(set->digests[i], sha256, SHA256_SIZE) == 0)
			return true;
	}
	return false;
}

static void note_recent(struct intake *in, const unsigned char sha256[SHA256_SIZE])
{
	struct recent *set = recent_set(in, sha256);

	memcpy(set->digests[set->count++ % RECENT_WAYS], sha256, SHA256_SIZE);
}

/* Whether the archive has these bytes, stored already or not. */
static bool is_known(struct intake *in, const unsigned char sha256[SHA256_SIZE])
{
	char hex[SHA256_HEX_SIZE];
	struct arena *a;
	struct arrival arrival;
	bool known;

	if (is_recent(in, sha256))
		return true;
	a = arena_new();
	known = arrivals_get(in->db, slice_str(enc_hex(sha256, SHA256_SIZE, hex)), a, &arrival) ==
	        OK;
	arena_free(a);
	return known;
}

bool intake_hold(struct intake *in, size_t so_far, size_t size)
{
	size_t max = so_far + size > SMALL_MAX ? HELD_MAX - HELD_SMALL : HELD_MAX;

	if (in->held > max || size > max - in->held)
		return false;
	in->held += size;
	return true;
}

void intake_release(struct intake *in, size_t size)
{
	in->held -= size;
}

/*
 * A full disk would stop more than the archive: before that, what comes is put off.  A disk that
 * does not say how full it is counts as empty; writing to it tells.
 */
static bool has_space(struct intake *in, size_t size)
{
	int64_t now = clock_mono_ms();
	struct statvfs st;

	if (in->space_ms == 0 || now - in->space_ms > SPACE_MS) {
		in->space_ms = now;
		in->space = statvfs(in->set->archive_dir, &st) == 0
		                    ? (uint64_t)st.f_bavail * st.f_frsize
		                    : UINT64_MAX;
	}
	if (in->space < SPACE_MIN || in->space - SPACE_MIN < size)
		return false;
	in->space -= size;
	return true;
}

bool intake_knows(struct intake *in, struct slice bytes)
{
	unsigned char sha256[SHA256_SIZE];

	enc_sha256(bytes, sha256);
	return is_known(in, sha256);
}

/* Where several connections bring mail, the first one waits a little for a flush with others. */
static void wait_for_sync(struct intake *in, struct waiter *w)
{
	bool alone = in->waiter_count + 1 >= in->smtp_count;

	if (alone || in->waiter_count == 0)
		loop_timer_set(&in->sync, alone ? 0 : SYNC_GATHER_MS);
	w->waiting = true;
	w->next = in->waiters;
	in->waiters = w;
	in->waiter_count++;
}

enum err intake_archive(struct intake *in, struct archive_record *r, struct waiter *w,
                        bool *again_out)
{
	enum err e;

	if (r->bytes.len > ARCHIVE_BYTES_MAX)
		return ERR_LIMIT;
	enc_sha256(r->bytes, r->sha256);
	*again_out = is_known(in, r->sha256);
	if (!*again_out) {
		if (!has_space(in, r->bytes.len))
			return ERR_UNAVAILABLE;
		e = archive_add(in->archive, r);
		if (e != OK)
			return e;
		note_recent(in, r->sha256);
		fresh_add(in, r);
	}
	/* Also for bytes that are there: their own flush may still be to come. */
	wait_for_sync(in, w);
	return OK;
}

enum err intake_sync(struct intake *in)
{
	enum err e = archive_sync(in->archive);
	struct waiter *w = in->waiters;

	in->waiters = NULL;
	in->waiter_count = 0;
	if (e != OK) {
		memset(in->recent, 0, RECENT_SETS * sizeof(*in->recent)); /* some may be gone */
		fresh_forget(in, archive_end(in->archive));
	}
	while (w != NULL) {
		struct waiter *next = w->next;

		w->waiting = false;
		w->fn(w->arg, e == OK);
		w = next;
	}
	if (e == OK)
		intake_wake(in);
	return e;
}

void waiter_cancel(struct intake *in, struct waiter *w)
{
	struct waiter **at = &in->waiters;

	if (!w->waiting)
		return;
	while (*at != NULL && *at != w)
		at = &(*at)->next;
	if (*at == w) {
		*at = w->next;
		in->waiter_count--;
	}
	w->waiting = false;
}
