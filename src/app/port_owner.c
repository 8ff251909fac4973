#include "app/port_owner.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/num.h"
#include "net/listen.h"

#define INODES_MAX 64u

struct inodes {
	size_t count;
	uint64_t list[INODES_MAX];
};

/* What is looked for in a table. */
struct wanted {
	uint16_t port;
	const char *state;  /* of a socket that takes what comes */
	char v4[9], v6[33]; /* the address as tables have it */
	bool any;           /* it is the wildcard */
};

/* Words of 32 bits, each as this machine has it. */
static void hex_words(const void *bytes, size_t count, char *out)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t word;

		memcpy(&word, (const char *)bytes + 4 * i, sizeof(word));
		(void)snprintf(out + 8 * i, 9, "%08X", word); /* eight digits each */
	}
}

static struct wanted wanted_for(const struct address *at, unsigned flags)
{
	struct wanted w = { .port = address_port(&at->any),
		            .state = (flags & LISTEN_DATAGRAM) != 0 ? "07" : "0A" };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (at->any.ss_family == AF_INET) {
		memcpy(&v4, at, sizeof(v4));
		hex_words(&v4.sin_addr, 1, w.v4);
		w.any = v4.sin_addr.s_addr == 0;
	} else if (at->any.ss_family == AF_INET6) {
		memcpy(&v6, at, sizeof(v6));
		hex_words(&v6.sin6_addr, 4, w.v6);
		w.any = IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
	}
	return w;
}

static bool is_in_the_way(struct slice host, const struct wanted *w)
{
	return w->any || slice_eq(host, slice_str(w->v4)) || slice_eq(host, slice_str(w->v6)) ||
	       slice_eq(host, S("00000000")) ||
	       slice_eq(host, S("00000000000000000000000000000000"));
}

/* "  0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12345 …" */
static void read_row(struct slice line, const struct wanted *w, struct inodes *out)
{
	struct slice field[10], rest = line, host, hex;
	char text[16];
	size_t n = 0;
	uint64_t inode;

	while (n < ARRAY_LEN(field)) {
		rest = slice_trim(rest);
		size_t len = 0;
		while (len < rest.len && rest.p[len] != ' ')
			len++;
		if (len == 0)
			return;
		field[n++] = slice_head(rest, len);
		rest = slice_skip(rest, len);
	}
	if (!slice_cut(field[1], ':', &host, &hex) || hex.len >= sizeof(text) ||
	    !slice_eq(field[3], slice_str(w->state)) ||
	    num_parse_u64(field[9], UINT64_MAX, &inode) != OK)
		return;
	memcpy(text, hex.p, hex.len);
	text[hex.len] = '\0';
	if (strtoul(text, NULL, 16) == w->port && is_in_the_way(host, w) && out->count < INODES_MAX)
		out->list[out->count++] = inode;
}

static void read_table(const char *path, const struct wanted *w, struct inodes *out)
{
	char line[512];
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		read_row(slice_str(line), w, out);
	(void)fclose(f); /* only read from */
}

static bool holds(const char *pid, const struct inodes *inodes)
{
	char path[300], target[64];
	bool found = false;
	struct dirent *e;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid); /* a number of at most 20 digits */
	d = opendir(path);
	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target));
		struct slice s = slice_of(target, n > 0 ? (size_t)n : 0);
		uint64_t inode;

		if (!slice_starts(s, S("socket:[")) ||
		    num_parse_u64(slice_head(slice_skip(s, 8), s.len - 9), UINT64_MAX, &inode) !=
		            OK)
			continue;
		for (size_t i = 0; i < inodes->count; i++)
			found = found || inodes->list[i] == inode;
	}
	if (d != NULL)
		(void)closedir(d); /* only read from */
	return found;
}

/* The first bytes of /proc/PID/WHAT with NULs as blanks; "" when it cannot be read. */
static const char *proc_text(const char *pid, const char *what, struct arena *a)
{
	char text[256];
	FILE *f = fopen(arena_printf(a, "/proc/%s/%s", pid, what), "re");
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, sizeof(text), f);
		(void)fclose(f); /* only read from */
	}
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] == '\0' ? ' ' : text[i];
	return arena_str(a, slice_trim(slice_of(text, n)));
}

/* The service manager keeps a copy of sockets that another process serves: it is named last. */
#define MANAGER_PID 1

static struct port_owner owner(const char *pid, uint64_t number, struct arena *a)
{
	const char *name = proc_text(pid, "comm", a);

	return (struct port_owner){
		.pid = (int)number,
		.name = name,
		.ours = strcmp(name, "mxseal") == 0,
		.manager = number == MANAGER_PID,
		.child = strstr(proc_text(pid, "cmdline", a), " --role=") != NULL,
	};
}

/* Whom a person must hear of: somebody else before ourselves, and the manager last. */
static int rank(const struct port_owner *o)
{
	return o->pid == 0 ? 0 : o->manager ? 1 : o->ours ? 2 : 3;
}

/* The kernel notes who began to listen. */
static struct port_owner of_path(const struct address *at, struct arena *a)
{
	int pid;

	if (!listen_path_taken(at, &pid) || pid <= 0)
		return (struct port_owner){ .name = "" };
	return owner(arena_printf(a, "%d", pid), (uint64_t)pid, a);
}

struct port_owner port_owner_find(const struct address *at, unsigned flags, struct arena *a)
{
	const struct wanted w = wanted_for(at, flags);
	bool datagrams = (flags & LISTEN_DATAGRAM) != 0;
	struct inodes inodes = { 0 };
	struct port_owner o = { .name = "" };
	struct dirent *e;
	uint64_t pid;
	DIR *d;

	if (at->any.ss_family == AF_UNIX)
		return of_path(at, a);
	read_table(datagrams ? "/proc/net/udp" : "/proc/net/tcp", &w, &inodes);
	read_table(datagrams ? "/proc/net/udp6" : "/proc/net/tcp6", &w, &inodes);
	d = inodes.count == 0 ? NULL : opendir("/proc");
	while (d != NULL && rank(&o) < 3 && (e = readdir(d)) != NULL) {
		if (num_parse_u64(slice_str(e->d_name), INT32_MAX, &pid) != OK ||
		    !holds(e->d_name, &inodes))
			continue;
		const struct port_owner found = owner(e->d_name, pid, a);
		o = rank(&found) > rank(&o) ? found : o;
	}
	if (d != NULL)
		(void)closedir(d); /* only read from */
	return o;
}

const char *port_owner_text(const struct port_owner *o, struct arena *a)
{
	return o->pid == 0 ? "a process of another user"
	                   : arena_printf(a, "%s (process %d)", o->name, o->pid);
}
