/* Each forbidden thing is tried from inside a reader's cage, in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/cage.h"
#include "unit/test.h"

/* Each gives 0 when it went through, else the errno. */
static int result(long r)
{
	return r < 0 ? errno : 0;
}

static int open_file(void)
{
	return result(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}

static int make_file(void)
{
	return result(syscall(SYS_openat, AT_FDCWD, "/tmp/mxseal-cage", O_WRONLY | O_CREAT, 0600));
}

static int unlink_file(void)
{
	return result(syscall(SYS_unlinkat, AT_FDCWD, "/tmp/mxseal-cage", 0));
}

static int exec_program(void)
{
	return result(syscall(SYS_execve, "/bin/true", NULL, NULL));
}

static int exec_fd(void)
{
	return result(syscall(SYS_execveat, 0, "", NULL, NULL, AT_EMPTY_PATH));
}

static int trace(void)
{
	return result(syscall(SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL));
}

static int open_socket(void)
{
	return result(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
}

static int connect_socket(void)
{
	return result(syscall(SYS_connect, 0, NULL, 0));
}

static int fork_process(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int kill_other(void)
{
	return result(syscall(SYS_kill, getppid(), 0));
}

static int kill_thread_of_other(void)
{
	return result(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int signal_itself(void)
{
	return result(syscall(SYS_tgkill, getpid(), getpid(), 0));
}

static int signal_by_descriptor(void)
{
	return result(fcntl(STDIN_FILENO, F_SETOWN, getppid()));
}

static int flags_of_descriptor(void)
{
	return result(fcntl(STDIN_FILENO, F_GETFL));
}

static int map_executable(void)
{
	return result(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC,
	                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int raise_limit(void)
{
	unsigned char limit[16] = { 0 };

	return result(syscall(SYS_prlimit64, 0, 7, limit, NULL));
}

static int map_memory(void)
{
	return result(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE,
	                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int read_null(void)
{
	char c;

	return result(read(STDIN_FILENO, &c, 0));
}

static int stat_fd(void)
{
	struct stat st;

	return result(fstat(STDIN_FILENO, &st));
}

/* alarm has no error: refused, it answers something far beyond what was set. */
static int set_alarm(void)
{
	unsigned left;

	(void)alarm(100);
	left = alarm(0);
	return left > 0 && left <= 100 ? 0 : 1;
}

enum outcome { GOES, FAILS, KILLS };

static const struct row {
	const char *label;
	enum role role;
	int (*try)(void);
	enum outcome want;
} rows[] = {
	{ "reader: no file is read", ROLE_READER, open_file, FAILS },
	{ "reader: no file is made", ROLE_READER, make_file, FAILS },
	{ "reader: no file is removed", ROLE_READER, unlink_file, FAILS },
	{ "reader: exec ends it", ROLE_READER, exec_program, KILLS },
	{ "reader: exec of a descriptor ends it", ROLE_READER, exec_fd, KILLS },
	{ "reader: ptrace ends it", ROLE_READER, trace, KILLS },
	{ "reader: socket ends it", ROLE_READER, open_socket, KILLS },
	{ "reader: nothing is connected to", ROLE_READER, connect_socket, FAILS },
	{ "reader: no process is made", ROLE_READER, fork_process, FAILS },
	{ "reader: no process is signalled", ROLE_READER, kill_other, FAILS },
	{ "reader: nor a thread of it", ROLE_READER, kill_thread_of_other, FAILS },
	{ "reader: nor by a descriptor", ROLE_READER, signal_by_descriptor, FAILS },
	{ "reader: it may end itself", ROLE_READER, signal_itself, GOES },
	{ "reader: descriptors tell their flags", ROLE_READER, flags_of_descriptor, GOES },
	{ "reader: no memory becomes code", ROLE_READER, map_executable, FAILS },
	{ "reader: no limit is changed", ROLE_READER, raise_limit, FAILS },
	{ "reader: its own end may be set", ROLE_READER, set_alarm, GOES },
	{ "reader: memory is to be had", ROLE_READER, map_memory, GOES },
	{ "reader: inherited descriptors are read", ROLE_READER, read_null, GOES },
	{ "reader: inherited descriptors are measured", ROLE_READER, stat_fd, GOES },
	{ "edge: no socket is made", ROLE_EDGE, open_socket, FAILS },
	{ "edge: no program is started", ROLE_EDGE, exec_program, FAILS },
	{ "edge: ptrace fails", ROLE_EDGE, trace, FAILS },
	{ "edge: no process is signalled", ROLE_EDGE, kill_other, FAILS },
	{ "edge: nor a thread of it", ROLE_EDGE, kill_thread_of_other, FAILS },
	{ "edge: nor by a descriptor", ROLE_EDGE, signal_by_descriptor, FAILS },
	{ "edge: it may end itself", ROLE_EDGE, signal_itself, GOES },
	{ "intake: no process is signalled", ROLE_INTAKE, kill_other, FAILS },
	{ "edge: memory is to be had", ROLE_EDGE, map_memory, GOES },
	{ "intake: no program is started", ROLE_INTAKE, exec_program, FAILS },
	{ "intake: sockets are to be had", ROLE_INTAKE, open_socket, GOES },
};

/* A service's files, made by make_world. */
static char world[] = "/tmp/mxseal-cage-XXXXXX";
static char state_dir[64], named_file[64], named_folder[64];
static const char *const reads[] = { "", "off", named_file, named_folder, "/nowhere", NULL };

static int in_cage(const struct row *row)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (cage_enter(row->role, state_dir, reads) != OK)
			_exit(250);
		_exit(row->try());
	}
	(void)waitpid(pid, &status, 0); /* status stays 0 when it fails, which no row wants alone */
	return status;
}

TEST(forbidden_things_fail)
{
	if (!cage_probe().seccomp)
		return; /* the reader does not run on such a kernel at all */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status = in_cage(&rows[i]);
		int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

		EXPECT(code != 250, "the cage can be entered");
		if (rows[i].want == GOES)
			EXPECT(code == 0, rows[i].label);
		if (rows[i].want == FAILS)
			EXPECT(code > 0, rows[i].label);
		if (rows[i].want == KILLS)
			EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, rows[i].label);
	}
}

TEST(landlock_limits_files)
{
	if (cage_probe().landlock == 0)
		return; /* this kernel has none; seccomp alone stands in the reader's way */
	static const struct row files[] = {
		{ "intake: files are not made", ROLE_INTAKE, make_file, FAILS },
		{ "intake: files of the machine are not read", ROLE_INTAKE, open_file, FAILS },
		{ "edge: files are not made", ROLE_EDGE, make_file, FAILS },
		{ "edge: files of the machine are not read", ROLE_EDGE, open_file, FAILS },
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int status = in_cage(&files[i]);

		EXPECT((files[i].want == GOES) == (WIFEXITED(status) && WEXITSTATUS(status) == 0),
		       files[i].label);
	}
}

static const char *const folders[] = { "state", "state/archive", "state/edge",
	                               "named", "named/new",     "other" };
static const char *const files[] = {
	"state/mxseal.db",   "state/mxseal.db-wal", "state/mxseal.db-shm", "state/master.key",
	"state/demo-ca.key", "state/archive/1",     "state/edge/edge.db",  "password",
	"named/new/1",       "other/secret",        "named.key",
};

/* From here on, until remove_world, paths below world are relative. */
static void make_world(void)
{
	assert_non_null(mkdtemp(world));
	assert_int_equal(chdir(world), 0);
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", world); /* these fit */
	(void)snprintf(named_file, sizeof(named_file), "%s/password", world);
	(void)snprintf(named_folder, sizeof(named_folder), "%s/named", world);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		assert_int_equal(mkdir(folders[i], 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int fd = open(files[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		(void)close(fd); /* empty */
	}
}

static void remove_world(void)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void)unlink(files[i]);  /* all of them were made */
	(void)unlink("state/archive/2"); /* only where Landlock failed to be there */
	for (size_t i = ARRAY_LEN(folders); i-- > 0;)
		(void)rmdir(folders[i]); /* as above */
	(void)chdir("/");
	(void)rmdir(world);
}

/* What intake reaches in its state, of its settings, and of the rest of the machine. */
TEST(intake_reaches_its_own_files)
{
	static const struct {
		const char *label, *path;
		int flags;
		bool goes;
	} paths[] = {
		{ "the database is written", "state/mxseal.db", O_RDWR, true },
		{ "its log", "state/mxseal.db-wal", O_RDWR, true },
		{ "its index", "state/mxseal.db-shm", O_RDWR, true },
		{ "the archive is read", "state/archive/1", O_RDWR | O_TRUNC, true },
		{ "and listed", "state/archive", O_RDONLY | O_DIRECTORY, true },
		{ "and grows", "state/archive/2", O_RDWR | O_CREAT, true },
		{ "what edges serve is read", "state/edge/edge.db", O_RDONLY, true },
		{ "and not written", "state/edge/edge.db", O_RDWR, false },
		{ "the master key is not read", "state/master.key", O_RDONLY, false },
		{ "nor a key of a demonstration", "state/demo-ca.key", O_RDONLY, false },
		{ "the state can be synced", "state", O_RDONLY | O_DIRECTORY, true },
		{ "and no file made in it", "state/new", O_WRONLY | O_CREAT, false },
		{ "a file of the settings is read", "password", O_RDONLY, true },
		{ "and not written", "password", O_WRONLY, false },
		{ "a folder of the settings is listed", "named", O_RDONLY | O_DIRECTORY, true },
		{ "and read below", "named/new/1", O_RDONLY, true },
		{ "and not written", "named/new/1", O_WRONLY, false },
		{ "a name that only begins so is not", "named.key", O_RDONLY, false },
		{ "other files are not read", "other/secret", O_RDONLY, false },
		{ "nor other folders listed", "other", O_RDONLY | O_DIRECTORY, false },
		{ "nor /tmp", "/tmp", O_RDONLY | O_DIRECTORY, false },
		{ "nor the root", "/", O_RDONLY | O_DIRECTORY, false },
		{ "nor secrets of the machine", "/etc/shadow", O_RDONLY, false },
		{ "nor homes", "/home", O_RDONLY | O_DIRECTORY, false },
		{ "nor data of other services", "/srv", O_RDONLY | O_DIRECTORY, false },
		{ "nor private keys of others", "/etc/ssl/private", O_RDONLY | O_DIRECTORY, false },
		{ "nor processes", "/proc/1/status", O_RDONLY, false },
		{ "what the system brings is read", "/usr", O_RDONLY | O_DIRECTORY, true },
		{ "roots of TLS are found", "/etc/ssl/certs", O_RDONLY | O_DIRECTORY, true },
		{ "nothing goes nowhere", "/dev/null", O_RDWR, true },
	};
	int status = 0;
	pid_t pid;

	if (cage_probe().landlock == 0)
		return; /* as above */
	pid = fork();
	if (pid == 0) {
		test_failures = 0;
		if (cage_enter(ROLE_INTAKE, state_dir, reads) != OK)
			_exit(250);
		for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
			int fd = open(paths[i].path, paths[i].flags | O_CLOEXEC, 0600);

			EXPECT((fd >= 0) == paths[i].goes, paths[i].label);
			EXPECT(fd >= 0 || paths[i].goes || errno == EACCES, paths[i].label);
		}
		EXPECT(unlink("state/archive/2") == 0, "segments go again");
		EXPECT(unlink("state/mxseal.db") != 0, "the database stays");
		_exit(test_failures == 0 ? 0 : 1);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0, "intake reaches what it needs only");
}

int main(void)
{
	const struct CMUnitTest tests[] = { UNIT(forbidden_things_fail),
		                            UNIT(landlock_limits_files),
		                            UNIT(intake_reaches_its_own_files) };
	int failed;

	make_world();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_world();
	return failed;
}
