#include "app/input.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"

#define CHUNK 65536u

const char *input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* False with errno: the descriptor cannot be read. */
static bool read_up_to(int fd, size_t wanted, struct buf *out)
{
	char *chunk = mem_alloc(CHUNK);
	ssize_t n = 1;

	while (n > 0 && out->len < wanted) {
		size_t room = wanted - out->len;

		do
			n = read(fd, chunk, room < CHUNK ? room : CHUNK);
		while (n < 0 && errno == EINTR);
		if (n > 0)
			buf_add(out, slice_of(chunk, (size_t)n));
	}
	mem_free(chunk);
	return n >= 0;
}

int input_read(const struct cli *cli, const char *path, size_t max, struct slice *out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct buf content;
	bool good;

	if (fd < 0)
		return cli_error(cli, EXIT_UNKNOWN, path, strerror(errno),
		                 "name a file that exists and that you may read, or - for standard "
		                 "input");
	buf_init(&content, max + 1);
	good = read_up_to(fd, max + 1, &content);
	if (good)
		*out = arena_copy(cli->arena, buf_slice(&content));
	else
		(void)cli_error(cli, EXIT_UNKNOWN, input_name(path), strerror(errno),
		                "name a file that you may read");
	buf_fini(&content);
	if (!is_stdin)
		(void)close(fd); /* it was only read */
	return good ? EXIT_GOOD : EXIT_UNKNOWN;
}
