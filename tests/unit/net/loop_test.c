#include "net/loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/stream.h"
#include "test.h"

struct seen {
	struct loop *loop;
	struct loop_watch watch;
	struct loop_timer timer;
	unsigned ready, calls, times;
};

static void on_ready(void *arg, unsigned ready)
{
	struct seen *s = arg;

	s->ready |= ready;
	s->calls++;
	loop_watch_fini(&s->watch); /* a callback may end itself */
}

static void on_time(void *arg)
{
	struct seen *s = arg;

	s->times++;
	loop_stop(s->loop);
}

TEST(watches_and_timers)
{
	struct seen s = { .loop = loop_new() };
	int64_t begin = clock_mono_ms();
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	loop_watch_init(&s.watch, s.loop, pair[0], on_ready, &s);
	loop_watch_want(&s.watch, LOOP_READ);
	EXPECT(write(pair[1], "x", 1) == 1, "written");
	loop_turn(s.loop);
	EXPECT(s.calls == 1 && s.ready == LOOP_READ, "readable");
	loop_watch_init(&s.watch, s.loop, pair[0], on_ready, &s);
	loop_watch_want(&s.watch, LOOP_WRITE);
	loop_watch_want(&s.watch, LOOP_READ | LOOP_WRITE);
	loop_turn(s.loop);
	EXPECT(s.calls == 2 && s.ready == (LOOP_READ | LOOP_WRITE), "both");
	loop_timer_init(&s.timer, s.loop, on_time, &s);
	loop_timer_set(&s.timer, 5000);
	loop_timer_set(&s.timer, 30);
	loop_run(s.loop);
	EXPECT(s.times == 1 && clock_mono_ms() - begin >= 30, "the newer time counts");
	loop_timer_set(&s.timer, -1);
	loop_timer_fini(&s.timer);
	loop_timer_fini(&s.timer);
	loop_run(s.loop);
	EXPECT(s.times == 1, "nothing left to wait for");
	(void)close(pair[0]);
	(void)close(pair[1]);
	loop_free(s.loop);
	loop_free(NULL);
}

TEST(streams_on_sockets)
{
	struct stream a, b;
	char buf[8];
	size_t n = 0;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	stream_init_fd(&a, pair[0]);
	stream_init_fd(&b, pair[1]);
	EXPECT(stream_read(&a, buf, sizeof(buf), &n) == ERR_AGAIN && a.want == LOOP_READ, "empty");
	EXPECT(stream_write(&b, S("hello"), &n) == OK && n == 5, "written");
	EXPECT(stream_read(&a, buf, 3, &n) == OK && n == 3, "some of it");
	EXPECT(stream_read(&a, buf, sizeof(buf), &n) == OK && n == 2, "the rest");
	EXPECT(stream_finish(&b) == OK, "half-closed");
	EXPECT(stream_read(&a, buf, sizeof(buf), &n) == ERR_CLOSED, "the end");
	EXPECT(stream_write(&a, S("back"), &n) == OK && n == 4, "the other way is open");
	EXPECT(stream_read(&b, buf, sizeof(buf), &n) == OK && n == 4, "and works");
	while (stream_write(&a, S("fill"), &n) == OK)
		;
	EXPECT(a.want == LOOP_WRITE, "full");
	stream_close(&b);
	EXPECT(stream_write(&a, S("x"), &n) == ERR_CLOSED, "nobody there");
	stream_close(&a);
	stream_close(&a);
	EXPECT(stream_read(&a, buf, 1, &n) == ERR_CLOSED && stream_finish(&a) == ERR_CLOSED &&
	               stream_write(&a, S("x"), &n) == ERR_CLOSED,
	       "closed");
}

TEST_MAIN(UNIT(watches_and_timers), UNIT(streams_on_sockets))
