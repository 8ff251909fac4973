/*
 * Questions to the DNS with validation, over libunbound, for callers that may wait.
 *
 * One thread of its own runs libunbound's event interface; any number of
 * threads ask and sleep until the answer or their deadline.  "secure" means
 * validated from the trust anchor; a bogus answer is never shown as an answer.
 * What is no answer has a state of its own: a name that is not there is a fact,
 * a failure to find out is not.
 */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "base/buf.h"
#include "base/mem.h"
#include "net/dial.h"
#include "wire/dns_message.h"

#define RESOLVER_SYSTEM_ANCHOR "/usr/share/dns/root.key"
#define RESOLVER_NAME_SIZE 256u
#define RESOLVER_RECORDS_MAX 64u /* kept of one answer; further ones are dropped and counted */
#define RESOLVER_TEXT_MAX 4096u  /* bytes of one TXT record, its strings joined */
#define RESOLVER_MX_MAX 32u
#define RESOLVER_ADDRESSES_MAX 16u /* per MX host */

enum dns_state {
	DNS_UNKNOWN, /* not found out: no resolver, time-out, SERVFAIL, REFUSED */
	DNS_FOUND,
	DNS_NODATA,   /* the name is there, the type is not */
	DNS_NXDOMAIN, /* the name is not there */
	DNS_BOGUS,    /* validation failed: must not be used */
};

struct dns_answer {
	enum dns_state state;
	bool secure;       /* validated, also a proof of absence */
	uint32_t ttl;      /* of the shortest-lived record in the chain; 0 unless found */
	const char *why;   /* words for DNS_UNKNOWN and DNS_BOGUS, in the arena; else NULL */
	const char *canon; /* the name at the end of a CNAME chain, in the arena; NULL: no CNAME */
	size_t count;
	struct slice rdata[RESOLVER_RECORDS_MAX]; /* wire form, in the arena */
};

struct mx_host {
	unsigned preference;
	char name[RESOLVER_NAME_SIZE]; /* lower case, no final dot */
	enum dns_state state;          /* of its addresses: DNS_FOUND when there is one */
	const char *why;
	size_t count;
	struct dial_addr addresses[RESOLVER_ADDRESSES_MAX];
};

struct mx_set {
	enum dns_state state; /* of the MX look-up; DNS_FOUND also for an implicit MX */
	bool secure;
	bool null_mx;  /* RFC 7505: the domain takes no mail; count is 0 */
	bool implicit; /* no MX record, the name itself has an address (RFC 5321, 5.1) */
	uint32_t ttl;
	const char *why;
	size_t count; /* sorted by preference, then name */
	struct mx_host hosts[RESOLVER_MX_MAX];
};

struct txt_set {
	enum dns_state state;
	bool secure;
	uint32_t ttl;
	const char *why;
	const char *canon;
	size_t count;
	struct slice text[RESOLVER_RECORDS_MAX]; /* strings of each record joined, in the arena */
};

struct resolver_conf {
	bool off; /* every question is DNS_UNKNOWN; nothing is ever sent */
	struct slice
	        forward;   /* addresses as dial_addr_parse reads them, blanks or commas between */
	struct slice stub; /* "zone=address" as above; a zone may come several times */
	struct slice
	        trust_anchor; /* a file; empty: the system's root anchor; "off": no validation */
	const struct dial_rules *rules; /* NULL or living as long as the resolver */
};

struct resolver;

/*
 * ERR_SYNTAX: an address or zone of the configuration; ERR_IO: libunbound or the thread could
 * not be started.  The caller closes it.
 */
enum err resolver_open(const struct resolver_conf *conf, struct resolver **out,
                       struct diag *diag) MUST_USE;
/* Waiting callers get DNS_UNKNOWN.  NULL does nothing. */
void resolver_close(struct resolver *r);

/*
 * One question.  Waits at most timeout_ms; always fills *out.  r NULL or off: DNS_UNKNOWN.
 * name: presentation form, A-labels, final dot optional.
 */
void resolver_ask(struct resolver *r, struct arena *a, const char *name, enum dns_type type,
                  unsigned timeout_ms, struct dns_answer *out);
/* The MX hosts of a domain with the addresses of each; words live in the arena. */
void resolver_mx(struct resolver *r, struct arena *a, const char *domain, unsigned timeout_ms,
                 struct mx_set *out);
void resolver_txt(struct resolver *r, struct arena *a, const char *name, unsigned timeout_ms,
                  struct txt_set *out);

/* The first record of an answer as a name, lower case, without final dot.  ERR_SYNTAX. */
enum err dns_rdata_name(struct slice rdata, char out[RESOLVER_NAME_SIZE]) MUST_USE;
/* The strings of a TXT record, joined.  ERR_SYNTAX: lengths do not add up; ERR_LIMIT. */
enum err dns_rdata_text(struct slice rdata, struct arena *a, struct slice *out) MUST_USE;

#endif
