#include "app/update_key.h"

#include "app/secret_file.h"
#include "base/buf.h"
#include "base/mem.h"

#define TEXT_MAX 1024u

static bool is_named(const struct dns_tsig_key *key, const char *name)
{
	struct dns_name want;

	return name[0] == '\0' || (dns_name_from_text(slice_str(name), &want) == OK &&
	                           dns_name_eq(dns_name_slice(&want), dns_name_slice(&key->name)));
}

/* "[ALGORITHM:]NAME:SECRET", put together from its parts. */
static enum err parse_parts(struct slice algorithm, struct slice name, struct slice secret,
                            struct dns_tsig_key *out)
{
	struct buf b;
	enum err e;

	buf_init(&b, TEXT_MAX);
	buf_printf(&b, "%.*s%s%.*s:%.*s", SLICE_ARGS(algorithm), algorithm.len > 0 ? ":" : "",
	           SLICE_ARGS(name), SLICE_ARGS(secret));
	e = buf_status(&b) == OK ? dns_tsig_key_parse(buf_slice(&b), out) : ERR_LIMIT;
	if (b.p != NULL)
		mem_wipe(b.p, b.len);
	buf_fini(&b);
	return e;
}

/* The word behind a keyword, without quotes: algorithm hmac-sha256; secret "..."; */
static struct slice word_behind(struct slice text, struct slice keyword)
{
	while (text.len > keyword.len && !slice_starts(text, keyword))
		text = slice_skip(text, 1);
	text = slice_trim(slice_skip(text, keyword.len));
	if (slice_starts(text, S("\""))) {
		text = slice_skip(text, 1);
		return slice_head(text, slice_find(text, '"'));
	}
	size_t end = 0;
	while (end < text.len && strchr(" \t\r\n;{", text.p[end]) == NULL)
		end++;
	return slice_head(text, end);
}

static enum err parse_named(struct slice text, const char *name, struct dns_tsig_key *out,
                            struct diag *diag)
{
	struct dns_tsig_key key;
	enum err e = parse_parts(word_behind(text, S("algorithm")), word_behind(text, S("key")),
	                         word_behind(text, S("secret")), &key);

	if (e == OK && !is_named(&key, name))
		e = ERR_NOTFOUND;
	if (e == OK)
		*out = key;
	mem_wipe(&key, sizeof(key));
	return e == OK ? OK
	               : diag_set(diag, ERR_SYNTAX, 0,
	                          "holds no key of that name as tsig-keygen "
	                          "writes it");
}

static enum err parse_line(struct slice line, const char *name, struct dns_tsig_key *out)
{
	if (slice_find(line, ':') != SIZE_MAX)
		return dns_tsig_key_parse(line, out);
	return name[0] == '\0' ? ERR_SYNTAX : parse_parts(S(""), slice_str(name), line, out);
}

enum err update_key_parse(struct slice text, const char *name, struct dns_tsig_key *out,
                          struct diag *diag)
{
	struct slice rest = text, line;
	unsigned number = 0;

	if (slice_starts(slice_trim(text), S("key ")))
		return parse_named(slice_trim(text), name, out, diag);
	while (slice_next_line(&rest, &line)) {
		struct dns_tsig_key key;

		number++;
		line = slice_trim(line);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (parse_line(line, name, &key) != OK)
			return diag_set(diag, ERR_SYNTAX, number,
			                "is not a key such as hmac-sha256:NAME:BASE64");
		bool fits = is_named(&key, name);
		if (fits)
			*out = key;
		mem_wipe(&key, sizeof(key));
		if (fits)
			return OK;
	}
	return diag_set(diag, ERR_SYNTAX, 0, "has no key of that name in it");
}

enum err update_key_load(const char *path, const char *name, int *fd_out, struct diag *diag)
{
	struct secret_text *text = mem_alloc(sizeof(*text));
	struct dns_tsig_key key;
	enum err e = secret_file_read(path, text, diag);

	if (e == OK)
		e = update_key_parse(slice_of(text->bytes, text->len), name, &key, diag);
	if (e == OK)
		e = secret_keep(text, "update-key", fd_out, diag);
	mem_wipe(&key, sizeof(key));
	mem_wipe(text, sizeof(*text));
	mem_free(text);
	return e;
}

bool update_key_take(int fd, const char *name, struct dns_tsig_key *out)
{
	struct secret_text *text;
	bool good;

	if (fd < 0)
		return false;
	text = mem_alloc(sizeof(*text));
	good = secret_kept(fd, text) == OK &&
	       update_key_parse(slice_of(text->bytes, text->len), name, out, NULL) == OK;
	mem_wipe(text, sizeof(*text));
	mem_free(text);
	return good;
}
