/*
 * Why the databases cannot be used, as the processes of the service tell each other and a person.
 *
 * Only role migrate finds it out; its exit status carries it to the parent, whose boot lines carry
 * it to desk.
 */
#ifndef APP_STORE_FAULT_H
#define APP_STORE_FAULT_H

#include "base/mem.h"

enum store_fault {
	STORE_GOOD,
	STORE_READ_ONLY,
	STORE_FULL,
	STORE_NO_WRITE,
	STORE_LOCKED,
	STORE_NEWER,
	STORE_NO_LOG,
	STORE_DAMAGED,
	STORE_UNKNOWN, /* it did not come to an end that says why */
	STORE_FAULTS,
};

struct store_fault_words {
	const char *why; /* goes on from "the database cannot be used: " */
	const char *fix;
	bool lasting; /* trying again mends nothing before somebody starts the service again */
};

const struct store_fault_words *store_fault_words(enum store_fault f);

int store_fault_exit(enum store_fault f);            /* 0 when good */
enum store_fault store_fault_of_exit(int exit_code); /* what no fault gives: STORE_UNKNOWN */

#endif
