/* The account at the CA, and the keys of orders: sealed at rest. */
#include "base/log.h"
#include "net/clock.h"
#include "service/acme_internal.h"
#include "store/seal.h"
#include "wire/jose.h"

#define KEY_MAX 512u

static enum err seal(const struct acme_queue *q, const struct seal_name *name, const EVP_PKEY *key,
                     struct buf *out)
{
	struct buf der;
	enum err e;

	buf_init(&der, KEY_MAX);
	e = jose_key_format(key, &der);
	if (e == OK)
		e = seal_wrap(q->conf->key, name, buf_slice(&der), out);
	if (der.p != NULL)
		mem_wipe(der.p, der.len);
	buf_fini(&der);
	return e;
}

static enum err open_sealed(const struct acme_queue *q, const struct seal_name *name,
                            struct slice sealed, EVP_PKEY **out)
{
	struct buf der;
	enum err e;

	buf_init(&der, KEY_MAX);
	e = seal_unwrap(q->conf->key, name, sealed, &der);
	if (e == OK)
		e = jose_key_parse(buf_slice(&der), out);
	if (der.p != NULL)
		mem_wipe(der.p, der.len);
	buf_fini(&der);
	return e;
}

static struct seal_name account_name(const struct acme_queue *q)
{
	return (struct seal_name){ TENANT_ONLY, slice_str(q->conf->directory), S("account") };
}

static enum err store(struct acme_queue *q, const char *url)
{
	struct order_account row = { .url = url };
	struct seal_name name = account_name(q);
	struct buf sealed;
	enum err e;

	buf_init(&sealed, KEY_MAX + SEAL_OVERHEAD);
	e = seal(q, &name, q->account_key, &sealed);
	row.sealed_key = buf_slice(&sealed);
	if (e == OK) {
		desk_lock(q->d);
		e = order_account_put(q->d->db, q->conf->directory, &row, clock_now_s());
		desk_unlock(q->d);
	}
	buf_fini(&sealed);
	return e;
}

/* The key lies in the database before the CA hears of it: a crash in between loses nothing. */
static enum err make_key(struct acme_queue *q)
{
	q->account_key = jose_key_new();
	if (q->account_key == NULL)
		return ERR_CRYPTO;
	q->account_url = mem_strdup("");
	return store(q, "");
}

static enum err load(struct acme_step *s)
{
	struct acme_queue *q = s->q;
	struct seal_name name = account_name(q);
	struct order_account row;

	desk_lock(q->d);
	enum err e = order_account_get(q->d->db, q->conf->directory, s->a, &row);
	desk_unlock(q->d);
	if (e == ERR_NOTFOUND)
		return make_key(q);
	if (e == OK)
		e = open_sealed(q, &name, row.sealed_key, &q->account_key);
	if (e == ERR_CRYPTO) {
		log_warn("the key of the account at the CA does not open under this master key: a "
		         "new account is made",
		         F("directory", q->conf->directory), F("account", row.url));
		return make_key(q);
	}
	if (e == OK)
		q->account_url = mem_strdup(row.url);
	return e;
}

static enum err enlist(struct acme_step *s)
{
	struct acme_queue *q = s->q;
	struct acme_registration r = { q->conf->email, q->conf->binding_kid, q->conf->binding_key };
	const char *url = NULL;
	enum err e = acme_register(q->ca, q->account_key, &r, s->a, &url, &s->problem);

	if (e != OK)
		return e;
	e = store(q, url);
	if (e == OK) {
		mem_free(q->account_url);
		q->account_url = mem_strdup(url);
	}
	return e;
}

enum err acme_account(struct acme_step *s)
{
	struct acme_queue *q = s->q;
	enum err e = OK;

	(void)acme_say(s, OK, "the account at the CA cannot be read or stored");
	(void)pthread_mutex_lock(&q->account_lock); /* fails for misuse only */
	if (q->account_key == NULL)
		e = load(s);
	if (e == OK && q->account_url[0] == '\0')
		e = enlist(s);
	if (e == OK)
		s->who = (struct acme_account){ q->account_key,
			                        arena_str(s->a, slice_str(q->account_url)) };
	(void)pthread_mutex_unlock(&q->account_lock);
	return e;
}

void acme_account_forget(struct acme_queue *q)
{
	(void)pthread_mutex_lock(&q->account_lock); /* as above */
	if (q->account_url != NULL)
		q->account_url[0] = '\0';
	(void)pthread_mutex_unlock(&q->account_lock);
}

static struct seal_name order_name(const struct order *o)
{
	return (struct seal_name){ o->tenant, slice_str(o->host), S("order") };
}

enum err acme_key_seal(struct acme_step *s, const EVP_PKEY *key)
{
	struct seal_name name = order_name(s->o);
	struct buf sealed;
	enum err e;

	buf_init(&sealed, KEY_MAX + SEAL_OVERHEAD);
	e = seal(s->q, &name, key, &sealed);
	if (e == OK)
		s->o->sealed_key = arena_copy(s->a, buf_slice(&sealed));
	buf_fini(&sealed);
	return e == OK ? OK : acme_say(s, ERR_IO, "the key of the order cannot be kept");
}

enum err acme_key_open(struct acme_step *s, EVP_PKEY **out)
{
	struct seal_name name = order_name(s->o);

	if (open_sealed(s->q, &name, s->o->sealed_key, out) != OK)
		return acme_say(s, ERR_CRYPTO, "the key of the order does not open");
	return OK;
}
