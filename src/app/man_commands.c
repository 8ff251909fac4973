#include "app/commands.h"
#include "app/help.h"
#include "app/man.h"
#include "app/mdoc.h"
#include "app/options.h"

static const struct mdoc_term environment[] = {
	{ "MXSEAL_STATE", "The state directory of the service, for commands without --state." },
	{ "MXSEAL_SECTION__KEY",
	  "A setting of the service, e.g. MXSEAL_LISTEN__TLS for tls in [listen]; it overrides the "
	  "configuration file." },
	{ "MXSEAL_SECTION__KEY_FILE", "A file that holds the value of that setting." },
	{ "CREDENTIALS_DIRECTORY",
	  "Where systemd puts credentials; the file master.key in it is the master key." },
	{ "NO_COLOR", "When set and not empty: no colours, unless --color=always asks for them." },
	{ "TERM", "The value dumb means no colours." },
	{ NULL, NULL },
};

static const struct mdoc_term files[] = {
	{ "/etc/mxseal/mxseal.conf", "The configuration, see mxseal.conf(5)." },
	{ "/var/lib/mxseal", "The state directory of a real service, STATE below." },
	{ "./var", "The state directory of a demonstration; used by commands when it is theirs." },
	{ "STATE/control.sock", "The socket by which commands reach the service." },
	{ "STATE/ingest.sock",
	  "The socket by which any user hands a mail over, and nothing else." },
	{ "STATE/mxseal.db", "Domains, policies, reports and figures." },
	{ "STATE/edge/edge.db", "What is served, and nothing else." },
	{ "STATE/master.key", "The master key, unless key_file names another file." },
	{ "STATE/demo-ca.pem", "The certification authority of a demonstration, for clients." },
	{ NULL, NULL },
};

static void option(FILE *out, const struct option_spec *o, struct arena *a)
{
	(void)fputs(".It ", out);
	if (o->letter != 0)
		(void)fprintf(out, "Fl %c , ", o->letter);
	(void)fprintf(out, "Fl \\-%s", o->name);
	if (o->arg != NULL)
		(void)fprintf(out, " Ar %s", o->arg);
	(void)fputc('\n', out);
	mdoc_fill(out, slice_str(arena_printf(a, "%s.", help_option_text(o, a))));
}

static void own_options(FILE *out, const struct command *c, struct arena *a)
{
	if (c->option_count == 0)
		return;
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < c->option_count; i++)
		option(out, &c->options[i], a);
	(void)fputs(".El\n", out);
}

/* Only their names here; what they mean is the same everywhere. */
static void shared_options(FILE *out, const struct command *c, struct arena *a)
{
	const struct option_spec *o;
	const char *text = "";

	for (size_t i = c->option_count; (o = options_nth(c, i)) != NULL; i++)
		text = arena_printf(a, "%s%s`--%s`", text, text[0] == '\0' ? "" : ", ", o->name);
	(void)fputs(".Pp\n", out);
	mdoc_fill(out, slice_str(arena_printf(a, "%s %s.",
	                                      c->option_count == 0 ? "Options:" : "Also", text)));
}

static void command(FILE *out, const struct command *c, struct arena *a)
{
	mdoc_heading(out, 2, arena_printf(a, "mxseal %s", command_title(c, a)));
	(void)fputs(".Nm mxseal ", out);
	mdoc_inline(out, slice_str(help_usage(c, a) + strlen("mxseal ")));
	(void)fputs("\n.Pp\n", out);
	mdoc_fill(out,
	          slice_str(arena_printf(a, "%c%s.", c->summary[0] - 'a' + 'A', c->summary + 1)));
	if (c->details != NULL) {
		(void)fputs(".Pp\n", out);
		mdoc_prose(out, c->details);
	}
	own_options(out, c, a);
	shared_options(out, c, a);
	if (c->examples != NULL) {
		(void)fputs(".Pp\nExamples:\n", out);
		mdoc_literal(out, slice_str(c->examples));
	}
}

static const char *capitals(const char *text, struct arena *a)
{
	char *out = arena_str(a, slice_str(text));

	for (char *p = out; *p != '\0'; p++)
		*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
	return out;
}

static void groups(FILE *out, struct arena *a)
{
	for (unsigned g = GROUP_RUN; g < GROUP_HIDDEN; g++) {
		mdoc_heading(out, 1, capitals(help_group((enum command_group)g), a));
		for (size_t i = 0; i < command_count; i++)
			if (commands[i]->group == (enum command_group)g)
				command(out, commands[i], a);
	}
}

static void common_options(FILE *out, struct arena *a)
{
	const struct option_spec *o;

	mdoc_heading(out, 1, "COMMON OPTIONS");
	mdoc_fill(out, S("These mean the same for every command that takes them. Options stand "
	                 "anywhere behind the command; `--` ends them."));
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; (o = options_shared(i)) != NULL; i++)
		option(out, o, a);
	(void)fputs(".El\n", out);
}

static void exit_status(FILE *out)
{
	mdoc_heading(out, 1, "EXIT STATUS");
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (const struct help_exit *e = help_exits; e->meaning != NULL; e++) {
		(void)fprintf(out, ".It %d\n", e->code);
		mdoc_fill(out, slice_str(e->meaning));
	}
	(void)fputs(".El\n.Pp\n", out);
	mdoc_fill(out, S("Of several targets the highest of 3, 1 and 0 in that order counts."));
}

static void description(FILE *out)
{
	mdoc_heading(out, 1, "SYNOPSIS");
	(void)fputs(".Nm\n.Ar COMMAND\n.Op Ar OPTION ...\n.Op Ar ARGUMENT ...\n", out);
	mdoc_heading(out, 1, "DESCRIPTION");
	mdoc_prose(out,
	           "mxseal hosts MTA-STS policies (RFC 8461), receives TLS reports (RFC 8460) and "
	           "moves each domain along only as far as the evidence allows.\n\n"
	           "`mxseal serve` is the service. Other commands talk to it by a socket in its "
	           "state directory, as root, as the service's user or as a member of the group "
	           "mxseal; some need no service at all.\n\n"
	           "Results go to standard output; progress, questions and errors to standard "
	           "error. An error is one line that says what, where and why, and then a line "
	           "`fix:`. A command that changes something returns when the change is served "
	           "everywhere, or says why not yet. Without a terminal nothing is asked.\n\n"
	           "In JSON every object names its `schema`, which only grows; counts are whole "
	           "numbers. Commands that list print one object with `items` and `next`.");
}

void man_commands(FILE *out, int64_t now, struct arena *a)
{
	static const char *const pages[] = { "mxseal.conf 5", "mxseal-findings 7", NULL };

	mdoc_head(out, "mxseal", 1, "host MTA-STS policies and read TLS reports", now);
	description(out);
	groups(out, a);
	common_options(out, a);
	mdoc_heading(out, 1, "ENVIRONMENT");
	mdoc_terms(out, environment);
	mdoc_heading(out, 1, "FILES");
	mdoc_terms(out, files);
	exit_status(out);
	mdoc_heading(out, 1, "EXAMPLES");
	mdoc_fill(out, S("Try it; nothing to configure:"));
	mdoc_literal(out, S("mxseal serve --demo"));
	mdoc_fill(out, S("Host a domain and see what to publish:"));
	mdoc_literal(out, S("mxseal domain add example.com\nmxseal records example.com"));
	mdoc_fill(out, S("See what senders reported, and what a code means:"));
	mdoc_literal(out, S("mxseal report summary example.com\n"
	                    "mxseal explain certificate-expired"));
	mdoc_see_also(out, pages);
	mdoc_heading(out, 1, "STANDARDS");
	mdoc_fill(out, S("RFC 8461 (MTA-STS), RFC 8460 (TLS reports)."));
}
