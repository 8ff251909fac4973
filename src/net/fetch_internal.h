/* Between the fetch_*.c files only. */
#ifndef NET_FETCH_INTERNAL_H
#define NET_FETCH_INTERNAL_H

#include <curl/curl.h>

#include "net/fetch.h"

/* Fills not_after and issuer from what libcurl kept of the handshake, if it kept anything. */
void fetch_note_cert(CURL *c, struct fetch_answer *out);

#endif
