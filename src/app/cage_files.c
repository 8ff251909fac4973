/* Landlock by its three system calls; no library carries them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/cage_internal.h"

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                             \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |    \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define TRUNCATE (1ULL << 14) /* from version 3; older headers do not name it */

#define PATH_SIZE 4096u

/* What each role reaches; "%s" is the state directory. */
static const struct rule {
	enum role role;
	const char *path;
	uint64_t rights;
} rules[] = {
	{ ROLE_EDGE, "%s/edge", READ },
	/* Not the rest of /etc: passwords of mailboxes lie there, for intake. */
	{ ROLE_EDGE, "/etc/ssl", READ },
	{ ROLE_EDGE, "/etc/localtime", LANDLOCK_ACCESS_FS_READ_FILE },
	{ ROLE_EDGE, "/etc/ld.so.cache", LANDLOCK_ACCESS_FS_READ_FILE },
	{ ROLE_EDGE, "/usr", READ },
	{ ROLE_EDGE, "/dev", READ | LANDLOCK_ACCESS_FS_WRITE_FILE },
	{ ROLE_INTAKE, "%s", READ | WRITE | TRUNCATE },
	{ ROLE_INTAKE, "/", READ },
	{ ROLE_INTAKE, "/dev", READ | LANDLOCK_ACCESS_FS_WRITE_FILE },
	{ ROLE_INTAKE, "/tmp", READ | WRITE | TRUNCATE },
	{ ROLE_INTAKE, "/var/tmp", READ | WRITE | TRUNCATE },
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

static enum err allow(int set, const struct rule *r, const char *state, uint64_t known)
{
	struct landlock_path_beneath_attr attr = { .allowed_access = r->rights & known };
	char path[PATH_SIZE];
	enum err e = OK;
	int n;

	if (r->path[0] == '%')
		n = snprintf(path, sizeof(path), "%s%s", state, r->path + 2);
	else
		n = snprintf(path, sizeof(path), "%s", r->path);
	if (n < 0 || (size_t)n >= sizeof(path))
		return ERR_IO;
	attr.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (attr.parent_fd < 0)
		return errno == ENOENT ? OK : ERR_IO; /* nothing there to reach */
	if (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) != 0)
		e = ERR_IO;
	(void)close(attr.parent_fd); /* only a name */
	return e;
}

enum err cage_files(enum role role, const char *state)
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
	if (e == OK && syscall(SYS_landlock_restrict_self, set, 0) != 0)
		e = ERR_IO;
	(void)close(set); /* the restriction stays */
	return e;
}
