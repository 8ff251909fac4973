/* What an order knows of the certificate in use: when it is to be renewed, and what is replaced. */
#include <sodium.h>

#include "service/acme_internal.h"
#include "service/certs_request.h"
#include "service/sealed.h"

static enum err want(struct acme_step *s)
{
	s->o->tries = s->o->faults = 0;
	return acme_enter(s, ORDER_WANTED, s->now);
}

/* RFC 9773: the CA may want it sooner, or later, than two thirds. */
static void ask_window(struct acme_step *s, const struct cert *c)
{
	struct order *o = s->o;
	struct acme_problem problem;
	struct acme_window w = { .retry_after = 0 };
	struct buf id;
	enum err e;

	buf_init(&id, CERTS_ARI_ID_MAX);
	e = certs_ari_id(c->der, &id);
	if (e == OK)
		e = acme_renewal(s->q->ca, buf_str(&id), s->a, &w, &problem);
	buf_fini(&id);
	if (e == OK && (o->renew_at < w.start || o->renew_at > w.end))
		o->renew_at = acme_plan_window(w.start, w.end, s->now, randombytes_random());
	/* A window that reaches beyond the certificate's own end is not waited for. */
	int64_t latest = acme_plan_renewal(c->not_before, c->not_after, true, 0);
	if (o->renew_at > latest)
		o->renew_at = latest;
	if (e == OK)
		o->explanation = w.explanation == NULL ? "" : w.explanation;
	int64_t ask = acme_plan_ask(s->now, w.retry_after);
	o->due = o->renew_at < ask ? o->renew_at : ask;
}

/* The valid certificate of the host, whether its key opens or not; ERR_NOTFOUND: none. */
static enum err in_use(struct acme_step *s, struct cert *out)
{
	desk_lock(s->q->d);
	enum err e = certs_assigned(s->q->d->db, s->o->tenant, slice_str(s->o->host), s->a, out);
	desk_unlock(s->q->d);
	if (e == OK && out->not_after <= s->now)
		return ERR_NOTFOUND;
	return e == OK || e == ERR_NOTFOUND
	               ? e
	               : acme_say(s, ERR_IO, "the certificate in use cannot be read");
}

enum err acme_on_idle(struct acme_step *s)
{
	struct order *o = s->o;
	struct cert c;
	enum err e = in_use(s, &c);

	if (e == ERR_NOTFOUND) {
		o->replaces = "";
		return want(s);
	}
	if (e != OK)
		return e;
	if (!sealed_opens(s->q->d, &c))
		return want(s);
	bool ours = strcmp(c.source, "acme") == 0;
	if (strcmp(o->replaces, c.fingerprint) != 0) {
		o->replaces = c.fingerprint;
		o->explanation = o->why = o->problem = "";
		o->renew_at =
		        acme_plan_renewal(c.not_before, c.not_after, !ours, randombytes_random());
	}
	o->due = o->renew_at;
	if (ours && o->renew_at > s->now)
		ask_window(s, &c);
	return o->renew_at <= s->now ? want(s) : OK;
}

enum err acme_note_replaced(struct acme_step *s)
{
	struct cert c;
	enum err e = in_use(s, &c);

	if (e == OK || e == ERR_NOTFOUND)
		s->o->replaces = e == OK ? c.fingerprint : "";
	return e == ERR_NOTFOUND ? OK : e;
}

const char *acme_replaced(struct acme_step *s)
{
	struct cert c;
	struct buf id;
	const char *text = NULL;

	if (s->o->replaces[0] == '\0')
		return NULL;
	desk_lock(s->q->d);
	enum err e = certs_get(s->q->d->db, s->o->tenant, slice_str(s->o->replaces), s->a, &c);
	desk_unlock(s->q->d);
	if (e != OK || strcmp(c.source, "acme") != 0)
		return NULL;
	buf_init(&id, CERTS_ARI_ID_MAX);
	if (certs_ari_id(c.der, &id) == OK)
		text = arena_str(s->a, buf_slice(&id));
	buf_fini(&id);
	return text;
}
