/* seccomp filters: for the reader a list of what is allowed, for the others of what is not. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/cage_internal.h"

#define END (-1)

/* Bytes in, facts out: memory, inherited descriptors, the clock, and an end. */
static const int reader_may[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(lseek),
	SCMP_SYS(fstat),
	SCMP_SYS(ftruncate),
	SCMP_SYS(close),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(nanosleep),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getrandom),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(alarm), /* its own end */
	SCMP_SYS(setitimer),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(getrlimit),
	SCMP_SYS(sysinfo),
	END,
};

static const int reader_dies[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(socket), END,
};

/* Nobody who meets a peer needs these. */
static const int nobody_may[] = {
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(kexec_load),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(acct),
	SCMP_SYS(open_by_handle_at),
	END,
};

static const int no_programs[] = { SCMP_SYS(execve), SCMP_SYS(execveat), END };

static const int no_connections[] = {
	SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), END,
};

/* Processes of the service have one user: the kernel would let each end the others. */
static const int no_signals[] = {
	SCMP_SYS(kill),
	SCMP_SYS(tkill),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo),
	END,
};

/* Of these a reader needs none but what its descriptors are like, and for whom memory is sealed. */
static const int reader_fcntl[] = {
	F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_ADD_SEALS, F_GET_SEALS, END,
};

/* By these a descriptor sends signals to whom one likes. */
static const int signal_fcntl[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG, END };

static bool add(scmp_filter_ctx f, uint32_t action, const int *calls)
{
	for (; *calls != END; calls++)
		if (seccomp_rule_add_array(f, action, *calls, 0, NULL) != 0)
			return false;
	return true;
}

/* Memory may be mapped and protected as long as it does not become executable. */
static bool add_memory(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp no_exec = { .arg = 2,
		                              .op = SCMP_CMP_MASKED_EQ,
		                              .datum_a = PROT_EXEC };

	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec) == 0 &&
	       seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec) == 0;
}

/* Asked for its own limits only: nothing may be set. */
static bool add_limits(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp asks = { .arg = 2, .op = SCMP_CMP_EQ };

	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, &asks) == 0;
}

/* glibc's fstat asks this way; a path beside the flag would tell of a file, but open none. */
static bool add_fstat(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp of_fd = { .arg = 3, .op = SCMP_CMP_EQ, .datum_a = AT_EMPTY_PATH };

	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, &of_fd) == 0;
}

static bool add_fcntl(scmp_filter_ctx f, uint32_t action, const int *commands)
{
	for (; *commands != END; commands++) {
		const struct scmp_arg_cmp is = { .arg = 1,
			                         .op = SCMP_CMP_EQ,
			                         .datum_a = (scmp_datum_t)*commands };

		if (seccomp_rule_add_array(f, action, SCMP_SYS(fcntl), 1, &is) != 0)
			return false;
	}
	return true;
}

/* Signals to the threads of this process: abort sends one. */
static bool add_tgkill(scmp_filter_ctx f, uint32_t action, enum scmp_compare op)
{
	const struct scmp_arg_cmp to = { .arg = 0, .op = op, .datum_a = (scmp_datum_t)getpid() };

	return seccomp_rule_add_array(f, action, SCMP_SYS(tgkill), 1, &to) == 0;
}

static bool fill_reader(scmp_filter_ctx f)
{
	return add(f, SCMP_ACT_ALLOW, reader_may) && add_memory(f) && add_limits(f) &&
	       add_fstat(f) && add_fcntl(f, SCMP_ACT_ALLOW, reader_fcntl) &&
	       add_tgkill(f, SCMP_ACT_ALLOW, SCMP_CMP_EQ) &&
	       add(f, SCMP_ACT_KILL_PROCESS, reader_dies);
}

static bool fill(scmp_filter_ctx f, enum role role)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	if (role == ROLE_READER)
		return fill_reader(f);
	if (!add(f, no, nobody_may) || !add(f, no, no_programs) || !add(f, no, no_signals) ||
	    !add_fcntl(f, no, signal_fcntl) || !add_tgkill(f, no, SCMP_CMP_NE))
		return false;
	return role != ROLE_EDGE || add(f, no, no_connections);
}

enum err cage_calls(enum role role)
{
	scmp_filter_ctx f =
	        seccomp_init(role == ROLE_READER ? SCMP_ACT_ERRNO(EACCES) : SCMP_ACT_ALLOW);
	enum err e;

	if (f == NULL)
		return ERR_IO;
	e = fill(f, role) && seccomp_load(f) == 0 ? OK : ERR_IO;
	seccomp_release(f);
	return e;
}
