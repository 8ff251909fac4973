#include "service/record_watch.h"

#include <poll.h>

#include "base/log.h"
#include "base/num.h"
#include "net/clock.h"
#include "service/record_check.h"
#include "store/checks.h"
#include "store/jobs.h"

#define THREADS 3u
#define PAUSE_MS 250
#define FOLLOW_MS INT64_C(30000)
#define LEASE_S 120
#define FAILED_S 60

struct record_watch {
	struct desk *d;
	pthread_t threads[THREADS];
	size_t thread_count;
	atomic_bool stop;
	_Atomic int64_t follow_ms; /* when the domains were last looked through */
};

/* Domains that have no job, for whatever reason, get one. */
static void follow(struct record_watch *w)
{
	int64_t now = clock_mono_ms(), last = atomic_load(&w->follow_ms);

	if (last != 0 && now - last < FOLLOW_MS)
		return;
	atomic_store(&w->follow_ms, now);
	desk_lock(w->d);
	enum err e = checks_follow(w->d->db, RECORD_CHECK_JOB, clock_now_s());
	desk_unlock(w->d);
	if (e != OK)
		log_error("looks at records cannot be planned", F("why", err_name(e)));
}

static void settle(struct record_watch *w, const struct job *job, enum err e, int64_t again)
{
	enum err done;

	if (e != OK && e != ERR_NOTFOUND)
		log_warn("records could not be looked at", F("why", err_name(e)));
	desk_lock(w->d);
	done = e == ERR_NOTFOUND
	               ? jobs_done(w->d->db, job->id)
	               : jobs_again(w->d->db, job->id, clock_now_s() + again, err_name(e));
	desk_unlock(w->d);
	if (done != OK && done != ERR_NOTFOUND)
		log_error("a look at records cannot be noted", F("why", err_name(done)));
}

static bool work_one(struct record_watch *w, struct arena *a)
{
	int64_t now = clock_now_s(), domain = 0, again = FAILED_S;
	struct job job;
	enum err e;

	desk_lock(w->d);
	e = jobs_claim(w->d->db, RECORD_CHECK_JOB, now, LEASE_S, a, &job);
	desk_unlock(w->d);
	if (e != OK)
		return false;
	if (num_parse_i64(slice_str(job.key), &domain) != OK)
		e = ERR_NOTFOUND;
	else
		e = record_check_run(w->d, domain, now, a, &again);
	settle(w, &job, e, again);
	return true;
}

static void *work(void *arg)
{
	struct record_watch *w = arg;
	struct arena *a = arena_new();

	while (!atomic_load(&w->stop)) {
		arena_reset(a);
		follow(w);
		if (!work_one(w, a))
			(void)poll(NULL, 0, PAUSE_MS); /* only passes time */
	}
	arena_free(a);
	return NULL;
}

struct record_watch *record_watch_new(struct desk *d)
{
	struct record_watch *w = mem_alloc(sizeof(*w));

	w->d = d;
	while (w->thread_count < THREADS &&
	       pthread_create(&w->threads[w->thread_count], NULL, work, w) == 0)
		w->thread_count++;
	if (w->thread_count > 0)
		return w;
	log_error("no thread to look at records");
	mem_free(w);
	return NULL;
}

void record_watch_free(struct record_watch *w)
{
	if (w == NULL)
		return;
	atomic_store(&w->stop, true);
	for (size_t i = 0; i < w->thread_count; i++)
		(void)pthread_join(w->threads[i], NULL); /* ours */
	mem_free(w);
}
