#include "service/keys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/mem.h"

#define CONTEXT "mxseal01" /* eight bytes; another value would orphan every sealed row */

static_assert(crypto_kdf_KEYBYTES == KEY_SIZE, "the master key is a crypto_kdf key");

#define ALL ((1u << KEY_PURPOSES) - 1u)
#define BIT(purpose) (1u << (purpose))

static const char *const names[KEY_PURPOSES] = {
	[KEY_EDGE_TLS] = "edge-tls", [KEY_REPORT_TLS] = "report-tls", [KEY_ACME] = "acme",
	[KEY_TSIG] = "tsig",         [KEY_SECRETS] = "secrets",       [KEY_EVIDENCE] = "evidence",
	[KEY_CHECK] = "check",
};

static const unsigned allowed[ROLE_COUNT] = {
	[ROLE_EDGE] = BIT(KEY_EDGE_TLS) | BIT(KEY_REPORT_TLS),
	[ROLE_INTAKE] = BIT(KEY_REPORT_TLS) | BIT(KEY_SECRETS),
	[ROLE_DESK] = ALL,
};

const char *key_name(enum key_purpose purpose)
{
	assert(purpose < KEY_PURPOSES);
	return names[purpose];
}

enum err key_find(struct slice name, enum key_purpose *out)
{
	for (unsigned i = 0; i < KEY_PURPOSES; i++) {
		if (slice_eq(name, slice_str(names[i]))) {
			*out = (enum key_purpose)i;
			return OK;
		}
	}
	return ERR_NOTFOUND;
}

void keys_derive(const unsigned char master[KEY_SIZE], struct keys *out)
{
	out->have = ALL;
	for (unsigned i = 0; i < KEY_PURPOSES; i++) {
		int bad = crypto_kdf_derive_from_key(out->key[i], KEY_SIZE, i + 1, CONTEXT, master);

		assert(bad == 0); /* only wrong sizes fail */
		(void)bad;        /* without assertions */
	}
}

void keys_for_role(const struct keys *all, enum role role, struct keys *out)
{
	*out = (struct keys){ .have = all->have & allowed[role] };
	for (unsigned i = 0; i < KEY_PURPOSES; i++)
		if ((out->have & BIT(i)) != 0)
			memcpy(out->key[i], all->key[i], KEY_SIZE);
}

const unsigned char *keys_get(const struct keys *k, enum key_purpose purpose)
{
	return (k->have & BIT(purpose)) != 0 ? k->key[purpose] : NULL;
}

void keys_wipe(struct keys *k)
{
	mem_wipe(k, sizeof(*k));
}

static enum err write_new(int fd, const unsigned char key[KEY_SIZE])
{
	if (write(fd, key, KEY_SIZE) != (ssize_t)KEY_SIZE || fsync(fd) != 0)
		return ERR_IO;
	return OK;
}

/* Written under another name first: a crash never leaves half a key behind. */
static enum err create_file(const char *path, struct diag *diag)
{
	char draft[4096];
	unsigned char key[KEY_SIZE];
	enum err e = ERR_IO;
	int n = snprintf(draft, sizeof(draft), "%s.new", path);
	int fd = n > 0 && (size_t)n < sizeof(draft)
	                 ? open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0400)
	                 : -1;

	if (fd < 0)
		return diag_set(diag, ERR_IO, 0, "the key file cannot be made");
	randombytes_buf(key, sizeof(key));
	e = write_new(fd, key);
	mem_wipe(key, sizeof(key));
	if (close(fd) != 0)
		e = ERR_IO;
	if (e == OK && link(draft, path) != 0 && errno != EEXIST)
		e = ERR_IO;
	(void)unlink(draft); /* a leftover is overwritten next time */
	return e == OK ? OK : diag_set(diag, e, 0, "the key file cannot be written");
}

static enum err read_key(int fd, unsigned char out[KEY_SIZE], struct diag *diag)
{
	unsigned char raw[KEY_HEX_SIZE + 1]; /* hexadecimal digits and CR LF fit, more is refused */
	ssize_t n = read(fd, raw, sizeof(raw));
	size_t len = 0;
	enum err e = OK;

	if (n == (ssize_t)KEY_SIZE) {
		memcpy(out, raw, KEY_SIZE);
	} else {
		struct slice text = slice_of(raw, n > 0 ? (size_t)n : 0);
		unsigned char key[KEY_SIZE];

		e = enc_unhex(slice_trim(text), key, sizeof(key), &len);
		if (e == OK && len == KEY_SIZE)
			memcpy(out, key, KEY_SIZE);
		else
			e = diag_set(diag, ERR_SYNTAX, 0, "this is not a key of 32 bytes");
		mem_wipe(key, sizeof(key));
	}
	mem_wipe(raw, sizeof(raw));
	return e;
}

static enum err check_file(int fd, struct diag *diag)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return diag_set(diag, ERR_IO, 0, "the key file cannot be read");
	if (!S_ISREG(st.st_mode))
		return diag_set(diag, ERR_SYNTAX, 0, "this is not a regular file");
	/* systemd's credentials carry their access list in the group bits, so reading by it passes.
	 */
	if ((st.st_mode & 037) != 0)
		return diag_set(diag, ERR_DENIED, 0, "others may read this key");
	return OK;
}

enum err keys_master(const char *path, bool create, unsigned char out[KEY_SIZE], bool *created_out,
                     struct diag *diag)
{
	bool created = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e;

	if (fd < 0 && errno == ENOENT && create) {
		e = create_file(path, diag);
		if (e != OK)
			return e;
		created = true;
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0 && errno == ENOENT)
		return diag_set(diag, ERR_NOTFOUND, 0, "there is no key file");
	if (fd < 0 && errno == EACCES)
		return diag_set(diag, ERR_DENIED, 0, "this user may not read the key file");
	if (fd < 0)
		return diag_set(diag, ERR_IO, 0, "the key file cannot be read");
	e = check_file(fd, diag);
	if (e == OK)
		e = read_key(fd, out, diag);
	(void)close(fd); /* nothing was written */
	if (e == OK)
		*created_out = created;
	return e;
}
