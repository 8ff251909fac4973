/*
 * Transaction signatures (RFC 8945): keys, requests that are checked, messages that are signed.
 *
 * Pure: the time is an argument, HMAC comes from OpenSSL.  HMAC-MD5 is not known here.
 */
#ifndef WIRE_DNS_TSIG_H
#define WIRE_DNS_TSIG_H

#include "wire/dns_message.h"

#define DNS_TSIG_SECRET_MAX 128u
#define DNS_TSIG_MAC_MAX 64u
#define DNS_TSIG_FUDGE 300u

struct dns_tsig_key {
	struct dns_name name; /* lower case */
	size_t algorithm;     /* of those known here */
	size_t secret_len;
	unsigned char secret[DNS_TSIG_SECRET_MAX];
};

/*
 * "[ALGORITHM:]NAME:BASE64" as kdig -y takes it; hmac-sha256 unless told; also hmac-sha1, -sha224,
 * -sha384, -sha512.  ERR_SYNTAX: none of these.  ERR_LIMIT: too long a secret.
 */
enum err dns_tsig_key_parse(struct slice text, struct dns_tsig_key *out) MUST_USE;

enum dns_tsig_error {
	DNS_TSIG_GOOD = 0,
	DNS_TSIG_FORMERR = 1, /* the record makes no sense: answered without TSIG */
	DNS_TSIG_BADSIG = 16,
	DNS_TSIG_BADKEY = 17,
	DNS_TSIG_BADTIME = 18,
};

/* One exchange: what was checked last is part of what is signed next. */
struct dns_tsig {
	const struct dns_tsig_key *key;  /* NULL: unknown */
	struct dns_name name, algorithm; /* as the peer wrote them, lower case */
	uint64_t time;                   /* of the peer's record */
	uint16_t id;                     /* of the request */
	enum dns_tsig_error error;       /* what the answer has to say */
	bool asking;                     /* the request is yet to be signed */
	bool further;                    /* not the first message of an answer (5.3.1) */
	size_t mac_len;
	unsigned char mac[DNS_TSIG_MAC_MAX];
};

/* A request of our own is about to be signed with key, which must live as long as *out. */
void dns_tsig_begin(const struct dns_tsig_key *key, uint16_t id, struct dns_tsig *out);

/*
 * Checks the TSIG record at offset `at` of a request, in the order of section 5.2: key, MAC, time.
 * now is seconds since 1970.  *out is filled whatever comes out, except for DNS_TSIG_FORMERR.
 */
enum dns_tsig_error dns_tsig_check(struct slice request, size_t at, const struct dns_tsig_key *keys,
                                   size_t key_count, int64_t now, struct dns_tsig *out);

/*
 * Whether an answer to a request signed with *t is signed by the same key, at a good time, and
 * says so about the request.  ERR_CRYPTO: it is not; wait for another one (5.3).
 */
enum err dns_tsig_check_answer(struct slice answer, struct dns_tsig *t, int64_t now) MUST_USE;

/* What the record will take behind a message. */
size_t dns_tsig_room(const struct dns_tsig *t);
/*
 * Puts the record behind a message of len bytes in storage of size; *len_out is the new length.
 * With an error other than DNS_TSIG_BADTIME it is there without a signature.
 * ERR_LIMIT: no room.
 */
enum err dns_tsig_sign(struct dns_tsig *t, void *message, size_t len, size_t size, int64_t now,
                       size_t *len_out) MUST_USE;

#endif
