/* A database in a directory of its own, for the tests of store. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <dirent.h>
#include <unistd.h>

#include "base/utc.h"
#include "store/db_internal.h"
#include "store/domains.h"
#include "store/migrate.h"
#include "unit/test.h"

#define NOON INT64_C(1767268800) /* 2026-01-01T12:00:00Z */
#define MIDNIGHT INT64_C(1767225600)

struct fixture {
	char dir[64], path[128];
	struct db *db;
	struct arena *a;
};

/* A migrated database as it lies on disk: every fixture but the first begins with a copy. */
struct fixture_file {
	size_t size;
	char bytes[1 << 20];
};

static inline void fixture_migrate(struct fixture *f, struct fixture_file *out)
{
	FILE *file;

	assert_int_equal(db_open(f->path, DB_MIGRATE, &f->db, NULL), OK);
	db_close(f->db);
	file = fopen(f->path, "rb");
	assert_non_null(file);
	out->size = fread(out->bytes, 1, sizeof(out->bytes), file);
	assert_true(out->size > 0 && out->size < sizeof(out->bytes));
	assert_int_equal(fclose(file), 0);
}

static inline void fixture_copy(struct fixture *f, const struct fixture_file *from)
{
	FILE *file = fopen(f->path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(from->bytes, 1, from->size, file), from->size);
	assert_int_equal(fclose(file), 0);
}

static inline void fixture_open(struct fixture *f)
{
	static struct fixture_file migrated;
	const char *tmp = getenv("TMPDIR");

	*f = (struct fixture){ 0 };
	(void)snprintf(f->dir, sizeof(f->dir), "%.40s/mxseal-store-XXXXXX",
	               tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/mxseal.db", f->dir);
	f->a = arena_new();
	if (migrated.size == 0)
		fixture_migrate(f, &migrated);
	else
		fixture_copy(f, &migrated);
	assert_int_equal(db_open(f->path, DB_WRITE, &f->db, NULL), OK);
}

static inline void fixture_close(struct fixture *f)
{
	DIR *dir = opendir(f->dir);

	db_close(f->db);
	arena_free(f->a);
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
		if (e->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(rmdir(f->dir), 0);
}

/* Closes and opens again, as a restart does. */
static inline void fixture_reopen(struct fixture *f)
{
	db_close(f->db);
	f->db = NULL;
	assert_int_equal(db_open(f->path, DB_WRITE, &f->db, NULL), OK);
}

/* The number in the first column of a query's first row; -1: none. */
static inline int64_t fixture_number(struct fixture *f, const char *query)
{
	int64_t n = -1;
	enum err e = conn_number(&f->db->conn, query, &n);

	return e == OK ? n : -1;
}

static inline int64_t fixture_domain(struct fixture *f, const char *name)
{
	struct domain d = { .tenant = TENANT_ONLY, .name = name, .tag = name, .claim = "" };
	int64_t id = 0;

	assert_int_equal(domains_add(f->db, &d, NOON, &id), OK);
	return id;
}

#endif
