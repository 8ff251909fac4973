/* The role of edge: from what the parent gave to the options of service/edge.h. */
#include "app/boot.h"
#include "app/transfer_keys.h"
#include "net/clock.h"
#include "service/edge.h"

#define LISTENERS_MAX 64u

int role_edge(const struct boot *b)
{
	struct dns_peers peers;
	int tls[LISTENERS_MAX], http[LISTENERS_MAX], dns[LISTENERS_MAX], udp[LISTENERS_MAX];
	int behind[LISTENERS_MAX];
	struct trusted proxies;
	struct dns_options answers = {
		.tcp = dns,
		.tcp_count = boot_fd_list(b, "listen.dns.", dns, LISTENERS_MAX),
		.udp = udp,
		.udp_count = boot_fd_list(b, "listen.udp.", udp, LISTENERS_MAX),
		.rate = b->conf->service.dns_rate,
		.peers = &peers,
		.limits = dns_limits_default,
		.now_s = clock_now_s,
	};
	struct edge_options o = {
		.tls = tls,
		.tls_count = boot_fd_list(b, "listen.tls.", tls, LISTENERS_MAX),
		.http = http,
		.http_count = boot_fd_list(b, "listen.http.", http, LISTENERS_MAX),
		.behind = behind,
		.behind_count = boot_fd_list(b, "listen.behind.", behind, LISTENERS_MAX),
		.proxies = &proxies,
		.preamble = b->conf->proxy.preamble,
		.hand_desk = boot_fd(b, "hand.desk"),
		.hand_intake = boot_fd(b, "hand.intake"),
		.bell = boot_fd(b, "bell"),
		.fetches = boot_fd(b, "fetches"),
		.board = b->board,
		.slot = b->slot,
		.edgedb_path = conf_path(b->conf, "edge/edge.db"),
		.edge_key = keys_get(&b->keys, KEY_EDGE_TLS),
		.report_key = keys_get(&b->keys, KEY_REPORT_TLS),
		.limits = edge_limits_default,
		.zone = slice_str(b->conf->service.zone),
		.dns = answers,
		.now_s = clock_now_s,
	};

	if (trusted_parse(slice_str(b->conf->proxy.trusted), &proxies) != OK)
		return 1; /* the parent has read the same */
	transfer_peers(b->conf, boot_fd(b, "transfer.keys"), &peers);
	edge_run(&o);
	mem_wipe(&peers, sizeof(peers));
	return 0;
}
