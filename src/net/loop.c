#include "net/loop.h"

#include "base/log.h"
#include "base/mem.h"

struct loop {
	struct event_base *base;
};

struct loop *loop_new(void)
{
	struct loop *l = mem_alloc(sizeof(*l));
	struct event_config *config = event_config_new();

	if (config == NULL || event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) != 0)
		log_fatal("no event loop on this system");
	l->base = event_base_new_with_config(config);
	event_config_free(config);
	if (l->base == NULL)
		log_fatal("no event loop on this system");
	return l;
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	event_base_free(l->base);
	mem_free(l);
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

void loop_run(struct loop *l)
{
	if (event_base_dispatch(l->base) < 0)
		log_fatal("event loop failed");
}

void loop_turn(struct loop *l)
{
	if (event_base_loop(l->base, EVLOOP_ONCE) < 0)
		log_fatal("event loop failed");
}

void loop_stop(struct loop *l)
{
	if (event_base_loopbreak(l->base) != 0)
		log_fatal("event loop failed");
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd; /* the watch knows it */
	w->fn(w->arg, ((what & EV_READ) != 0 ? LOOP_READ : 0u) |
	                      ((what & EV_WRITE) != 0 ? LOOP_WRITE : 0u));
}

void loop_watch_init(struct loop_watch *w, struct loop *l, int fd, loop_ready_fn fn, void *arg)
{
	*w = (struct loop_watch){ .loop = l, .fn = fn, .arg = arg, .fd = fd };
}

void loop_watch_want(struct loop_watch *w, unsigned want)
{
	short what = EV_PERSIST;

	if (want == w->want)
		return;
	if (w->want != 0 && event_del(&w->ev) != 0)
		log_fatal("event loop refused a change");
	w->want = want;
	if (want == 0)
		return;
	if ((want & LOOP_READ) != 0)
		what |= EV_READ;
	if ((want & LOOP_WRITE) != 0)
		what |= EV_WRITE;
	if (event_assign(&w->ev, w->loop->base, w->fd, what, on_ready, w) != 0 ||
	    event_add(&w->ev, NULL) != 0)
		log_fatal("event loop refused a descriptor");
}

void loop_watch_fini(struct loop_watch *w)
{
	if (w->loop != NULL)
		loop_watch_want(w, 0);
	w->loop = NULL;
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	t->fn(t->arg);
}

void loop_timer_init(struct loop_timer *t, struct loop *l, loop_timer_fn fn, void *arg)
{
	t->fn = fn;
	t->arg = arg;
	if (event_assign(&t->ev, l->base, -1, 0, on_time, t) != 0)
		log_fatal("event loop refused a timer");
}

void loop_timer_set(struct loop_timer *t, int64_t ms)
{
	struct timeval tv;

	if (ms < 0)
		ms = 0;
	tv = (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
	if (event_add(&t->ev, &tv) != 0)
		log_fatal("event loop refused a timer");
}

void loop_timer_fini(struct loop_timer *t)
{
	if (t->fn == NULL)
		return;
	(void)event_del(&t->ev); /* not pending is as good */
	t->fn = NULL;
}
