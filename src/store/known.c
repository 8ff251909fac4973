#include "store/known.h"

#include <sodium.h>

#include "base/mem.h"

#define DOMAINS 2048u
#define DOMAIN_NAME_SIZE 64u /* a longer name is not remembered */
#define REPORTERS 256u

struct domain_entry {
	int64_t tenant, id; /* id 0: empty */
	char name[DOMAIN_NAME_SIZE];
	size_t len;
};

/* Both as keyed digests, so that nobody can choose two that are equal. */
struct reporter_entry {
	uint64_t who, what;
};

struct known {
	unsigned char key[crypto_shorthash_KEYBYTES];
	unsigned version;
	bool empty;
	struct domain_entry domains[DOMAINS];
	struct reporter_entry reporters[REPORTERS];
};

struct known *known_new(void)
{
	struct known *k = mem_alloc(sizeof(*k));

	randombytes_buf(k->key, sizeof(k->key));
	return k;
}

void known_free(struct known *k)
{
	mem_free(k);
}

void known_forget(struct known *k)
{
	if (k->empty)
		return;
	k->empty = true;
	memset(k->domains, 0, sizeof(k->domains));
	memset(k->reporters, 0, sizeof(k->reporters));
}

void known_version(struct known *k, unsigned version)
{
	if (k->version != version)
		known_forget(k);
	k->version = version;
}

void known_own_version(struct known *k, unsigned version)
{
	k->version = version;
}

/* Of what came before, told by seed, and s. */
static uint64_t digest(const struct known *k, uint64_t seed, struct slice s)
{
	unsigned char key[crypto_shorthash_KEYBYTES];
	uint64_t first, out;

	_Static_assert(sizeof(out) == crypto_shorthash_BYTES, "one number");
	memcpy(key, k->key, sizeof(key));
	memcpy(&first, key, sizeof(first));
	first ^= seed;
	memcpy(key, &first, sizeof(first));
	(void)crypto_shorthash((unsigned char *)&out, (const unsigned char *)s.p, s.len,
	                       key); /* never fails */
	return out;
}

static size_t domain_place(const struct known *k, int64_t tenant, struct slice name)
{
	return digest(k, (uint64_t)tenant, name) % DOMAINS;
}

int64_t known_domain(const struct known *k, int64_t tenant, struct slice name)
{
	const struct domain_entry *e = &k->domains[domain_place(k, tenant, name)];

	return e->tenant == tenant && slice_eq(slice_of(e->name, e->len), name) ? e->id : 0;
}

void known_domain_add(struct known *k, int64_t tenant, struct slice name, int64_t id)
{
	struct domain_entry *e = &k->domains[domain_place(k, tenant, name)];

	k->empty = false;
	if (name.len > sizeof(e->name))
		return;
	e->tenant = tenant;
	e->id = id;
	e->len = name.len;
	memcpy(e->name, name.p, name.len);
}

bool known_reporter_again(struct known *k, const struct known_reporter *r)
{
	uint64_t who = digest(k, (uint64_t)r->tenant, r->organization);
	uint64_t what = digest(k, digest(k, who, r->name), r->signer);
	struct reporter_entry *e = &k->reporters[who % REPORTERS];

	k->empty = false;
	bool again = e->who == who && e->what == what;

	*e = (struct reporter_entry){ who, what };
	return again;
}
