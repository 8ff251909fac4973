#include "app/nearest.h"

#define WORD_MAX 63u

static char folded(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The optimal string alignment distance, row by row; prev and last are the two rows above. */
unsigned nearest_distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MAX + 2];
	size_t la = strlen(a), lb = strlen(b);
	unsigned *last = row[0], *prev = row[1], *now = row[2];

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX + 1;
	memset(row, 0, sizeof(row));
	for (size_t j = 0; j <= lb; j++)
		prev[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *spare = last;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned change = folded(a[i - 1]) == folded(b[j - 1]) ? 0 : 1;

			now[j] = least(least(prev[j], now[j - 1]) + 1, prev[j - 1] + change);
			if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
			    folded(a[i - 2]) == folded(b[j - 1]))
				now[j] = least(now[j], last[j - 2] + 1);
		}
		last = prev;
		prev = now;
		now = spare;
	}
	return prev[lb];
}

void nearest_init(struct nearest *n, const char *word)
{
	*n = (struct nearest){ .word = word, .distance = WORD_MAX };
}

void nearest_offer(struct nearest *n, const char *known)
{
	unsigned d = nearest_distance(n->word, known);
	unsigned enough = 1 + (unsigned)least((unsigned)strlen(n->word), WORD_MAX) / 4;

	if (d <= enough && d < n->distance) {
		n->best = known;
		n->distance = d;
	}
}
