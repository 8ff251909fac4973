#include "service/intake_allowance.h"

#include "base/mem.h"
#include "base/utc.h"
#include "store/arrivals.h"

#define SLOTS_FIRST 256u /* a power of two, as every later size */

/* What a domain has used of one day; trust TRUST_COUNT: an empty slot. */
struct used {
	int64_t domain;
	enum report_trust trust;
	uint64_t units;
};

struct allowances {
	struct db *db;
	const struct allowance_limits *limits;
	int64_t domains, counted; /* how many there are, and when that was asked */
	int64_t day;              /* all slots are of this day */
	struct used *slots;
	size_t size, count;
};

static void clear(struct allowances *a, size_t size)
{
	mem_free(a->slots);
	a->slots = mem_calloc(size, sizeof(*a->slots));
	a->size = size;
	a->count = 0;
	for (size_t i = 0; i < size; i++)
		a->slots[i].trust = TRUST_COUNT;
}

struct allowances *allowances_new(struct db *db, const struct allowance_limits *limits)
{
	struct allowances *a = mem_alloc(sizeof(*a));

	*a = (struct allowances){ .db = db, .limits = limits };
	clear(a, SLOTS_FIRST);
	return a;
}

void allowances_free(struct allowances *a)
{
	if (a == NULL)
		return;
	mem_free(a->slots);
	mem_free(a);
}

/* The slot of a domain, or the empty one where it belongs.  Ids are ours, so no peer picks slots.
 */
static struct used *slot_of(const struct allowances *a, int64_t domain, enum report_trust trust)
{
	uint64_t hash = ((uint64_t)domain * 4u + (uint64_t)trust) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(hash >> 32) & (a->size - 1);

	while (a->slots[i].trust != TRUST_COUNT &&
	       (a->slots[i].domain != domain || a->slots[i].trust != trust))
		i = (i + 1) & (a->size - 1);
	return &a->slots[i];
}

static void grow(struct allowances *a)
{
	struct used *old = a->slots;
	size_t size = a->size, count = a->count;

	a->slots = NULL;
	clear(a, size * 2);
	for (size_t i = 0; i < size; i++) {
		if (old[i].trust != TRUST_COUNT)
			*slot_of(a, old[i].domain, old[i].trust) = old[i];
	}
	a->count = count;
	mem_free(old);
}

/* Asked at most once a second: mail comes faster. */
static enum err count_domains(struct allowances *a, int64_t now)
{
	enum err e = a->counted == now ? OK : arrivals_domains(a->db, &a->domains);

	if (e == OK)
		a->counted = now;
	return e;
}

static bool is_full(const struct allowances *a)
{
	return a->count >= ALLOWANCES_SPARE + ALLOWANCES_EACH * ((size_t)a->domains + 1);
}

/* Room for one more slot. */
static enum err make_room(struct allowances *a, int64_t now)
{
	if (is_full(a) && (count_domains(a, now) != OK || is_full(a)))
		return ERR_UNAVAILABLE;
	if (a->count >= a->size / 2)
		grow(a);
	return OK;
}

/* The slot with what arrived before it was asked for; a new day begins with none. */
static enum err open_slot(struct allowances *a, int64_t domain, enum report_trust trust,
                          int64_t now, struct used **out)
{
	int64_t day = utc_day_start(now), units = 0;
	struct used *u;
	enum err e;

	if (a->day != day)
		clear(a, SLOTS_FIRST);
	a->day = day;
	u = slot_of(a, domain, trust);
	if (u->trust == TRUST_COUNT) {
		e = make_room(a, now);
		if (e == OK)
			e = arrivals_units(a->db, domain, trust, day, &units);
		if (e != OK)
			return ERR_UNAVAILABLE;
		a->count++;
		u = slot_of(a, domain, trust);
		*u = (struct used){ domain, trust, (uint64_t)units };
	}
	*out = u;
	return OK;
}

/* Mail that names no report address may be about any of the domains. */
static enum err limit_of(struct allowances *a, int64_t domain, enum report_trust trust, int64_t now,
                         uint64_t *out)
{
	uint64_t each = trust == TRUST_POSTED ? a->limits->keep_posted : a->limits->keep_unsigned;
	enum err e = domain == 0 ? count_domains(a, now) : OK;

	if (e == OK)
		*out = each * (uint64_t)(domain == 0 && a->domains > 1 ? a->domains : 1);
	return e;
}

static bool has_limit(const struct allowances *a, enum report_trust trust)
{
	if (trust == TRUST_POSTED)
		return a->limits->keep_posted != UINT64_MAX;
	return trust == TRUST_UNSIGNED && a->limits->keep_unsigned != UINT64_MAX;
}

static uint64_t units_of(size_t size)
{
	return 1 + size / ALLOWANCE_UNIT;
}

enum err allowance_take(struct allowances *a, int64_t domain, enum report_trust trust, size_t size,
                        int64_t now, struct allowance_place *out)
{
	struct used *u = NULL;
	uint64_t limit = 0;
	enum err e;

	*out = (struct allowance_place){ .units = 0 };
	if (!has_limit(a, trust))
		return OK;
	e = open_slot(a, domain, trust, now, &u);
	if (e == OK)
		e = limit_of(a, domain, trust, now, &limit);
	if (e != OK)
		return ERR_UNAVAILABLE;
	if (u->units >= limit)
		return ERR_LIMIT;
	u->units += units_of(size);
	*out = (struct allowance_place){ domain, a->day, trust, units_of(size) };
	return OK;
}

void allowance_resize(struct allowance_place *p, size_t size)
{
	p->units = units_of(size);
}

void allowance_grow(struct allowances *a, struct allowance_place *p, size_t size)
{
	uint64_t units = units_of(size);

	if (p->units == 0 || units <= p->units)
		return;
	if (p->day == a->day)
		slot_of(a, p->domain, p->trust)->units += units - p->units;
	p->units = units;
}

void allowance_give_back(struct allowances *a, struct allowance_place *p)
{
	struct used *u = slot_of(a, p->domain, p->trust);

	if (p->units > 0 && p->day == a->day && u->trust != TRUST_COUNT)
		u->units -= p->units < u->units ? p->units : u->units;
	p->units = 0;
}
