#include "wire/dns_tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/enc.h"

#define RECORD_FIXED 10u
#define RDATA_FIXED 10u /* time, fudge, length of the MAC */
#define RDATA_REST 6u   /* id, error, length of other data */
#define TIME_SIZE 6u
#define MAC_LEAST 10u
#define SIGNED_MAX (DNS_MESSAGE_MAX + 2u + DNS_TSIG_MAC_MAX + 2u * DNS_NAME_MAX + 64u)

static const struct {
	const char *word, *name;
	const EVP_MD *(*digest)(void);
} algorithms[] = {
	{ "hmac-sha256", "hmac-sha256", EVP_sha256 }, { "hmac-sha1", "hmac-sha1", EVP_sha1 },
	{ "hmac-sha224", "hmac-sha224", EVP_sha224 }, { "hmac-sha384", "hmac-sha384", EVP_sha384 },
	{ "hmac-sha512", "hmac-sha512", EVP_sha512 },
};

enum err dns_tsig_key_parse(struct slice text, struct dns_tsig_key *out)
{
	struct dns_tsig_key k = { 0 };
	struct slice name, rest;
	struct buf secret;
	enum err e;

	if (!slice_cut(text, ':', &name, &rest))
		return ERR_SYNTAX;
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (!slice_eq_i(name, slice_str(algorithms[i].word)))
			continue;
		k.algorithm = i;
		text = rest;
	}
	if (!slice_cut(text, ':', &name, &rest) || name.len == 0 ||
	    dns_name_from_text(name, &k.name) != OK)
		return ERR_SYNTAX;
	buf_init(&secret, DNS_TSIG_SECRET_MAX);
	e = enc_unbase64(rest, &secret);
	if (e == OK && secret.len == 0)
		e = ERR_SYNTAX;
	if (e == OK) {
		k.secret_len = secret.len;
		memcpy(k.secret, secret.p, secret.len);
		*out = k;
	}
	if (secret.p != NULL)
		OPENSSL_cleanse(secret.p, secret.len);
	OPENSSL_cleanse(&k, sizeof(k));
	buf_fini(&secret);
	return e;
}

/* The record's data, taken apart. */
struct parts {
	struct dns_name owner, algorithm;
	uint64_t time;
	unsigned fudge, id, error;
	struct slice mac, other;
};

static uint64_t get48(const char *p)
{
	return (uint64_t)dns_get16(p) << 32 | dns_get32(p + 2);
}

static void put48(unsigned char *p, uint64_t v)
{
	dns_put16(p, (unsigned)(v >> 32 & 0xffffu));
	dns_put32(p + 2, (uint32_t)v);
}

static bool read_parts(struct slice m, size_t at, struct parts *out)
{
	struct dns_name name;
	size_t end, len;

	if (dns_name_parse(m, at, &name, &at) != OK || m.len - at < RECORD_FIXED)
		return false;
	dns_name_lower(dns_name_slice(&name), &out->owner);
	end = at + RECORD_FIXED + dns_get16(m.p + at + 8);
	at += RECORD_FIXED;
	if (end > m.len || dns_name_parse(m, at, &name, &at) != OK || at > end ||
	    end - at < RDATA_FIXED)
		return false;
	dns_name_lower(dns_name_slice(&name), &out->algorithm);
	out->time = get48(m.p + at);
	out->fudge = dns_get16(m.p + at + TIME_SIZE);
	len = dns_get16(m.p + at + 8);
	at += RDATA_FIXED;
	if (end - at < len || end - at - len < RDATA_REST)
		return false;
	out->mac = slice_of(m.p + at, len);
	at += len;
	out->id = dns_get16(m.p + at);
	out->error = dns_get16(m.p + at + 2);
	out->other = slice_of(m.p + at + RDATA_REST, end - at - RDATA_REST);
	return out->other.len == dns_get16(m.p + at + 4);
}

static void add16(struct buf *b, unsigned v)
{
	char bytes[2];

	dns_put16(bytes, v);
	buf_add(b, slice_of(bytes, sizeof(bytes)));
}

static void add_time(struct buf *b, uint64_t time, unsigned fudge)
{
	unsigned char bytes[TIME_SIZE];

	put48(bytes, time);
	buf_add(b, slice_of(bytes, sizeof(bytes)));
	add16(b, fudge);
}

/* RFC 8945, 4.3.3: what is digested behind the message; of further messages the times only. */
static void add_variables(struct buf *b, const struct dns_tsig *t, const struct parts *p)
{
	if (!t->further) {
		buf_add(b, dns_name_slice(&p->owner));
		add16(b, DNS_CLASS_ANY);
		add16(b, 0);
		add16(b, 0);
		buf_add(b, dns_name_slice(&p->algorithm));
	}
	add_time(b, p->time, p->fudge);
	if (t->further)
		return;
	add16(b, p->error);
	add16(b, (unsigned)p->other.len);
	buf_add(b, p->other);
}

/* message is without its TSIG record, which its count of additional records does not count. */
static size_t digest(const struct dns_tsig *t, struct slice message, const struct parts *p,
                     unsigned char out[DNS_TSIG_MAC_MAX])
{
	struct buf b;
	unsigned len = 0;

	buf_init(&b, SIGNED_MAX);
	if (t->mac_len > 0) {
		add16(&b, (unsigned)t->mac_len);
		buf_add(&b, slice_of(t->mac, t->mac_len));
	}
	buf_add(&b, message);
	add_variables(&b, t, p);
	if (buf_status(&b) != OK ||
	    HMAC(algorithms[t->key->algorithm].digest(), t->key->secret, (int)t->key->secret_len,
	         (const unsigned char *)b.p, b.len, out, &len) == NULL)
		len = 0;
	buf_fini(&b);
	return len;
}

static const struct dns_tsig_key *find_key(const struct dns_tsig_key *keys, size_t count,
                                           const struct parts *p)
{
	struct dns_name algorithm;

	for (size_t i = 0; i < count; i++)
		if (dns_name_eq(dns_name_slice(&keys[i].name), dns_name_slice(&p->owner)) &&
		    dns_name_from_text(slice_str(algorithms[keys[i].algorithm].name), &algorithm) ==
		            OK &&
		    dns_name_eq(dns_name_slice(&algorithm), dns_name_slice(&p->algorithm)))
			return &keys[i];
	return NULL;
}

/* The MAC over a received message: its id and count as they were when it was signed. */
static enum dns_tsig_error check_mac(const struct dns_tsig *t, struct slice message, size_t at,
                                     const struct parts *p)
{
	unsigned char want[DNS_TSIG_MAC_MAX];
	struct buf copy;
	size_t len;
	bool good;

	buf_init(&copy, DNS_MESSAGE_MAX);
	buf_add(&copy, slice_head(message, at));
	dns_put16(copy.p, p->id);
	dns_put16(copy.p + 10, dns_get16(message.p + 10) - 1);
	len = digest(t, buf_slice(&copy), p, want);
	buf_fini(&copy);
	/* 5.2.2.1: a MAC may be cut to half, not below ten bytes, and is never longer. */
	if (p->mac.len > len || p->mac.len < MAC_LEAST || p->mac.len < len / 2)
		return p->mac.len == 0 ? DNS_TSIG_BADSIG : DNS_TSIG_FORMERR;
	good = CRYPTO_memcmp(want, p->mac.p, p->mac.len) == 0;
	return good ? DNS_TSIG_GOOD : DNS_TSIG_BADSIG;
}

static bool in_time(const struct parts *p, int64_t now)
{
	uint64_t is = (uint64_t)now, apart = is > p->time ? is - p->time : p->time - is;

	return apart <= p->fudge;
}

enum dns_tsig_error dns_tsig_check(struct slice request, size_t at, const struct dns_tsig_key *keys,
                                   size_t key_count, int64_t now, struct dns_tsig *out)
{
	struct dns_tsig t = { 0 };
	struct parts p;

	if (!read_parts(request, at, &p))
		return DNS_TSIG_FORMERR;
	t.name = p.owner;
	t.algorithm = p.algorithm;
	t.time = p.time;
	t.id = (uint16_t)p.id;
	t.key = find_key(keys, key_count, &p);
	t.error = t.key == NULL ? DNS_TSIG_BADKEY : check_mac(&t, request, at, &p);
	if (t.error == DNS_TSIG_FORMERR)
		return t.error;
	if (t.error == DNS_TSIG_GOOD) {
		if (!in_time(&p, now))
			t.error = DNS_TSIG_BADTIME;
		t.mac_len = p.mac.len;
		memcpy(t.mac, p.mac.p, p.mac.len);
	}
	*out = t;
	return t.error;
}

void dns_tsig_begin(const struct dns_tsig_key *key, uint16_t id, struct dns_tsig *out)
{
	struct dns_tsig t = { .key = key, .name = key->name, .id = id, .asking = true };

	/* A name of this table fits. */
	if (dns_name_from_text(slice_str(algorithms[key->algorithm].name), &t.algorithm) == OK)
		*out = t;
}

/* The offset of the last record when that is TSIG; 0: it is not, or the message is broken. */
static size_t find_record(struct slice m)
{
	size_t at = DNS_HEADER_SIZE, last = 0, records = 0;
	struct dns_name name;

	if (m.len < DNS_HEADER_SIZE)
		return 0;
	for (unsigned i = 0; i < dns_get16(m.p + 4); i++) {
		if (dns_name_parse(m, at, &name, &at) != OK || m.len - at < 4)
			return 0;
		at += 4;
	}
	for (size_t section = 6; section <= 10; section += 2)
		records += dns_get16(m.p + section);
	for (size_t i = 0; i < records; i++) {
		last = at;
		if (dns_name_parse(m, at, &name, &at) != OK || m.len - at < RECORD_FIXED ||
		    m.len - at - RECORD_FIXED < dns_get16(m.p + at + 8))
			return 0;
		if (i + 1 == records && dns_get16(m.p + at) != DNS_TSIG)
			return 0;
		at += RECORD_FIXED + dns_get16(m.p + at + 8);
	}
	return dns_get16(m.p + 10) > 0 && at == m.len ? last : 0;
}

enum err dns_tsig_check_answer(struct slice answer, struct dns_tsig *t, int64_t now)
{
	size_t at = find_record(answer);
	struct parts p;

	if (at == 0 || !read_parts(answer, at, &p) || find_key(t->key, 1, &p) == NULL ||
	    p.error != DNS_TSIG_GOOD || check_mac(t, answer, at, &p) != DNS_TSIG_GOOD ||
	    !in_time(&p, now))
		return ERR_CRYPTO;
	t->mac_len = p.mac.len;
	memcpy(t->mac, p.mac.p, p.mac.len);
	t->further = true;
	return OK;
}

size_t dns_tsig_room(const struct dns_tsig *t)
{
	return t->name.len + RECORD_FIXED + t->algorithm.len + RDATA_FIXED + DNS_TSIG_MAC_MAX +
	       RDATA_REST + TIME_SIZE;
}

static void add_record(struct buf *b, const struct parts *p)
{
	size_t rdata = p->algorithm.len + RDATA_FIXED + p->mac.len + RDATA_REST + p->other.len;

	buf_add(b, dns_name_slice(&p->owner));
	add16(b, DNS_TSIG);
	add16(b, DNS_CLASS_ANY);
	add16(b, 0);
	add16(b, 0);
	add16(b, (unsigned)rdata);
	buf_add(b, dns_name_slice(&p->algorithm));
	add_time(b, p->time, p->fudge);
	add16(b, (unsigned)p->mac.len);
	buf_add(b, p->mac);
	add16(b, p->id);
	add16(b, p->error);
	add16(b, (unsigned)p->other.len);
	buf_add(b, p->other);
}

enum err dns_tsig_sign(struct dns_tsig *t, void *message, size_t len, size_t size, int64_t now,
                       size_t *len_out)
{
	unsigned char mac[DNS_TSIG_MAC_MAX], server_time[TIME_SIZE];
	struct parts p = { .owner = t->name,
		           .algorithm = t->algorithm,
		           .time = (uint64_t)now,
		           .fudge = DNS_TSIG_FUDGE,
		           .id = t->id,
		           .error = t->error };
	unsigned char *bytes = message;
	struct buf b;

	if (size < len || size - len < dns_tsig_room(t))
		return ERR_LIMIT;
	if (t->error == DNS_TSIG_BADTIME) { /* 5.2.3: the client's time, and ours beside it */
		p.time = t->time;
		put48(server_time, (uint64_t)now);
		p.other = slice_of(server_time, sizeof(server_time));
	}
	if (t->error == DNS_TSIG_GOOD || t->error == DNS_TSIG_BADTIME) {
		p.mac = slice_of(mac, digest(t, slice_of(message, len), &p, mac));
		t->mac_len = p.mac.len;
		memcpy(t->mac, mac, p.mac.len);
	}
	t->further = !t->asking;
	t->asking = false;
	buf_init(&b, dns_tsig_room(t));
	add_record(&b, &p);
	memcpy(bytes + len, b.p, b.len);
	dns_put16(bytes + 10, dns_get16((const char *)bytes + 10) + 1);
	*len_out = len + b.len;
	buf_fini(&b);
	return OK;
}
