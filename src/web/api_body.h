/*
 * Reading the JSON object of a request, strictly: wrong types and members nobody knows are
 * faults, so that a misspelt one is not silently without effect.
 */
#ifndef WEB_API_BODY_H
#define WEB_API_BODY_H

#include <jansson.h>

#include "web/route.h"

#define API_LIST_MAX 1000u

struct api_body {
	struct arena *a;
	json_t *rest;      /* members that nobody asked for yet */
	const char *fault; /* the first one; NULL: none */
};

/* An empty body is an empty object. */
void api_body_open(struct api_body *b, const struct request *q);
/*
 * Each takes its member off the rest.  *has_out (may be NULL) says whether it was there; null
 * counts as not there.  Values live in the arena.
 */
struct slice api_body_text(struct api_body *b, const char *key, bool *has_out);
uint64_t api_body_number(struct api_body *b, const char *key, bool *has_out);
bool api_body_flag(struct api_body *b, const char *key);
const struct slice *api_body_list(struct api_body *b, const char *key, size_t *count_out,
                                  bool *has_out);
/* A list of objects, the caller's to release; NULL: none. */
json_t *api_body_objects(struct api_body *b, const char *key);
/* Notes a fault that the caller found. */
void api_body_fault(struct api_body *b, const char *key, const char *why);
/* Releases.  False: *r is a problem that names the fault. */
bool api_body_close(struct api_body *b, struct response *r);

#endif
