#include "service/hook.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/clock.h"
#include "unit/test.h"

static const struct {
	const char *label, *command, *output, *words;
	int code;
	unsigned timeout_ms;
} rows[] = {
	{ "what is printed", "echo one; echo two", "one\ntwo\n", "", 0, 20000 },
	{ "nothing", "true", "", "", 0, 20000 },
	{ "the shell's own language", "printf %s \"$(echo a b)\"", "a b", "", 0, 20000 },
	{ "a status with its words", "echo; echo no such key >&2; echo more >&2; exit 3", "\n",
	  "no such key", 3, 20000 },
	{ "a signal", "kill -9 $$", "", "it was ended by signal 9", -1, 20000 },
	{ "what it is given", "cat", "input", "", 0, 20000 },
	{ "it need not read it", "exec <&-; echo x", "x\n", "", 0, 20000 },
	{ "too slow", "sleep 100", "", "it took too long and was ended", -1, 100 },
	{ "what it started ends with it", "sleep 100 & sleep 100", "",
	  "it took too long and was ended", -1, 100 },
};

TEST(commands)
{
	(void)signal(SIGPIPE, SIG_IGN); /* as in desk */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hook_result r = { .code = 7 };
		int64_t began = clock_mono_ms();
		struct buf out;

		buf_init(&out, 100);
		EXPECT(hook_run(rows[i].command, S("input"), rows[i].timeout_ms, NULL, &out, &r) ==
		               OK,
		       rows[i].label);
		EXPECT(r.code == rows[i].code, rows[i].label);
		EXPECT_SLICE(buf_slice(&out), slice_str(rows[i].output), rows[i].label);
		EXPECT_SLICE(slice_str(r.words), slice_str(rows[i].words), rows[i].label);
		EXPECT(clock_mono_ms() - began < 60000, rows[i].label);
		buf_fini(&out);
	}
}

TEST(a_ceiling)
{
	struct hook_result r = { .code = 7 };
	struct buf out;

	buf_init(&out, 10);
	EXPECT(hook_run("head -c 1000000 /dev/zero; echo x >&2", S(""), 20000, NULL, &out, &r) ==
	                       OK &&
	               r.code == 0,
	       "it goes on to its end");
	EXPECT(out.len <= 10 && buf_status(&out) == ERR_LIMIT, "and the rest is dropped");
	EXPECT(hook_run("head -c 1000000 /dev/zero", S(""), 20000, NULL, NULL, &r) == OK &&
	               r.code == 0,
	       "nobody wants it");
	buf_fini(&out);
}

/* A receipt that is locked, as whoever must know later has it. */
static int receipt_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static off_t receipt_size(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

TEST(noted)
{
	static const struct {
		const char *label, *command;
		int code;
		bool noted;
	} notes[] = {
		{ "it took it", "cat >/dev/null", 0, true },
		{ "it did not", "exit 75", 75, false },
		{ "it cannot be run", "/nowhere/at/all", 127, false },
		{ "a syntax error", "(", 2, false },
		{ "several commands, the last one counts", "false; true", 0, true },
		{ "the receipt is not its own", "echo x >&3", 2, false },
		{ "it takes too long", "sleep 100", -1, false },
	};
	char dir[] = "/tmp/hook.XXXXXX", path[64];

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/receipt", dir);
	for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
		struct hook_result r = { .code = 7 };
		int fd = receipt_open(path);

		assert_int_equal(ftruncate(fd, 0), 0);
		EXPECT(hook_run_noted(notes[i].command, S("input"),
		                      notes[i].code == -1 ? 300 : 20000, NULL, fd, &r) == OK,
		       notes[i].label);
		EXPECT(r.code == notes[i].code, notes[i].label);
		EXPECT((receipt_size(fd) > 0) == notes[i].noted, notes[i].label);
		(void)close(fd);
	}
	(void)unlink(path);
	(void)rmdir(dir);
}

/* Listening sockets of the service are none of its business: they would stay open in it. */
TEST(nothing_is_inherited)
{
	struct hook_result r = { .code = 7 };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), low = fcntl(fd, F_DUPFD, 3),
	    high = fcntl(fd, F_DUPFD, 300);
	char text[120];

	assert_true(low >= 3 && high >= 300);
	(void)snprintf(text, sizeof(text),
	               "for i in %d %d; do [ ! -e /proc/$$/fd/$i ] || exit $i; done", low, high);
	EXPECT(hook_run(text, S(""), 20000, NULL, NULL, &r) == OK && r.code == 0, "plain");
	EXPECT(hook_run_noted(text, S(""), 20000, NULL, fd, &r) == OK && r.code == 0, "noted");
	(void)close(low);
	(void)close(high);
	(void)close(fd);
}

/* Whoever started it goes away: it goes on, and its success is noted. */
TEST(left_alone)
{
	atomic_bool stop = true;
	struct hook_result r = { .code = 7 };
	char dir[] = "/tmp/hook.XXXXXX", path[64], wait[64], text[200];

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/receipt", dir);
	(void)snprintf(wait, sizeof(wait), "%s/go", dir);
	(void)snprintf(text, sizeof(text), "while [ ! -e %s ]; do sleep 0.05; done; grep -q input",
	               wait);
	int fd = receipt_open(path), other, go;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	EXPECT(hook_run_noted(text, S("input"), 20000, &stop, fd, &r) == ERR_CLOSED, "it is left");
	(void)close(fd);
	other = receipt_open(path);
	EXPECT(flock(other, LOCK_EX | LOCK_NB) != 0, "the lock is still held");
	go = open(wait, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT(flock(other, LOCK_EX) == 0, "until it has ended");
	EXPECT(receipt_size(other) > 0, "it had all of its input, and that is noted");
	(void)close(go);
	(void)close(other);
	(void)unlink(path);
	(void)unlink(wait);
	(void)rmdir(dir);
}

TEST(noted_ceiling)
{
	static char much[HOOK_NOTED_MAX + 1];
	struct hook_result r = { .code = 7 };
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	memset(much, 'x', sizeof(much));
	EXPECT(hook_run_noted("test $(wc -c) = 60000", slice_of(much, HOOK_NOTED_MAX), 20000, NULL,
	                      fd, &r) == OK &&
	               r.code == 0,
	       "so much fits");
	EXPECT(hook_run_noted("true", slice_of(much, HOOK_NOTED_MAX + 1), 20000, NULL, fd, &r) ==
	               ERR_LIMIT,
	       "one more");
	(void)close(fd);
}

TEST_MAIN(UNIT(commands), UNIT(a_ceiling), UNIT(noted), UNIT(left_alone),
          UNIT(nothing_is_inherited), UNIT(noted_ceiling))
