#include "store/edgedb.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "unit/store/copy_all.h"
#include "unit/test.h"

#define NOBODY 65534

struct fixture {
	char dir[64], path[128];
	struct edgedb *writer;
	struct arena *a;
};

static void fixture_open(struct fixture *f)
{
	const char *tmp = getenv("TMPDIR");

	*f = (struct fixture){ 0 };
	(void)snprintf(f->dir, sizeof(f->dir), "%.40s/mxseal-edge-XXXXXX",
	               tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(chmod(f->dir, 0755), 0);
	(void)snprintf(f->path, sizeof(f->path), "%s/edge.db", f->dir);
	f->a = arena_new();
	assert_int_equal(edgedb_prepare(f->path, NULL), OK);
	assert_int_equal(edgedb_open_writer(f->path, &f->writer, NULL), OK);
}

static void fixture_close(struct fixture *f)
{
	DIR *dir = opendir(f->dir);

	edgedb_close(f->writer);
	arena_free(f->a);
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
		if (e->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(rmdir(f->dir), 0);
}

static struct edge_host host(const char *name, const char *text)
{
	return (struct edge_host){
		.name = slice_str(name),
		.kind = EDGE_POLICY,
		.tenant = 1,
		.domain = S("example.com"),
		.text = slice_str(text),
		.etag = S("0123"),
		.fingerprint = S("abcd"),
	};
}

/* One host in a commit of its own; returns its sequence number. */
static int64_t put(struct edgedb *e, const char *name, const char *text)
{
	struct edge_host h = host(name, text);
	int64_t seq = 0;

	assert_int_equal(edgedb_begin(e, &seq), OK);
	assert_int_equal(edgedb_end(e, edgedb_put_host(e, &h)), OK);
	return seq;
}

/* What a visit saw, as text: "name=text name- #fingerprint" in order. */
struct seen {
	struct buf text;
};

static void see_host(void *ctx, const struct edge_host *h)
{
	struct seen *s = ctx;

	buf_add(&s->text, h->name);
	buf_add_char(&s->text, h->gone ? '-' : '=');
	buf_add(&s->text, h->text);
	buf_add_char(&s->text, ' ');
}

static void see_cert(void *ctx, const struct edge_cert *c)
{
	struct seen *s = ctx;

	buf_add_char(&s->text, '#');
	buf_add(&s->text, c->fingerprint);
	buf_add_char(&s->text, c->gone ? '-' : ' ');
}

static void expect_changes(struct edgedb *e, int64_t since, int64_t want_seq, const char *want,
                           const char *label)
{
	struct seen s;
	struct edgedb_visit visit = { .host = see_host, .cert = see_cert, .ctx = &s };
	int64_t seq = -1;

	buf_init(&s.text, 65536);
	EXPECT(edgedb_changes(e, since, &visit, &seq) == OK, label);
	EXPECT(seq == want_seq, label);
	EXPECT_SLICE(buf_slice(&s.text), slice_str(want), label);
	buf_fini(&s.text);
}

TEST(opening)
{
	struct fixture f;
	struct edgedb *e = NULL;
	char missing[160];
	struct stat st;

	fixture_open(&f);
	(void)snprintf(missing, sizeof(missing), "%s/none.db", f.dir);
	EXPECT(edgedb_open_reader(missing, &e, NULL) == ERR_NOTFOUND, "no file for a reader");
	EXPECT(edgedb_open_writer(missing, &e, NULL) == ERR_NOTFOUND, "no file for a writer");
	FILE *empty = fopen(missing, "w");
	assert_non_null(empty);
	assert_int_equal(fclose(empty), 0);
	EXPECT(edgedb_open_reader(missing, &e, NULL) == ERR_NOTFOUND, "not prepared");
	EXPECT(edgedb_prepare(f.path, NULL) == OK, "preparing twice changes nothing");
	edgedb_close(f.writer);
	f.writer = NULL;
	(void)snprintf(missing, sizeof(missing), "%s-wal", f.path);
	EXPECT(stat(missing, &st) == 0, "the log stays when the last connection closes");
	(void)snprintf(missing, sizeof(missing), "%s-journal", f.path);
	EXPECT(stat(missing, &st) != 0, "never a rollback journal");
	fixture_close(&f);
}

/* What a backup is made of, and what a restore does to it. */
TEST(a_copy_goes_on_from_a_higher_number)
{
	struct fixture f;
	struct edgedb *copy = NULL;
	char path[160], none[160];
	int64_t seq = 0;

	fixture_open(&f);
	(void)snprintf(path, sizeof(path), "%s/copy.db", f.dir);
	(void)snprintf(none, sizeof(none), "%s/none.db", f.dir);
	(void)put(f.writer, "a.example", "one");
	EXPECT(copy_all(f.path, path) == OK, "copied while the writer has it open");
	(void)put(f.writer, "b.example", "two");
	EXPECT(copy_all(f.path, path) == ERR_CONFLICT, "never over a file that is there");
	EXPECT(copy_all(none, path) == ERR_CONFLICT && access(none, F_OK) != 0,
	       "nothing is made in place of a missing one");
	assert_int_equal(edgedb_open_writer(path, &copy, NULL), OK);
	expect_changes(copy, 0, 1, "a.example=one ", "as it stood at that moment");
	EXPECT(edgedb_raise(copy, 50) == OK && edgedb_seq(copy, &seq) == OK && seq == 50, "raised");
	EXPECT(edgedb_raise(copy, 49) == OK && edgedb_seq(copy, &seq) == OK && seq == 50,
	       "never lowered");
	EXPECT(put(copy, "c.example", "three") == 51, "the next change is behind it");
	edgedb_close(copy);
	fixture_close(&f);
}

TEST(following_by_seq)
{
	struct fixture f;
	struct edgedb *r = NULL;
	struct edge_cert c = { .fingerprint = S("abcd"),
		               .tenant = 1,
		               .seal_domain = S("example.com"),
		               .purpose = S("edge-tls"),
		               .key_type = S("ec"),
		               .der = S("DER"),
		               .sealed_key = S("KEY") };
	int64_t seq = 0;

	fixture_open(&f);
	assert_int_equal(edgedb_open_reader(f.path, &r, NULL), OK);
	expect_changes(r, 0, 0, "", "an empty file");
	EXPECT(put(f.writer, "a.example", "one") == 1, "the first commit");
	EXPECT(put(f.writer, "b.example", "two") == 2, "the second");
	EXPECT(edgedb_seq(r, &seq) == OK && seq == 2, "a reader sees both");
	expect_changes(r, 0, 2, "a.example=one b.example=two ", "all of it");
	expect_changes(r, 1, 2, "b.example=two ", "what is newer");
	expect_changes(r, 2, 2, "", "nothing newer");
	EXPECT(put(f.writer, "a.example", "new") == 3, "a change");
	expect_changes(r, 1, 3, "b.example=two a.example=new ", "in the order of changes");

	EXPECT(edgedb_begin(f.writer, &seq) == OK && seq == 4, "one commit, two changes");
	enum err e = edgedb_drop_host(f.writer, S("b.example"));
	if (e == OK)
		e = edgedb_put_cert(f.writer, &c);
	EXPECT(edgedb_seq(r, &seq) == OK && seq == 3, "not seen before the commit");
	EXPECT(edgedb_end(f.writer, e) == OK, "committed");
	expect_changes(r, 3, 4, "#abcd b.example- ", "certificates first; what goes is told");
	expect_changes(r, 0, 4, "#abcd a.example=new ", "a new reader never hears of what went");

	EXPECT(edgedb_begin(f.writer, &seq) == OK, "begun");
	EXPECT(edgedb_drop_host(f.writer, S("none.example")) == OK, "dropping what is unknown");
	EXPECT(edgedb_end(f.writer, ERR_GUARD) == ERR_GUARD, "given up");
	EXPECT(edgedb_seq(r, &seq) == OK && seq == 4, "nothing happened");
	edgedb_close(r);
	fixture_close(&f);
}

TEST(rows)
{
	struct fixture f;
	struct edge_host h;
	struct edge_cert got, c = { .fingerprint = S("abcd"),
		                    .tenant = 1,
		                    .seal_domain = S("example.com"),
		                    .purpose = S("edge-tls"),
		                    .key_type = S("ec"),
		                    .der = S("D\0ER"),
		                    .sealed_key = S("K\0EY"),
		                    .chain_count = 2,
		                    .chain = { S("I1"), S("I2") } };
	int64_t seq = 0;

	fixture_open(&f);
	EXPECT(edgedb_host(f.writer, S("a.example"), f.a, &h) == ERR_NOTFOUND, "unknown host");
	EXPECT(edgedb_cert(f.writer, S("abcd"), f.a, &got) == ERR_NOTFOUND, "unknown certificate");
	EXPECT(put(f.writer, "a.example", "text") == 1, "a host");
	EXPECT(edgedb_host(f.writer, S("a.example"), f.a, &h) == OK && h.kind == EDGE_POLICY &&
	               h.tenant == 1 && h.seq == 1 && !h.gone,
	       "as it was put");
	EXPECT_SLICE(h.text, S("text"), "its text");
	EXPECT_SLICE(h.etag, S("0123"), "its tag");

	assert_int_equal(edgedb_begin(f.writer, &seq), OK);
	EXPECT(edgedb_end(f.writer, edgedb_put_cert(f.writer, &c)) == OK, "a certificate");
	EXPECT(edgedb_cert(f.writer, S("abcd"), f.a, &got) == OK && got.chain_count == 2,
	       "with chain");
	EXPECT_SLICE(got.der, c.der, "its DER");
	EXPECT_SLICE(got.sealed_key, c.sealed_key, "its key");
	EXPECT_SLICE(got.chain[1], S("I2"), "its chain, in order");

	struct edge_host big = host("b.example", "");
	char *text = mem_alloc(EDGE_TEXT_MAX + 1);
	memset(text, 'x', EDGE_TEXT_MAX + 1);
	big.text = slice_of(text, EDGE_TEXT_MAX + 1);
	assert_int_equal(edgedb_begin(f.writer, &seq), OK);
	EXPECT(edgedb_put_host(f.writer, &big) == ERR_LIMIT, "a text above its ceiling");
	big.text.len--;
	EXPECT(edgedb_end(f.writer, edgedb_put_host(f.writer, &big)) == OK, "and at it");
	mem_free(text);
	fixture_close(&f);
}

/* Runs work in a child without any right to write; returns its exit status. */
static int as_stranger(int (*work)(const char *path), const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(99);
		_exit(work(path));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static void protect(const struct fixture *f, mode_t dir, mode_t file)
{
	static const char *const ends[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char path[160];

		(void)snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		if (access(path, F_OK) == 0)
			assert_int_equal(chmod(path, file), 0);
	}
	assert_int_equal(chmod(f->dir, dir), 0);
}

/* 0: a cold reader finds two hosts, the second with the text of the last commit. */
static int read_two(const char *path)
{
	struct edgedb *e = NULL;
	struct arena *a = arena_new();
	struct edge_host h;
	int64_t seq = 0;
	int status = 0;

	if (edgedb_open_reader(path, &e, NULL) != OK)
		return 1;
	if (edgedb_seq(e, &seq) != OK || seq != 2)
		status = 2;
	else if (edgedb_host(e, S("a.example"), a, &h) != OK)
		status = 3;
	else if (edgedb_host(e, S("b.example"), a, &h) != OK || !slice_eq(h.text, S("two")))
		status = 4;
	else if (edgedb_begin(e, &seq) == OK && edgedb_put_host(e, &h) == OK)
		status = 5; /* it could write */
	edgedb_close(e);
	arena_free(a);
	return status;
}

TEST(cold_reader_without_write_permission)
{
	struct fixture f;

	fixture_open(&f);
	put(f.writer, "a.example", "one");
	put(f.writer, "b.example", "two");
	protect(&f, 0555, 0444);
	EXPECT(as_stranger(read_two, f.path) == 0, "beside a writer");
	edgedb_close(f.writer);
	f.writer = NULL;
	EXPECT(as_stranger(read_two, f.path) == 0, "when nobody else has the file open");
	protect(&f, 0755, 0644);
	fixture_close(&f);
}

/* A writer that is killed in the middle of its third transaction. */
static void killed_writer(const char *path)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct edgedb *e = NULL;
		struct edge_host h = host("b.example", "never");
		int64_t seq;

		if (edgedb_open_writer(path, &e, NULL) != OK)
			_exit(1);
		put(e, "a.example", "one");
		put(e, "b.example", "two");
		if (edgedb_begin(e, &seq) != OK || edgedb_put_host(e, &h) != OK)
			_exit(2);
		(void)raise(SIGKILL); /* does not return */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the writer was killed");
}

TEST(cold_reader_after_the_writer_was_killed)
{
	struct fixture f;
	char shm[256];

	fixture_open(&f);
	edgedb_close(f.writer);
	f.writer = NULL;
	killed_writer(f.path);
	protect(&f, 0555, 0444);
	EXPECT(as_stranger(read_two, f.path) == 0, "reads what was committed");
	(void)snprintf(shm, sizeof(shm), "%s-shm", f.path); /* fits */
	assert_int_equal(unlink(shm), 0);
	EXPECT(as_stranger(read_two, f.path) == 0, "also without what lies beside the log");
	protect(&f, 0755, 0644);
	EXPECT(edgedb_prepare(f.path, NULL) == OK, "and the next writer goes on");
	EXPECT(edgedb_open_writer(f.path, &f.writer, NULL) == OK, "opened");
	EXPECT(put(f.writer, "c.example", "three") == 3, "with the next number");
	fixture_close(&f);
}

/* 0: one reader follows while the file grows past many checkpoints of the log. */
static int follow(const char *path)
{
	struct edgedb *r = NULL;
	int64_t seq = 0, last = 0;
	struct seen s;
	struct edgedb_visit visit = { .host = see_host, .ctx = &s };

	if (edgedb_open_reader(path, &r, NULL) != OK)
		return 1;
	while (last < 300) {
		buf_init(&s.text, 65536);
		enum err e = edgedb_changes(r, last, &visit, &seq);
		buf_fini(&s.text);
		if (e != OK && e != ERR_UNAVAILABLE)
			return 2;
		if (e == OK && seq < last)
			return 3;
		if (e == OK)
			last = seq;
		(void)usleep(500); /* leaves the processor to the writer */
	}
	edgedb_close(r);
	return 0;
}

TEST(following_while_the_log_turns_over)
{
	struct fixture f;
	char text[8192];
	int status = 0;

	fixture_open(&f);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	put(f.writer, "a.example", text);
	pid_t pid = fork();
	if (pid == 0) {
		if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(99);
		_exit(follow(f.path));
	}
	for (int i = 2; i <= 300; i++)
		put(f.writer, i % 2 == 0 ? "a.example" : "b.example", text);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the reader saw the last commit");
	fixture_close(&f);
}

static void see_record(void *ctx, const struct edge_record *r)
{
	struct seen *s = ctx;

	buf_add(&s->text, r->name);
	buf_printf(&s->text, "/%d%c", (int)r->type, r->gone ? '-' : '=');
	buf_add(&s->text, r->set);
	buf_add_char(&s->text, ' ');
}

static void see_zone(void *ctx, int64_t seq)
{
	struct seen *s = ctx;

	buf_printf(&s->text, "zone %d", (int)seq);
}

static void expect_records(struct edgedb *e, int64_t since, const char *want, const char *label)
{
	struct seen s;
	struct edgedb_visit visit = { .record = see_record, .zone = see_zone, .ctx = &s };
	int64_t seq = -1;

	buf_init(&s.text, 65536);
	EXPECT(edgedb_changes(e, since, &visit, &seq) == OK, label);
	EXPECT_SLICE(buf_slice(&s.text), slice_str(want), label);
	buf_fini(&s.text);
}

static int64_t put_record(struct edgedb *e, const char *name, int64_t type, const char *set)
{
	struct edge_record r = { slice_str(name), type,  300, S("a.example"),
		                 slice_str(set),  false, 0 };
	int64_t seq = 0;

	assert_int_equal(edgedb_begin(e, &seq), OK);
	assert_int_equal(edgedb_end(e, edgedb_put_record(e, &r)), OK);
	return seq;
}

TEST(records_of_the_zone)
{
	struct fixture f;
	struct edge_record *list = NULL;
	size_t count = 0;
	int64_t seq = 0, zone = -1;

	fixture_open(&f);
	EXPECT(edgedb_zone_seq(f.writer, &zone) == OK && zone == 0, "nothing yet");
	(void)put_record(f.writer, "x.z", 16, "one");
	(void)put_record(f.writer, "x.z", 1, "two");
	(void)put(f.writer, "mta-sts.a.example", "text");
	EXPECT(edgedb_zone_seq(f.writer, &zone) == OK && zone == 2, "a host is not of the zone");
	expect_records(f.writer, 0, "x.z/16=one x.z/1=two zone 2", "all");
	expect_records(f.writer, 2, "zone 2", "what is newer");
	(void)put_record(f.writer, "x.z", 16, "three");
	assert_int_equal(edgedb_begin(f.writer, &seq), OK);
	assert_int_equal(edgedb_end(f.writer, edgedb_drop_record(f.writer, S("x.z"), 1)), OK);
	expect_records(f.writer, 3, "x.z/16=three x.z/1- zone 5", "changed and gone");
	expect_records(f.writer, 0, "x.z/16=three zone 5", "from nothing: what is there");
	EXPECT(edgedb_records(f.writer, S("a.example"), f.a, &list, &count) == OK && count == 1,
	       "of one domain");
	EXPECT(count == 1 && list[0].ttl == 300 && list[0].type == 16, "whole");
	EXPECT(edgedb_records(f.writer, S("b.example"), f.a, &list, &count) == OK && count == 0,
	       "of another one");
	fixture_close(&f);
}

static void see_challenge(void *ctx, const struct edge_challenge *c)
{
	struct seen *s = ctx;

	buf_add(&s->text, c->host);
	buf_printf(&s->text, "%c%.*s/%.*s ", c->gone ? '-' : '=', SLICE_ARGS(c->token),
	           SLICE_ARGS(c->answer));
}

static void expect_challenges(struct edgedb *e, int64_t since, const char *want, const char *label)
{
	struct seen s;
	struct edgedb_visit visit = { .challenge = see_challenge, .ctx = &s };
	int64_t seq = -1;

	buf_init(&s.text, 65536);
	EXPECT(edgedb_changes(e, since, &visit, &seq) == OK, label);
	EXPECT_SLICE(buf_slice(&s.text), slice_str(want), label);
	buf_fini(&s.text);
}

TEST(challenges)
{
	struct fixture f;
	struct edge_challenge c = { .host = S("a.example"), .token = S("t1"), .answer = S("t1.k") };
	int64_t seq = 0;

	fixture_open(&f);
	assert_int_equal(edgedb_begin(f.writer, &seq), OK);
	assert_int_equal(edgedb_end(f.writer, edgedb_put_challenge(f.writer, &c)), OK);
	expect_challenges(f.writer, 0, "a.example=t1/t1.k ", "put");
	c.token = S("t2");
	assert_int_equal(edgedb_begin(f.writer, &seq), OK);
	assert_int_equal(edgedb_end(f.writer, edgedb_put_challenge(f.writer, &c)), OK);
	expect_challenges(f.writer, 1, "a.example=t2/t1.k ", "one a host: the newest");
	EXPECT(edgedb_challenge(f.writer, S("a.example"), f.a, &c) == OK &&
	               slice_eq(c.token, S("t2")),
	       "read");
	assert_int_equal(edgedb_begin(f.writer, &seq), OK);
	assert_int_equal(edgedb_end(f.writer, edgedb_drop_challenge(f.writer, S("a.example"))), OK);
	expect_challenges(f.writer, 2, "a.example-/ ", "gone");
	expect_challenges(f.writer, 0, "", "from nothing: what is there");
	EXPECT(edgedb_challenge(f.writer, S("a.example"), f.a, &c) == ERR_NOTFOUND, "not there");
	fixture_close(&f);
}

/* A file as the first release made it. */
TEST(an_older_file_is_brought_up_to_date)
{
	struct fixture f;
	struct edgedb *e = NULL;
	struct edge_host h;
	sqlite3 *raw = NULL;

	fixture_open(&f);
	(void)put(f.writer, "mta-sts.a.example", "text");
	edgedb_close(f.writer);
	f.writer = NULL;
	assert_int_equal(sqlite3_open(f.path, &raw), SQLITE_OK);
	assert_int_equal(
	        sqlite3_exec(raw,
	                     "drop table challenge; drop table record; alter table meta "
	                     "drop column zone_seq; alter table host drop column publication;"
	                     "pragma user_version = 1",
	                     NULL, NULL, NULL),
	        SQLITE_OK);
	assert_int_equal(sqlite3_close(raw), SQLITE_OK);
	EXPECT(edgedb_open_reader(f.path, &e, NULL) == ERR_NOTFOUND, "not by who only reads");
	EXPECT(edgedb_prepare(f.path, NULL) == OK, "prepared");
	assert_int_equal(edgedb_open_writer(f.path, &f.writer, NULL), OK);
	EXPECT(edgedb_host(f.writer, S("mta-sts.a.example"), f.a, &h) == OK,
	       "what was there stays");
	EXPECT(put_record(f.writer, "x.z", 16, "one") == 2, "and goes on");
	fixture_close(&f);
}

TEST_MAIN(UNIT(opening), UNIT(records_of_the_zone), UNIT(challenges),
          UNIT(an_older_file_is_brought_up_to_date), UNIT(following_by_seq),
          UNIT(a_copy_goes_on_from_a_higher_number), UNIT(rows),
          UNIT(cold_reader_without_write_permission), UNIT(cold_reader_after_the_writer_was_killed),
          UNIT(following_while_the_log_turns_over))
