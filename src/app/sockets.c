#include "app/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/notify.h"
#include "app/passed.h"
#include "app/port_owner.h"
#include "net/clock.h"
#include "net/listen.h"

#define NAME_ROOM 40u
#define TLS "listen.tls."
#define BEHIND "listen.behind."
#define FETCHES_ROOM (1 << 20) /* bytes of the pipe for counts of fetches */
#define DYING_MS 1000 /* how long a killed parent's children may take to let go of a port */

void sockets_add(struct sockets *s, int fd, unsigned roles, int index, const char *name)
{
	struct socket_row *row;

	if (s->count == SOCKETS_MAX)
		log_fatal("too many sockets are configured");
	row = &s->rows[s->count++];
	*row = (struct socket_row){ .fd = fd, .roles = roles, .index = index };
	(void)snprintf(row->name, sizeof(row->name), "%s", name); /* names are short */
}

static const char *numbered(char out[NAME_ROOM], const char *stem, unsigned n)
{
	(void)snprintf(out, NAME_ROOM, "%.24s%u", stem, n); /* stems are short */
	return out;
}

static enum err pair(int type, int end_out[2])
{
	return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, end_out) == 0 ? OK : ERR_IO;
}

static enum err add_bell(struct sockets *s, unsigned edge)
{
	char name[NAME_ROOM];
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return ERR_IO;
	sockets_add(s, fd, ROLE_BIT(ROLE_EDGE), (int)edge, "bell");
	sockets_add(s, fd, ROLE_BIT(ROLE_DESK), SOCKETS_ALL, numbered(name, "bell.", edge));
	return OK;
}

/* A record is dropped rather than waited for; the room is for a desk that is away for seconds. */
static enum err add_fetches(struct sockets *s)
{
	int end[2];

	if (pipe2(end, O_CLOEXEC | O_NONBLOCK) != 0)
		return ERR_IO;
	(void)fcntl(end[1], F_SETPIPE_SZ, FETCHES_ROOM); /* a smaller one holds fewer */
	sockets_add(s, end[0], ROLE_BIT(ROLE_DESK), SOCKETS_ALL, "fetches");
	sockets_add(s, end[1], ROLE_BIT(ROLE_EDGE), SOCKETS_ALL, "fetches");
	return OK;
}

static enum err add_reader(struct sockets *s, unsigned reader)
{
	char name[NAME_ROOM];
	int end[2];
	enum err e = pair(SOCK_SEQPACKET, end);

	if (e != OK)
		return e;
	sockets_add(s, end[0], ROLE_BIT(ROLE_READER), (int)reader, "work");
	sockets_add(s, end[1], ROLE_BIT(ROLE_INTAKE), SOCKETS_ALL,
	            numbered(name, "reader.", reader));
	return OK;
}

/* One reading end, and one writing end for all who hand over. */
static enum err add_hand(struct sockets *s, enum role to, unsigned from, const char *name)
{
	int end[2];
	enum err e = pair(SOCK_DGRAM, end);

	if (e != OK)
		return e;
	sockets_add(s, end[0], ROLE_BIT(to), SOCKETS_ALL, name);
	sockets_add(s, end[1], from, SOCKETS_ALL, name);
	return OK;
}

enum err sockets_between(struct sockets *s, unsigned edges, unsigned readers, int board)
{
	enum err e = add_hand(s, ROLE_DESK, ROLE_BIT(ROLE_EDGE), "hand.desk");

	sockets_add(s, board, ROLE_BIT(ROLE_EDGE) | ROLE_BIT(ROLE_INTAKE) | ROLE_BIT(ROLE_DESK),
	            SOCKETS_ALL, "board");
	if (e == OK)
		e = add_hand(s, ROLE_INTAKE, ROLE_BIT(ROLE_EDGE) | ROLE_BIT(ROLE_DESK),
		             "hand.intake");
	if (e == OK)
		e = add_fetches(s);
	for (unsigned i = 0; e == OK && i < readers; i++)
		e = add_reader(s, i);
	for (unsigned i = 0; e == OK && i < edges; i++)
		e = add_bell(s, i);
	return e;
}

/* A port can be probed without SO_REUSEPORT only: with it, a second service would share it. */
static enum err try_once(const struct address *at, unsigned flags)
{
	int fd;
	enum err e = listen_open(at, flags, &fd);

	if (e == OK)
		(void)close(fd); /* never accepted from */
	return e;
}

static void pause_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	(void)nanosleep(&t, NULL); /* a signal only shortens it */
}

enum err sockets_probe(const struct address *at, unsigned flags, struct arena *a,
                       struct socket_fault *fault)
{
	int64_t end = clock_mono_ms() + DYING_MS;
	enum err e = try_once(at, flags);
	struct port_owner o = { .name = "" };
	char text[ADDRESS_TEXT_SIZE];

	while (e == ERR_CONFLICT) {
		o = port_owner_find(at, flags, a);
		if ((o.pid != 0 && !o.child) || clock_mono_ms() > end)
			break;
		pause_ms(20);
		e = try_once(at, flags);
	}
	if (e != OK)
		*fault = (struct socket_fault){
			.address = arena_printf(a, "%s", address_format(&at->any, text)),
			.err = e,
			.owner = e == ERR_CONFLICT ? port_owner_text(&o, a) : NULL,
			.ours = o.ours,
			.manager = o.manager,
			.unseen = o.pid == 0,
		};
	return e;
}

static enum err open_new(const struct address *at, unsigned flags, int *fd_out, struct arena *a,
                         struct socket_fault *fault)
{
	char text[ADDRESS_TEXT_SIZE];
	enum err e = listen_open(at, flags, fd_out);

	if (e != OK)
		*fault = (struct socket_fault){
			.address = arena_printf(a, "%s", address_format(&at->any, text)),
			.err = e,
		};
	return e;
}

/* What the run before left, or a new one. */
static enum err open_one(struct passed *p, const struct address *at, unsigned flags, int *fd_out,
                         struct arena *a, struct socket_fault *fault)
{
	int kept = passed_kept(p, at, flags);

	if (kept < 0)
		return open_new(at, flags, fd_out, a, fault);
	*fd_out = kept;
	return OK;
}

/* The same for the only listener on an address, which nobody else may have. */
static enum err open_only(struct passed *p, const struct address *at, int *fd_out, struct arena *a,
                          struct socket_fault *fault)
{
	int kept = passed_kept(p, at, 0);
	enum err e = kept >= 0 ? OK : sockets_probe(at, 0, a, fault);

	if (kept >= 0)
		*fd_out = kept;
	else if (e == OK)
		e = open_new(at, 0, fd_out, a, fault);
	return e;
}

void sockets_reserve(void)
{
	int fd = fcntl(BOOT_FD, F_GETFD) < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : BOOT_FD;

	if (fd != BOOT_FD && dup3(fd, BOOT_FD, O_CLOEXEC) != BOOT_FD)
		log_fatal("the descriptor of the boot lines cannot be reserved");
	if (fd != BOOT_FD)
		(void)close(fd); /* its copy stays */
}

static void note(struct socket_faults *faults, const struct socket_fault *fault)
{
	if (faults->count < SOCKET_FAULTS_MAX)
		faults->list[faults->count++] = *fault;
}

static bool add_passed(struct sockets *s, struct passed *p, const char *name, unsigned roles)
{
	char row[NAME_ROOM], stem[NAME_ROOM];
	unsigned n = 0;

	(void)snprintf(stem, sizeof(stem), "listen.%s.", name); /* fits */
	for (int fd; (fd = passed_next(p, name)) >= 0;)
		sockets_add(s, fd, roles, SOCKETS_ALL, numbered(row, stem, n++));
	return n > 0;
}

/* A listener that every edge serves, each with a socket of its own. */
struct shared {
	const struct conf_addresses *list;
	const char *stem;
	unsigned flags; /* of listen_open */
	unsigned edges;
	struct passed *passed;
};

/* Whoever reaches the folder of a Unix socket may use it: mail servers run as users of their own.
 */
static enum err open_to_all(const struct address *at)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&at->any;

	if (at->any.ss_family != AF_UNIX)
		return OK;
	return chmod(un->sun_path, 0666) == 0 ? OK : ERR_IO;
}

/* The file of a Unix socket is one; its listener is shared by all edges. */
static enum err listen_path(struct sockets *s, const struct shared *l, size_t k, size_t n,
                            struct arena *a, struct socket_fault *fault)
{
	const struct address *at = &l->list->at[k];
	char name[NAME_ROOM];
	int fd;
	enum err e = open_only(l->passed, at, &fd, a, fault);

	if (e != OK)
		return e;
	sockets_add(s, fd, ROLE_BIT(ROLE_EDGE), SOCKETS_ALL, numbered(name, l->stem, (unsigned)n));
	s->rows[s->count - 1].keep = true;
	if (open_to_all(at) != OK)
		log_warn("a socket cannot be opened to all", F("name", l->stem));
	return OK;
}

/* All of them or none; n counts the addresses that could be had. */
static enum err listen_edges(struct sockets *s, const struct shared *l, size_t k, size_t n,
                             struct arena *a, struct socket_fault *fault)
{
	const struct address *at = &l->list->at[k];
	unsigned flags = LISTEN_SHARED | l->flags;
	size_t before = s->count;
	char name[NAME_ROOM];
	enum err e;
	int fd;

	if (at->any.ss_family == AF_UNIX)
		return listen_path(s, l, k, n, a, fault);
	e = passed_has(l->passed, at, flags) ? OK : sockets_probe(at, l->flags, a, fault);
	for (unsigned i = 0; e == OK && i < l->edges; i++) {
		e = open_one(l->passed, at, flags, &fd, a, fault);
		if (e != OK)
			break;
		sockets_add(s, fd, ROLE_BIT(ROLE_EDGE), (int)i,
		            numbered(name, l->stem, (unsigned)n));
		s->rows[s->count - 1].keep = true;
		/* A datagram socket cannot be taken out of its group. */
		s->rows[s->count - 1].own_listener = (l->flags & LISTEN_DATAGRAM) == 0;
	}
	while (e != OK && s->count > before)
		(void)close(s->rows[--s->count].fd); /* nobody was served on it */
	return e;
}

static void listen_list(struct sockets *s, const struct shared *l, struct arena *a,
                        struct socket_faults *faults)
{
	struct socket_fault fault;
	size_t n = 0;

	for (size_t k = 0; k < l->list->count; k++) {
		if (listen_edges(s, l, k, n, a, &fault) == OK)
			n++;
		else
			note(faults, &fault);
	}
}

/* A listener that one role serves. */
struct single {
	const char *name, *stem;
	const struct conf_addresses *list;
	enum role role;
};

static enum err listen_at(struct sockets *s, struct passed *passed, const struct single *l,
                          const struct address *at, unsigned n, struct arena *a,
                          struct socket_fault *fault)
{
	char name[NAME_ROOM];
	int fd = -1;
	enum err e = open_only(passed, at, &fd, a, fault);

	if (e != OK)
		return e;
	sockets_add(s, fd, ROLE_BIT(l->role), SOCKETS_ALL, numbered(name, l->stem, n));
	s->rows[s->count - 1].keep = true;
	if (open_to_all(at) != OK)
		log_warn("a socket cannot be opened to all", F("name", l->name));
	return OK;
}

static void listen_single(struct sockets *s, struct passed *passed, const struct single *l,
                          struct arena *a, struct socket_faults *faults)
{
	struct socket_fault fault;
	unsigned n = 0;

	for (size_t k = 0; k < l->list->count; k++) {
		if (listen_at(s, passed, l, &l->list->at[k], n, a, &fault) == OK)
			n++;
		else
			note(faults, &fault);
	}
}

static void listen_singles(struct sockets *s, const struct conf *conf, struct passed *passed,
                           struct arena *a, struct socket_faults *faults)
{
	const struct single rows[] = {
		{ "admin", "listen.admin.", &conf->listen.admin, ROLE_DESK },
		{ "smtp", "listen.smtp.", &conf->listen.smtp, ROLE_INTAKE },
		{ "lmtp", "listen.lmtp.", &conf->listen.lmtp, ROLE_INTAKE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!add_passed(s, passed, rows[i].name, ROLE_BIT(rows[i].role)))
			listen_single(s, passed, &rows[i], a, faults);
}

static bool has(const struct sockets *s, const char *stem)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_starts(slice_str(s->rows[i].name), slice_str(stem)))
			return true;
	return false;
}

/*
 * Sockets in the state directory.  Anybody may connect: who may do what on control.sock is decided
 * by the peer's credentials, and ingest.sock takes a mail from any user and nothing else.
 */
static const struct here {
	enum role role;
	const char *file, *name;
} here[] = {
	{ ROLE_DESK, "control.sock", "listen.control" },
	{ ROLE_INTAKE, "ingest.sock", "listen.ingest" },
};

static enum err listen_here(struct sockets *s, const struct conf *conf, const struct here *h,
                            struct arena *a, struct socket_fault *fault)
{
	const char *path = arena_printf(a, "%s/%s", conf->server.state, h->file);
	struct address at;
	enum err e = address_parse(slice_str(arena_printf(a, "unix:%s", path)), &at);
	int fd;

	*fault = (struct socket_fault){ .address = path, .err = e, .control = true };
	if (e == OK)
		e = listen_open(&at, 0, &fd);
	if (e != OK) {
		fault->err = e;
		return e;
	}
	sockets_add(s, fd, ROLE_BIT(h->role), SOCKETS_ALL, h->name);
	if (chmod(path, 0666) != 0)
		log_warn("a socket cannot be opened to all", F("path", path));
	return OK;
}

enum err sockets_here(struct sockets *s, const struct conf *conf, enum role role)
{
	struct socket_fault fault;
	struct arena *a = arena_new();
	enum err e = OK;

	for (size_t i = 0; i < ARRAY_LEN(here); i++)
		if (here[i].role == role && !has(s, here[i].name))
			e = listen_here(s, conf, &here[i], a, &fault);
	arena_free(a);
	return e == OK ? OK : ERR_IO;
}

static void listen_all(struct sockets *s, const struct conf *conf, unsigned edges,
                       struct passed *passed, struct arena *a, struct socket_faults *faults)
{
	const struct shared tls = { &conf->listen.tls, TLS, 0, edges, passed };
	const struct shared http = { &conf->listen.http, "listen.http.", 0, edges, passed };
	const struct shared behind = { &conf->listen.behind, BEHIND, 0, edges, passed };
	const struct shared dns = { &conf->listen.dns, "listen.dns.", 0, edges, passed };
	const struct shared udp = { &conf->listen.dns, "listen.udp.", LISTEN_DATAGRAM, edges,
		                    passed };
	struct socket_fault fault;

	if (!add_passed(s, passed, "tls", ROLE_BIT(ROLE_EDGE)))
		listen_list(s, &tls, a, faults);
	if (!add_passed(s, passed, "http", ROLE_BIT(ROLE_EDGE)))
		listen_list(s, &http, a, faults);
	if (!add_passed(s, passed, "behind", ROLE_BIT(ROLE_EDGE)))
		listen_list(s, &behind, a, faults);
	listen_list(s, &dns, a, faults);
	listen_list(s, &udp, a, faults);
	listen_singles(s, conf, passed, a, faults);
	for (size_t i = 0; i < ARRAY_LEN(here); i++)
		if (listen_here(s, conf, &here[i], a, &fault) != OK)
			note(faults, &fault);
}

/* So that the next run finds the listeners, with whoever waits in them. */
static void leave_to_manager(const struct sockets *s)
{
	int fds[SOCKETS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].keep)
			fds[n++] = s->rows[i].fd;
	notify_keep(PASSED_KEPT, fds, n);
}

enum err sockets_listen(struct sockets *s, const struct conf *conf, unsigned edges, struct arena *a,
                        struct socket_faults *faults)
{
	struct passed *passed = mem_alloc(sizeof(*passed));
	bool served;

	faults->count = 0;
	passed_take(passed);
	sockets_reserve();
	listen_all(s, conf, edges, passed, a, faults);
	served = (conf->listen.tls.count == 0 && conf->listen.behind.count == 0) || has(s, TLS) ||
	         has(s, BEHIND);
	if (served)
		leave_to_manager(s);
	passed_close(passed);
	mem_free(passed);
	return served ? OK : ERR_UNAVAILABLE;
}

void sockets_shut(const struct sockets *s, unsigned edge, bool shut)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct socket_row *row = &s->rows[i];

		if (!row->own_listener || row->index != (int)edge)
			continue;
		/* On Linux this takes a listener out of its group without unbinding it. */
		if (shut ? shutdown(row->fd, SHUT_RD) != 0 : listen(row->fd, LISTEN_BACKLOG) != 0)
			log_warn("a listener does not change its state", F("name", row->name));
	}
}

void sockets_for(const struct sockets *s, enum role role, unsigned index, struct boot *out)
{
	out->fd_count = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct socket_row *row = &s->rows[i];

		if ((row->roles & ROLE_BIT(role)) == 0 ||
		    (row->index != SOCKETS_ALL && row->index != (int)index))
			continue;
		if (out->fd_count == BOOT_FDS_MAX)
			log_fatal("a process would inherit too many sockets");
		out->fds[out->fd_count++] = (struct boot_fd){ row->name, row->fd };
	}
}
