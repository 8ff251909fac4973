/*
 * Known reporters: which organisation a verified signer's domain is, and whose name an
 * organization-name is.  The table is reporters.txt, compiled in.  Pure.
 */
#ifndef TLSRPT_REPORTERS_H
#define TLSRPT_REPORTERS_H

#include "base/slice.h"

/* The organisation that signs with this d=, as people know it; NULL: nobody knows it. */
const char *reporters_by_signer(struct slice signer);

enum reporter_name {
	REPORTER_NAME_FREE,   /* no known reporter goes by it */
	REPORTER_NAME_OWN,    /* it is the signer's */
	REPORTER_NAME_OTHERS, /* it is that of another known reporter */
};

/* What organization-name is to the signer; case and blanks around do not count. */
enum reporter_name reporters_name(struct slice signer, struct slice organization);

#endif
