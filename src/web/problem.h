/*
 * Errors of the API: RFC 9457 problem details.
 *
 *   {"type","title","status","detail","code","fix","exit"}
 *
 * exit is what the command line ends with.
 */
#ifndef WEB_PROBLEM_H
#define WEB_PROBLEM_H

#include <jansson.h>

#include "service/refusal.h"
#include "web/route.h"

/* Fills the response from a refusal; status and exit follow from its code. */
void problem_put(struct response *r, const struct refusal *why);
/* The same for what a route says by itself.  fix may be NULL. */
void problem_say(struct response *r, enum err code, const char *slug, const char *detail,
                 const char *fix);
/* Pure: the HTTP status of a refusal and the exit status of a result. */
unsigned problem_status(enum err code, const char *slug);
int problem_exit(enum err code);

/* The body becomes that object, whose reference is taken.  What is not UTF-8 was made so before. */
void response_json(struct response *r, json_t *body);
/* Text of anybody as a JSON string: bytes that are not UTF-8 become U+FFFD. */
json_t *json_text(struct slice s);

#endif
