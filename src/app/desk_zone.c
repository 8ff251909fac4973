#include "app/desk_zone.h"

#include "app/transfer_keys.h"
#include "net/clock.h"
#include "service/zone_notify.h"

struct desk_zone {
	struct dns_peers peers;
	struct zone_notify *notify; /* NULL: nobody is told of changes */
};

struct desk_zone *desk_zone_new(const struct boot *b, struct desk *d,
                                const struct dial_rules *rules)
{
	struct desk_zone *z = mem_alloc(sizeof(*z));
	struct zone_notify_options o = { .secondaries = b->conf->service.secondaries,
		                         .peers = &z->peers,
		                         .rules = rules,
		                         .now_s = clock_now_s };

	transfer_peers(b->conf, boot_fd(b, "transfer.keys"), &z->peers);
	/* The first listener of a family. */
	for (size_t i = b->conf->listen.dns.count; i > 0; i--) {
		const struct sockaddr_storage *at = &b->conf->listen.dns.at[i - 1].any;

		o.from[at->ss_family == AF_INET6 ? 1 : 0] = *at;
	}
	z->notify = zone_notify_new(d, &o);
	return z;
}

void desk_zone_free(struct desk_zone *z)
{
	if (z == NULL)
		return;
	zone_notify_free(z->notify);
	mem_wipe(&z->peers, sizeof(z->peers));
	mem_free(z);
}

size_t desk_zone_polls(const struct desk_zone *z, struct pollfd *p)
{
	int fds[ZONE_NOTIFY_FDS];
	size_t count = zone_notify_fds(z->notify, fds);

	for (size_t i = 0; i < count; i++)
		p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	return count;
}

void desk_zone_ready(struct desk_zone *z)
{
	if (z->notify != NULL)
		zone_notify_read(z->notify);
}

void desk_zone_tick(struct desk_zone *z, int64_t now_ms)
{
	zone_notify_tick(z->notify, now_ms);
}
