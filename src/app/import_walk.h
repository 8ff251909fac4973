/* Which files an import reads: those whose names reports have, and the messages of a Maildir. */
#ifndef APP_IMPORT_WALK_H
#define APP_IMPORT_WALK_H

#include <stdbool.h>

struct import_visitor {
	/* A file by its path, and what intake shall expect inside: json, gz, zip, eml or mbox.
	 * False ends the walk. */
	bool (*file)(void *arg, const char *path, const char *kind);
	/* What cannot be read, and why; the walk goes on. */
	void (*fault)(void *arg, const char *path, const char *why);
	/* A file that was named itself and has no name that reports have. */
	void (*passed_over)(void *arg, const char *path);
	void *arg;
};

/*
 * Visits the file, or all files of the directory and those in it, in the order of their names.
 * Names that begin with a dot, links and anything that is no file are left out.  False: a visit
 * ended it.
 */
bool import_walk(const char *path, const struct import_visitor *v);

#endif
