#include "service/outside_look.h"

#include "base/log.h"
#include "net/clock.h"
#include "service/crew.h"
#include "service/outside.h"
#include "service/publish.h"
#include "store/fetches.h"
#include "store/jobs.h"

#define JOB "outside"
#define THREADS 2u
#define FOLLOW_MS INT64_C(10000)
#define LEASE_S 120
#define GOOD_S 3600  /* until the next look after a good one */
#define VAIN_S 5     /* and after the first one in vain; twice as long after each further one */
#define VAIN_MANY 9  /* after so many as seldom as after a good one */
#define NOTHING_S 60 /* nothing is served that could be looked for */

static const char host_start[] = "mta-sts.";

struct outside_watch {
	struct desk *d;
	struct crew crew;
	_Atomic int64_t follow_ms;
};

/* One look at one host. */
struct work {
	struct desk *d;
	struct arena *a;
	int64_t now;
	const char *host;
	struct domain domain; /* of a policy host */
	const struct policy *want;
	int64_t publication; /* whose policy that is */
	bool ours;           /* it was answered here: a fetch like any other, but our own */
	struct look look;
};

bool outside_is_behind(const struct desk *d)
{
	return d->set.behind_open && !d->set.https_open;
}

enum err outside_look_soon(struct desk *d, const char *host, int64_t now)
{
	return d->set.demo ? OK : jobs_add(d->db, JOB, host, S(""), now, now, NULL);
}

enum err outside_look_read(struct desk *d, const char *host, struct arena *a, struct look *out)
{
	enum err e = looks_get(d->db, slice_str(host), a, out);

	if (e != ERR_NOTFOUND)
		return e;
	*out = (struct look){ .host = arena_str(a, slice_str(host)), .why = "", .issuer = "" };
	return OK;
}

struct outside_finding outside_look_judge(const struct look *l, int64_t now, struct arena *a)
{
	const struct outside_seen seen = {
		.host = l->host,
		.policy = slice_starts(slice_str(l->host), slice_str(host_start)),
		.checked = l->checked,
		.faults = l->faults,
		.why = l->why,
		.not_after = l->not_after,
	};

	return outside_judge(&seen, now, a);
}

/* A host of the service itself; NULL: it is none. */
static const char *path_of(const struct desk *d, const char *host)
{
	if (!outside_is_behind(d))
		return NULL;
	if (strcmp(host, d->set.report_host) == 0)
		return "/v1/report/";
	return strcmp(host, d->set.service_host) == 0 ? "/healthz" : NULL;
}

/* Hosts that have no job, for whatever reason, get one. */
static void follow(struct outside_watch *w)
{
	int64_t now_ms = clock_mono_ms(), last = atomic_load(&w->follow_ms);
	const char *hosts[] = { w->d->set.report_host, w->d->set.service_host };
	enum err e;

	if (last != 0 && now_ms - last < FOLLOW_MS)
		return;
	desk_lock(w->d);
	e = looks_follow(w->d->db, JOB, clock_now_s());
	for (size_t i = 0; e == OK && last == 0 && i < ARRAY_LEN(hosts); i++)
		if (hosts[i][0] != '\0' && path_of(w->d, hosts[i]) != NULL)
			e = outside_look_soon(w->d, hosts[i], clock_now_s());
	desk_unlock(w->d);
	atomic_store(&w->follow_ms, now_ms);
	if (e != OK)
		log_error("looks from outside cannot be planned", F("why", err_name(e)));
}

/* ERR_NOTFOUND: the host is not to be watched (any more). */
static enum err read_domain(struct work *k)
{
	struct slice host = slice_str(k->host), name;
	struct publication p;
	enum err e;

	if (!slice_starts(host, slice_str(host_start)))
		return ERR_NOTFOUND;
	name = slice_skip(host, strlen(host_start));
	e = domains_by_name(k->d->db, TENANT_ONLY, name, k->a, &k->domain);
	if (e == OK && (!k->domain.hosted || k->domain.hosting == HOSTING_HERE))
		return ERR_NOTFOUND;
	if (e != OK)
		return e;
	e = policies_served(k->d->db, k->domain.id, k->a, &p);
	k->want = e == OK && p.end == END_NOT ? p.policy : NULL;
	k->publication = k->want == NULL ? 0 : p.id;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err read_work(struct work *k)
{
	enum err e = path_of(k->d, k->host) == NULL ? read_domain(k) : OK;

	return e == OK ? outside_look_read(k->d, k->host, k->a, &k->look) : e;
}

static void note(struct work *k, bool good, const struct outside_cert *cert, const char *why)
{
	k->look.checked = k->now;
	k->look.faults = good ? 0 : k->look.faults + 1;
	k->look.why = good ? "" : why;
	if (cert->not_after == 0)
		return;
	k->look.not_after = cert->not_after;
	k->look.issuer = cert->issuer;
}

/* Waits; false: there was nothing to look for. */
static bool look(struct work *k)
{
	const char *path = path_of(k->d, k->host), *why = "";
	struct outside_cert cert = { 0 };
	bool good;

	if (path == NULL && k->want == NULL)
		return false;
	good = path != NULL
	               ? outside_answers(k->d, k->host, path, k->a, &cert, &why)
	               : outside_shows_policy(k->d, k->domain.name, k->want, k->a, &cert, &why);
	k->ours = good && path == NULL && k->domain.hosting != HOSTING_EXTERNAL;
	if (!good)
		log_warn("a host is not seen as it should be from outside", F("host", k->host),
		         F("why", why));
	note(k, good, &cert, why);
	return true;
}

static int64_t pause_after(const struct look *l)
{
	return l->faults > 0 && l->faults < VAIN_MANY ? (int64_t)VAIN_S << l->faults : GOOD_S;
}

/* The job ends with the host; else it comes again. */
static void settle(struct work *k, const struct job *job, bool looked, enum err so_far)
{
	int64_t again = so_far != OK || !looked ? NOTHING_S : pause_after(&k->look);
	enum err e = OK;

	desk_lock(k->d);
	if (so_far == ERR_NOTFOUND) {
		e = looks_drop(k->d->db, slice_str(k->host));
		if (e == OK)
			e = jobs_done(k->d->db, job->id);
	} else {
		if (looked)
			e = looks_put(k->d->db, &k->look);
		if (e == OK && k->ours)
			e = fetches_add_own(k->d->db, k->publication, k->now);
		if (e == OK)
			e = jobs_again(k->d->db, job->id, k->now + again, err_name(so_far));
	}
	desk_unlock(k->d);
	if (e != OK && e != ERR_NOTFOUND)
		log_error("a look from outside cannot be noted", F("why", err_name(e)));
}

static bool work_one(struct outside_watch *w, struct arena *a)
{
	struct work k = { .d = w->d, .a = a, .now = clock_now_s() };
	struct job job;
	bool looked = false;
	enum err e;

	desk_lock(w->d);
	e = jobs_claim(w->d->db, JOB, k.now, LEASE_S, a, &job);
	k.host = e == OK ? job.key : "";
	enum err found = e == OK ? read_work(&k) : e;
	desk_unlock(w->d);
	if (e != OK)
		return false;
	if (found == OK)
		looked = look(&k);
	settle(&k, &job, looked, found);
	return true;
}

static bool turn(void *arg, struct arena *a)
{
	struct outside_watch *w = arg;

	follow(w);
	return work_one(w, a);
}

struct outside_watch *outside_watch_new(struct desk *d)
{
	struct outside_watch *w = mem_alloc(sizeof(*w));

	w->d = d;
	if (crew_start(&w->crew, THREADS, turn, w) == OK)
		return w;
	log_error("no thread to look from outside");
	mem_free(w);
	return NULL;
}

void outside_watch_free(struct outside_watch *w)
{
	if (w == NULL)
		return;
	crew_end(&w->crew);
	mem_free(w);
}
