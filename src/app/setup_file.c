/* The configuration file of setup: read, and written without ever taking anything away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/setup.h"

#define KEPT_MAX 100u /* files set aside beside each other */

static int not_understood(const struct setup *s, const struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->count && i < CONF_ERRORS_MAX; i++)
		(void)cli_error(s->cli, EXIT_FINDINGS, errors->list[i].where, errors->list[i].why,
		                errors->list[i].fix != NULL ? errors->list[i].fix
		                                            : "repair it, and run setup again");
	return EXIT_FINDINGS;
}

bool setup_file_nth(const struct setup *s, size_t i, struct conf_setting *out, bool *end_out)
{
	*end_out = !conf_nth(s->conf, i, out);
	return !*end_out && slice_starts(slice_str(out->from), slice_str(s->file));
}

static bool sets_anything(const struct setup *s)
{
	struct conf_setting one;
	bool end = false;

	for (size_t i = 0; !end; i++)
		if (setup_file_nth(s, i, &one, &end))
			return true;
	return false;
}

int setup_file_read(struct setup *s)
{
	struct conf_errors errors = { .arena = s->cli->arena };
	const struct conf_sources sources = { .file = s->file };
	struct conf *conf = NULL;
	enum err e = conf_load(&sources, &conf, &errors);

	if (e == ERR_NOTFOUND)
		return EXIT_GOOD;
	if (e == ERR_IO)
		return cli_error(s->cli, EXIT_UNKNOWN, s->file, "cannot be read",
		                 "run setup as root");
	if (e != OK)
		return not_understood(s, &errors);
	s->conf = conf;
	if (sets_anything(s))
		return EXIT_GOOD;
	conf_free(s->conf);
	s->conf = NULL;
	return EXIT_GOOD;
}

/* "FILE.before", or the first such name with a number that is free; 0 or an errno. */
static int set_aside(const struct setup *s)
{
	struct arena *a = s->cli->arena;

	for (unsigned n = 0; n < KEPT_MAX; n++) {
		const char *kept = n == 0 ? arena_printf(a, "%s.before", s->file)
		                          : arena_printf(a, "%s.before.%u", s->file, n);

		if (link(s->file, kept) == 0 || errno == ENOENT)
			return 0;
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

static int write_whole(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	int error = 0;

	if (fd < 0)
		return errno;
	if (fchmod(fd, 0644) != 0 || write(fd, text.p, text.len) != (ssize_t)text.len ||
	    fsync(fd) != 0)
		error = errno == 0 ? EIO : errno;
	if (close(fd) != 0 && error == 0)
		error = errno;
	return error;
}

static int put_in_place(const struct setup *s, struct slice text)
{
	const char *aside = arena_printf(s->cli->arena, "%s.%d", s->file, (int)getpid());
	int error = write_whole(aside, text);

	if (error == 0)
		error = set_aside(s);
	if (error == 0 && rename(aside, s->file) != 0)
		error = errno;
	if (error != 0)
		(void)unlink(aside); /* what is left of a try in vain */
	return error;
}

int setup_file_write(const struct setup *s)
{
	struct conf_errors errors = { .arena = s->cli->arena };
	struct conf *conf = NULL;
	int error = 0, code = EXIT_GOOD;
	struct buf text;

	buf_init(&text, SETUP_TEXT_MAX);
	setup_plan_text(&s->plan, &text);
	if (conf_parse(buf_slice(&text), s->file, &conf, &errors) != OK)
		code = not_understood(s, &errors);
	conf_free(conf);
	if (code == EXIT_GOOD && !s->cli->dry_run)
		error = put_in_place(s, buf_slice(&text));
	buf_fini(&text);
	if (error == EACCES || error == EPERM || error == EROFS)
		return cli_error(s->cli, EXIT_DENIED, s->file, "may not be written by this user",
		                 "run setup with sudo, or name another file with --config FILE");
	if (error != 0)
		return cli_error(s->cli, EXIT_UNKNOWN, s->file, strerror(error),
		                 "make its folder, and run setup again");
	return code;
}
