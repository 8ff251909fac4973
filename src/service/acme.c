#include "base/log.h"
#include "base/utc.h"
#include "net/clock.h"
#include "service/acme_internal.h"
#include "service/outside_look.h"
#include "store/db.h"

#define FOLLOW_MS 300000
#define LEASE_S 600

static bool is_follow_due(struct acme_queue *q)
{
	int64_t now = clock_mono_ms(), last = atomic_load(&q->follow_ms);

	if (!atomic_exchange(&q->d->hosts_changed, false) && last != 0 && now - last < FOLLOW_MS)
		return false;
	atomic_store(&q->follow_ms, now);
	return true;
}

static void follow(struct acme_queue *q, int64_t now)
{
	/* Behind a proxy the certificates of these are not ours. */
	bool ours = !outside_is_behind(q->d);
	const char *const hosts[2] = { ours ? q->d->set.service_host : "",
		                       ours ? q->d->set.report_host : "" };

	desk_lock(q->d);
	enum err e = orders_follow(q->d->db, hosts, now);
	desk_unlock(q->d);
	if (e != OK)
		log_error("the queue of certificates does not follow the domains",
		          F("why", err_name(e)));
}

static enum err claim(struct acme_queue *q, int64_t now, struct arena *a, struct order *out)
{
	desk_lock(q->d);
	enum err e = orders_claim(q->d->db, now, LEASE_S, a, out);
	desk_unlock(q->d);
	if (e != OK && e != ERR_NOTFOUND)
		log_error("the queue of certificates cannot be read", F("why", err_name(e)));
	return e;
}

static bool turn(void *arg, struct arena *a)
{
	struct acme_queue *q = arg;
	int64_t now = clock_now_s();
	struct order o;

	if (is_follow_due(q))
		follow(q, now);
	if (claim(q, now, a, &o) != OK)
		return false;
	acme_step_run(q, &o, a, now);
	return true;
}

enum err acme_queue_new(struct desk *d, const struct acme_queue_conf *conf, struct acme_queue **out)
{
	struct acme_queue *q = mem_alloc(sizeof(*q));
	struct acme_conf c = { conf->directory, conf->ca_file, conf->rules, d->resolver,
		               &q->crew.stop };

	q->d = d;
	q->conf = conf;
	q->ca = acme_new(&c);
	(void)pthread_mutex_init(&q->account_lock, NULL); /* cannot fail with these arguments */
	desk_lock(d);
	enum err e = orders_unclaim_all(d->db);
	desk_unlock(d);
	if (e == OK)
		e = crew_start(&q->crew, ACME_THREADS, turn, q);
	if (e == OK)
		*out = q;
	else
		acme_queue_free(q);
	return e;
}

void acme_queue_free(struct acme_queue *q)
{
	if (q == NULL)
		return;
	crew_end(&q->crew);
	acme_free(q->ca);
	EVP_PKEY_free(q->account_key);
	mem_free(q->account_url);
	(void)pthread_mutex_destroy(&q->account_lock); /* all threads have ended */
	mem_free(q);
}

const char *acme_order_words(const struct order *o, int64_t now, struct arena *a)
{
	char text[UTC_TEXT_SIZE];

	if (o->state == ORDER_IDLE)
		return o->renew_at == 0
		               ? ""
		               : arena_printf(a, "renews on %s", utc_format_day(o->renew_at, text));
	if (o->why[0] == '\0')
		return o->state == ORDER_WANTED ? "waits for its turn" : "is being issued";
	return arena_printf(a, "%s; again %s%s", o->why, o->due > now ? "at " : "now",
	                    o->due > now ? utc_format(o->due, text) : "");
}
