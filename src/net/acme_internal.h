/* Between net/acme.c and net/acme_http.c only. */
#ifndef NET_ACME_INTERNAL_H
#define NET_ACME_INTERNAL_H

#include <jansson.h>
#include <pthread.h>

#include "net/acme.h"
#include "net/fetch.h"

#define ACME_NONCES_MAX 32u
#define ACME_NONCE_SIZE 256u

struct acme {
	struct acme_conf conf;
	pthread_mutex_t lock; /* what follows is shared; never held while waiting */
	size_t nonce_count;
	char nonces[ACME_NONCES_MAX][ACME_NONCE_SIZE];
	struct arena *directory_arena;
	struct acme_directory directory;
	int64_t directory_until_ms; /* 0: not read */
	int64_t down_until_ms;      /* the CA was not reached: nobody asks before */
	const char *down_why;       /* constant */
};

struct acme_answer {
	struct fetch_answer fetched;
	json_t *body; /* NULL: not JSON */
};
void acme_answer_fini(struct acme_answer *answer);

/* Without a signature.  head: HEAD instead of GET. */
enum err acme_ask(struct acme *c, const char *url, bool head, struct arena *a,
                  struct acme_answer *out, struct acme_problem *problem) MUST_USE;
/* Signed; payload empty: POST-as-GET.  who->url NULL: signed with the key in the header. */
enum err acme_post(struct acme *c, const struct acme_account *who, const char *url,
                   struct slice payload, struct arena *a, struct acme_answer *out,
                   struct acme_problem *problem) MUST_USE;

/* A problem document as words. */
void acme_problem_read(const json_t *object, long status, struct arena *a,
                       struct acme_problem *out);
enum err acme_fail(struct acme_problem *p, enum err e, const char *words);

#endif
