#include "app/privilege.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum err privilege_plan(const char *user, struct privilege *out)
{
	struct privilege p = { .uid = geteuid(), .gid = getegid(), .user = user };

	if (p.uid == 0 && user[0] != '\0') {
		const struct passwd *pw = getpwnam(user);

		if (pw == NULL)
			return ERR_NOTFOUND;
		p.uid = pw->pw_uid;
		p.gid = pw->pw_gid;
		p.change = p.uid != 0;
	}
	*out = p;
	return OK;
}

/* Also what an exec by uid 0 would give back: the bounding set and root's own right to it. */
static enum err drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { { 0 } };

	/* A container's root may lack the right to shrink these; capset below still holds here. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap) == 1; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap);
	(void)prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* empty by now anyway */
	return syscall(SYS_capset, &head, none) == 0 ? OK : ERR_IO;
}

enum err privilege_drop(const struct privilege *p)
{
	if (!p->change) /* a service manager may have lent another user capabilities */
		return drop_capabilities();
	if (initgroups(p->user, p->gid) != 0 || setresgid(p->gid, p->gid, p->gid) != 0 ||
	    setresuid(p->uid, p->uid, p->uid) != 0)
		return ERR_IO;
	return setuid(0) == 0 ? ERR_IO : OK; /* it must not be possible any more */
}
