#include "app/desk_acme.h"

#include <stdio.h>

#include "base/enc.h"

#define FILE_MAX 1024u

/* The key as the authority gave it, on the first line. */
static bool read_binding(struct desk_acme *a, const char *path)
{
	char text[FILE_MAX];
	FILE *f = fopen(path, "re");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text), f);

	if (f != NULL)
		(void)fclose(f); /* only read */
	buf_init(&a->binding, DESK_ACME_KEY_MAX);
	bool good = n > 0 && n < sizeof(text) &&
	            enc_unbase64url(slice_trim(slice_of(text, n)), &a->binding) == OK &&
	            a->binding.len > 0;
	mem_wipe(text, sizeof(text));
	if (!good)
		log_error("eab_key_file holds no key in base64url", F("file", path));
	return good;
}

static const char *set_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

/* So that nothing is said to be ordered that is not. */
static bool switched_off(struct desk *d)
{
	desk_lock(d);
	enum err e = orders_clear(d->db);
	desk_unlock(d);
	if (e != OK)
		log_error("the queue of certificates cannot be cleared", F("why", err_name(e)));
	return e == OK;
}

bool desk_acme_start(struct desk_acme *a, const struct boot *b, struct desk *d,
                     const struct dial_rules *rules)
{
	const struct conf *c = b->conf;
	enum err e;

	*a = (struct desk_acme){ .queue = NULL };
	if (b->demo || !c->acme.accept_terms)
		return switched_off(d);
	if (c->acme.eab_kid[0] != '\0' && !read_binding(a, c->acme.eab_key_file))
		return false;
	a->conf = (struct acme_queue_conf){
		.directory = c->acme.directory,
		.email = c->acme.email,
		.ca_file = set_or_null(c->acme.ca_file),
		.binding_kid = c->acme.eab_kid,
		.binding_key = buf_slice(&a->binding),
		.key = keys_get(&b->keys, KEY_ACME),
		.rules = rules,
		.http = c->listen.http.count > 0,
		.tls = c->listen.tls.count > 0,
		.budget = (int64_t)c->acme.orders,
	};
	e = acme_queue_new(d, &a->conf, &a->queue);
	if (e != OK)
		log_error("certificates cannot be ordered", F("why", err_name(e)));
	return e == OK;
}

void desk_acme_stop(struct desk_acme *a)
{
	acme_queue_free(a->queue);
	a->queue = NULL;
	if (a->binding.p != NULL)
		mem_wipe(a->binding.p, a->binding.len);
	buf_fini(&a->binding);
}
