/*
 * Applies every migration to an empty PostgreSQL database and prepares every statement there.
 *
 *   pg_prepare CONNINFO
 *
 * Exit 0: all were taken; 1: what was not is said on standard error.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db_internal.h"
#include "store/migrate.h"
#include "store/sql.h"

/* Clears r; true when the server took it. */
static bool taken(PGresult *r, const char *what)
{
	bool good = PQresultStatus(r) == PGRES_COMMAND_OK;

	if (!good)
		(void)fprintf(stderr, "%s: %s", what, PQresultErrorMessage(r));
	PQclear(r);
	return good;
}

static bool migrate(PGconn *c, int number)
{
	struct buf text;
	char what[32];

	buf_init(&text, MIGRATE_TEXT_MAX);
	migrate_text(number, ENGINE_POSTGRES, &text);
	(void)snprintf(what, sizeof(what), "migration %d", number);
	bool good = taken(PQexec(c, buf_str(&text)), what);
	buf_fini(&text);
	return good;
}

/* Every parameter must have found a type that the store binds: a number, text or bytes. */
static bool types_fit(PGconn *c, const struct statement *s)
{
	static const Oid fits[] = { 20, 25, 17 }; /* int8, text, bytea in pg_type.dat */
	PGresult *r = PQdescribePrepared(c, s->name);
	bool good = PQresultStatus(r) == PGRES_COMMAND_OK;

	for (int i = 0; good && i < PQnparams(r); i++) {
		bool fit = false;

		for (size_t j = 0; j < ARRAY_LEN(fits); j++)
			fit = fit || PQparamtype(r, i) == fits[j];
		if (!fit)
			(void)fprintf(stderr, "%s: parameter $%d has type %u\n", s->name, i + 1,
			              PQparamtype(r, i));
		good = fit;
	}
	PQclear(r);
	return good;
}

/* The function that migrations use for older rows says what the program says for new ones. */
static bool digest_fits(PGconn *c)
{
	PGresult *r = PQexec(c, "select short_digest('5 i:r\u00fc')");
	bool good = PQresultStatus(r) == PGRES_TUPLES_OK &&
	            strtoll(PQgetvalue(r, 0, 0), NULL, 10) == db_short_digest(S("5 i:r\u00fc"));

	if (!good)
		(void)fprintf(stderr, "short_digest: %s", PQresultErrorMessage(r));
	PQclear(r);
	return good;
}

int main(int argc, char **argv)
{
	PGconn *c = PQconnectdb(argc == 2 ? argv[1] : "");
	int bad = 0;

	if (PQstatus(c) != CONNECTION_OK) {
		(void)fprintf(stderr, "%s", PQerrorMessage(c));
		PQfinish(c);
		return 1;
	}
	for (int n = 1; n <= migrate_newest(); n++)
		bad += !migrate(c, n);
	bad += !digest_fits(c);
	for (int i = 0; i < SQL_COUNT; i++) {
		const struct statement *s = &sql_table[i];

		if (!taken(PQprepare(c, s->name, s->text, 0, NULL), s->name) || !types_fit(c, s))
			bad++;
	}
	(void)printf("%d migrations, %d statements, %d refused\n", migrate_newest(), (int)SQL_COUNT,
	             bad);
	PQfinish(c);
	return bad == 0 ? 0 : 1;
}
