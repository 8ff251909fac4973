/*
 * What setup finds on this machine: ports and who holds them, addresses, its name.
 *
 * A port that can be listened on is only that; whether it is reached from outside cannot be told
 * from here.  An IPv6 address counts as answered when a root name server accepted a connection
 * that came from it.
 */
#ifndef APP_SETUP_PROBE_H
#define APP_SETUP_PROBE_H

#include "advice/setup_plan.h"

#define SETUP_ANSWER_MS 3000 /* for all root name servers together */

/* Strings are in a or constant. */
void setup_probe(struct arena *a, struct setup_facts *out);
/* The full name of this machine as it knows it; "": it knows none with a dot. */
const char *setup_probe_host(struct arena *a);

#endif
