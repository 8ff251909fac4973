#include "advice/setup_plan.h"

#include "base/doc_page.h"

const char *setup_severity_name(enum setup_severity s)
{
	static const char *const names[] = { "pass", "skip", "warn", "fail" };

	return names[s];
}

/* The host without its first label, unless that would leave a top-level domain. */
static struct slice domain_of(const char *host)
{
	struct slice first, rest;

	if (!slice_cut(slice_str(host), '.', &first, &rest) || slice_find(rest, '.') == SIZE_MAX)
		return slice_str(host);
	return rest;
}

static const char *beside(const char *label, const char *host, struct arena *a)
{
	struct slice domain = domain_of(host);

	return domain.len == 0 ? "" : arena_printf(a, "%s.%.*s", label, SLICE_ARGS(domain));
}

const char *setup_guess_report_host(const char *host, struct arena *a)
{
	return beside("reports", host, a);
}

const char *setup_guess_zone(const char *host, struct arena *a)
{
	return beside("sts", host, a);
}

struct work {
	const struct setup_answers *q;
	const struct setup_facts *f;
	struct arena *a;
	struct setup_plan *p;
	const char *report_host, *zone;
	const char *addresses; /* that records name, blanks between */
	const char *dns;       /* that DNS listens on */
};

static void set(struct work *w, const char *section, const char *key, const char *value)
{
	struct setup_plan *p = w->p;

	if (p->setting_count < SETUP_SETTINGS_MAX && value[0] != '\0')
		p->settings[p->setting_count++] = (struct setup_setting){ section, key, value };
}

static void say(struct work *w, enum setup_severity severity, const char *check, const char *detail,
                const char *fix)
{
	struct setup_plan *p = w->p;

	if (severity == SETUP_FAIL)
		p->possible = false;
	if (p->check_count < SETUP_CHECKS_MAX)
		p->checks[p->check_count++] = (struct setup_check){ severity, check, detail, fix };
}

static void step(struct work *w, const char *line)
{
	if (w->p->step_count < SETUP_STEPS_MAX)
		w->p->steps[w->p->step_count++] = line;
}

static const char *join(struct arena *a, const char *list, const char *word)
{
	return list[0] == '\0' ? word : arena_printf(a, "%s %s", list, word);
}

/* Addresses for records. */

static bool is_public(const struct setup_address *at)
{
	return at->global && (!at->v6 || at->answered);
}

static void look_at_address(struct work *w, const struct setup_address *at)
{
	if (is_public(at)) {
		w->addresses = join(w->a, w->addresses, at->text);
		say(w, SETUP_SKIP, "addresses",
		    arena_printf(w->a, "%s %s; whether it is reached from outside is not tested",
		                 at->text,
		                 at->v6 ? "was answered from outside"
		                        : "is an address of this machine"),
		    "ask it from another network once the service runs");
	} else if (at->global) {
		say(w, SETUP_SKIP, "addresses",
		    arena_printf(w->a, "%s was not answered: no record names it", at->text),
		    "repair IPv6 on this machine, or leave it so");
	}
}

static void find_addresses(struct work *w)
{
	for (size_t i = 0; i < w->q->address_count; i++)
		w->addresses = join(w->a, w->addresses, w->q->addresses[i]);
	for (size_t i = 0; w->q->address_count == 0 && i < w->f->address_count; i++)
		look_at_address(w, &w->f->addresses[i]);
	if (w->addresses[0] == '\0')
		say(w, SETUP_WARN, "addresses",
		    "no public address was found on this machine: records cannot name it",
		    "name it with --address ADDRESS");
	else if (w->q->address_count > 0)
		say(w, SETUP_SKIP, "addresses",
		    "those that were given are taken as they are; whether they are reached from "
		    "outside is not tested",
		    "ask them from another network once the service runs");
}

/* Listeners. */

/* A port that nobody else holds. */
static void say_free(struct work *w, const char *check, const struct setup_port *port,
                     const char *what)
{
	static const struct {
		enum setup_severity severity;
		const char *words, *fix;
	} rows[] = {
		[SETUP_FREE] = { SETUP_PASS, "is free", NULL },
		[SETUP_OURS] = { SETUP_PASS, "is held by the mxseal that runs", NULL },
		[SETUP_UNIT] = { SETUP_FAIL, "is held by systemd for a socket unit",
		                 "systemctl list-sockets names it: stop it, and run setup again" },
		[SETUP_UNKNOWN] = { SETUP_SKIP, "cannot be tried by this user",
		                    "run setup as root" },
	};

	say(w, rows[port->state].severity, check,
	    arena_printf(w->a, "%s %s", what, rows[port->state].words), rows[port->state].fix);
	say(w, SETUP_SKIP, check,
	    arena_printf(w->a, "whether %s is reached from outside is not tested", what),
	    "let the firewall pass it, and ask from another network once the service runs");
}

/* HAProxy lives in a chroot, and Traefik speaks to ports only. */
static const char *behind_address(const struct setup_port *port)
{
	struct slice name = slice_str(port->name);

	return slice_eq(name, S("haproxy")) || slice_eq(name, S("traefik"))
	               ? "127.0.0.1:8081"
	               : "unix:/run/mxseal/behind.sock";
}

static void plan_https(struct work *w)
{
	const struct setup_port *tls = &w->f->tls, *http = &w->f->http;
	bool behind = tls->state == SETUP_TAKEN;

	set(w, "listen", "tls", behind ? "off" : "*:443");
	set(w, "listen", "http", behind || http->state == SETUP_TAKEN ? "off" : "*:80");
	if (behind) {
		const char *at = behind_address(tls);

		set(w, "listen", "behind", at);
		say(w, SETUP_WARN, "https",
		    arena_printf(w->a,
		                 "port 443 is taken by %s: it stays in front and passes "
		                 "requests to %s",
		                 tls->owner, at),
		    "give it the lines of " DOC_PAGE("behind.md"));
		return;
	}
	say_free(w, "https", tls, "port 443");
	if (http->state == SETUP_TAKEN)
		say(w, SETUP_PASS, "http",
		    arena_printf(w->a,
		                 "port 80 is taken by %s: certificates are proved through "
		                 "port 443",
		                 http->owner),
		    NULL);
	else
		say_free(w, "http", http, "port 80");
}

static void plan_dns(struct work *w)
{
	if (!w->q->others)
		return;
	for (size_t i = 0; i < w->f->address_count; i++) {
		const struct setup_address *at = &w->f->addresses[i];
		const char *what = arena_printf(w->a, "port 53 of %s", at->text);

		if (at->v6 && !is_public(at))
			continue;
		if (at->dns.state == SETUP_TAKEN) {
			say(w, SETUP_WARN, "dns",
			    arena_printf(w->a, "%s is taken by %s", what, at->dns.owner),
			    "let that listen on other addresses, and run setup again");
			continue;
		}
		w->dns = join(w->a, w->dns,
		              arena_printf(w->a, at->v6 ? "[%s]:53" : "%s:53", at->text));
		say_free(w, "dns", &at->dns, what);
	}
	if (w->dns[0] == '\0')
		say(w, SETUP_FAIL, "dns", "there is no address for the service zone to be asked at",
		    "free port 53 of a public address of this machine");
	set(w, "listen", "dns", w->dns);
}

static bool is_postfix(const struct setup_port *smtp)
{
	return strcmp(smtp->name, "master") == 0; /* Postfix's program that holds the ports */
}

static void plan_reports(struct work *w)
{
	const struct setup_port *smtp = &w->f->smtp;

	if (!w->q->reports) {
		say(w, SETUP_SKIP, "reports", "reports are not taken here",
		    DOC_PAGE("reports.md") " names other ways");
		return;
	}
	if (smtp->state != SETUP_TAKEN) {
		set(w, "listen", "smtp", "*:25");
		say_free(w, "reports", smtp, "port 25");
	} else if (is_postfix(smtp)) {
		set(w, "listen", "lmtp", "unix:/var/spool/postfix/mxseal/lmtp");
		say(w, SETUP_PASS, "reports",
		    arena_printf(w->a,
		                 "port 25 is held by Postfix (%s), which hands reports over by "
		                 "LMTP",
		                 smtp->owner),
		    "give it the lines of " DOC_PAGE("reports.md"));
		step(w, "sudo install -d -o mxseal -m 755 /var/spool/postfix/mxseal");
	} else {
		say(w, SETUP_WARN, "reports",
		    arena_printf(w->a, "port 25 is taken by %s: reports come by HTTPS only",
		                 smtp->owner),
		    DOC_PAGE("reports.md") " says how a mail server hands them over");
	}
}

static void plan_names(struct work *w)
{
	set(w, "service", "host", w->q->host);
	if (w->q->others)
		set(w, "service", "zone", w->zone);
	set(w, "service", "addresses", w->addresses);
	if (w->q->reports)
		set(w, "report", "host", w->report_host);
}

static void plan_acme(struct work *w)
{
	bool behind = w->f->tls.state == SETUP_TAKEN;

	if (!w->q->terms) {
		if (!behind)
			say(w, SETUP_WARN, "certificates",
			    "none are ordered, since the terms of the authority were not agreed to",
			    "agree with --accept-terms yes, or bring some with mxseal cert import");
		return;
	}
	set(w, "acme", "accept_terms", "yes");
	set(w, "acme", "email", w->q->email);
}

/* A mail for somebody else is not taken by the receiver of reports. */
static void plan_alert(struct work *w)
{
	bool own = w->q->reports && w->f->smtp.state != SETUP_TAKEN;

	set(w, "alert", "to", w->q->alert_to);
	if (w->q->alert_to[0] == '\0')
		say(w, SETUP_WARN, "alerts", "nobody is told of what needs a person",
		    "name an address with --alert-to ADDRESS, best one of another domain");
	else if (own)
		say(w, SETUP_WARN, "alerts",
		    "port 25 of this machine takes reports only, and no mail for "
		    "others",
		    "name a mail server in the file that is written: [alert] "
		    "command = /usr/share/mxseal/hooks/alert-smtp HOST");
}

/* Records. */

static void add_record(struct work *w, const char *name, const char *type, const char *value)
{
	struct setup_plan *p = w->p;

	if (p->record_count < SETUP_RECORDS_MAX)
		p->records[p->record_count++] = (struct setup_record){ name, type, value };
}

static void add_addresses(struct work *w, const char *name)
{
	struct slice rest = slice_str(w->addresses), one;

	while (slice_next(&rest, ' ', &one))
		add_record(w, name, slice_find(one, ':') == SIZE_MAX ? "A" : "AAAA",
		           arena_str(w->a, one));
}

static void find_records(struct work *w)
{
	add_addresses(w, w->q->host);
	if (w->q->reports)
		add_addresses(w, w->report_host);
	if (w->q->others) {
		const char *ns = arena_printf(w->a, "ns1.%s", w->zone);

		add_record(w, w->zone, "NS", arena_printf(w->a, "%s.", ns));
		add_addresses(w, ns);
	}
}

/* Whether a service runs that knows nothing of this plan yet. */
static bool runs(const struct setup_facts *f)
{
	bool ours = f->tls.state == SETUP_OURS || f->http.state == SETUP_OURS ||
	            f->smtp.state == SETUP_OURS;

	for (size_t i = 0; i < f->address_count; i++)
		ours = ours || f->addresses[i].dns.state == SETUP_OURS;
	return ours;
}

void setup_plan_make(const struct setup_answers *q, const struct setup_facts *f, struct arena *a,
                     struct setup_plan *out)
{
	struct work w = { .q = q, .f = f, .a = a, .p = out, .addresses = "", .dns = "" };

	*out = (struct setup_plan){ .possible = true };
	w.report_host =
	        q->report_host[0] != '\0' ? q->report_host : setup_guess_report_host(q->host, a);
	w.zone = q->zone[0] != '\0' ? q->zone : setup_guess_zone(q->host, a);
	find_addresses(&w);
	plan_https(&w);
	plan_dns(&w);
	plan_reports(&w);
	plan_names(&w);
	plan_alert(&w);
	plan_acme(&w);
	find_records(&w);
	step(&w, runs(f) ? "sudo systemctl restart mxseal" : "sudo systemctl enable --now mxseal");
	if (q->alert_to[0] != '\0')
		step(&w, "sudo mxseal alert test");
	step(&w, "sudo mxseal login");
	step(&w, "sudo mxseal domain add DOMAIN");
}

void setup_plan_text(const struct setup_plan *p, struct buf *out)
{
	const char *section = "";

	buf_add_str(out, "# Written by mxseal setup; man mxseal.conf explains every setting.\n");
	for (size_t i = 0; i < p->setting_count; i++) {
		const struct setup_setting *s = &p->settings[i];

		if (strcmp(section, s->section) != 0)
			buf_printf(out, "\n[%s]\n", s->section);
		section = s->section;
		buf_printf(out, "%s = %s\n", s->key, s->value);
	}
}
