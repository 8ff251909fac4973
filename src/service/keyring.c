#include "service/keyring.h"

#include "base/enc.h"
#include "net/clock.h"
#include "service/lru.h"

struct waiter {
	struct waiter *next;
	keyring_fn fn;
	void *arg;
};

struct entry {
	struct entry *next; /* while it is asked for */
	struct keyring *ring;
	unsigned char id[LRU_KEY_SIZE]; /* digest of the name */
	unsigned char share[SHA256_SIZE];
	struct waiter *first, **last;
	struct key_answer answer;
	struct dkim_key key;
	struct buf record;
	int64_t expires; /* on the monotonic clock, ms */
};

struct keyring {
	struct lookups *lookups;
	struct lru *known;
	struct entry *asked;
	size_t asked_count;
	struct key_answer refused;
};

static void entry_free(void *value)
{
	struct entry *e = value;

	while (e->first != NULL) {
		struct waiter *next = e->first->next;

		mem_free(e->first);
		e->first = next;
	}
	dkim_key_fini(&e->key);
	buf_fini(&e->record);
	mem_free(e);
}

struct keyring *keyring_new(struct lookups *lookups)
{
	struct keyring *k = mem_alloc(sizeof(*k));

	k->lookups = lookups;
	k->known = lru_new(KEYRING_KEYS_MAX, entry_free);
	k->refused = (struct key_answer){ .fault = DKIM_KEY_UNKNOWN };
	return k;
}

void keyring_free(struct keyring *k)
{
	if (k == NULL)
		return;
	while (k->asked != NULL) {
		struct entry *next = k->asked->next;

		entry_free(k->asked);
		k->asked = next;
	}
	lru_free(k->known);
	mem_free(k);
}

static enum dkim_fault fault_of(enum dns_state state)
{
	switch (state) {
	case DNS_BOGUS:
		return DKIM_KEY_BOGUS;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return DKIM_NO_KEY;
	case DNS_UNKNOWN:
	case DNS_FOUND:
		break;
	}
	return DKIM_KEY_UNKNOWN;
}

static void read_set(struct entry *e, const struct txt_set *set)
{
	struct key_answer *a = &e->answer;
	size_t which = SIZE_MAX;

	a->fault = fault_of(set->state);
	a->secure = set->secure;
	a->checked = clock_now_s();
	if (set->state != DNS_FOUND)
		return;
	a->fault = dkim_key_choose(set->text, set->count, &e->key, &which);
	if (a->fault == DKIM_NONE)
		a->key = &e->key;
	if (which < set->count && a->fault != DKIM_KEY_SEVERAL) {
		buf_add(&e->record, set->text[which]);
		a->record = buf_slice(&e->record);
	}
}

static int64_t lifetime(const struct entry *e, const struct txt_set *set)
{
	int64_t ttl = set->state == DNS_FOUND ? set->ttl : KEYRING_TTL_NONE;

	if (e->answer.fault != DKIM_NONE && ttl > KEYRING_TTL_NONE)
		ttl = KEYRING_TTL_NONE;
	return ttl < KEYRING_TTL_MAX ? ttl : KEYRING_TTL_MAX;
}

static void unlist(struct entry *e)
{
	struct entry **at = &e->ring->asked;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	e->ring->asked_count--;
}

static void tell(struct waiter *w, const struct key_answer *answer)
{
	while (w != NULL) {
		struct waiter *next = w->next;

		w->fn(w->arg, answer);
		mem_free(w);
		w = next;
	}
}

/* Who is told may ask at once for other keys, so e stays out of the map until all have been. */
static void on_answer(void *arg, const struct txt_set *set)
{
	struct entry *e = arg;
	struct waiter *first = e->first;

	read_set(e, set);
	unlist(e);
	e->first = NULL;
	tell(first, &e->answer);
	if (dkim_fault_is_temporary(e->answer.fault)) {
		entry_free(e);
		return;
	}
	e->expires = clock_mono_ms() + 1000 * lifetime(e, set);
	lru_put(e->ring->known, e->id, e);
}

static void wait_for(struct entry *e, keyring_fn fn, void *arg)
{
	struct waiter *w = mem_alloc(sizeof(*w));

	w->fn = fn;
	w->arg = arg;
	*e->last = w;
	e->last = &w->next;
}

static struct entry *find_asked(struct keyring *k, const unsigned char id[LRU_KEY_SIZE])
{
	struct entry *e = k->asked;

	while (e != NULL && memcmp(e->id, id, LRU_KEY_SIZE) != 0)
		e = e->next;
	return e;
}

/* Nobody's slow name servers keep others from being asked. */
static bool has_share(const struct keyring *k, const unsigned char share[SHA256_SIZE])
{
	size_t used = 0;

	if (k->asked_count >= KEYRING_ASKED_MAX)
		return false;
	for (const struct entry *e = k->asked; e != NULL; e = e->next)
		used += memcmp(e->share, share, SHA256_SIZE) == 0;
	return used < KEYRING_ASKED_EACH;
}

static struct entry *start(struct keyring *k, const char *name,
                           const unsigned char id[LRU_KEY_SIZE],
                           const unsigned char share[SHA256_SIZE])
{
	struct entry *e = mem_alloc(sizeof(*e));

	e->ring = k;
	memcpy(e->id, id, LRU_KEY_SIZE);
	memcpy(e->share, share, SHA256_SIZE);
	e->last = &e->first;
	buf_init(&e->record, RESOLVER_TEXT_MAX);
	e->next = k->asked;
	k->asked = e;
	k->asked_count++;
	lookup_txt(k->lookups, name, KEYRING_ASK_MS, on_answer, e);
	return e;
}

const struct key_answer *keyring_ask(struct keyring *k, const struct key_name *name, keyring_fn fn,
                                     void *arg)
{
	unsigned char id[SHA256_SIZE], share[SHA256_SIZE];
	char query[DKIM_QUERY_SIZE];
	struct entry *e;

	if (k->lookups == NULL || dkim_query_name(name->selector, name->domain, query) != OK)
		return &k->refused;
	enc_sha256(slice_str(query), id);
	e = lru_get(k->known, id);
	if (e != NULL && e->expires > clock_mono_ms())
		return &e->answer;
	e = find_asked(k, id);
	enc_sha256(name->organization, share);
	if (e == NULL && !name->favoured && !has_share(k, share))
		return &k->refused;
	if (e == NULL)
		e = start(k, query, id, share);
	wait_for(e, fn, arg);
	return NULL;
}
