#include "service/dns_rate.h"

#include <netinet/in.h>
#include <sodium.h>

#define SLOTS 16384u
#define SLIP 2u /* one of so many limited answers is sent truncated */
#define V4_BYTES 3u
#define V6_BYTES 7u

struct slot {
	uint64_t key;
	uint32_t second;
	uint32_t count;
};

struct dns_rate {
	uint64_t per_second;
	unsigned char key[crypto_shorthash_KEYBYTES]; /* nobody can choose a slot */
	struct slot slots[SLOTS];
};

struct dns_rate *dns_rate_new(uint64_t per_second)
{
	struct dns_rate *r = mem_alloc(sizeof(*r));

	r->per_second = per_second < UINT32_MAX ? per_second : 0;
	crypto_shorthash_keygen(r->key);
	return r;
}

void dns_rate_free(struct dns_rate *r)
{
	mem_free(r);
}

/* The network that a peer belongs to, behind its family's first byte. */
static size_t network(const struct sockaddr_storage *peer, unsigned char out[1 + V6_BYTES])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)peer;

	out[0] = (unsigned char)peer->ss_family;
	if (peer->ss_family == AF_INET) {
		memcpy(out + 1, &v4->sin_addr, V4_BYTES);
		return 1 + V4_BYTES;
	}
	memcpy(out + 1, &v6->sin6_addr, V6_BYTES);
	return 1 + V6_BYTES;
}

static uint64_t key_of(const struct dns_rate *r, const struct sockaddr_storage *peer,
                       enum zone_outcome outcome, const struct dns_query *q)
{
	unsigned char bytes[1 + V6_BYTES + 1 + 2 + DNS_NAME_MAX], hash[crypto_shorthash_BYTES];
	size_t len = network(peer, bytes);
	struct dns_name lower;
	uint64_t key;

	bytes[len++] = (unsigned char)outcome;
	if (outcome == ZONE_POSITIVE || outcome == ZONE_NODATA) {
		dns_name_lower(q->name, &lower);
		/* There are as many types that a name does not have as there are types. */
		dns_put16(bytes + len, outcome == ZONE_NODATA ? 0 : q->type);
		memcpy(bytes + len + 2, lower.wire, lower.len);
		len += 2 + lower.len;
	}
	(void)crypto_shorthash(hash, bytes, len, r->key); /* cannot fail */
	memcpy(&key, hash, sizeof(key));
	return key;
}

enum dns_rate_verdict dns_rate_count(struct dns_rate *r, const struct sockaddr_storage *peer,
                                     enum zone_outcome outcome, const struct dns_query *q,
                                     int64_t now_ms)
{
	uint32_t second = (uint32_t)(now_ms / 1000);
	struct slot *s;
	uint64_t key;

	if (r->per_second == 0)
		return DNS_RATE_SEND;
	key = key_of(r, peer, outcome, q);
	s = &r->slots[key % SLOTS];
	if (s->key != key || s->second != second)
		*s = (struct slot){ .key = key, .second = second };
	if (s->count < UINT32_MAX)
		s->count++;
	if (s->count <= r->per_second)
		return DNS_RATE_SEND;
	return (s->count - r->per_second) % SLIP == 0 ? DNS_RATE_SLIP : DNS_RATE_DROP;
}
