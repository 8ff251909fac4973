#include "service/board.h"

#include <assert.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x6d787331u

/* One cache line each, so that edges on different cores do not disturb each other. */
struct slot {
	_Alignas(64) _Atomic uint32_t role;
	_Atomic uint32_t generation;
	_Atomic int32_t pid;
	_Atomic uint64_t applied;
	_Atomic int64_t beat_ms;
	_Atomic uint64_t lost;
};

struct board {
	uint32_t magic;
	_Alignas(64) _Atomic uint64_t committed;
	_Atomic uint64_t held;
	struct slot slots[BOARD_SLOTS];
};

static const char *const names[ROLE_COUNT] = {
	[ROLE_PARENT] = "parent", [ROLE_PREPARE] = "prepare", [ROLE_MIGRATE] = "migrate",
	[ROLE_DESK] = "desk",     [ROLE_READER] = "reader",   [ROLE_INTAKE] = "intake",
	[ROLE_EDGE] = "edge",
};

const char *role_name(enum role role)
{
	assert(role < ROLE_COUNT);
	return names[role];
}

enum err role_find(struct slice name, enum role *out)
{
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		if (slice_eq(name, slice_str(names[i]))) {
			*out = (enum role)i;
			return OK;
		}
	}
	return ERR_NOTFOUND;
}

static enum err map(int fd, struct board **out)
{
	void *p = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return ERR_IO;
	*out = p;
	return OK;
}

enum err board_new(struct board **out, int *fd_out)
{
	struct board *b;
	int fd = memfd_create("mxseal-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return ERR_IO;
	if (ftruncate(fd, (off_t)sizeof(struct board)) != 0 || map(fd, &b) != OK) {
		(void)close(fd); /* nothing was written */
		return ERR_IO;
	}
	b->magic = MAGIC;
	*out = b;
	*fd_out = fd;
	return OK;
}

enum err board_map(int fd, struct board **out)
{
	struct board *b;
	struct stat st;

	if (fstat(fd, &st) != 0 || (size_t)st.st_size != sizeof(struct board) || map(fd, &b) != OK)
		return ERR_IO;
	if (b->magic != MAGIC) {
		board_close(b);
		return ERR_IO;
	}
	*out = b;
	return OK;
}

void board_close(struct board *b)
{
	if (b != NULL)
		(void)munmap(b, sizeof(*b)); /* fails only for a wrong address */
}

static struct slot *at(struct board *b, unsigned slot)
{
	assert(slot < BOARD_SLOTS);
	return &b->slots[slot];
}

void board_start(struct board *b, unsigned slot, enum role role, int pid)
{
	struct slot *s = at(b, slot);

	atomic_store(&s->applied, 0);
	atomic_store(&s->beat_ms, 0);
	atomic_store(&s->role, (uint32_t)role);
	atomic_fetch_add(&s->generation, 1);
	atomic_store(&s->pid, pid); /* last: from here on the slot counts */
}

void board_end(struct board *b, unsigned slot)
{
	atomic_store(&at(b, slot)->pid, 0);
}

void board_beat(struct board *b, unsigned slot, int64_t now_ms)
{
	atomic_store(&at(b, slot)->beat_ms, now_ms);
}

static void raise_to(_Atomic uint64_t *value, uint64_t seq)
{
	uint64_t seen = atomic_load(value);

	while (seen < seq && !atomic_compare_exchange_weak(value, &seen, seq))
		;
}

void board_applied(struct board *b, unsigned slot, uint64_t seq)
{
	raise_to(&at(b, slot)->applied, seq);
}

void board_lost(struct board *b, unsigned slot, uint64_t n)
{
	atomic_fetch_add(&at(b, slot)->lost, n);
}

uint64_t board_lost_all(const struct board *b)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < BOARD_SLOTS; i++)
		sum += atomic_load(&b->slots[i].lost);
	return sum;
}

void board_hold(struct board *b, uint64_t n)
{
	atomic_store(&b->held, n);
}

uint64_t board_held(const struct board *b)
{
	return atomic_load(&b->held);
}

void board_commit(struct board *b, uint64_t seq)
{
	raise_to(&b->committed, seq);
}

uint64_t board_committed(const struct board *b)
{
	return atomic_load(&b->committed);
}

void board_ring(const int *bells, size_t count)
{
	const uint64_t one = 1;

	for (size_t i = 0; i < count; i++)
		(void)!write(bells[i], &one, sizeof(one)); /* a full bell is ringing already */
}

/* False: no edge lives. */
static bool lowest_applied(const struct board *b, uint64_t *out)
{
	bool any = false;

	for (unsigned i = 0; i < BOARD_SLOTS; i++) {
		const struct slot *s = &b->slots[i];

		if (atomic_load(&s->pid) == 0 || atomic_load(&s->role) != ROLE_EDGE)
			continue;
		uint64_t applied = atomic_load(&s->applied);
		if (!any || applied < *out)
			*out = applied;
		any = true;
	}
	return any;
}

uint64_t board_served(const struct board *b)
{
	uint64_t seq = 0;

	return lowest_applied(b, &seq) ? seq : 0;
}

bool board_served_everywhere(const struct board *b, uint64_t seq)
{
	uint64_t lowest = 0;

	return lowest_applied(b, &lowest) && lowest >= seq;
}

struct board_view board_view(const struct board *b, unsigned slot)
{
	assert(slot < BOARD_SLOTS);
	const struct slot *s = &b->slots[slot];
	uint32_t role = atomic_load(&s->role);

	return (struct board_view){
		.role = role < ROLE_COUNT ? (enum role)role : ROLE_PARENT,
		.pid = atomic_load(&s->pid),
		.generation = atomic_load(&s->generation),
		.applied = atomic_load(&s->applied),
		.beat_ms = atomic_load(&s->beat_ms),
		.lost = atomic_load(&s->lost),
	};
}
