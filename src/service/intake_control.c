/* Intake's control connections: lines and descriptors in, one answer line for each. */
#include "service/intake_control.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/clock.h"

#define CONTROLS_MAX 128u
#define IDLE_MS 600000    /* an importing client that neither sends nor waits */
#define STRANGER_MS 60000 /* all of an ingest */
#define READ_SIZE 16384u

static void conn_free(struct control_conn *c)
{
	import_free_files(c);
	buf_fini(&c->line);
	buf_fini(&c->out);
	mem_free(c);
}

/* Messages under way are still stored; the connection's memory waits for them. */
static void conn_close(struct control_conn *c)
{
	struct control_conn **at = &c->in->controls;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->in->control_count--;
	waiter_cancel(c->in, &c->waiter);
	purge_free(c->purge);
	loop_watch_fini(&c->watch);
	loop_timer_fini(&c->timer);
	while (c->fd_count > 0)
		(void)close(c->fds[--c->fd_count]); /* never used */
	(void)close(c->fd);                         /* what could be written was */
	c->closed = true;
	if (c->item_count == 0)
		conn_free(c);
}

bool control_has_room(const struct control_conn *c)
{
	return c->item_count < CONTROL_ITEMS_MAX && c->item_bytes < CONTROL_BYTES_MAX &&
	       c->out.len < CONTROL_OUT_MAX / 2;
}

void control_add_counts(struct line_counts *sum, const struct item_counts *c)
{
	sum->reports += c->reports;
	sum->new += c->new;
	sum->duplicates += c->duplicates;
	sum->foreign += c->foreign;
	sum->quarantined += c->quarantined;
	sum->no_report += c->no_report;
}

void control_submit(struct control_conn *c, struct item *it)
{
	c->item_count++;
	c->item_bytes += it->record.bytes.len;
	intake_submit(c->in, it);
}

void control_item_done(struct control_conn *c, const struct item *it)
{
	c->item_count--;
	c->item_bytes -= it->record.bytes.len;
	if (!c->closed)
		control_go(c);
	else if (c->item_count == 0)
		conn_free(c);
}

static void enter(struct control_conn *c, enum control_state next)
{
	c->state = next;
}

/* The last answer of a connection. */
static void end_with(struct control_conn *c, const char *result, const char *why)
{
	line_format_ingest(result, why, &c->out);
	enter(c, CONTROL_ENDING);
}

static void on_durable(void *arg, bool durable)
{
	struct control_conn *c = arg;

	end_with(c, durable ? "stored" : "again",
	         durable ? NULL : "the mail could not be written to disk");
	control_go(c);
}

static int take_fd(struct control_conn *c)
{
	int fd = c->fds[0];

	c->fd_count--;
	memmove(c->fds, c->fds + 1, c->fd_count * sizeof(*c->fds));
	return fd;
}

static const char used_up[] =
        "the allowance of mail without a verified signer is used up for today";

static void on_offered(void *arg, const struct item *it, enum err e)
{
	struct control_conn *c = arg;
	bool good = intake_offer_done(c->in, it, e);

	if (!c->closed)
		end_with(c, good ? "stored" : "again", good ? NULL : used_up);
	control_item_done(c, it);
}

/* There is no place for the mail: it must show first whose it is. */
static enum err offer(struct control_conn *c, const struct archive_record *r)
{
	enum err e = intake_offer(c->in, r, on_offered, c);

	if (e != OK)
		return e;
	c->item_count++;
	c->item_bytes += r->bytes.len;
	return OK;
}

/* Which domain the mail is about shows only when it is read: all of them share one allowance. */
static enum err take_bytes(struct control_conn *c, struct slice bytes)
{
	struct archive_record r = { .way = ARCHIVE_INGEST,
		                    .kind = ARCHIVE_MAIL,
		                    .received = clock_now_s(),
		                    .bytes = bytes };
	struct allowance_place place;
	bool again = false;
	enum err e =
	        allowance_take(c->in->allowances, 0, TRUST_UNSIGNED, bytes.len, r.received, &place);

	if (e == ERR_LIMIT && !intake_knows(c->in, bytes))
		return offer(c, &r);
	if (e == OK || e == ERR_LIMIT)
		e = intake_archive(c->in, &r, &c->waiter, &again);
	if (e != OK || again)
		allowance_give_back(c->in->allowances, &place);
	return e;
}

static void archive_mail(struct control_conn *c, struct source *source)
{
	struct buf mail;
	enum err e;

	buf_init(&mail, SOURCE_MAIL_MAX);
	e = source_next(source, &mail);
	if (e == ERR_LIMIT) {
		end_with(c, "refused", "the mail is larger than 25 MiB");
	} else if (e != OK) {
		end_with(c, "again", "the mail could not be read");
	} else {
		e = take_bytes(c, buf_slice(&mail));
		if (e == OK)
			enter(c, CONTROL_DISK);
		else
			end_with(c, "again",
			         e == ERR_LIMIT ? used_up
			                        : "the mail could not be written to disk");
	}
	buf_fini(&mail);
}

static void take_mail(struct control_conn *c)
{
	struct source source;
	int fd = take_fd(c);

	if (source_init(&source, fd, SOURCE_FILE, SOURCE_MAIL_MAX, c->trusted) != OK) {
		(void)close(fd); /* only passed */
		end_with(c, "refused", "the mail must come as a descriptor of memory");
		return;
	}
	archive_mail(c, &source);
	source_fini(&source);
}

static void on_purged(void *arg, const struct line_purged *done)
{
	struct control_conn *c = arg;

	c->purge = NULL;
	line_format_purged(done, &c->out);
	enter(c, CONTROL_ENDING);
	control_go(c);
}

static void purge_now(struct control_conn *c, struct slice line)
{
	struct line_purge wish;

	if (line_parse_purge(line, &wish) != OK) {
		end_with(c, "refused", "days is no number");
		return;
	}
	c->purge = purge_new(c->in, &wish, on_purged, c);
	enter(c, CONTROL_PURGE);
}

static void on_hello(struct control_conn *c, struct slice line)
{
	static const enum control_state states[] = {
		[LINE_IMPORT] = CONTROL_IMPORT,
		[LINE_INGEST] = CONTROL_MAIL,
		[LINE_RETRY] = CONTROL_RETRY,
		[LINE_PURGE] = CONTROL_PURGE,
	};
	enum line_op op;

	if (line_parse_op(line, &op, &c->dry_run) != OK)
		end_with(c, "refused", "the first line is not understood");
	else if (op != LINE_INGEST && !c->trusted)
		end_with(c, "denied", "this user may only bring mail");
	else if (op == LINE_PURGE)
		purge_now(c, line);
	else
		enter(c, states[op]);
	if (c->state == CONTROL_RETRY)
		held_wake_all(c->in);
}

static void on_file(struct control_conn *c, struct slice line)
{
	if (c->fd_count == 0 || import_add_file(c, line, take_fd(c)) != OK)
		end_with(c, "refused",
		         "a file's line is not understood, or its descriptor is missing");
}

static void on_line(struct control_conn *c, struct slice line)
{
	switch (c->state) {
	case CONTROL_HELLO:
		on_hello(c, line);
		break;
	case CONTROL_IMPORT:
		on_file(c, line);
		break;
	case CONTROL_MAIL:
	case CONTROL_DISK:
	case CONTROL_RETRY:
	case CONTROL_PURGE:
	case CONTROL_ENDING:
		break; /* an ingesting client may name its mail; nobody needs to know */
	}
}

static void take_lines(struct control_conn *c)
{
	struct slice text = buf_slice(&c->line), line;
	size_t size = text.len;

	while (c->file_count < CONTROL_FILES_MAX && slice_cut(text, '\n', &line, &text))
		on_line(c, line);
	buf_consume(&c->line, size - text.len);
	if (buf_status(&c->line) != OK && c->state != CONTROL_ENDING)
		end_with(c, "refused", "a line is too long");
}

static enum err flush(struct control_conn *c)
{
	while (c->out.len > 0) {
		ssize_t n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ERR_AGAIN : ERR_CLOSED;
		buf_consume(&c->out, (size_t)n);
	}
	return OK;
}

/* The client waits for what we do. */
static bool is_at_work(const struct control_conn *c)
{
	return c->state == CONTROL_DISK || c->state == CONTROL_RETRY || c->state == CONTROL_PURGE;
}

/* Nothing more will come out of this connection. */
static bool is_over(const struct control_conn *c)
{
	if (c->out.len > 0 || is_at_work(c))
		return false;
	return c->state == CONTROL_ENDING || (c->ended && c->files == NULL && c->fd_count == 0);
}

static bool may_read(const struct control_conn *c)
{
	return !c->ended && !is_at_work(c) && c->state != CONTROL_ENDING &&
	       c->file_count < CONTROL_FILES_MAX && c->out.len < CONTROL_OUT_MAX / 2;
}

void control_go(struct control_conn *c)
{
	enum err e;

	take_lines(c);
	if (c->state == CONTROL_MAIL && c->fd_count > 0)
		take_mail(c);
	if (c->state == CONTROL_IMPORT)
		import_go(c);
	if (c->state == CONTROL_RETRY && retry_go(c))
		enter(c, CONTROL_ENDING);
	e = flush(c);
	if (e == ERR_CLOSED || is_over(c)) {
		conn_close(c);
		return;
	}
	loop_watch_want(&c->watch,
	                (may_read(c) ? LOOP_READ : 0u) | (e == ERR_AGAIN ? LOOP_WRITE : 0u));
	if (c->trusted)
		loop_timer_set(&c->timer, IDLE_MS);
}

/* Keeps the descriptors of a message; those beyond the ceiling are closed. */
static void keep_fds(struct control_conn *c, struct msghdr *msg)
{
	struct cmsghdr *m;
	size_t n;
	int fd;

	for (m = CMSG_FIRSTHDR(msg); m != NULL; m = CMSG_NXTHDR(msg, m)) {
		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		n = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(m) + i * sizeof(int), sizeof(fd));
			if (c->fd_count < CONTROL_FDS_MAX)
				c->fds[c->fd_count++] = fd;
			else
				(void)close(fd); /* its line will be refused */
		}
	}
}

/* ERR_AGAIN, ERR_CLOSED: the client ended its side, ERR_IO. */
static enum err receive(struct control_conn *c)
{
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control;
	char bytes[READ_SIZE];
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr msg = { .msg_iov = &part,
		              .msg_iovlen = 1,
		              .msg_control = control.bytes,
		              .msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_IO;
	keep_fds(c, &msg);
	if (n == 0)
		return ERR_CLOSED;
	buf_add(&c->line, slice_of(bytes, (size_t)n));
	return OK;
}

static void on_ready(void *arg, unsigned ready)
{
	struct control_conn *c = arg;
	enum err e = OK;

	if ((ready & LOOP_READ) != 0)
		e = receive(c);
	if (e == ERR_IO) {
		conn_close(c);
		return;
	}
	c->ended = c->ended || e == ERR_CLOSED;
	control_go(c);
}

static void on_deadline(void *arg)
{
	struct control_conn *c = arg;

	if (c->item_count > 0 || is_at_work(c))
		loop_timer_set(&c->timer, IDLE_MS); /* it is we who are slow */
	else
		conn_close(c);
}

void intake_take_control(struct intake *in, enum hand_duty duty, int fd)
{
	struct control_conn *c;

	if (in->control_count >= CONTROLS_MAX) {
		log_warn("too many imports and ingested mails at once");
		(void)close(fd); /* the client keeps its mail and comes again */
		return;
	}
	c = mem_alloc(sizeof(*c));
	c->in = in;
	c->fd = fd;
	c->trusted = duty == HAND_IMPORT;
	c->files_last = &c->files;
	c->waiter = (struct waiter){ .fn = on_durable, .arg = c };
	buf_init(&c->line, LINE_MAX_SIZE);
	buf_init(&c->out, CONTROL_OUT_MAX);
	loop_watch_init(&c->watch, in->loop, fd, on_ready, c);
	loop_timer_init(&c->timer, in->loop, on_deadline, c);
	loop_timer_set(&c->timer, c->trusted ? IDLE_MS : STRANGER_MS);
	c->next = in->controls;
	in->controls = c;
	in->control_count++;
	loop_watch_want(&c->watch, LOOP_READ);
}

void intake_close_controls(struct intake *in)
{
	while (in->controls != NULL)
		conn_close(in->controls);
}
