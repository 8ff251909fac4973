#include "service/sealed.h"

#include <stdio.h>

#include "base/log.h"
#include "service/keys.h"
#include "service/publish.h"
#include "store/orders.h"
#include "store/seal.h"
#include "store/settings.h"

#define PAGE 200u
#define AGAIN_S 60 /* while something does not open */

static const unsigned char *key_of(const struct desk *d, const char *purpose)
{
	return strcmp(purpose, "report-tls") == 0 ? d->key_report_tls : d->key_edge_tls;
}

bool sealed_opens(const struct desk *d, const struct cert *c)
{
	struct seal_name name = { c->tenant, slice_str(c->seal_domain), slice_str(c->fingerprint) };
	struct buf key;

	buf_init(&key, SEAL_SECRET_MAX);
	enum err e = seal_unwrap(key_of(d, c->purpose), &name, c->sealed_key, &key);
	if (key.p != NULL)
		mem_wipe(key.p, key.len);
	buf_fini(&key);
	return e == OK;
}

enum err sealed_assigned(const struct desk *d, int64_t tenant, struct slice host, struct arena *a,
                         struct cert *out)
{
	struct cert c;
	enum err e = certs_assigned(d->db, tenant, host, a, &c);

	if (e == OK && !sealed_opens(d, &c))
		return ERR_NOTFOUND;
	if (e == OK)
		*out = c;
	return e;
}

static void say_other(struct desk *d)
{
	atomic_store(&d->key_is_other, true);
	log_error(SEALED_OTHER_WHY, F("fix", SEALED_OTHER_FIX));
}

enum err sealed_begin(struct desk *d, struct sealed_watch *w)
{
	struct arena *a = arena_new();
	struct slice own;

	*w = (struct sealed_watch){ .named = false };
	enum err e = settings_get(d->db, SETTING_MASTER_KEY, a, &own);
	if (e == OK) {
		w->named = slice_eq(own, slice_of(d->key_check, KEY_SIZE));
		if (!w->named)
			say_other(d);
	}
	arena_free(a);
	return e == ERR_NOTFOUND ? OK : e;
}

/* Assignments outlive the hosts they were for. */
static bool is_served_here(struct desk *d, struct slice host, struct arena *a)
{
	struct domain domain;

	if (slice_eq(host, slice_str(d->set.report_host)) ||
	    slice_eq(host, slice_str(d->set.service_host)))
		return true;
	return slice_starts(host, S("mta-sts.")) &&
	       domains_by_name(d->db, TENANT_ONLY, slice_skip(host, 8), a, &domain) == OK &&
	       domain.hosted && domain.hosting == HOSTING_HERE;
}

/* What waits for its turn after a refusal goes on waiting when it is met again. */
static enum err note_closed(struct desk *d, struct sealed_watch *w, const struct cert_row *row,
                            int64_t now, struct arena *a)
{
	struct slice hosts = slice_str(row->hosts), host;
	enum err e = OK;
	bool served = false;

	while (e == OK && slice_next(&hosts, ' ', &host)) {
		if (!is_served_here(d, host, a))
			continue;
		served = true;
		if (!w->again)
			e = orders_hurry(d->db, row->cert.tenant, host, now);
		e = e == ERR_NOTFOUND ? OK : e; /* nobody orders it */
	}
	w->closed += served ? 1 : 0;
	return e;
}

static enum err look(struct desk *d, struct sealed_watch *w, int64_t now, struct arena *a,
                     size_t *count_out)
{
	struct cert_row *rows;
	enum err e = certs_list(d->db, TENANT_ONLY, slice_str(w->after), PAGE, a, &rows, count_out);

	for (size_t i = 0; e == OK && i < *count_out; i++)
		if (rows[i].hosts[0] != '\0' && rows[i].cert.not_after > now &&
		    !sealed_opens(d, &rows[i].cert))
			e = note_closed(d, w, &rows[i], now, a);
	if (e == OK && *count_out > 0)
		(void)snprintf(w->after, sizeof(w->after), "%s",
		               rows[*count_out - 1].cert.fingerprint); /* fits */
	return e;
}

/* The state takes the key in use for its own. */
static enum err name_key(struct desk *d, struct sealed_watch *w)
{
	enum err e = settings_set(d->db, SETTING_MASTER_KEY, slice_of(d->key_check, KEY_SIZE));

	if (e != OK)
		return e;
	if (atomic_exchange(&d->key_is_other, false))
		log_info("every certificate opens under the present master key, which is the "
		         "state's own from now on");
	w->named = true;
	return OK;
}

/* Under the state's own key some may be closed as well: they were made under another in between. */
static void say_closed(struct desk *d, const struct sealed_watch *w)
{
	if (!w->named && !atomic_load(&d->key_is_other))
		say_other(d);
	log_error("certificates do not open under the master key and are not served",
	          FN("count", w->closed), F("fix", SEALED_OTHER_FIX));
}

static enum err end_look(struct desk *d, struct sealed_watch *w, int64_t now)
{
	bool closed = w->closed > 0;
	enum err e = closed || w->named ? OK : name_key(d, w);

	if (closed && !w->again)
		say_closed(d, w);
	w->due = closed || e != OK ? now + AGAIN_S : INT64_MAX;
	w->again = true;
	w->closed = 0;
	w->after[0] = '\0';
	return e;
}

void sealed_tick(struct desk *d, struct sealed_watch *w, int64_t now)
{
	struct arena *a;
	size_t count = 0;

	if (now < w->due)
		return;
	a = arena_new();
	desk_lock(d);
	enum err e = look(d, w, now, a, &count);
	if (e == OK && count < PAGE)
		e = end_look(d, w, now);
	desk_unlock(d);
	if (e != OK) {
		log_warn("whether certificates open cannot be looked at now",
		         F("why", err_name(e)));
		w->due = now + AGAIN_S;
	}
	arena_free(a);
}
