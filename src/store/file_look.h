/*
 * What can be told of a database by its files, without opening them as SQLite does: who is root
 * would leave files beside it that the service may not write, and SQLite passes over a write-ahead
 * log that is none, with all that was committed in it, in silence.
 */
#ifndef STORE_FILE_LOOK_H
#define STORE_FILE_LOOK_H

#include "base/err.h"

enum file_look {
	FILE_LOOK_GOOD,   /* nothing speaks against it; also an empty file */
	FILE_LOOK_ABSENT, /* no such file */
	FILE_LOOK_CLOSED, /* it may not be read, or the disk says no */
	FILE_LOOK_NEWER,  /* it stands at a version above newest */
	FILE_LOOK_NO_LOG, /* path-wal is no write-ahead log */
	FILE_LOOK_NO_DB,  /* path is no database */
};

enum file_look file_look(const char *path, int newest);

#endif
