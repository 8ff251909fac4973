/* Intake's POST connections: the machine of intake_post.h on the loop. */
#include "base/log.h"
#include "net/clock.h"
#include "service/intake_internal.h"
#include "service/intake_post.h"
#include "store/domains.h"

#define POSTS_MAX 512u /* connections at once; then the oldest unfinished one goes */

struct post_conn {
	struct post_conn *next;
	struct intake *in;
	struct stream stream;
	struct loop_watch watch;
	struct loop_timer timer;
	struct waiter waiter;
	struct post post;
	struct post_owner owner;
	int64_t began_ms;
	unsigned status;              /* to answer with when the bytes are durable */
	struct allowance_place place; /* given back unless something new is stored */
	char host[HAND_NAME_SIZE];
};

static void conn_close(struct post_conn *c)
{
	struct intake *in = c->in;
	struct post_conn **at = &in->posts;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	in->post_count--;
	allowance_give_back(in->allowances, &c->place);
	waiter_cancel(in, &c->waiter);
	loop_watch_fini(&c->watch);
	loop_timer_fini(&c->timer);
	post_fini(&c->post);
	stream_close(&c->stream);
	mem_free(c);
}

static void set_deadline(struct post_conn *c)
{
	int64_t spent = clock_mono_ms() - c->began_ms, limit = post_deadline_ms(&c->post);

	loop_timer_set(&c->timer, c->post.state == POST_DRAIN ? limit : limit - spent);
}

static void conn_step(struct post_conn *c)
{
	enum post_state before = c->post.state;
	enum err e = post_step(&c->post);

	if (e != ERR_AGAIN) {
		conn_close(c);
		return;
	}
	loop_watch_want(&c->watch, post_want(&c->post));
	if (c->post.state != before)
		set_deadline(c);
}

static void on_ready(void *arg, unsigned ready)
{
	(void)ready;
	conn_step(arg);
}

/* Every state has an end; what was stored by then is stored, and the client asks again. */
static void on_deadline(void *arg)
{
	conn_close(arg);
}

static void on_durable(void *arg, bool durable)
{
	struct post_conn *c = arg;

	post_stored(&c->post, durable ? c->status : 503);
	conn_step(c);
}

static struct post_verdict judge_domain(struct post_conn *c, int64_t domain, int64_t now)
{
	enum err e = allowance_take(c->in->allowances, domain, TRUST_POSTED, 0, now, &c->place);

	if (e == OK)
		return (struct post_verdict){ .status = 0 };
	if (e != ERR_LIMIT)
		return (struct post_verdict){ .status = 503, .retry_after = 60 };
	return (struct post_verdict){ .status = 429,
		                      .retry_after = (unsigned)(86400 - now % 86400) };
}

static struct post_verdict admit(void *arg, struct slice tag)
{
	struct post_conn *c = arg;
	struct arena *a = arena_new();
	int64_t now = clock_now_s();
	struct post_verdict v = { .status = 503, .retry_after = 60 };
	struct domain d;
	enum err e = domains_by_tag(c->in->db, tag, now, a, &d);

	if (e == OK)
		v = judge_domain(c, d.id, now);
	else if (e == ERR_NOTFOUND)
		v = (struct post_verdict){ .status = 404 };
	arena_free(a);
	return v;
}

static bool hold(void *arg, size_t size)
{
	struct post_conn *c = arg;

	return intake_hold(c->in, c->post.body.len, size);
}

static void release(void *arg, size_t size)
{
	intake_release(((struct post_conn *)arg)->in, size);
}

static void store(void *arg, struct post *p, struct slice tag, struct slice body)
{
	struct post_conn *c = arg;
	struct archive_record r = {
		.way = ARCHIVE_POST,
		.kind = ARCHIVE_REPORT,
		.received = clock_now_s(),
		.hint = tag,
		.bytes = body,
	};
	bool again = false;
	enum err e = intake_archive(c->in, &r, &c->waiter, &again);

	c->status = again ? 200 : 201;
	if (e == OK && !again) {
		allowance_grow(c->in->allowances, &c->place, body.len);
		c->place.units = 0; /* used for good */
	}
	if (e != OK) {
		log_error("a posted report cannot be archived", F("reason", err_name(e)));
		post_stored(p, 503);
	}
}

/* The oldest connection that has not brought its report yet makes room for a new one. */
static void make_room(struct intake *in)
{
	for (struct post_conn *c = in->posts; c != NULL; c = c->next) {
		if (c->post.state != POST_DISK && c->post.state != POST_REPLY) {
			conn_close(c);
			return;
		}
	}
}

void intake_take_post(struct intake *in, const struct hand *h, int fd)
{
	struct post_conn *c = mem_alloc(sizeof(*c)), **at = &in->posts;

	if (in->post_count >= POSTS_MAX)
		make_room(in);
	c->in = in;
	c->began_ms = clock_mono_ms();
	memcpy(c->host, h->sni, sizeof(c->host));
	c->waiter = (struct waiter){ .fn = on_durable, .arg = c };
	c->owner = (struct post_owner){ admit, hold, release, store, c };
	stream_init_fd(&c->stream, fd);
	post_init(&c->post, &c->stream, &c->owner, c->host);
	loop_watch_init(&c->watch, in->loop, fd, on_ready, c);
	loop_timer_init(&c->timer, in->loop, on_deadline, c);
	while (*at != NULL)
		at = &(*at)->next;
	*at = c;
	in->post_count++;
	set_deadline(c);
	loop_watch_want(&c->watch, LOOP_READ);
}

void intake_close_posts(struct intake *in)
{
	while (in->posts != NULL)
		conn_close(in->posts);
}
