#include "service/alert_watch.h"

#include "base/log.h"
#include "base/num.h"
#include "net/clock.h"
#include "service/alert_domain.h"
#include "service/alert_sender.h"
#include "service/crew.h"
#include "store/arrivals.h"
#include "store/checks.h"
#include "store/jobs.h"

#define THREADS 3u
#define FOLLOW_MS INT64_C(30000)
#define LEASE_S 180
#define EVERY_S INT64_C(300)
#define EVERY_MAX_S INT64_C(3600)
#define FAILED_S 60
#define HOSTS_KEY "0" /* the service's own hosts, in the place of a domain's id */
/* What opens at the same time is said together; a command that fails is tried again, ever later. */
#define SAY_MS INT64_C(30000)
#define SAY_LATE_MS INT64_C(300000)
#define SAY_AGAIN_MS INT64_C(10000)
#define SAY_AGAIN_MAX_MS INT64_C(1800000)

/* When mails go out. */
struct speaking {
	int64_t next_ms, pause_ms;
	bool fails;
};

struct alert_watch {
	struct desk *d;
	struct crew crew;
	atomic_bool speaks;       /* one thread at a time says what is to be said */
	struct speaking speaking; /* of that thread */
	_Atomic int64_t follow_ms;
	_Atomic int64_t every_s;
};

static enum err plan(struct alert_watch *w)
{
	int64_t now = clock_now_s(), domains = 0;
	enum err e = arrivals_domains(w->d->db, &domains);
	int64_t every = domains / CHECKS_A_SECOND;

	atomic_store(&w->every_s, every < EVERY_S       ? EVERY_S
	                          : every > EVERY_MAX_S ? EVERY_MAX_S
	                                                : every);
	if (e == OK)
		e = checks_follow(w->d->db, ALERT_JOB, now);
	return e == OK ? jobs_add(w->d->db, ALERT_JOB, HOSTS_KEY, S(""), now + EVERY_S, now, NULL)
	               : e;
}

/* Domains that have no job, for whatever reason, get one. */
static void follow(struct alert_watch *w)
{
	int64_t now = clock_mono_ms(), last = atomic_load(&w->follow_ms);

	if (last != 0 && now - last < FOLLOW_MS)
		return;
	atomic_store(&w->follow_ms, now);
	desk_lock(w->d);
	enum err e = plan(w);
	desk_unlock(w->d);
	if (e != OK)
		log_error("the watch over domains cannot be planned", F("why", err_name(e)));
}

static void settle(struct alert_watch *w, const struct job *job, const struct self_check *look,
                   enum err e)
{
	int64_t every = atomic_load(&w->every_s);
	int64_t again = clock_now_s() + (e == OK ? alert_domain_again(look, every) : FAILED_S);
	enum err done;

	if (e != OK && e != ERR_NOTFOUND)
		log_warn("a domain could not be watched", F("why", err_name(e)));
	desk_lock(w->d);
	done = e == ERR_NOTFOUND ? jobs_done(w->d->db, job->id)
	                         : jobs_again(w->d->db, job->id, again, err_name(e));
	desk_unlock(w->d);
	if (done != OK && done != ERR_NOTFOUND)
		log_error("the watch over a domain cannot be noted", F("why", err_name(done)));
}

static bool work_one(struct alert_watch *w, struct arena *a)
{
	int64_t now = clock_now_s(), domain = 0;
	struct self_check look = { 0 };
	struct job job;
	enum err e;

	desk_lock(w->d);
	e = jobs_claim(w->d->db, ALERT_JOB, now, LEASE_S, a, &job);
	desk_unlock(w->d);
	if (e != OK)
		return false;
	if (strcmp(job.key, HOSTS_KEY) == 0)
		e = alert_hosts_run(w->d, now, a);
	else if (num_parse_i64(slice_str(job.key), &domain) != OK)
		e = ERR_NOTFOUND;
	else
		e = alert_domain_run(w->d, domain, false, now, a, &look);
	settle(w, &job, &look, e);
	return true;
}

/* While domains are being judged there may be more to say of the same. */
static bool is_time(struct alert_watch *w, const struct speaking *s, bool idle)
{
	int64_t late = clock_mono_ms() - s->next_ms;

	if (!idle)
		return late >= SAY_LATE_MS;
	return atomic_exchange(&w->d->alerts_hurry, false) || late >= 0;
}

static void speak(struct alert_watch *w, struct speaking *s, bool idle, struct arena *a)
{
	if (!is_time(w, s, idle))
		return;
	while (alert_sender_run(w->d, clock_now_s(), a, &w->crew.stop, &s->fails) &&
	       !atomic_load(&w->crew.stop))
		arena_reset(a);
	if (!s->fails)
		s->pause_ms = 0;
	else if (s->pause_ms == 0)
		s->pause_ms = SAY_AGAIN_MS;
	else if (s->pause_ms < SAY_AGAIN_MAX_MS)
		s->pause_ms *= 2;
	s->next_ms = clock_mono_ms() + (s->fails ? s->pause_ms : SAY_MS);
}

static bool turn(void *arg, struct arena *a)
{
	struct alert_watch *w = arg;

	follow(w);
	bool any = work_one(w, a);
	if (!atomic_exchange(&w->speaks, true)) {
		speak(w, &w->speaking, !any, a);
		atomic_store(&w->speaks, false);
	}
	return any;
}

struct alert_watch *alert_watch_new(struct desk *d)
{
	struct alert_watch *w = mem_alloc(sizeof(*w));

	w->d = d;
	w->speaking.next_ms = clock_mono_ms();
	if (crew_start(&w->crew, THREADS, turn, w) == OK)
		return w;
	log_error("no thread to watch over domains");
	mem_free(w);
	return NULL;
}

void alert_watch_free(struct alert_watch *w)
{
	if (w == NULL)
		return;
	crew_end(&w->crew);
	mem_free(w);
}
