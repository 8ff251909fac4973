#include "service/hook.h"

#include <signal.h>

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

TEST_MAIN(UNIT(commands), UNIT(a_ceiling))
