/* Landlock by its three system calls; no library carries them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/cage_internal.h"

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define WRITE_FILE LANDLOCK_ACCESS_FS_WRITE_FILE
#define READ (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE (WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define TRUNCATE (1ULL << 14) /* from version 3; older headers do not name it */

#define PATH_SIZE 4096u
#define ANSWER_S 2u

/* What each role reaches; "%s" is the state directory. */
static const struct rule {
	enum role role;
	const char *path;
	uint64_t rights;
} rules[] = {
	{ ROLE_EDGE, "%s/edge", READ },
	/* Not the rest of /etc: passwords of mailboxes lie there, for intake. */
	{ ROLE_EDGE, "/etc/ssl", READ },
	{ ROLE_EDGE, "/etc/localtime", READ_FILE },
	{ ROLE_EDGE, "/etc/ld.so.cache", READ_FILE },
	{ ROLE_EDGE, "/usr", READ },
	{ ROLE_EDGE, "/dev", READ | WRITE_FILE },
	/*
	 * Of the state itself the names only, for its sync: the master key may lie there, and
	 * rights cannot be taken back below.
	 */
	{ ROLE_INTAKE, "%s", LANDLOCK_ACCESS_FS_READ_DIR },
	{ ROLE_INTAKE, "%s/archive", READ | WRITE | TRUNCATE },
	{ ROLE_INTAKE, "%s/edge", READ },
	/* They are there before intake begins, and stay: see conn_make_wal. */
	{ ROLE_INTAKE, "%s/mxseal.db", READ_FILE | WRITE_FILE | TRUNCATE },
	{ ROLE_INTAKE, "%s/mxseal.db-wal", READ_FILE | WRITE_FILE | TRUNCATE },
	{ ROLE_INTAKE, "%s/mxseal.db-shm", READ_FILE | WRITE_FILE | TRUNCATE },
	/* Roots of TLS and OpenSSL's settings, but no private keys beside them. */
	{ ROLE_INTAKE, "/etc/ssl/certs", READ },
	{ ROLE_INTAKE, "/etc/ssl/openssl.cnf", READ_FILE },
	{ ROLE_INTAKE, "/etc/pki/ca-trust/extracted", READ },
	{ ROLE_INTAKE, "/etc/pki/tls/certs", READ },
	{ ROLE_INTAKE, "/etc/pki/tls/openssl.cnf", READ_FILE },
	{ ROLE_INTAKE, "/etc/localtime", READ_FILE },
	{ ROLE_INTAKE, "/etc/ld.so.cache", READ_FILE },
	{ ROLE_INTAKE, "/usr", READ },
	{ ROLE_INTAKE, "/dev/null", READ_FILE | WRITE_FILE },
	{ ROLE_INTAKE, "/dev/random", READ_FILE },
	{ ROLE_INTAKE, "/dev/urandom", READ_FILE },
};

int cage_landlock_version(void)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return v > 0 ? (int)v : 0;
}

/* Every right this version knows, so that all of them are denied where no rule grants them. */
static uint64_t handled(int version)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (version >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		all |= TRUNCATE;
	return all;
}

/* Rights on what fd names, which is closed. */
static enum err add_rule(int set, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr attr = { .allowed_access = rights, .parent_fd = fd };
	long done = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &attr, 0);

	(void)close(fd); /* only a name */
	return done == 0 ? OK : ERR_IO;
}

static enum err allow(int set, const struct rule *r, const char *state, uint64_t known)
{
	char path[PATH_SIZE];
	int n, fd;

	if (r->path[0] == '%')
		n = snprintf(path, sizeof(path), "%s%s", state, r->path + 2);
	else
		n = snprintf(path, sizeof(path), "%s", r->path);
	if (n < 0 || (size_t)n >= sizeof(path))
		return ERR_IO;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? OK : ERR_IO; /* nothing there to reach */
	return add_rule(set, fd, r->rights & known);
}

/* Whether opening path ends, well or not: a file system of others may be waited for without end. */
static bool answers(const char *path)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)signal(SIGALRM, SIG_DFL);
		(void)alarm(ANSWER_S); /* ends this process */
		(void)!open(path, O_PATH | O_CLOEXEC);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status);
}

/* A path that a setting names: a folder with all below it, or a file. */
static enum err allow_read(int set, const char *path)
{
	struct stat st;
	bool named = path[0] == '/'; /* else the setting is unset, or switches something off */
	int fd = named && answers(path) ? open(path, O_PATH | O_CLOEXEC) : -1;

	if (fd < 0)
		return OK; /* whoever needs it says why it cannot be read */
	return add_rule(set, fd, fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? READ : READ_FILE);
}

enum err cage_files(enum role role, const char *state, const char *const *reads)
{
	int version = cage_landlock_version(), set;
	struct landlock_ruleset_attr attr = { .handled_access_fs = handled(version) };
	enum err e = OK;

	if (version == 0)
		return OK;
	set = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (set < 0)
		return ERR_IO;
	for (size_t i = 0; e == OK && i < ARRAY_LEN(rules); i++)
		if (rules[i].role == role)
			e = allow(set, &rules[i], state, attr.handled_access_fs);
	for (; e == OK && *reads != NULL; reads++)
		e = allow_read(set, *reads);
	if (e == OK && syscall(SYS_landlock_restrict_self, set, 0) != 0)
		e = ERR_IO;
	(void)close(set); /* the restriction stays */
	return e;
}
