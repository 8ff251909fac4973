#include "wire/tls_hello.h"

#define NAME_TYPE_HOST 0
#define LABEL_MAX 63u

static unsigned byte_at(struct slice s, size_t i)
{
	return (unsigned char)s.p[i];
}

/* Takes a vector with a length of 1 or 2 bytes before it off *rest. */
static bool take_vector(struct slice *rest, size_t width, struct slice *out)
{
	size_t len = 0;

	if (rest->len < width)
		return false;
	for (size_t i = 0; i < width; i++)
		len = len << 8 | byte_at(*rest, i);
	if (rest->len - width < len)
		return false;
	*out = slice_head(slice_skip(*rest, width), len);
	*rest = slice_skip(*rest, width + len);
	return true;
}

/* The lower-case form of a letter, digit, hyphen or underscore; 0 for anything else. */
static char label_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? c : '\0';
}

/* RFC 3986 and every resolver take a last label of digits alone for an address. */
static bool ends_in_digits(struct slice name)
{
	size_t n = name.len;

	while (n > 0 && name.p[n - 1] >= '0' && name.p[n - 1] <= '9')
		n--;
	return n < name.len && (n == 0 || name.p[n - 1] == '.');
}

static enum err copy_name(struct slice name, char *out)
{
	size_t label = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = label_char(name.p[i]);

		if (name.p[i] == '.' && label > 0) {
			label = 0;
			out[i] = '.';
			continue;
		}
		if (c == '\0' || ++label > LABEL_MAX)
			return ERR_SYNTAX;
		out[i] = c;
	}
	out[name.len] = '\0';
	return label > 0 ? OK : ERR_SYNTAX;
}

static enum err read_name(struct slice name, char name_out[TLS_NAME_SIZE])
{
	char text[TLS_NAME_SIZE];
	enum err e;

	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	if (name.len >= TLS_NAME_SIZE)
		return ERR_LIMIT;
	if (slice_find(name, ':') != SIZE_MAX || ends_in_digits(name))
		return ERR_DENIED;
	e = copy_name(name, text);
	if (e == OK)
		memcpy(name_out, text, name.len + 1);
	return e;
}

enum err tls_sni_parse(struct slice ext, char name_out[TLS_NAME_SIZE])
{
	struct slice list, name = { NULL, 0 }, item;
	bool found = false;

	if (!take_vector(&ext, 2, &list) || ext.len > 0)
		return ERR_SYNTAX;
	while (list.len > 0) {
		unsigned type = byte_at(list, 0);

		list = slice_skip(list, 1);
		if (!take_vector(&list, 2, &item))
			return ERR_SYNTAX;
		if (type != NAME_TYPE_HOST)
			continue;
		if (found)
			return ERR_SYNTAX;
		name = item;
		found = true;
	}
	return found ? read_name(name, name_out) : ERR_NOTFOUND;
}

enum err tls_alpn_parse(struct slice ext, struct tls_alpn *out)
{
	struct tls_alpn a = { .count = 0 };
	struct slice list, name;

	if (!take_vector(&ext, 2, &list) || ext.len > 0 || list.len == 0)
		return ERR_SYNTAX;
	while (list.len > 0) {
		if (!take_vector(&list, 1, &name) || name.len == 0)
			return ERR_SYNTAX;
		a.count++;
		a.http11 = a.http11 || slice_eq(name, S("http/1.1"));
		a.acme = a.acme || slice_eq(name, S("acme-tls/1"));
	}
	*out = a;
	return OK;
}
