#include "store/file_look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/slice.h"

/* https://sqlite.org/fileformat2.html, 1.3 and 4.1. */
#define HEAD_SIZE 100u
#define VERSION_AT 60u
#define LOG_HEAD_SIZE 32u
#define LOG_MAGIC 0x377f0682u /* the last bit tells the order of bytes in its checksums */
#define PATH_SIZE 4096

static uint32_t number_at(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* How many bytes there are at the start, up to size; -1: errno says why not. */
static ssize_t read_head(const char *path, unsigned char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int error;

	if (fd < 0)
		return -1;
	n = pread(fd, out, size, 0);
	error = errno;
	(void)close(fd); /* only read */
	errno = error;
	return n;
}

/* What is shorter than its head holds nothing, and so does one of zeros, as a power cut leaves. */
static bool is_log(const unsigned char *head, ssize_t size)
{
	static const unsigned char zeros[LOG_HEAD_SIZE];

	return size < (ssize_t)LOG_HEAD_SIZE || memcmp(head, zeros, sizeof(zeros)) == 0 ||
	       (number_at(head) & ~1u) == LOG_MAGIC;
}

static enum file_look look_at_log(const char *path)
{
	unsigned char head[LOG_HEAD_SIZE];
	char name[PATH_SIZE];
	int len = snprintf(name, sizeof(name), "%s-wal", path);
	ssize_t n = len > 0 && (size_t)len < sizeof(name) ? read_head(name, head, sizeof(head)) : 0;

	if (n < 0)
		return errno == ENOENT ? FILE_LOOK_GOOD : FILE_LOOK_CLOSED;
	return is_log(head, n) ? FILE_LOOK_GOOD : FILE_LOOK_NO_LOG;
}

enum file_look file_look(const char *path, int newest)
{
	unsigned char head[HEAD_SIZE];
	ssize_t n = read_head(path, head, sizeof(head));

	if (n < 0)
		return errno == ENOENT ? FILE_LOOK_ABSENT : FILE_LOOK_CLOSED;
	if (n == 0)
		return look_at_log(path);
	if (n < (ssize_t)sizeof(head) || memcmp(head, "SQLite format 3", 16) != 0)
		return FILE_LOOK_NO_DB;
	if (number_at(head + VERSION_AT) > (uint32_t)newest)
		return FILE_LOOK_NEWER;
	return look_at_log(path);
}
