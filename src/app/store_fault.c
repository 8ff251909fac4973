#include "app/store_fault.h"

#define FIRST_EXIT 16 /* above those of commands */

static const struct store_fault_words words[STORE_FAULTS] = {
	[STORE_GOOD] = { "", "", false },
	[STORE_READ_ONLY] = { "the file system is mounted read-only",
	                      "the file system is mounted read-only: see why (dmesg), and mount it "
	                      "for writing",
	                      false },
	[STORE_FULL] = { "the disk is full", "the disk is full: free some space", false },
	[STORE_NO_WRITE] = { "the service may not write into its folder",
	                     "the service may not write into the folder: correct its owner and "
	                     "mode",
	                     false },
	[STORE_LOCKED] = { "another program holds it locked",
	                   "another program holds it locked: end that program", false },
	[STORE_NEWER] = { "it was made by a newer mxseal",
	                  "run the newer mxseal again that has used this state, or stop the "
	                  "service "
	                  "and restore a backup of this version (mxseal restore)",
	                  true },
	[STORE_NO_LOG] = { "its write-ahead log, the file that ends in -wal, was overwritten",
	                   "stop the service and restore the last backup (mxseal restore); or put "
	                   "that file aside and start: what was changed last is lost then, and "
	                   "mxseal policy bump publishes a policy under an id that no sender has "
	                   "seen",
	                   false },
	[STORE_DAMAGED] = { "the file is damaged",
	                    "the file is damaged: stop the service and restore the last backup "
	                    "(mxseal restore)",
	                    false },
	[STORE_UNKNOWN] = { "looking at it ended early", "the log of the service says more",
	                    false },
};

const struct store_fault_words *store_fault_words(enum store_fault f)
{
	return &words[f];
}

int store_fault_exit(enum store_fault f)
{
	return f == STORE_GOOD ? 0 : FIRST_EXIT + (int)f;
}

enum store_fault store_fault_of_exit(int exit_code)
{
	if (exit_code == 0)
		return STORE_GOOD;
	return exit_code > FIRST_EXIT && exit_code < FIRST_EXIT + STORE_FAULTS
	               ? (enum store_fault)(exit_code - FIRST_EXIT)
	               : STORE_UNKNOWN;
}
