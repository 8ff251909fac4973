#include "service/printed.h"

#include "net/clock.h"
#include "unit/test.h"

static const struct {
	const char *label, *command, *output, *words;
	enum err want;
	unsigned timeout_ms;
} rows[] = {
	{ "what is printed", "echo one; echo two", "one\ntwo\n", "", OK, 20000 },
	{ "nothing", "true", "", "", OK, 20000 },
	{ "the shell's own language", "printf %s \"$(echo a b)\"", "a b", "", OK, 20000 },
	{ "a status with its words", "echo; echo no such key >&2; echo more >&2; exit 3", "\n",
	  "it ended with status 3: no such key", ERR_UNAVAILABLE, 20000 },
	{ "a signal", "kill -9 $$", "", "it was ended by signal 9", ERR_UNAVAILABLE, 20000 },
	{ "it has no input", "cat", "", "", OK, 20000 },
	{ "too slow", "sleep 100", "", "it took too long and was ended", ERR_UNAVAILABLE, 100 },
	{ "what it started ends with it", "sleep 100 & sleep 100", "",
	  "it took too long and was ended", ERR_UNAVAILABLE, 100 },
};

TEST(commands)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char words[PRINTED_WORDS_SIZE] = "";
		int64_t began = clock_mono_ms();
		struct buf out;

		buf_init(&out, 100);
		EXPECT(printed_run(rows[i].command, rows[i].timeout_ms, &out, words) ==
		               rows[i].want,
		       rows[i].label);
		EXPECT_SLICE(buf_slice(&out), slice_str(rows[i].output), rows[i].label);
		EXPECT_SLICE(slice_str(words), slice_str(rows[i].words), rows[i].label);
		EXPECT(clock_mono_ms() - began < 60000, rows[i].label);
		buf_fini(&out);
	}
}

TEST(a_ceiling)
{
	char words[PRINTED_WORDS_SIZE] = "";
	struct buf out;

	buf_init(&out, 10);
	EXPECT(printed_run("head -c 1000000 /dev/zero; echo x >&2", 20000, &out, words) == OK,
	       "it goes on to its end");
	EXPECT(out.len <= 10 && buf_status(&out) == ERR_LIMIT, "and the rest is dropped");
	buf_fini(&out);
}

TEST_MAIN(UNIT(commands), UNIT(a_ceiling))
