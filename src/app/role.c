/* A child's first steps, the same for every role. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/boot.h"
#include "app/cage.h"
#include "app/command.h"

static const struct {
	enum role role;
	int (*run)(const struct boot *b);
} roles[] = {
	{ ROLE_PREPARE, role_prepare }, { ROLE_MIGRATE, role_migrate }, { ROLE_DESK, role_desk },
	{ ROLE_READER, role_reader },   { ROLE_INTAKE, role_intake },   { ROLE_EDGE, role_edge },
};

/* Everything the parent wrote; the buffer is wiped by the caller. */
static enum err read_all(int fd, char *to, size_t size, size_t *len_out)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, to + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || len + (size_t)n == size)
			return n < 0 ? ERR_IO : ERR_LIMIT;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*len_out = len;
	return OK;
}

static enum err receive(struct boot **out)
{
	char *text = mem_alloc(BOOT_TEXT_MAX);
	size_t len = 0;
	enum err e = read_all(BOOT_FD, text, BOOT_TEXT_MAX, &len);

	(void)close(BOOT_FD); /* read to its end */
	if (e == OK)
		e = boot_parse(slice_of(text, len), out);
	mem_wipe(text, BOOT_TEXT_MAX);
	mem_free(text);
	return e;
}

static int run(enum role role, const struct boot *b)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (roles[i].role == role)
			return roles[i].run(b);
	return EXIT_USAGE;
}

static void enter_cage(enum role role, const struct conf *conf)
{
	static const char *const none[] = { NULL };
	struct arena *a = arena_new();
	const char *const *reads = role == ROLE_INTAKE ? intake_reads(conf, a) : none;

	if (cage_enter(role, conf->server.state, reads) != OK)
		log_fatal("the cage of this role cannot be entered");
	arena_free(a);
}

int boot_main(const char *name)
{
	struct boot *b;
	enum role role;
	int board, code;

	if (role_find(slice_str(name), &role) != OK || receive(&b) != OK || b->role != role) {
		log_error("a role is started by its parent only", F("role", name));
		return EXIT_USAGE;
	}
	log_setup(b->conf->server.log_level, b->conf->server.log_json, role_name(role));
	/* No core, no debugger, no /proc/PID/fd of ours for others: this process may hold keys. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		log_fatal("the process cannot be made undumpable");
	(void)signal(SIGHUP, SIG_IGN); /* a new configuration comes by a new start */
	board = boot_fd(b, "board");
	if (board >= 0 && board_map(board, &b->board) != OK)
		log_fatal("the board cannot be mapped");
	if (role == ROLE_READER)
		reader_generations();
	enter_cage(role, b->conf);
	code = run(role, b);
	boot_free(b);
	return code;
}
