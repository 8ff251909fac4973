/* The states of an order up to its proof; each handler is one step. */
#include "base/log.h"
#include "net/fetch.h"
#include "service/acme_internal.h"
#include "service/publish.h"
#include "store/policies.h"
#include "wire/jose.h"

#define EDGES_MS 2000u
#define VALIDATION_S 3600 /* for a CA to look at a proof */
#define NO_POLICY_S 60

enum { RANK_SERVICE, RANK_UNDER_WAY, RANK_RENEWAL, RANK_NEW };

enum err acme_say(struct acme_step *s, enum err e, const char *words)
{
	s->problem = (struct acme_problem){ .type = "", .words = words };
	return e;
}

enum err acme_enter(struct acme_step *s, enum order_state next, int64_t due)
{
	log_debug("order state", F("host", s->o->host), F("from", order_state_name(s->o->state)),
	          F("to", order_state_name(next)));
	s->o->state = next;
	s->o->due = due;
	return OK;
}

static bool is_renewal(const struct order *o)
{
	return o->replaces[0] != '\0';
}

static int64_t rank_of(const struct order *o)
{
	if (o->domain == 0)
		return RANK_SERVICE;
	if (o->state != ORDER_IDLE && o->state != ORDER_WANTED)
		return RANK_UNDER_WAY;
	return is_renewal(o) ? RANK_RENEWAL : RANK_NEW;
}

/* Not a failure: something has to happen first, here or in DNS. */
static enum err wait(struct acme_step *s, const char *why, int64_t seconds)
{
	s->o->why = why;
	s->o->problem = "";
	s->o->faults++;
	s->o->due = s->now + (seconds != 0 ? seconds : acme_plan_fault(s->o->faults));
	return ERR_AGAIN;
}

/* The domain of the order when it has a policy to serve; ERR_AGAIN: none now. */
static enum err find_domain(struct acme_step *s, struct domain *out)
{
	struct publication p;

	desk_lock(s->q->d);
	enum err e = domains_by_id(s->q->d->db, s->o->domain, s->a, out);
	if (e == OK)
		e = policies_newest(s->q->d->db, s->o->domain, s->a, &p);
	desk_unlock(s->q->d);
	if (e == ERR_NOTFOUND || (e == OK && p.end != END_NOT))
		return wait(s, "the domain has no policy to serve", NO_POLICY_S);
	return e == OK ? OK : acme_say(s, ERR_IO, "the domain cannot be read");
}

/* What can be looked at before the CA is bothered. */
static enum err check(struct acme_step *s)
{
	acme_may_order_fn may = s->q->conf->may_order;
	struct domain domain;
	const char *why = "";

	if (s->o->domain != 0) {
		enum err e = find_domain(s, &domain);
		if (e != OK)
			return e;
	}
	if (may == NULL)
		may = acme_check_records;
	if (!may(s->q->d, s->o->domain == 0 ? NULL : &domain, s->o->host, s->a, &why))
		return wait(s, why, 0);
	return OK;
}

/* The ways that are open here; after a refusal the other one goes first. */
static const char *method_of(const struct acme_step *s, size_t nth)
{
	const struct acme_queue_conf *c = s->q->conf;
	const char *open[2];
	size_t count = 0;

	if (c->http)
		open[count++] = "http-01";
	if (c->tls)
		open[count++] = "tls-alpn-01";
	return nth >= count ? NULL : open[(nth + (size_t)s->o->tries) % count];
}

/* The first way that is open here and that CAA lets the CA use. */
static enum err check_ca(struct acme_step *s, const struct acme_directory *d)
{
	const char *method,
	        *why = "no listener is open for a CA to look at: set [listen] http or tls";

	for (size_t nth = 0; (method = method_of(s, nth)) != NULL; nth++) {
		if (acme_check_caa(s->q->d, d, s->who.url, method, s->o->host, s->a, &why)) {
			s->o->method = method;
			return OK;
		}
	}
	return wait(s, why, 0);
}

/* The lock is held. */
static enum err may_spend(struct acme_step *s, struct orders_spent *spent, bool *may_out)
{
	const struct acme_queue *q = s->q;
	enum err e = orders_spent(q->d->db, q->conf->directory, s->o->tenant,
	                          s->now - ACME_WINDOW_S, spent);

	if (e != OK)
		return e;
	struct acme_spending sum = { q->conf->budget, spent->all, spent->of_tenant,
		                     spent->tenants };
	*may_out = acme_plan_may_spend(&sum, is_renewal(s->o));
	return OK;
}

static enum err judge_allowance(struct acme_step *s, enum err e, bool may,
                                const struct orders_spent *spent)
{
	if (e != OK)
		return acme_say(s, ERR_IO, "what was ordered cannot be counted");
	if (!may)
		return wait(s, "the allowance of orders is spent for now",
		            spent->oldest + ACME_WINDOW_S + 1 - s->now);
	return OK;
}

/* Asked first: with many that wait for it each look at DNS would be for nothing. */
static enum err check_allowance(struct acme_step *s)
{
	struct orders_spent spent = { 0 };
	bool may = false;

	desk_lock(s->q->d);
	enum err e = may_spend(s, &spent, &may);
	desk_unlock(s->q->d);
	return judge_allowance(s, e, may, &spent);
}

/* Counted before the CA is asked: a crash in between costs one, never gains one. */
static enum err spend(struct acme_step *s, int64_t *id_out)
{
	struct acme_queue *q = s->q;
	struct orders_spent spent = { 0 };
	bool may = false;

	desk_lock(q->d);
	enum err e = may_spend(s, &spent, &may);
	if (e == OK && may)
		e = orders_spend(q->d->db, q->conf->directory, s->o, s->now, id_out);
	desk_unlock(q->d);
	return judge_allowance(s, e, may, &spent);
}

/* An authority that does not answer costs nothing of the allowance. */
static void refund(struct acme_step *s, int64_t id)
{
	desk_lock(s->q->d);
	enum err e = orders_refund(s->q->d->db, id);
	desk_unlock(s->q->d);
	if (e != OK)
		log_error("an order that was not placed stays counted", F("host", s->o->host));
}

static enum err place(struct acme_step *s)
{
	struct acme_order order;
	int64_t id = 0;
	enum err e = spend(s, &id);

	if (e != OK)
		return e;
	e = acme_order_new(s->q->ca, &s->who, s->o->host, acme_replaced(s), s->a, &order,
	                   &s->problem);
	if (e == ERR_UNAVAILABLE && s->problem.status == 0)
		refund(s, id);
	if (e != OK)
		return e;
	s->o->order_url = order.url;
	s->o->authorization_url = order.authorizations[0];
	s->o->started = s->now;
	return acme_enter(s, ORDER_PLACED, s->now);
}

static enum err on_wanted(struct acme_step *s)
{
	struct acme_directory d;
	enum err e = acme_note_replaced(s);

	if (e == OK)
		e = check_allowance(s);
	if (e == OK)
		e = check(s);
	if (e == OK)
		e = acme_look(s->q->ca, s->a, &d, &s->problem);
	if (e == OK)
		e = acme_account(s);
	if (e == OK)
		e = check_ca(s, &d);
	return e == OK ? place(s) : e;
}

static const struct acme_challenge *find(const struct acme_authorization *z, const char *method)
{
	for (size_t i = 0; i < z->challenge_count; i++)
		if (strcmp(z->challenges[i].type, method) == 0)
			return &z->challenges[i];
	return NULL;
}

static const struct acme_challenge *choose(struct acme_step *s, const struct acme_authorization *z)
{
	const struct acme_challenge *c = find(z, s->o->method);
	const char *method;

	for (size_t nth = 0; c == NULL && (method = method_of(s, nth)) != NULL; nth++)
		c = find(z, method);
	return c;
}

static enum err offer(struct acme_step *s, const struct acme_authorization *z)
{
	const struct acme_challenge *c = choose(s, z);
	struct buf answer;
	enum err e;

	if (c == NULL)
		return acme_say(s, ERR_DENIED,
		                "the CA offers no way of validation that is open here");
	buf_init(&answer, FETCH_URL_MAX);
	e = jose_key_authorization(s->who.key, c->token, &answer);
	if (e == OK) {
		desk_lock(s->q->d);
		e = publish_challenge(s->q->d, s->o->host, c->token, buf_slice(&answer),
		                      &s->o->seq);
		desk_unlock(s->q->d);
	}
	buf_fini(&answer);
	if (e != OK)
		return acme_say(s, ERR_IO, "the proof cannot be given to the edges");
	s->o->challenge_url = c->url;
	s->o->method = c->type;
	return acme_enter(s, ORDER_OFFERED, s->now);
}

static enum err on_placed(struct acme_step *s)
{
	struct acme_order order;
	struct acme_authorization z;
	enum err e = acme_account(s);

	if (e == OK)
		e = acme_order_get(s->q->ca, &s->who, s->o->order_url, s->a, &order, &s->problem);
	if (e != OK)
		return e;
	if (order.status == ACME_INVALID) {
		if (order.error.words == NULL)
			return acme_say(s, ERR_DENIED, "the CA gave the order up");
		s->problem = order.error;
		return ERR_DENIED;
	}
	if (order.status != ACME_PENDING)
		return acme_enter(s, s->o->sealed_key.len > 0 ? ORDER_SIGNING : ORDER_PROVED,
		                  s->now);
	e = acme_authorization_get(s->q->ca, &s->who, s->o->authorization_url, s->a, &z,
	                           &s->problem);
	if (e != OK)
		return e;
	return z.status == ACME_VALID ? acme_enter(s, ORDER_PROVED, s->now) : offer(s, &z);
}

/* RFC 8555, 7.5.1: the CA may look as soon as it is told; until then every edge must answer. */
static enum err on_offered(struct acme_step *s)
{
	enum err e;

	if (!publish_wait(s->q->d, s->o->seq, EDGES_MS))
		return acme_enter(s, ORDER_OFFERED, s->now + 1);
	e = acme_account(s);
	if (e == OK)
		e = acme_challenge_ready(s->q->ca, &s->who, s->o->challenge_url, s->a, &s->problem);
	/* A refusal may mean that it was told before a crash: the authorization knows. */
	return e == OK || e == ERR_DENIED ? acme_enter(s, ORDER_ASKED, s->now + 1) : e;
}

static enum err judge(struct acme_step *s, const struct acme_authorization *z)
{
	for (size_t i = 0; i < z->challenge_count; i++) {
		if (z->challenges[i].error.words == NULL)
			continue;
		s->problem = z->challenges[i].error;
		return ERR_DENIED;
	}
	return acme_say(s, ERR_DENIED, "the CA did not accept the proof and does not say why");
}

static enum err on_asked(struct acme_step *s)
{
	struct acme_authorization z;
	enum err e = acme_account(s);

	if (e == OK)
		e = acme_authorization_get(s->q->ca, &s->who, s->o->authorization_url, s->a, &z,
		                           &s->problem);
	if (e != OK)
		return e;
	if (z.status == ACME_INVALID)
		return judge(s, &z);
	if (z.status == ACME_VALID)
		return acme_enter(s, ORDER_PROVED, s->now);
	if (s->now - s->o->started > VALIDATION_S)
		return acme_say(s, ERR_DENIED, "the CA did not look at the proof within an hour");
	return acme_enter(s, ORDER_ASKED, s->now + (z.retry_after > 0 ? z.retry_after : 2));
}

/* The CA could not be asked, or something here failed: the same step again. */
static void fault(struct acme_step *s)
{
	int64_t pause = acme_plan_fault(++s->o->faults);

	s->o->why = s->problem.words;
	s->o->problem = s->problem.type;
	s->o->due = s->now + (s->problem.retry_after > pause ? s->problem.retry_after : pause);
	log_warn("certificate waits", F("host", s->o->host), F("why", s->o->why));
}

static void drop_challenge(struct acme_step *s)
{
	int64_t seq = 0;

	desk_lock(s->q->d);
	enum err e = publish_challenge_drop(s->q->d, s->o->host, &seq);
	desk_unlock(s->q->d);
	if (e != OK)
		log_error("a used proof stays with the edges", F("host", s->o->host),
		          F("why", err_name(e)));
}

/* The CA said no: from the beginning, later, with its words kept. */
static void refused(struct acme_step *s)
{
	struct order *o = s->o;
	int64_t pause = acme_plan_refused(++o->tries);

	if (strcmp(s->problem.type, "accountDoesNotExist") == 0) {
		acme_account_forget(s->q);
		pause = acme_plan_fault(o->tries);
	}
	o->why = s->problem.words;
	o->problem = s->problem.type;
	o->order_url = o->authorization_url = o->challenge_url = "";
	o->sealed_key = S("");
	o->due = s->now + (s->problem.retry_after > pause ? s->problem.retry_after : pause);
	log_warn("certificate refused", F("host", o->host), F("type", o->problem),
	         F("why", o->why));
	o->state = ORDER_WANTED;
}

static void save(struct acme_step *s)
{
	s->o->rank = rank_of(s->o);
	desk_lock(s->q->d);
	enum err e = orders_put(s->q->d->db, s->o);
	desk_unlock(s->q->d);
	if (e != OK && e != ERR_NOTFOUND) /* the domain went in between */
		log_error("an order cannot be stored", F("host", s->o->host),
		          F("why", err_name(e)));
}

void acme_step_run(struct acme_queue *q, struct order *o, struct arena *a, int64_t now)
{
	static enum err (*const on[ORDER_STATES])(struct acme_step *) = {
		[ORDER_IDLE] = acme_on_idle,       [ORDER_WANTED] = on_wanted,
		[ORDER_PLACED] = on_placed,        [ORDER_OFFERED] = on_offered,
		[ORDER_ASKED] = on_asked,          [ORDER_PROVED] = acme_on_proved,
		[ORDER_SIGNING] = acme_on_signing,
	};
	struct acme_step s = { .q = q, .o = o, .a = a, .now = now };
	enum order_state before = o->state;

	(void)acme_say(&s, OK, "it failed without a reason");
	enum err e = on[o->state](&s);
	if (e == OK)
		o->faults = 0;
	else if (e == ERR_UNAVAILABLE || e == ERR_IO)
		fault(&s);
	else if (e != ERR_AGAIN)
		refused(&s);
	if (o->seq != 0 && (before == ORDER_ASKED || before == ORDER_OFFERED) &&
	    o->state != ORDER_ASKED && o->state != ORDER_OFFERED) {
		drop_challenge(&s);
		o->seq = 0;
	}
	save(&s);
}
