#include "app/demo.h"

#include <stddef.h>

#include "app/process.h"
#include "net/clock.h"
#include "net/listen.h"
#include "service/demo_ca.h"

static const struct conf_setting preset[] = {
	{ "listen.tls", "127.0.0.1:8443", "--demo" },
	{ "listen.http", "127.0.0.1:8080", "--demo" },
	{ "listen.dns", "127.0.0.1:8053", "--demo" },
	{ "listen.smtp", "127.0.0.1:8025", "--demo" },
	{ "listen.admin", "127.0.0.1:8000", "--demo" },
	{ "service.host", "mxseal.example", "--demo" },
	{ "service.zone", "sts.mxseal.example", "--demo" },
	{ "service.addresses", "127.0.0.1", "--demo" },
	{ "report.host", "reports.mxseal.example", "--demo" },
	{ "report.keep_unsigned", "unlimited", "--demo" },
	{ "report.keep_posted", "unlimited", "--demo" },
};

static const struct listener {
	const char *key, *what;
	unsigned offset; /* from --port-base */
	size_t place;
	bool datagrams; /* UDP as well */
} listeners[DEMO_LISTENERS] = {
	{ "listen.tls", "HTTPS", 443, offsetof(struct conf, listen.tls), false },
	{ "listen.http", "HTTP", 80, offsetof(struct conf, listen.http), false },
	{ "listen.dns", "DNS", 53, offsetof(struct conf, listen.dns), true },
	{ "listen.smtp", "SMTP", 25, offsetof(struct conf, listen.smtp), false },
	{ "listen.admin", "dashboard", 0, offsetof(struct conf, listen.admin), false },
};

static const struct conf_addresses *addresses(const struct conf *conf, const struct listener *l)
{
	return (const struct conf_addresses *)(const void *)((const char *)conf + l->place);
}

const struct conf_setting *demo_preset(size_t *count_out)
{
	*count_out = ARRAY_LEN(preset);
	return preset;
}

static void move(const struct cli *cli, const struct listener *l, const struct address *to,
                 const char *from, struct demo_ports *out)
{
	char text[ADDRESS_TEXT_SIZE];

	out->moved[out->count++] = (struct conf_setting){
		.key = l->key,
		.value = arena_printf(cli->arena, "%s", address_format(&to->any, text)),
		.from = from,
	};
}

static enum err probe(const struct cli *cli, const struct listener *l, const struct address *at,
                      struct socket_fault *fault)
{
	enum err e = sockets_probe(at, 0, cli->arena, fault);

	return e == OK && l->datagrams ? sockets_probe(at, LISTEN_DATAGRAM, cli->arena, fault) : e;
}

static int named_port(const struct cli *cli, const struct listener *l, unsigned base,
                      struct demo_ports *out, struct socket_fault *fault)
{
	const char *text = arena_printf(cli->arena, "127.0.0.1:%u", base + l->offset);
	struct address at;

	if (address_parse(slice_str(text), &at) != OK || probe(cli, l, &at, fault) != OK)
		return EXIT_CONFLICT;
	move(cli, l, &at, "--port-base", out);
	return EXIT_GOOD;
}

static bool is_moved_to(const struct demo_ports *ports, const char *value)
{
	for (size_t i = 0; i < ports->count; i++)
		if (strcmp(ports->moved[i].value, value) == 0)
			return true;
	return false;
}

/* The first address of l, or the next port above it that is free. */
static int free_port(const struct cli *cli, const struct conf *conf, const struct listener *l,
                     struct demo_ports *out, struct socket_fault *fault)
{
	const struct conf_addresses *list = addresses(conf, l);
	struct address at;
	struct socket_fault first = { 0 };
	char text[ADDRESS_TEXT_SIZE];

	if (list->count == 0)
		return EXIT_GOOD;
	at = list->at[0];
	for (unsigned i = 0; i < DEMO_PORT_TRIES; i++) {
		enum err e = is_moved_to(out, address_format(&at.any, text))
		                     ? ERR_CONFLICT
		                     : probe(cli, l, &at, fault);

		if (i == 0)
			first = *fault;
		if (e == OK && i == 0)
			return EXIT_GOOD;
		if (e == OK) {
			(void)fprintf(cli->err, "mxseal: %s (%s) is taken by %s; using %s\n",
			              first.address, l->what, first.owner, text);
			move(cli, l, &at, "free port", out);
			*fault = (struct socket_fault){ 0 };
			return EXIT_GOOD;
		}
		if (e != ERR_CONFLICT || address_port(&at.any) == UINT16_MAX)
			break;
		address_set_port(&at, (uint16_t)(address_port(&at.any) + 1));
	}
	*fault = first;
	return EXIT_CONFLICT;
}

int demo_find_ports(const struct cli *cli, const struct conf *conf, unsigned base,
                    struct demo_ports *out, struct socket_fault *fault)
{
	int code = EXIT_GOOD;

	out->count = 0;
	for (size_t i = 0; code == EXIT_GOOD && i < DEMO_LISTENERS; i++)
		code = base != 0 ? named_port(cli, &listeners[i], base, out, fault)
		                 : free_port(cli, conf, &listeners[i], out, fault);
	return code;
}

static int check_loopback(const struct cli *cli, const char *key, const struct conf_addresses *list)
{
	for (size_t k = 0; k < list->count; k++)
		if (!address_is_loopback(&list->at[k].any))
			return cli_error(cli, EXIT_DENIED, key,
			                 "a demonstration listens on loopback only",
			                 "use 127.0.0.1:PORT, or serve --config FILE");
	return EXIT_GOOD;
}

int demo_check(const struct cli *cli, const struct conf *conf)
{
	int code = check_loopback(cli, "listen.lmtp", &conf->listen.lmtp);

	if (code == EXIT_GOOD)
		code = check_loopback(cli, "listen.behind", &conf->listen.behind);
	for (size_t i = 0; code == EXIT_GOOD && i < DEMO_LISTENERS; i++)
		code = check_loopback(cli, listeners[i].key, addresses(conf, &listeners[i]));
	return code;
}

int demo_authority(const struct cli *cli, const struct conf *conf)
{
	struct diag d = { .why = "cannot be made" };
	struct demo_ca *ca = NULL;

	if (demo_ca_open(conf->server.state, clock_now_s(), &ca, &d) != OK)
		return cli_error(cli, EXIT_UNKNOWN, conf_path(conf, DEMO_CA_FILE), d.why,
		                 "remove the state directory to begin anew");
	demo_ca_close(ca);
	return EXIT_GOOD;
}

void demo_greet(const struct cli *cli, const struct conf *conf)
{
	const char *login[] = { "login", "--state", conf->server.state, NULL };
	char tls[ADDRESS_TEXT_SIZE] = "off", admin[ADDRESS_TEXT_SIZE] = "off";
	char dns[ADDRESS_TEXT_SIZE] = "off", smtp[ADDRESS_TEXT_SIZE] = "off";
	unsigned port = 0;
	int pid;

	if (conf->listen.tls.count > 0) {
		(void)address_format(&conf->listen.tls.at[0].any, tls);
		port = address_port(&conf->listen.tls.at[0].any);
	}
	if (conf->listen.dns.count > 0)
		(void)address_format(&conf->listen.dns.at[0].any, dns);
	if (conf->listen.smtp.count > 0)
		(void)address_format(&conf->listen.smtp.at[0].any, smtp);
	if (conf->listen.admin.count > 0)
		(void)address_format(&conf->listen.admin.at[0].any, admin);
	(void)fprintf(cli->out,
	              "mxseal demonstration, state in %s\n"
	              "policies   https://%s  for example\n"
	              "           curl --cacert %s/" DEMO_CA_FILE
	              " --resolve mta-sts.acme.example:%u:127.0.0.1 "
	              "https://mta-sts.acme.example:%u/.well-known/mta-sts.txt\n"
	              "DNS        %s  answers the zone %s\n"
	              "SMTP       %s  takes mail to the report addresses at %s\n"
	              "dashboard  http://%s/  with this link, good once:\n",
	              conf->server.state, tls, conf->server.state, port, port, dns,
	              conf->service.zone, smtp, conf->report.host, admin);
	(void)fflush(cli->out); /* before the next process writes behind it */
	if (process_command(login, &pid) != OK)
		(void)fputs("           mxseal login\n", cli->out); /* checked at the end of main */
}
