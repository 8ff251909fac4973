#include "app/folder.h"

#include <pwd.h>

const char *folder_user(uid_t uid, struct arena *a)
{
	const struct passwd *pw = getpwuid(uid);

	return pw == NULL ? arena_printf(a, "%u", (unsigned)uid)
	                  : arena_printf(a, "%s", pw->pw_name);
}

const char *folder_give(const char *folder, uid_t uid, struct arena *a)
{
	return arena_printf(a, "sudo install -d -o %s -m 755 %s", folder_user(uid, a), folder);
}

const char *folder_open(const char *folder, struct arena *a)
{
	return arena_printf(
	        a, "sudo systemctl edit mxseal, with the lines [Service] and ReadWritePaths=%s",
	        folder);
}
