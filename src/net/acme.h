/*
 * A client of the ACME protocol (RFC 8555, with RFC 9773 for renewal): one call, one exchange
 * with the CA.
 *
 * What has to happen in which order, and when to try again, is the caller's.  Nonces are kept
 * and renewed here, and a request that was refused for its nonce alone is repeated.  Calls wait;
 * several threads may make them at once.  Every connection goes through net/dial.h, to addresses
 * that the resolver gave.
 *
 * Results of all calls, with *problem filled unless OK, its words in the arena:
 *   ERR_UNAVAILABLE  the CA could not be asked, or asks for patience: try again later
 *   ERR_DENIED       the CA said no
 *   ERR_SYNTAX       its answer makes no sense
 *   ERR_CRYPTO       our key cannot sign
 */
#ifndef NET_ACME_H
#define NET_ACME_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "net/dial.h"
#include "net/resolver.h"

#define ACME_AUTHORIZATIONS_MAX 4u
#define ACME_CHALLENGES_MAX 16u
#define ACME_IDENTITIES_MAX 8u
#define ACME_TEXT_MAX 1024u                 /* of what a CA says about a failure */
#define ACME_RETRY_MAX ((int64_t)7 * 86400) /* seconds; longer waits are cut */

struct acme_conf {
	const char *directory; /* URL */
	const char *ca_file;   /* roots for the CA's own HTTPS; NULL: the system's */
	const struct dial_rules *rules;
	struct resolver *resolver;
	const atomic_bool *stop; /* true: calls end early; NULL: never */
};

/* Why a call failed, in the CA's own words where it has any. */
struct acme_problem {
	long status;         /* of HTTP; 0: no answer came */
	const char *type;    /* "rateLimited": without its prefix; "" for none */
	const char *words;   /* a sentence, printable; never empty */
	int64_t retry_after; /* seconds the CA asked for; 0: it did not */
};

struct acme;

struct acme *acme_new(const struct acme_conf *conf); /* conf's pointers live as long */
void acme_free(struct acme *c);                      /* NULL does nothing */

struct acme_directory {
	const char *new_nonce, *new_account, *new_order;
	const char *renewal_info; /* NULL: not offered */
	const char *terms;        /* NULL: there are none */
	bool binding_needed;      /* externalAccountRequired */
	size_t identity_count;    /* names that CAA records call this CA by */
	struct slice identities[ACME_IDENTITIES_MAX];
};

/* Read once an hour; strings live in a. */
enum err acme_look(struct acme *c, struct arena *a, struct acme_directory *out,
                   struct acme_problem *problem) MUST_USE;

struct acme_account {
	EVP_PKEY *key;
	const char *url;
};

struct acme_registration {
	const char *email; /* "" for none */
	const char *binding_kid;
	struct slice binding_key; /* empty: no binding */
};

/*
 * Makes the account of that key, agreeing to the terms, or finds it when the CA has it already,
 * so that it may be repeated.
 */
enum err acme_register(struct acme *c, EVP_PKEY *key, const struct acme_registration *r,
                       struct arena *a, const char **url_out,
                       struct acme_problem *problem) MUST_USE;

/* RFC 8555, 7.1.6. */
enum acme_status {
	ACME_UNKNOWN, /* a word that nobody here knows */
	ACME_PENDING,
	ACME_READY,
	ACME_PROCESSING,
	ACME_VALID,
	ACME_INVALID, /* also deactivated, expired, revoked */
};

struct acme_order {
	enum acme_status status;
	const char *url, *finalize;
	const char *certificate; /* NULL: not there yet */
	size_t authorization_count;
	const char *authorizations[ACME_AUTHORIZATIONS_MAX];
	struct acme_problem error; /* words NULL: none */
	int64_t retry_after;       /* seconds to wait before looking again; 0: not said */
};

/* replaces: the identifier of the certificate that this one follows; NULL: none, or no ARI. */
enum err acme_order_new(struct acme *c, const struct acme_account *who, const char *host,
                        const char *replaces, struct arena *a, struct acme_order *out,
                        struct acme_problem *problem) MUST_USE;
enum err acme_order_get(struct acme *c, const struct acme_account *who, const char *url,
                        struct arena *a, struct acme_order *out,
                        struct acme_problem *problem) MUST_USE;
/* csr: DER. */
enum err acme_finalize(struct acme *c, const struct acme_account *who,
                       const struct acme_order *order, struct slice csr, struct arena *a,
                       struct acme_order *out, struct acme_problem *problem) MUST_USE;

struct acme_challenge {
	const char *type, *url;
	struct slice token; /* base64url characters only */
	enum acme_status status;
	struct acme_problem error; /* words NULL: none */
};

struct acme_authorization {
	enum acme_status status;
	int64_t retry_after;
	size_t challenge_count; /* those with an unfit token are left out */
	struct acme_challenge challenges[ACME_CHALLENGES_MAX];
};

enum err acme_authorization_get(struct acme *c, const struct acme_account *who, const char *url,
                                struct arena *a, struct acme_authorization *out,
                                struct acme_problem *problem) MUST_USE;
/* Asks the CA to look; the answer must be served everywhere before. */
enum err acme_challenge_ready(struct acme *c, const struct acme_account *who, const char *url,
                              struct arena *a, struct acme_problem *problem) MUST_USE;

/* The chain in PEM, in the arena. */
enum err acme_download(struct acme *c, const struct acme_account *who, const char *url,
                       struct arena *a, struct slice *pem_out,
                       struct acme_problem *problem) MUST_USE;

struct acme_window {
	int64_t start, end;      /* when the CA wants the certificate renewed */
	const char *explanation; /* an https URL, or NULL */
	int64_t retry_after;
};

/* id: of certs_ari_id.  Also ERR_NOTFOUND: the CA offers no renewal information.  A window that
 * ends before it starts is ERR_SYNTAX (RFC 9773, 4.2). */
enum err acme_renewal(struct acme *c, const char *id, struct arena *a, struct acme_window *out,
                      struct acme_problem *problem) MUST_USE;

/* Seconds of a Retry-After value, a number or a date; 0: unreadable or past. */
int64_t acme_retry_after(struct slice value, int64_t now);

#endif
