#include "app/boot.h"
#include "base/enc.h"
#include "unit/test.h"

/* The boot lines of a process of role; the caller frees what it reads back. */
static struct slice lines_of(enum role role, struct buf *out)
{
	static const unsigned char master[KEY_SIZE] = { 7 };
	struct boot b = {
		.role = role, .slot = 5, .demo = true, .fault = STORE_NEWER, .conf = conf_new()
	};
	struct conf_errors errors = { .arena = b.conf->arena };
	struct keys all;

	keys_derive(master, &all);
	keys_for_role(&all, role, &b.keys);
	b.fds[b.fd_count++] = (struct boot_fd){ "listen.tls.0", 17 };
	b.fds[b.fd_count++] = (struct boot_fd){ "listen.tls.1", 18 };
	conf_set(b.conf, &(struct conf_setting){ "server.state", "/a path/with blank", "test" },
	         &errors);
	conf_set(b.conf, &(struct conf_setting){ "server.log", "debug json", "test" }, &errors);
	EXPECT(boot_format(&b, out) == OK, "lines fit");
	conf_free(b.conf);
	return buf_slice(out);
}

TEST(lines_read_back)
{
	struct buf first, second;
	struct boot *b = NULL;
	int fds[4];

	for (unsigned role = ROLE_MIGRATE; role < ROLE_COUNT; role++) {
		buf_init(&first, BOOT_TEXT_MAX);
		buf_init(&second, BOOT_TEXT_MAX);
		EXPECT(boot_parse(lines_of((enum role)role, &first), &b) == OK, "they are read");
		EXPECT(b->role == (enum role)role && b->slot == 5 && b->demo && !b->empty,
		       "role, slot and kind");
		EXPECT(b->fault == STORE_NEWER, "why there are no databases");
		EXPECT(boot_fd(b, "listen.tls.1") == 18, "a descriptor by name");
		EXPECT(boot_fd(b, "listen.http.0") == -1, "none of that name");
		EXPECT(boot_fd_list(b, "listen.tls.", fds, 4) == 2 && fds[0] == 17, "a list");
		EXPECT(boot_fd_list(b, "listen.tls.", fds, 1) == 1, "a list with a ceiling");
		EXPECT(b->conf->server.log_json, "settings arrive");
		EXPECT(boot_format(b, &second) == OK, "format again");
		EXPECT_SLICE(buf_slice(&second), buf_slice(&first), "a fixed point");
		boot_free(b);
		buf_fini(&first);
		buf_fini(&second);
	}
}

TEST(each_role_gets_its_own_keys_only)
{
	static const struct {
		const char *label;
		enum role role;
		unsigned have;
	} rows[] = {
		{ "edge", ROLE_EDGE, 1u << KEY_EDGE_TLS | 1u << KEY_REPORT_TLS },
		{ "intake", ROLE_INTAKE, 1u << KEY_REPORT_TLS | 1u << KEY_SECRETS },
		{ "reader has none", ROLE_READER, 0 },
		{ "migrate has none", ROLE_MIGRATE, 0 },
		{ "desk has all", ROLE_DESK, (1u << KEY_PURPOSES) - 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf text;
		struct boot *b = NULL;

		buf_init(&text, BOOT_TEXT_MAX);
		EXPECT(boot_parse(lines_of(rows[i].role, &text), &b) == OK, rows[i].label);
		EXPECT(b->keys.have == rows[i].have, rows[i].label);
		boot_free(b);
		buf_fini(&text);
	}
}

TEST(reader_learns_no_setting_but_the_log)
{
	struct buf text;

	buf_init(&text, BOOT_TEXT_MAX);
	struct slice s = lines_of(ROLE_READER, &text);
	EXPECT(slice_find_slice(s, S("conf server.log debug json")) != SIZE_MAX, "the log's level");
	EXPECT(slice_find_slice(s, S("server.state")) == SIZE_MAX, "no paths");
	EXPECT(slice_find_slice(s, S("key ")) == SIZE_MAX, "no keys");
	buf_fini(&text);
}

TEST(other_lines_are_refused)
{
	static const struct {
		const char *label;
		struct slice text;
	} rows[] = {
		{ "nothing", SLICE_INIT("") },
		{ "no role", SLICE_INIT("slot 1\n") },
		{ "unknown word", SLICE_INIT("role edge\ncolour blue\n") },
		{ "unknown role", SLICE_INIT("role king\n") },
		{ "the parent is no child", SLICE_INIT("role parent\n") },
		{ "slot beyond the board", SLICE_INIT("role edge\nslot 256\n") },
		{ "flag neither 0 nor 1", SLICE_INIT("role edge\ndemo 2\n") },
		{ "unknown setting", SLICE_INIT("role edge\nconf listen.tsl off\n") },
		{ "bad value", SLICE_INIT("role edge\nconf listen.tls x\n") },
		{ "descriptor without number", SLICE_INIT("role edge\nfd bell\n") },
		{ "negative descriptor", SLICE_INIT("role edge\nfd bell -1\n") },
		{ "unknown key", SLICE_INIT("role edge\nkey house 00\n") },
		{ "short key", SLICE_INIT("role edge\nkey tsig 00ff\n") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct boot *b = NULL;

		EXPECT(boot_parse(rows[i].text, &b) == ERR_SYNTAX && b == NULL, rows[i].label);
	}
}

TEST(descriptors_have_a_ceiling)
{
	struct buf text;
	struct boot *b = NULL;

	buf_init(&text, BOOT_TEXT_MAX);
	buf_add_str(&text, "role edge\n");
	for (unsigned i = 0; i < BOOT_FDS_MAX; i++)
		buf_printf(&text, "fd x.%u %u\n", i, i);
	EXPECT(boot_parse(buf_slice(&text), &b) == OK, "as many as there is room");
	boot_free(b);
	buf_add_str(&text, "fd y 1\n");
	b = NULL;
	EXPECT(boot_parse(buf_slice(&text), &b) == ERR_LIMIT && b == NULL, "one more");
	buf_fini(&text);
}

TEST_MAIN(UNIT(lines_read_back), UNIT(each_role_gets_its_own_keys_only),
          UNIT(reader_learns_no_setting_but_the_log), UNIT(other_lines_are_refused),
          UNIT(descriptors_have_a_ceiling))
