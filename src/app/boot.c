#include "app/boot.h"

#include <stdio.h>

#include "base/enc.h"
#include "base/num.h"

int boot_fd(const struct boot *b, const char *name)
{
	for (size_t i = 0; i < b->fd_count; i++)
		if (strcmp(b->fds[i].name, name) == 0)
			return b->fds[i].fd;
	return -1;
}

size_t boot_fd_list(const struct boot *b, const char *prefix, int *out, size_t max)
{
	char name[64];
	size_t n = 0;

	while (n < max) {
		int len = snprintf(name, sizeof(name), "%s%zu", prefix, n);
		int fd = len > 0 && (size_t)len < sizeof(name) ? boot_fd(b, name) : -1;

		if (fd < 0)
			break;
		out[n++] = fd;
	}
	return n;
}

enum err boot_format(const struct boot *b, struct buf *out)
{
	struct conf_setting s;
	char hex[KEY_HEX_SIZE];

	buf_printf(out, "role %s\nslot %u\ndemo %d\nempty %d\nfault %u\n", role_name(b->role),
	           b->slot, b->demo, b->empty, (unsigned)b->fault);
	for (size_t i = 0; conf_nth(b->conf, i, &s); i++)
		if (b->role != ROLE_READER || strcmp(s.key, "server.log") == 0)
			buf_printf(out, "conf %s %s\n", s.key, s.value);
	for (size_t i = 0; i < b->fd_count; i++)
		buf_printf(out, "fd %s %d\n", b->fds[i].name, b->fds[i].fd);
	for (unsigned i = 0; i < KEY_PURPOSES; i++) {
		const unsigned char *key = keys_get(&b->keys, (enum key_purpose)i);

		if (key != NULL)
			buf_printf(out, "key %s %s\n", key_name((enum key_purpose)i),
			           enc_hex(key, KEY_SIZE, hex));
	}
	mem_wipe(hex, sizeof(hex));
	return buf_status(out);
}

static enum err read_number(struct slice text, unsigned max, unsigned *out)
{
	uint64_t n;

	if (num_parse_u64(text, max, &n) != OK)
		return ERR_SYNTAX;
	*out = (unsigned)n;
	return OK;
}

static enum err on_flag(struct slice value, bool *out)
{
	unsigned n;
	enum err e = read_number(value, 1, &n);

	if (e == OK)
		*out = n == 1;
	return e;
}

static enum err on_role(struct boot *b, struct slice value)
{
	return role_find(value, &b->role);
}

static enum err on_slot(struct boot *b, struct slice value)
{
	return read_number(value, BOARD_SLOTS - 1, &b->slot);
}

static enum err on_demo(struct boot *b, struct slice value)
{
	return on_flag(value, &b->demo);
}

static enum err on_empty(struct boot *b, struct slice value)
{
	return on_flag(value, &b->empty);
}

static enum err on_fault(struct boot *b, struct slice value)
{
	unsigned n;
	enum err e = read_number(value, STORE_FAULTS - 1, &n);

	if (e == OK)
		b->fault = (enum store_fault)n;
	return e;
}

static enum err on_conf(struct boot *b, struct slice value)
{
	struct conf_errors errors = { .arena = b->conf->arena };
	struct slice key, text;

	if (!slice_cut(value, ' ', &key, &text))
		return ERR_SYNTAX;
	return conf_set(b->conf,
	                &(struct conf_setting){ arena_str(errors.arena, key),
	                                        arena_str(errors.arena, text), "parent" },
	                &errors);
}

static enum err on_fd(struct boot *b, struct slice value)
{
	struct slice name, text;
	unsigned fd;

	if (b->fd_count == BOOT_FDS_MAX)
		return ERR_LIMIT;
	if (!slice_cut(value, ' ', &name, &text) || read_number(text, INT32_MAX, &fd) != OK)
		return ERR_SYNTAX;
	b->fds[b->fd_count++] = (struct boot_fd){ arena_str(b->conf->arena, name), (int)fd };
	return OK;
}

static enum err on_key(struct boot *b, struct slice value)
{
	struct slice name, hex;
	enum key_purpose purpose;
	size_t len = 0;

	if (!slice_cut(value, ' ', &name, &hex) || key_find(name, &purpose) != OK ||
	    enc_unhex(hex, b->keys.key[purpose], KEY_SIZE, &len) != OK || len != KEY_SIZE)
		return ERR_SYNTAX;
	b->keys.have |= 1u << purpose;
	return OK;
}

static const struct {
	const char *word;
	enum err (*read)(struct boot *b, struct slice value);
} lines[] = {
	{ "role", on_role },   { "slot", on_slot }, { "demo", on_demo }, { "empty", on_empty },
	{ "fault", on_fault }, { "conf", on_conf }, { "fd", on_fd },     { "key", on_key },
};

static enum err read_line(struct boot *b, struct slice line)
{
	struct slice word, value;

	if (!slice_cut(line, ' ', &word, &value))
		return ERR_SYNTAX;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (slice_eq(word, slice_str(lines[i].word))) {
			enum err e = lines[i].read(b, value);

			return e == OK || e == ERR_LIMIT ? e : ERR_SYNTAX;
		}
	}
	return ERR_SYNTAX;
}

enum err boot_parse(struct slice text, struct boot **out)
{
	struct boot *b = mem_alloc(sizeof(*b));
	struct slice line;
	enum err e = OK;

	b->conf = conf_new();
	while (e == OK && slice_next_line(&text, &line))
		e = read_line(b, line);
	if (e == OK && b->role == ROLE_PARENT)
		e = ERR_SYNTAX; /* no role line */
	if (e == OK)
		*out = b;
	else
		boot_free(b);
	return e;
}

void boot_free(struct boot *b)
{
	if (b == NULL)
		return;
	board_close(b->board);
	keys_wipe(&b->keys);
	conf_free(b->conf);
	mem_free(b);
}
