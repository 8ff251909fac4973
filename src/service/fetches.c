#include "service/fetches.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utc.h"
#include "service/board.h"

#define CELLS 8192u   /* of the table; a power of two */
#define KEYS_MAX 4096 /* different ones before they are stored: the table stays half empty */
#define READ_RECORDS 1024u
#define READ_TURNS 16 /* reads before others get their turn */
#define TIDY_EVERY_S 3600

struct cell {
	struct fetch_record key; /* its `at` is the start of the day */
	int64_t count, first, last;
};

struct fetch_tally {
	struct desk *desk;
	int pipe;
	unsigned slot;
	size_t used;
	int64_t named;      /* rows with a network; -1: not counted yet */
	int64_t tidied_s;   /* when what is old was looked through last */
	int64_t rolled;     /* days before this one are months already */
	int64_t roll_after; /* publications up to this one are, as far as the next such day */
	bool failing;       /* the last batch could not be stored, and that was said */
	uint64_t held;      /* records in the table */
	unsigned char hash_key[crypto_shorthash_KEYBYTES];
	struct fetch_record in[READ_RECORDS];
	struct cell cells[CELLS];
};

/* Clears the bits of an address behind its network. */
static void cut(unsigned char *network, size_t size, unsigned bits)
{
	memset(network + bits / 8, 0, size - bits / 8);
}

void fetch_record_make(int64_t publication, unsigned status, const struct sockaddr_storage *peer,
                       int64_t at, struct fetch_record *out)
{
	struct fetch_record r = { .publication = publication, .at = at, .status = status };
	struct sockaddr_in6 v6 = { 0 };
	struct sockaddr_in v4 = { 0 };

	if (peer->ss_family == AF_INET) {
		memcpy(&v4, peer, sizeof(v4));
		memcpy(r.network, &v4.sin_addr, sizeof(v4.sin_addr));
		r.bits = FETCH_V4_BITS;
	} else if (peer->ss_family == AF_INET6) {
		memcpy(&v6, peer, sizeof(v6));
		r.bits = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) ? FETCH_V4_BITS : FETCH_V6_BITS;
		if (r.bits == FETCH_V4_BITS)
			memcpy(r.network, v6.sin6_addr.s6_addr + 12, 4);
		else
			memcpy(r.network, v6.sin6_addr.s6_addr, sizeof(r.network));
	}
	cut(r.network, sizeof(r.network), r.bits);
	*out = r;
}

const char *fetch_network_text(const struct fetch_record *r, char out[FETCH_NETWORK_SIZE])
{
	char text[INET6_ADDRSTRLEN];
	int family = r->bits == FETCH_V4_BITS ? AF_INET : AF_INET6;

	out[0] = '\0';
	if (r->bits != 0 && inet_ntop(family, r->network, text, sizeof(text)) != NULL)
		(void)snprintf(out, FETCH_NETWORK_SIZE, "%s/%u", text, r->bits); /* fits */
	return out;
}

bool fetch_say(int pipe, const struct fetch_record *r)
{
	return write(pipe, r, sizeof(*r)) == (ssize_t)sizeof(*r);
}

struct fetch_tally *fetch_tally_new(struct desk *d, int pipe, unsigned slot)
{
	struct fetch_tally *t = mem_alloc(sizeof(*t));
	uint64_t left = board_held(d->board);

	t->desk = d;
	t->pipe = pipe;
	t->slot = slot;
	t->named = -1;
	crypto_shorthash_keygen(t->hash_key);
	if (left > 0) {
		log_warn("counts of fetches were lost", FN("count", left));
		board_lost(d->board, slot, left);
		board_hold(d->board, 0);
	}
	return t;
}

static struct fetch_row row_of(const struct cell *c, struct arena *a)
{
	char *network = arena_alloc(a, FETCH_NETWORK_SIZE);

	return (struct fetch_row){ .publication = c->key.publication,
		                   .day = c->key.at,
		                   .status = c->key.status,
		                   .network = fetch_network_text(&c->key, network),
		                   .count = c->count,
		                   .first = c->first,
		                   .last = c->last };
}

static enum err put_all(struct fetch_tally *t, struct arena *a)
{
	struct fetch_row *rows = arena_calloc(a, t->used, sizeof(*rows));
	size_t count = 0;
	enum err e = OK;

	for (size_t i = 0; i < CELLS; i++)
		if (t->cells[i].count != 0)
			rows[count++] = row_of(&t->cells[i], a);
	desk_lock(t->desk);
	if (t->named < 0)
		e = fetches_named(t->desk->db, &t->named);
	if (e == OK)
		e = fetches_add(t->desk->db, rows, count, &t->named);
	desk_unlock(t->desk);
	return e;
}

/* All of it or nothing; what could not be stored is kept for the next time. */
static void store(struct fetch_tally *t)
{
	if (t->used == 0)
		return;
	struct arena *a = arena_new();
	enum err e = put_all(t, a);
	arena_free(a);
	if (e != OK) {
		if (!t->failing)
			log_error("counts of fetches cannot be stored", F("why", err_name(e)));
		t->failing = true;
		t->named = -1;
		return;
	}
	t->failing = false;
	memset(t->cells, 0, sizeof(t->cells));
	t->used = 0;
	t->held = 0;
	board_hold(t->desk->board, 0);
}

/* The cell of a key, or the empty one it may take. */
static struct cell *find(struct fetch_tally *t, const struct fetch_record *key)
{
	unsigned char out[crypto_shorthash_BYTES];
	size_t n;

	(void)crypto_shorthash(out, (const unsigned char *)key, sizeof(*key),
	                       t->hash_key); /* cannot fail */
	memcpy(&n, out, sizeof(n));
	while (t->cells[n % CELLS].count != 0 &&
	       memcmp(&t->cells[n % CELLS].key, key, sizeof(*key)) != 0)
		n++;
	return &t->cells[n % CELLS];
}

static void add(struct fetch_tally *t, const struct fetch_record *r)
{
	struct fetch_record key = *r;
	struct cell *c;

	key.at = utc_day_start(r->at);
	c = find(t, &key);
	if (c->count == 0 && t->used >= KEYS_MAX) {
		store(t);
		c = find(t, &key);
	}
	if (c->count == 0 && t->used >= KEYS_MAX) { /* the database does not take them */
		board_lost(t->desk->board, t->slot, 1);
		return;
	}
	if (c->count == 0) {
		*c = (struct cell){ .key = key, .first = r->at };
		t->used++;
	}
	c->first = r->at < c->first ? r->at : c->first;
	c->last = r->at > c->last ? r->at : c->last;
	c->count++;
	t->held++;
}

bool fetch_tally_read(struct fetch_tally *t)
{
	bool any = false;

	for (int turn = 0; turn < READ_TURNS; turn++) {
		ssize_t n = read(t->pipe, t->in, sizeof(t->in));

		if (n <= 0)
			return any; /* empty for now; all of its writers cannot be gone */
		any = true;
		/* Until they are stored or known to be lost they are on the board. */
		board_hold(t->desk->board, t->held + (size_t)n / sizeof(t->in[0]));
		for (size_t i = 0; i < (size_t)n / sizeof(t->in[0]); i++)
			add(t, &t->in[i]);
		if ((size_t)n < sizeof(t->in))
			break;
	}
	return any;
}

/* Takes networks off; the lock is held. */
static enum err fold(struct fetch_tally *t, int64_t now, bool *left)
{
	enum err e = fetches_fold(t->desk->db, now, left);

	t->named = -1;
	return e;
}

/* Days become months, once a month; the lock is held. */
static enum err roll(struct fetch_tally *t, int64_t now, bool *left)
{
	int64_t before = fetches_months_before(now);

	if (before == t->rolled)
		return OK;
	enum err e = fetches_roll(t->desk->db, before, &t->roll_after, left);
	if (e == OK && !*left) {
		t->rolled = before;
		t->roll_after = 0;
	}
	return e;
}

/* Some rows each second as long as there are any, then once an hour. */
static void tidy(struct fetch_tally *t, int64_t now)
{
	bool left = false;

	/* A clock that went back counts as an hour gone. */
	if (now - t->tidied_s < TIDY_EVERY_S && now >= t->tidied_s)
		return;
	desk_lock(t->desk);
	enum err e = fold(t, now, &left);
	if (e == OK && !left)
		e = roll(t, now, &left);
	desk_unlock(t->desk);
	if (e != OK)
		log_error("old counts of fetches cannot be put together", F("why", err_name(e)));
	t->tidied_s = left ? 0 : now;
}

void fetch_tally_tick(struct fetch_tally *t, int64_t now)
{
	store(t);
	tidy(t, now);
}

void fetch_tally_free(struct fetch_tally *t)
{
	if (t == NULL)
		return;
	(void)fetch_tally_read(t); /* what comes later waits for the next desk */
	store(t);
	mem_free(t);
}
