#include "store/arrivals.h"

#include "base/utc.h"
#include "store/reports_internal.h"

void db_bind_place(struct query *q, int n, const struct archive_place *p)
{
	query_int(q, n, p->segment);
	query_int(q, n + 1, p->offset);
	query_int(q, n + 2, p->length);
}

struct archive_place db_read_place(struct query *q, int column)
{
	return (struct archive_place){ query_get_int(q, column), query_get_int(q, column + 1),
		                       query_get_int(q, column + 2) };
}

void db_read_digest(struct query *q, int column, char out[SHA256_HEX_SIZE])
{
	struct slice s = slice_head(query_get(q, column), SHA256_HEX_SIZE - 1);

	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
}

enum report_trust db_read_trust(struct query *q, int column)
{
	int64_t t = query_get_int(q, column);

	return t >= 0 && t < TRUST_COUNT ? (enum report_trust)t : TRUST_UNSIGNED;
}

static enum err raise_trust(struct db *db, const struct arrival *in)
{
	struct query q = db_query(db, SQL_ARRIVAL_RAISE);

	query_str(&q, 1, in->sha256);
	query_int(&q, 2, (int64_t)in->trust);
	query_int(&q, 3, in->reports);
	return query_run(&q);
}

static enum err put(struct db *db, const struct arrival *in, bool *added)
{
	struct query q = db_query(db, SQL_ARRIVAL_ADD);

	query_str(&q, 1, in->sha256);
	db_bind_place(&q, 2, &in->place);
	query_str(&q, 5, in->way);
	query_int(&q, 6, (int64_t)in->trust);
	query_int(&q, 7, in->arrived);
	query_int(&q, 8, in->reports);
	query_int(&q, 9, in->domain);
	enum err e = query_run_one(&q);
	*added = e == OK;
	return e == ERR_NOTFOUND ? raise_trust(db, in) : e;
}

enum err arrivals_put(struct db *db, const struct arrival *in, bool *new_out)
{
	bool added = false;
	enum err e = db_begin(db);

	if (e == OK)
		e = db_end(db, put(db, in, &added));
	if (e == OK && new_out != NULL)
		*new_out = added;
	return e;
}

enum err arrivals_get(struct db *db, struct slice sha256, struct arena *a, struct arrival *out)
{
	struct query q = db_query(db, SQL_ARRIVAL_GET);
	struct arrival row = { 0 };

	query_text(&q, 1, sha256);
	bool found = query_row(&q);
	if (found) {
		db_read_digest(&q, 0, row.sha256);
		row.place = db_read_place(&q, 1);
		row.way = query_copy_str(&q, 4, a);
		row.trust = db_read_trust(&q, 5);
		row.arrived = query_get_int(&q, 6);
		row.reports = query_get_int(&q, 7);
		row.domain = query_get_int(&q, 8);
	}
	enum err e = query_end_found(&q, found);
	if (e == OK)
		*out = row;
	return e;
}

static enum err read_number(struct query *q, int64_t *out)
{
	int64_t n = 0;

	if (query_row(q))
		n = query_get_int(q, 0);
	enum err e = query_end(q);
	if (e == OK)
		*out = n;
	return e;
}

enum err arrivals_units(struct db *db, int64_t domain, enum report_trust trust, int64_t day,
                        int64_t *out)
{
	struct query q = db_query(db, SQL_ARRIVAL_UNITS);

	query_int(&q, 1, domain);
	query_int(&q, 2, (int64_t)trust);
	query_int(&q, 3, day);
	query_int(&q, 4, day + UTC_DAY);
	return read_number(&q, out);
}

enum err arrivals_domains(struct db *db, int64_t *out)
{
	struct query q = db_query(db, SQL_DOMAIN_COUNT);

	return read_number(&q, out);
}

enum err arrivals_page(struct db *db, int64_t after, int64_t segment, int64_t limit,
                       struct arrivals_page *out)
{
	struct query q = db_query(db, SQL_ARRIVAL_PAGE);
	struct arrivals_page p = { 0 };

	query_int(&q, 1, after);
	query_int(&q, 2, segment);
	query_int(&q, 3, limit);
	if (query_row(&q))
		p = (struct arrivals_page){ query_get_int(&q, 0), query_get_int(&q, 1),
			                    query_get_int(&q, 2), query_get_int(&q, 3) };
	enum err e = query_end(&q);
	if (e == OK)
		*out = p;
	return e;
}

static enum err purge(struct db *db, int64_t after, int64_t last, int64_t segment)
{
	static const enum sql steps[] = { SQL_SIGNATURE_PURGE, SQL_ARRIVAL_PURGE };
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(steps); i++) {
		struct query q = db_query(db, steps[i]);

		query_int(&q, 1, after);
		query_int(&q, 2, last);
		query_int(&q, 3, segment);
		e = query_run(&q);
	}
	return e;
}

enum err arrivals_purge(struct db *db, int64_t after, int64_t last, int64_t segment)
{
	enum err e = db_begin(db);

	return e == OK ? db_end(db, purge(db, after, last, segment)) : e;
}

enum err archive_get_position(struct db *db, struct archive_position *out)
{
	struct query q = db_query(db, SQL_ARCHIVE_GET);
	struct archive_position p = { 0 };

	if (query_row(&q))
		p = (struct archive_position){ query_get_int(&q, 0), query_get_int(&q, 1) };
	enum err e = query_end(&q);
	if (e == OK)
		*out = p;
	return e;
}

enum err archive_set_position(struct db *db, const struct archive_position *in)
{
	struct query q = db_query(db, SQL_ARCHIVE_SET);

	query_int(&q, 1, in->segment);
	query_int(&q, 2, in->offset);
	return query_run(&q);
}
