/*
 * Which secrets at rest open under the master key that the service was started with.
 *
 * A state knows its master key by SETTING_MASTER_KEY.  Under another one nothing stops: what does
 * not open counts as absent, and is ordered or imported anew; the key in use becomes the state's
 * own once every certificate that is served opens under it.
 */
#ifndef SERVICE_SEALED_H
#define SERVICE_SEALED_H

#include "service/desk.h"
#include "store/certs.h"

#define SEALED_OTHER_WHY "the master key is not the one this state was sealed under"
#define SEALED_OTHER_FIX                                                                      \
	"put the old key back and restart; or go on with this one: certificates are ordered " \
	"anew where [acme] is on, the others are brought by mxseal cert import"

/* Whether the private key of c, which comes with sealed_key, can be had. */
bool sealed_opens(const struct desk *d, const struct cert *c);
/* certs_assigned, of those that open.  ERR_NOTFOUND: also when its key does not. */
enum err sealed_assigned(const struct desk *d, int64_t tenant, struct slice host, struct arena *a,
                         struct cert *out) MUST_USE;

/* How far the certificates were looked through. */
struct sealed_watch {
	bool named;          /* the state names the key in use */
	bool again;          /* the first look is over: nothing is hurried any more */
	int64_t due, closed; /* moment of the next page; of this look, what did not open */
	char after[64 + 1];  /* the fingerprint where the next page begins */
};

/* Compares the key with the state's own and says when it is another.  ERR_IO, ERR_UNAVAILABLE. */
enum err sealed_begin(struct desk *d, struct sealed_watch *w) MUST_USE;
/* One page of certificates, once a second at most: those that do not open are ordered at once. */
void sealed_tick(struct desk *d, struct sealed_watch *w, int64_t now);

#endif
