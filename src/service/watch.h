/*
 * Watched paths: folders, Maildirs and mbox files in which reports appear.
 *
 * They are only read.  A file is taken once it has rested for two seconds (in a Maildir at once);
 * one that changes is taken again, and its reports are recognised.  What a Maildir or mbox holds
 * besides is passed over and kept nowhere.
 */
#ifndef SERVICE_WATCH_H
#define SERVICE_WATCH_H

struct supplies;

/* One thread for all paths, which are separated by blanks; none: no thread. */
void watch_start(struct supplies *all, const char *paths);

#endif
