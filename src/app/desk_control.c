#include "app/desk_control.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/handover.h"

#define GROUP_NAME "mxseal"
#define GROUPS_MAX 1024

void control_init(struct control *c, struct server *server, int hand_intake)
{
	*c = (struct control){ .server = server, .hand_intake = hand_intake };
}

void control_fini(struct control *c)
{
	for (size_t i = 0; i < c->count; i++)
		(void)close(c->waiting[i].fd); /* nothing was written */
	c->count = 0;
}

static bool in_group(uid_t uid, gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;
	struct group g, *group = NULL;
	struct passwd p, *user = NULL;
	char group_text[16384], user_text[16384];

	if (getgrnam_r(GROUP_NAME, &g, group_text, sizeof(group_text), &group) != 0 ||
	    group == NULL)
		return false;
	if (group->gr_gid == gid)
		return true;
	if (getpwuid_r(uid, &p, user_text, sizeof(user_text), &user) != 0 || user == NULL ||
	    getgrouplist(user->pw_name, gid, groups, &n) < 0)
		return false;
	for (int i = 0; i < n; i++)
		if (groups[i] == group->gr_gid)
			return true;
	return false;
}

static bool peer_of(int fd, struct server_peer *out)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return false;
	*out = (struct server_peer){ .via = SERVER_CONTROL };
	if (cred.uid == 0 || cred.uid == geteuid())
		out->who = WHO_OWNER;
	else if (in_group(cred.uid, cred.gid))
		out->who = WHO_OPERATOR;
	(void)snprintf(out->actor, sizeof(out->actor), "uid %u", cred.uid); /* it fits */
	return true;
}

static void drop(struct control *c, size_t i)
{
	c->count--;
	memmove(&c->waiting[i], &c->waiting[i + 1], (c->count - i) * sizeof(c->waiting[0]));
}

void control_accept(struct control *c, int listener, int64_t now_ms)
{
	struct control_waiting w = { .since_ms = now_ms };

	w.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (w.fd < 0)
		return;
	if (!peer_of(w.fd, &w.peer)) {
		(void)close(w.fd); /* nothing was written */
		return;
	}
	if (c->count == CONTROL_WAITING_MAX) {
		(void)close(c->waiting[0].fd); /* as above */
		drop(c, 0);
	}
	c->waiting[c->count++] = w;
}

size_t control_polls(const struct control *c, struct pollfd *out)
{
	for (size_t i = 0; i < c->count; i++)
		out[i] = (struct pollfd){ .fd = c->waiting[i].fd, .events = POLLIN };
	return c->count;
}

/* Anybody may bring a mail; reports from files are an operator's act. */
static void give_to_intake(struct control *c, const struct control_waiting *w)
{
	struct hand h = { .duty = w->peer.who == WHO_NOBODY ? HAND_INGEST : HAND_IMPORT };

	if (hand_send(c->hand_intake, &h, w->fd) != OK)
		log_warn("import not passed on", F("why", "intake takes no more"));
	(void)close(w->fd); /* intake has its own copy */
}

static void decide(struct control *c, const struct control_waiting *w, int64_t now_ms)
{
	char first;
	ssize_t n = recv(w->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n <= 0)
		(void)close(w->fd); /* it said nothing */
	else if (first == '{')
		give_to_intake(c, w);
	else if (server_add(c->server, w->fd, &w->peer, now_ms) != OK)
		log_warn("control connection refused", F("why", "too many"));
}

void control_ready(struct control *c, const struct pollfd *polled, size_t count, int64_t now_ms)
{
	/* Backwards, so that places before stay where they are. */
	for (size_t i = count; i-- > 0;) {
		struct control_waiting w = c->waiting[i];
		if (polled[i].revents == 0)
			continue;
		drop(c, i);
		decide(c, &w, now_ms);
	}
}

void control_tick(struct control *c, int64_t now_ms)
{
	for (size_t i = c->count; i-- > 0;) {
		if (now_ms - c->waiting[i].since_ms <= CONTROL_WAIT_MS)
			continue;
		(void)close(c->waiting[i].fd); /* it said nothing */
		drop(c, i);
	}
}
