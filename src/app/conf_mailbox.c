/* [imap NAME]: the settings of a mailbox; there may be several such sections. */
#include <assert.h>
#include <stddef.h>

#include "app/conf_internal.h"
#include "net/imap.h"

#define NAME_MAX_BYTES 31u
#define AT(field) offsetof(struct conf_mailbox, field)

static const char *keep(struct conf *c, void *place, const char *text)
{
	*(const char **)place = arena_str(c->arena, slice_str(text));
	return *(const char **)place;
}

static const char *read_mailbox_url(const struct conf_row *row, const char *text, struct conf *c,
                                    void *place, const char **normal_out)
{
	struct imap_url url;

	(void)row; /* nothing depends on it */
	if (text[0] != '\0' && imap_url_parse(slice_str(text), &url) != OK)
		return "needs a URL such as imaps://imap.example.net/INBOX";
	*normal_out = keep(c, place, text);
	return NULL;
}

static const char *read_after(const struct conf_row *row, const char *text, struct conf *c,
                              void *place, const char **normal_out)
{
	struct slice folder = slice_skip(slice_str(text), 5);

	(void)row; /* nothing depends on it */
	if (strcmp(text, "leave") != 0 && strcmp(text, "flag") != 0 &&
	    strcmp(text, "delete") != 0 &&
	    (!slice_starts(slice_str(text), S("move:")) || folder.len == 0 ||
	     folder.len > IMAP_FOLDER_MAX || !slice_is_printable(folder)))
		return "takes leave, flag, delete or move:FOLDER";
	*normal_out = keep(c, place, text);
	return NULL;
}

static const char *read_text(const struct conf_row *row, const char *text, struct conf *c,
                             void *place, const char **normal_out)
{
	(void)row; /* nothing depends on it */
	*normal_out = keep(c, place, text);
	return NULL;
}

static const char *read_token_url(const struct conf_row *row, const char *text, struct conf *c,
                                  void *place, const char **normal_out)
{
	return text[0] == '\0' ? read_text(row, text, c, place, normal_out)
	                       : conf_type_url.read(row, text, c, place, normal_out);
}

static const struct conf_type type_mailbox_url = {
	.name = "URL",
	.syntax = "imaps://HOST/FOLDER, or imap://HOST/FOLDER for STARTTLS, which is then required "
	          "unless HOST is a loopback address; a port may follow HOST; a folder is spelt as "
	          "the server lists it",
	.read = read_mailbox_url,
};
static const struct conf_type type_after = {
	.name = "action",
	.syntax = "leave, flag (the message gets \\Flagged), move:FOLDER or delete",
	.read = read_after,
};
static const struct conf_type type_text = {
	.name = "text",
	.syntax = "as the other side gave it",
	.read = read_text,
};
static const struct conf_type type_token_url = {
	.name = "URL",
	.syntax = "a URL that begins with https://",
	.read = read_token_url,
};

const struct conf_row conf_mailbox_rows[] = {
	{ .section = "imap",
	  .key = "url",
	  .type = &type_mailbox_url,
	  .preset = "",
	  .help = "server and folder of the mailbox",
	  .details =
	          "Required, unless oauth_token_url is Microsoft's: then unset means the inbox on "
	          "outlook.office365.com. TLS is verified with the system's roots. An address "
	          "that the Internet does not route must stand in [outgoing] allow.",
	  .example = "imaps://imap.example.net/INBOX",
	  .place = AT(url) },
	{ .section = "imap",
	  .key = "user",
	  .type = &type_text,
	  .preset = "",
	  .help = "user to sign in as",
	  .details = "Required.",
	  .example = "tls-reports@example.net",
	  .place = AT(user) },
	{ .section = "imap",
	  .key = "password_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "file with the password",
	  .details =
	          "Read at each poll by the service's user; others may not read it. Either this, "
	          "or the oauth_ settings, or token_command.",
	  .example = "/etc/mxseal/imap.password",
	  .place = AT(password_file) },
	{ .section = "imap",
	  .key = "oauth_token_url",
	  .type = &type_token_url,
	  .preset = "",
	  .help = "where an access token is asked for, with the client-credentials grant",
	  .details =
	          "With oauth_client_id and oauth_secret_file. The token is used with XOAUTH2 or "
	          "OAUTHBEARER until it expires.",
	  .example = "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token",
	  .place = AT(oauth_token_url) },
	{ .section = "imap",
	  .key = "oauth_client_id",
	  .type = &type_text,
	  .preset = "",
	  .help = "identifier of the application that asks for the token",
	  .example = "11111111-2222-3333-4444-555555555555",
	  .place = AT(oauth_client_id) },
	{ .section = "imap",
	  .key = "oauth_secret_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "file with the secret of that application",
	  .details = "As password_file.",
	  .example = "/etc/mxseal/imap.secret",
	  .place = AT(oauth_secret_file) },
	{ .section = "imap",
	  .key = "oauth_scope",
	  .type = &type_text,
	  .preset = "https://outlook.office365.com/.default",
	  .help = "scope that is asked for",
	  .example = "https://mail.example.net/.default",
	  .place = AT(oauth_scope) },
	{ .section = "imap",
	  .key = "token_command",
	  .type = &type_text,
	  .preset = "",
	  .help = "command that prints an access token",
	  .details = "For grants that are not built in. It is started by a shell as the service's "
	             "user at most once a poll and has 30 seconds.",
	  .example = "/usr/local/bin/print-token reports",
	  .place = AT(token_command) },
	{ .section = "imap",
	  .key = "ca_file",
	  .type = &conf_type_path,
	  .preset = "",
	  .help = "roots that are trusted for this mailbox beside the system's",
	  .details = "For a server or a token endpoint with an authority of your own.",
	  .example = "/etc/mxseal/mail-root.pem",
	  .place = AT(ca_file) },
	{ .section = "imap",
	  .key = "after",
	  .type = &type_after,
	  .preset = "leave",
	  .help = "what becomes of a message whose report is stored",
	  .details = "Other messages are never touched, nor marked as seen. A folder that is not "
	             "there "
	             "is made. Without the extension UIDPLUS a server keeps deleted messages until "
	             "somebody empties the folder.",
	  .example = "move:TLS reports",
	  .place = AT(after) },
	{ .section = "imap",
	  .key = "every",
	  .type = &conf_type_number,
	  .preset = "300",
	  .min = 1,
	  .max = 86400,
	  .unit = "seconds",
	  .help = "how often the mailbox is looked at",
	  .details = "After failures the pauses grow, to a quarter of an hour.",
	  .example = "60",
	  .place = AT(every) },
};
const size_t conf_mailbox_row_count = ARRAY_LEN(conf_mailbox_rows);

static_assert(ARRAY_LEN(conf_mailbox_rows) <= CONF_MAILBOX_KEYS_MAX,
              "struct conf_mailbox holds an origin per row");

/* Lower case, so that a variable of the environment can name it. */
static bool is_name(struct slice s)
{
	bool good = s.len > 0 && s.len <= NAME_MAX_BYTES;

	for (size_t i = 0; good && i < s.len; i++)
		good = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		       s.p[i] == '-' || s.p[i] == '_';
	return good;
}

bool conf_mailbox_name(const char *section, struct slice *name_out)
{
	struct slice s = slice_str(section);

	if (!slice_starts(s, S("imap ")))
		return false;
	*name_out = slice_trim(slice_skip(s, 5));
	return is_name(*name_out);
}

static struct conf_mailbox *mailbox_of(struct conf *c, struct slice name)
{
	struct conf_errors none = { .arena = c->arena };
	struct conf_mailbox *m;

	for (size_t i = 0; i < c->mailbox_count; i++)
		if (slice_eq(slice_str(c->mailboxes[i].name), name))
			return &c->mailboxes[i];
	if (c->mailbox_count == CONF_MAILBOXES_MAX)
		return NULL;
	m = &c->mailboxes[c->mailbox_count++];
	*m = (struct conf_mailbox){ .name = arena_str(c->arena, name) };
	for (size_t i = 0; i < conf_mailbox_row_count; i++) {
		struct conf_spot spot = conf_mailbox_spot(c, m, i);

		if (conf_apply(c, &spot, conf_mailbox_rows[i].preset, "default", &none) != OK)
			log_fatal("a default setting is not allowed by its own row");
	}
	return m;
}

struct conf_spot conf_mailbox_spot(struct conf *c, struct conf_mailbox *m, size_t row)
{
	return (struct conf_spot){ .row = &conf_mailbox_rows[row],
		                   .place = (char *)m + conf_mailbox_rows[row].place,
		                   .origin = &m->origin[row],
		                   .section = arena_printf(c->arena, "imap %s", m->name) };
}

enum err conf_mailbox_find(struct conf *c, struct slice name, const char *key,
                           struct conf_spot *out)
{
	for (size_t i = 0; i < conf_mailbox_row_count; i++) {
		struct conf_mailbox *m;

		if (strcmp(conf_mailbox_rows[i].key, key) != 0)
			continue;
		m = mailbox_of(c, name);
		if (m == NULL)
			return ERR_LIMIT;
		*out = conf_mailbox_spot(c, m, i);
		return OK;
	}
	return ERR_NOTFOUND;
}

const char *conf_mailbox_url(const struct conf_mailbox *m)
{
	bool microsoft = slice_starts_i(slice_str(m->oauth_token_url),
	                                S("https://login.microsoftonline.com/"));

	return m->url[0] == '\0' && microsoft ? "imaps://outlook.office365.com/INBOX" : m->url;
}

/* One way to sign in, whole, and no other. */
static const char *fault_of(const struct conf_mailbox *m)
{
	bool oauth = m->oauth_token_url[0] != '\0';
	int ways = (m->password_file[0] != '\0') + oauth + (m->token_command[0] != '\0');

	if (conf_mailbox_url(m)[0] == '\0')
		return "has no url";
	if (m->user[0] == '\0')
		return "has no user";
	if (ways != 1)
		return "needs one of password_file, oauth_token_url and token_command";
	if (oauth && (m->oauth_client_id[0] == '\0' || m->oauth_secret_file[0] == '\0'))
		return "has oauth_token_url without oauth_client_id or oauth_secret_file";
	return NULL;
}

void conf_mailboxes_check(const struct conf *c, struct conf_errors *errors)
{
	for (size_t i = 0; i < c->mailbox_count; i++) {
		const char *why = fault_of(&c->mailboxes[i]);

		if (why != NULL)
			conf_error_add(
			        errors,
			        arena_printf(errors->arena, "[imap %s]", c->mailboxes[i].name), why,
			        "see [imap NAME] in man mxseal.conf");
	}
}
