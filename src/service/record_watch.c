#include "service/record_watch.h"

#include "base/log.h"
#include "base/num.h"
#include "net/clock.h"
#include "service/crew.h"
#include "service/pace.h"
#include "service/record_check.h"
#include "store/arrivals.h"
#include "store/checks.h"
#include "store/jobs.h"

#define THREADS 3u
#define FOLLOW_MS INT64_C(30000)
#define LEASE_S 120
#define FAILED_S 60
#define WAITS_S 60 /* what is looked at more often than that somebody waits for */

struct record_watch {
	struct desk *d;
	struct crew crew;
	_Atomic int64_t follow_ms; /* when the domains were last looked through */
	_Atomic int64_t every_s;   /* many domains are looked at less often */
	struct pace soon_pace;     /* of those that somebody may wait for */
};

static enum err plan(struct record_watch *w)
{
	int64_t domains = 0;
	enum err e = arrivals_domains(w->d->db, &domains);

	atomic_store(&w->every_s, domains / CHECKS_A_SECOND);
	return e == OK ? checks_follow(w->d->db, RECORD_CHECK_JOB, clock_now_s()) : e;
}

/* Domains that have no job, for whatever reason, get one. */
static void follow(struct record_watch *w)
{
	int64_t now = clock_mono_ms(), last = atomic_load(&w->follow_ms);

	if (last != 0 && now - last < FOLLOW_MS)
		return;
	atomic_store(&w->follow_ms, now);
	desk_lock(w->d);
	enum err e = plan(w);
	desk_unlock(w->d);
	if (e != OK)
		log_error("looks at records cannot be planned", F("why", err_name(e)));
}

static void settle(struct record_watch *w, const struct job *job, enum err e, int64_t again)
{
	int64_t every = atomic_load(&w->every_s);
	enum err done;

	if (again >= WAITS_S && again < every)
		again = every;
	if (again < every)
		again = pace_take(&w->soon_pace, clock_mono_ms(), again, CHECKS_A_SECOND);
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

static bool turn(void *arg, struct arena *a)
{
	struct record_watch *w = arg;

	follow(w);
	return work_one(w, a);
}

struct record_watch *record_watch_new(struct desk *d)
{
	struct record_watch *w = mem_alloc(sizeof(*w));

	w->d = d;
	if (crew_start(&w->crew, THREADS, turn, w) == OK)
		return w;
	log_error("no thread to look at records");
	mem_free(w);
	return NULL;
}

void record_watch_free(struct record_watch *w)
{
	if (w == NULL)
		return;
	crew_end(&w->crew);
	mem_free(w);
}
