/* The role of intake: from what the parent gave to the settings of service/intake.h. */
#include "app/boot.h"
#include "app/outgoing.h"
#include "base/log.h"
#include "net/fetch.h"
#include "net/resolver.h"
#include "service/intake.h"

#define READERS_MAX 64u
#define LISTENERS_MAX 64u

/* What the machine is called by those who speak SMTP or LMTP with it. */
static const char *host_of(const struct conf *c)
{
	if (c->report.host[0] != '\0')
		return c->report.host;
	return c->service.host[0] != '\0' ? c->service.host : "localhost";
}

/* What intake connects with; the resolver is NULL where nothing is connected to. */
struct outside {
	struct dial_rules rules;
	struct resolver_conf conf;
	struct resolver *resolver;
};

static bool open_outside(const struct boot *b, struct outside *out)
{
	const struct conf *c = b->conf;
	struct diag diag = { .why = "" };
	enum err e = OK;

	out->conf = (struct resolver_conf){ .forward = slice_str(c->resolver.forward),
		                            .stub = slice_str(c->resolver.stub),
		                            .trust_anchor = slice_str(c->resolver.trust_anchor),
		                            .rules = &out->rules };
	/* A demonstration asks nobody. */
	if (b->demo)
		return true;
	e = outgoing_rules(c, &out->rules, &diag);
	if (e == OK && c->mailbox_count > 0) {
		fetch_setup();
		e = resolver_open(&out->conf, &out->resolver, &diag);
	}
	if (e != OK)
		log_error("the resolver cannot be used", F("why", diag.why));
	return e == OK;
}

static enum mailbox_after after_of(const char *text)
{
	return strcmp(text, "flag") == 0     ? AFTER_FLAG
	       : strcmp(text, "delete") == 0 ? AFTER_DELETE
	       : strcmp(text, "leave") == 0  ? AFTER_LEAVE
	                                     : AFTER_MOVE;
}

static void fill_mailbox(const struct boot *b, const struct outside *o,
                         const struct conf_mailbox *c, struct mailbox_conf *m)
{
	*m = (struct mailbox_conf){ .name = c->name,
		                    .user = c->user,
		                    .password_file = c->password_file,
		                    .token_url = c->oauth_token_url,
		                    .client_id = c->oauth_client_id,
		                    .secret_file = c->oauth_secret_file,
		                    .scope = c->oauth_scope,
		                    .token_command = c->token_command,
		                    .ca_file = c->ca_file,
		                    .after = after_of(c->after),
		                    .folder = slice_skip(slice_str(c->after), 5).p,
		                    .every = c->every,
		                    .control_socket = conf_path(b->conf, "control.sock"),
		                    .resolver = o->resolver,
		                    .rules = &o->rules };
	if (imap_url_parse(slice_str(conf_mailbox_url(c)), &m->url) != OK)
		log_fatal("a URL that was good is not any more");
}

const char *const *intake_reads(const struct conf *conf, struct arena *a)
{
	size_t max = 3 + 3 * conf->mailbox_count + strlen(conf->report.watch), count = 0;
	const char **out = arena_calloc(a, max, sizeof(*out));
	struct slice rest = slice_str(conf->report.watch), path;

	for (size_t i = 0; i < conf->mailbox_count; i++) {
		const struct conf_mailbox *m = &conf->mailboxes[i];

		out[count++] = m->password_file;
		out[count++] = m->oauth_secret_file;
		out[count++] = m->ca_file;
	}
	out[count++] = conf->resolver.trust_anchor;
	while (slice_next(&rest, ' ', &path))
		out[count++] = arena_str(a, path);
	return out;
}

int role_intake(const struct boot *b)
{
	struct mailbox_conf mailboxes[CONF_MAILBOXES_MAX];
	struct outside outside = { .resolver = NULL };
	int readers[READERS_MAX], smtp[LISTENERS_MAX], lmtp[LISTENERS_MAX];
	struct intake_settings set = {
		.database = conf_path(b->conf, "mxseal.db"),
		.archive_dir = conf_path(b->conf, "archive"),
		.hand = boot_fd(b, "hand.intake"),
		.ingest = boot_fd(b, "listen.ingest"),
		.readers = readers,
		.reader_count = boot_fd_list(b, "reader.", readers, READERS_MAX),
		.board = b->board,
		.slot = b->slot,
		.program = MXSEAL_VERSION,
		.keep_quarantine = (int64_t)b->conf->report.keep_quarantine,
		.limits = { b->conf->report.keep_unsigned, b->conf->report.keep_posted },
		.host = host_of(b->conf),
		.report_host = b->conf->report.host,
		.smtp = smtp,
		.smtp_count = boot_fd_list(b, "listen.smtp.", smtp, LISTENERS_MAX),
		.lmtp = lmtp,
		.lmtp_count = boot_fd_list(b, "listen.lmtp.", lmtp, LISTENERS_MAX),
		.edgedb_path = conf_path(b->conf, "edge/edge.db"),
		.report_key = keys_get(&b->keys, KEY_REPORT_TLS),
		.strict_dkim = b->conf->report.strict_dkim,
		.resolver = b->demo ? NULL : &outside.conf, /* a demonstration asks nobody */
		.keep_raw = b->conf->report.keep_raw,
		.keep_reports = b->conf->report.keep_reports,
		.quiet = b->demo, /* it feeds itself sixty days of reports */
		.mailboxes = mailboxes,
		.mailbox_count = b->demo ? 0 : b->conf->mailbox_count,
		.watch = b->demo ? "" : b->conf->report.watch,
	};
	enum err e = ERR_UNAVAILABLE;

	if (open_outside(b, &outside)) {
		for (size_t i = 0; i < set.mailbox_count; i++)
			fill_mailbox(b, &outside, &b->conf->mailboxes[i], &mailboxes[i]);
		e = intake_run(&set);
	}
	resolver_close(outside.resolver);
	return e == OK ? 0 : 1;
}
