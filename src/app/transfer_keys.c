#include "app/transfer_keys.h"

#include "app/secret_file.h"
#include "net/dial.h"

#define DNS_PORT 53

static enum err read_keys(struct slice text, struct dns_peers *out, struct diag *diag)
{
	struct slice line;
	unsigned number = 0;

	while (slice_next_line(&text, &line)) {
		number++;
		line = slice_trim(line);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (out->key_count == DNS_KEYS_MAX)
			return diag_set(diag, ERR_LIMIT, number, "there are more keys than eight");
		if (dns_tsig_key_parse(line, &out->keys[out->key_count]) != OK)
			return diag_set(diag, ERR_SYNTAX, number,
			                "is not a key such as hmac-sha256:NAME:BASE64");
		out->key_count++;
	}
	return out->key_count > 0 ? OK : diag_set(diag, ERR_SYNTAX, 0, "has no key in it");
}

enum err transfer_keys_load(const char *path, int *fd_out, struct diag *diag)
{
	struct dns_peers *peers = mem_alloc(sizeof(*peers));
	struct secret_text *text = mem_alloc(sizeof(*text));
	enum err e = secret_file_read(path, text, diag);

	if (e == OK)
		e = read_keys(slice_of(text->bytes, text->len), peers, diag);
	if (e == OK)
		e = secret_keep(text, "transfer-keys", fd_out, diag);
	mem_wipe(text, sizeof(*text));
	mem_free(text);
	mem_wipe(peers, sizeof(*peers));
	mem_free(peers);
	return e;
}

void transfer_peers(const struct conf *conf, int fd, struct dns_peers *out)
{
	struct slice rest = slice_str(conf->service.secondaries), word;
	struct secret_text *text;
	struct dial_addr a;

	*out = (struct dns_peers){ 0 };
	while (out->secondary_count < DNS_SECONDARIES_MAX && slice_next(&rest, ' ', &word)) {
		if (dial_addr_parse(word, DNS_PORT, &a) != OK)
			continue;
		memcpy(&out->secondaries[out->secondary_count++], &a.u, a.len);
	}
	if (fd < 0)
		return;
	text = mem_alloc(sizeof(*text));
	if (secret_kept(fd, text) == OK &&
	    read_keys(slice_of(text->bytes, text->len), out, NULL) != OK)
		out->key_count = 0;
	mem_wipe(text, sizeof(*text));
	mem_free(text);
}
