/* The last steps of an order: a key of its own, the certificate, its way to the edges. */
#include "base/log.h"
#include "service/acme_internal.h"
#include "service/certs.h"
#include "service/certs_request.h"
#include "service/publish.h"
#include "store/audit.h"
#include "wire/jose.h"

/* A new key each time; it is stored before the CA is shown its public half. */
enum err acme_on_proved(struct acme_step *s)
{
	EVP_PKEY *key = jose_key_new();
	enum err e =
	        key == NULL ? acme_say(s, ERR_IO, "no key can be made") : acme_key_seal(s, key);

	EVP_PKEY_free(key);
	return e == OK ? acme_enter(s, ORDER_SIGNING, s->now) : e;
}

static enum err ask(struct acme_step *s, const struct acme_order *order, EVP_PKEY *key)
{
	struct acme_order after = { .status = ACME_UNKNOWN };
	struct buf csr;
	enum err e;

	buf_init(&csr, CERTS_REQUEST_MAX);
	e = certs_request(key, slice_str(s->o->host), &csr);
	if (e != OK)
		e = acme_say(s, ERR_CRYPTO, "the request cannot be signed");
	else
		e = acme_finalize(s->q->ca, &s->who, order, buf_slice(&csr), s->a, &after,
		                  &s->problem);
	buf_fini(&csr);
	return e == OK ? acme_enter(s, ORDER_SIGNING,
	                            s->now + (after.status == ACME_VALID ? 0
	                                      : after.retry_after > 0    ? after.retry_after
	                                                                 : 1))
	               : e;
}

/* The certificate in use stays in use until the new one is stored whole. */
static enum err store(struct acme_step *s, const struct cert_found *f)
{
	struct desk *d = s->q->d;
	struct audit_entry entry = { .at = s->now,
		                     .action = "cert.issue",
		                     .object = s->o->host,
		                     .actor = S("acme"),
		                     .detail = slice_str(f->cert.fingerprint) };
	bool new;
	enum err e = db_begin(d->db);

	if (e != OK)
		return e;
	e = certs_take(d, f, "acme", &s->o->host, 1, s->now, &new);
	if (e == OK)
		e = audit_add(d->db, TENANT_ONLY, &entry, NULL);
	return db_end(d->db, e);
}

static enum err publish(struct acme_step *s)
{
	struct desk *d = s->q->d;
	struct domain domain;
	int64_t seq;
	enum err e;

	/* With the report host's first one a way in for reports opens: records of all domains name
	 * it.
	 */
	if (s->o->domain == 0)
		return s->o->replaces[0] == '\0' ? publish_all(d, s->now, &seq)
		                                 : publish_hosts(d, s->now, &seq);
	e = domains_by_id(d->db, s->o->domain, s->a, &domain);
	return e == OK ? publish_domain(d, &domain, s->now, &seq) : e;
}

/* The one it replaces was ours and is no longer answered with: its key goes. */
static enum err forget_old(struct acme_step *s)
{
	struct slice old = slice_str(s->o->replaces);
	struct cert c;
	enum err e;

	if (old.len == 0)
		return OK;
	e = certs_get(s->q->d->db, s->o->tenant, old, s->a, &c);
	if (e == OK && strcmp(c.source, "acme") == 0)
		e = publish_forget_cert(s->q->d, s->o->tenant, old);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err install(struct acme_step *s, const struct cert_found *f)
{
	desk_lock(s->q->d);
	enum err e = store(s, f);
	if (e == OK && (publish(s) != OK || forget_old(s) != OK))
		log_error("a new certificate is not with the edges yet", F("host", s->o->host));
	desk_unlock(s->q->d);
	if (e != OK)
		return acme_say(s, ERR_IO, "the certificate cannot be stored");
	log_info("certificate issued", F("host", s->o->host),
	         F("fingerprint", f->cert.fingerprint));
	s->o->why = s->o->problem = s->o->explanation = "";
	s->o->order_url = s->o->authorization_url = s->o->challenge_url = "";
	s->o->sealed_key = S("");
	s->o->tries = s->o->renew_at = 0;
	return acme_enter(s, ORDER_IDLE, s->now);
}

static enum err fetch(struct acme_step *s, const struct acme_order *order, EVP_PKEY *key)
{
	const char *roots = s->q->d->set.ca_file;
	struct diag diag = { .why = "" };
	struct cert_found found;
	struct slice pem;
	enum err e;

	if (order->certificate == NULL)
		return acme_say(s, ERR_SYNTAX, "the CA does not say where the certificate is");
	e = acme_download(s->q->ca, &s->who, order->certificate, s->a, &pem, &s->problem);
	if (e != OK)
		return e;
	e = certs_accept(s->a, key, slice_str(s->o->host), pem, s->now,
	                 roots[0] == '\0' ? NULL : roots, &found, &diag);
	if (e != OK)
		return acme_say(s, ERR_DENIED, diag.why);
	e = install(s, &found);
	mem_wipe((void *)(uintptr_t)found.key.p, found.key.len);
	return e;
}

static enum err sign(struct acme_step *s, const struct acme_order *order)
{
	EVP_PKEY *key = NULL;
	enum err e = acme_key_open(s, &key);

	if (e == OK)
		e = order->status == ACME_READY ? ask(s, order, key) : fetch(s, order, key);
	EVP_PKEY_free(key);
	return e;
}

enum err acme_on_signing(struct acme_step *s)
{
	struct acme_order order;
	enum err e = acme_account(s);

	if (e == OK)
		e = acme_order_get(s->q->ca, &s->who, s->o->order_url, s->a, &order, &s->problem);
	if (e != OK)
		return e;
	switch (order.status) {
	case ACME_READY:
	case ACME_VALID:
		return sign(s, &order);
	case ACME_PENDING:
	case ACME_PROCESSING:
		return acme_enter(s, order.status == ACME_PENDING ? ORDER_PLACED : ORDER_SIGNING,
		                  s->now + (order.retry_after > 0 ? order.retry_after : 2));
	case ACME_INVALID:
	case ACME_UNKNOWN:
	default:
		if (order.error.words == NULL)
			return acme_say(s, ERR_DENIED, "the CA gave the order up");
		s->problem = order.error;
		return ERR_DENIED;
	}
}
