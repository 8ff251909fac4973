/*
 * The nearest of several known words to one that was mistyped.
 *
 * Pure.  Distance counts inserted, dropped, changed and swapped characters,
 * without case; "-" and "_" count as equal.  Words beyond 63 characters are never near.
 */
#ifndef APP_NEAREST_H
#define APP_NEAREST_H

#include "base/slice.h"

struct nearest {
	const char *word; /* what was typed */
	const char *best; /* the nearest known word so far, NULL: none is near */
	unsigned distance;
};

void nearest_init(struct nearest *n, const char *word);
/* Keeps known when it is nearer than what was offered before, and near enough to be meant. */
void nearest_offer(struct nearest *n, const char *known);
/* The distance alone; 64 when one of them is too long. */
unsigned nearest_distance(const char *a, const char *b);

#endif
