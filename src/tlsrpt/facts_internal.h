/* Between facts.c and facts_format.c only: the form of the record. */
#ifndef TLSRPT_FACTS_INTERNAL_H
#define TLSRPT_FACTS_INTERNAL_H

#include <stdint.h>

#define NUMBER_MAX 10u /* bytes of a number */

/* The moments that a report or a mail can have: those with four digits for their year. */
#define WRITTEN_MIN INT64_C(-62167219200)
#define WRITTEN_MAX INT64_C(253402300799)

enum { HAS_MAIL = 1, HAS_SIGNATURES = 2 };
enum { COVERS_DOMAIN = 1, COVERS_SUBMITTER = 2 };

#endif
