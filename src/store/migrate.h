/*
 * Numbered forward migrations of the main database, for SQLite and PostgreSQL.
 * Internal to store and its tests.
 *
 * A migration is one text with a few words of our own in it, which stand for what the engines
 * spell differently: @int, @text, @blob, and @end for the end of a table's columns.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "base/buf.h"
#include "store/conn.h"

enum engine { ENGINE_SQLITE, ENGINE_POSTGRES };

#define MIGRATE_TEXT_MAX 65536u

/* The number of the last migration; they count from 1. */
int migrate_newest(void);
/* Appends the statements of migration number for that engine. */
void migrate_text(int number, enum engine engine, struct buf *out);
/* The version the file stands at; 0 for a fresh one. */
enum err migrate_version(struct conn *c, int *out) MUST_USE;
/*
 * Applies what is missing up to and including number target, each in a transaction of its own.
 * ERR_CONFLICT: the file is newer than that.
 */
enum err migrate_run(struct conn *c, int target) MUST_USE;

#endif
