#include "store/migrate.h"

#include <assert.h>

#include "store/db_internal.h"

/* Lines of a report's policies (reports_policies.c). */
#define ESCAPED(column)                                                                       \
	" || '\t' || replace(replace(replace(" column ", '\\', '\\\\'), '\t', '\\t'), '\n', " \
	"'\\n')"
#define POLICY_LINE                                                \
	"'p'" ESCAPED("type") ESCAPED("domain") ESCAPED("strings") \
	        ESCAPED("mx_hosts") " || '\t' || successful || '\t' || failed || '\n'"
#define FAILURE_LINE                                                                      \
	"'f'" ESCAPED("result_type") ESCAPED("reason_code") ESCAPED("sending_mta_ip")     \
	        ESCAPED("receiving_mx") ESCAPED("receiving_helo") ESCAPED("receiving_ip") \
	                ESCAPED("additional") " || '\t' || sessions || '\n'"

static const char *const migrations[] = {
	/* 1: tenants, domains, policies, certificates */
	"create table tenant (id @int primary key, name @text not null @end;"
	"insert into tenant (id, name) values (1, 'default');"

	"create table domain (id @int primary key, tenant @int not null references tenant (id),"
	" name @text not null, stage @text not null, profile @text not null,"
	" hosting @text not null, way_host @text not null, way_id @text not null,"
	" way_reports @text not null, rua @text not null, tag @text not null,"
	" tag_before @text not null, tag_before_until @int not null, claim @text not null,"
	" hosted @int not null, added @int not null, removed @int not null,"
	" revision @int not null, unique (tenant, name) @end;"
	"create unique index domain_tag on domain (tag) where removed = 0;"
	"create index domain_tag_before on domain (tag_before) where tag_before <> '';"
	"create index domain_name on domain (name);"

	"create table policy_version (id @int primary key,"
	" domain @int not null references domain (id), mode @text not null,"
	" max_age @int not null, mx @text not null, body @text not null, sha256 @text not null,"
	" created @int not null @end;"

	/* id_time is the moment an id spells, 0 for adopted ids that spell none. */
	"create table publication (id @int primary key,"
	" domain @int not null references domain (id),"
	" version @int not null references policy_version (id), number @int not null,"
	" policy_id @text not null, id_time @int not null, staged @int not null,"
	" offered @int not null, served @int not null, announced @int not null,"
	" ended @int not null, end_cause @int not null, id_seen @int not null, ttl @int not null,"
	" seq @int not null, unique (domain, number), unique (domain, policy_id) @end;"
	"create index publication_staged on publication (domain) where served = 0 and end_cause = "
	"0;"

	"create table cert (tenant @int not null references tenant (id),"
	" fingerprint @text not null, seal_domain @text not null, purpose @text not null,"
	" source @text not null, key_type @text not null, subject @text not null,"
	" issuer @text not null, note @text not null, not_before @int not null,"
	" not_after @int not null, added @int not null, chain @text not null, der @blob not null,"
	" sealed_key @blob not null, primary key (tenant, fingerprint) @end;"
	"create table cert_name (tenant @int not null, name @text not null,"
	" fingerprint @text not null, primary key (tenant, name, fingerprint),"
	" foreign key (tenant, fingerprint) references cert (tenant, fingerprint) @end;"
	"create index cert_name_of on cert_name (tenant, fingerprint);"
	"create table cert_chain (fingerprint @text primary key, der @blob not null @end;"
	"create table cert_use (tenant @int not null, host @text not null,"
	" fingerprint @text not null, since @int not null, primary key (tenant, host),"
	" foreign key (tenant, fingerprint) references cert (tenant, fingerprint) @end;"
	"create index cert_use_of on cert_use (tenant, fingerprint);",

	/* 2: reports, figures, the archive, quarantine */
	"create table report (id @int primary key, domain @int not null references domain (id),"
	" organization @text not null, report_key @text not null, name @text not null,"
	" report_id @text not null, contact @text not null, signer @text not null,"
	" trust @int not null, content @text not null, range_start @int not null,"
	" range_end @int not null, day @int not null, arrived @int not null,"
	" arrived_day @int not null, successful @int not null, failed @int not null,"
	" notes @text not null, raw_sha256 @text not null, segment @int not null,"
	" place_offset @int not null, place_length @int not null,"
	" unique (domain, organization, report_key) @end;"
	"create index report_day on report (domain, day, id);"
	"create index report_arrived on report (domain, arrived_day, trust);"
	"create table report_policy (report @int not null references report (id),"
	" number @int not null, type @text not null, domain @text not null,"
	" strings @text not null, mx_hosts @text not null, successful @int not null,"
	" failed @int not null, primary key (report, number) @end;"
	"create table report_failure (report @int not null references report (id),"
	" policy @int not null, number @int not null, result_type @text not null,"
	" reason_code @text not null, sending_mta_ip @text not null,"
	" receiving_mx @text not null, receiving_helo @text not null,"
	" receiving_ip @text not null, additional @text not null, sessions @int not null,"
	" primary key (report, policy, number) @end;"
	"create table reporter (tenant @int not null references tenant (id),"
	" organization @text not null, name @text not null, signer @text not null,"
	" primary key (tenant, organization) @end;"

	"create table figure (domain @int not null references domain (id), day @int not null,"
	" organization @text not null, trust @int not null, policy_type @text not null,"
	" mx_host @text not null, result_type @text not null, sessions @int not null,"
	" primary key (domain, day, organization, trust, policy_type, mx_host, result_type) @end;"
	"create table figure_total (domain @int not null references domain (id),"
	" day @int not null, organization @text not null, trust @int not null,"
	" reports @int not null, successful @int not null, failed @int not null,"
	" primary key (domain, day, organization, trust) @end;"
	"create table figure_failure (domain @int not null references domain (id),"
	" day @int not null, organization @text not null, trust @int not null,"
	" result_type @text not null, reason_code @text not null, sessions @int not null,"
	" primary key (domain, day, organization, trust, result_type, reason_code) @end;"

	"create table arrival (sha256 @text primary key, segment @int not null,"
	" place_offset @int not null, place_length @int not null, way @text not null,"
	" trust @int not null, arrived @int not null, reports @int not null @end;"
	"create table archive_position (name @text primary key, segment @int not null,"
	" place_offset @int not null @end;"
	"create table quarantine (sha256 @text primary key, reason @text not null,"
	" message @text not null, way @text not null, kind @text not null, trust @int not null,"
	" name @text not null, domain @text not null, segment @int not null,"
	" place_offset @int not null, place_length @int not null, arrived @int not null,"
	" tried @int not null, tries @int not null @end;",

	/* 3: jobs, audit log, sessions, settings */
	"create table job (id @int primary key, kind @text not null, name @text not null,"
	" payload @blob not null, run_at @int not null, claimed_until @int not null,"
	" attempts @int not null, last_error @text not null, created @int not null,"
	" unique (kind, name) @end;"
	"create index job_due on job (run_at);"
	"create table audit (tenant @int not null references tenant (id), seq @int not null,"
	" moment @int not null, action @text not null, object @text not null,"
	" actor @text not null, detail @text not null, salt @blob not null,"
	" personal @text not null, purged @int not null, hash @text not null,"
	" primary key (tenant, seq) @end;"
	"create index audit_object on audit (tenant, object, seq);"
	"create table session (digest @text primary key,"
	" tenant @int not null references tenant (id), kind @int not null, role @int not null,"
	" who @text not null, created @int not null, expires @int not null @end;"
	"create table setting (name @text primary key, content @blob not null @end;",

	/* 4: certificates ordered from a CA; domain 0 is the service itself */
	"create table cert_account (directory @text primary key, url @text not null,"
	" sealed_key @blob not null, created @int not null @end;"
	"create table cert_order (tenant @int not null references tenant (id),"
	" host @text not null, domain @int not null, state @text not null, due @int not null,"
	" claimed_until @int not null, rank @int not null, tries @int not null,"
	" faults @int not null, why @text not null, problem @text not null,"
	" order_url @text not null, authorization_url @text not null,"
	" challenge_url @text not null, method @text not null, seq @int not null,"
	" sealed_key @blob, replaces @text not null, renew_at @int not null,"
	" explanation @text not null, started @int not null, wanted @int not null,"
	" primary key (tenant, host) @end;"
	"create index cert_order_due on cert_order (due);"
	"create table cert_spent (id @int primary key, directory @text not null,"
	" tenant @int not null, host @text not null, moment @int not null @end;"
	"create index cert_spent_when on cert_spent (directory, moment);",

	/* 5: mailboxes and watched folders with how far they are read; reports by arrival */
	"create table supply (kind @text not null, name @text not null, identity @text not null,"
	" used @int not null, mark @int not null, place @int not null, stuck @int not null,"
	" tries @int not null, why @text not null, note @text not null, polled @int not null,"
	" good @int not null, looked @int not null, taken @int not null, skipped @int not null,"
	" primary key (kind, name) @end;"
	"create index report_when on report (arrived, id);",

	/* 6: the organization-name of signed reports, by which unsigned copies find them */
	"alter table report add column claimed @text not null default '';"
	"create index report_claimed on report (domain, report_key, claimed);",

	/* 7: signatures of mails with the keys they were verified with; mails that wait for a key
	 */
	"create table signer_key (digest @text primary key, record @text not null @end;"
	"create table signature (sha256 @text not null, number @int not null,"
	" domain @text not null, selector @text not null, algorithm @text not null,"
	" result @text not null, key_digest @text not null, key_bits @int not null,"
	" secure @int not null, checked @int not null, primary key (sha256, number) @end;"
	"create table held (sha256 @text primary key, author @text not null,"
	" segment @int not null, place_offset @int not null, place_length @int not null,"
	" arrived @int not null, due @int not null, tries @int not null @end;"
	"create index held_due on held (due);"
	"create index held_author on held (author);",

	/* 8: whose report address a message came to, so that allowances count by domain */
	"alter table arrival add column domain @int not null default 0;"
	"create index arrival_domain on arrival (domain, trust, arrived);"
	"drop index report_arrived;",

	/* 9: what was last found at the servers of a domain's records */
	"create table name_check (domain @int primary key references domain (id),"
	" checked @int not null, facts @text not null, common_id @text not null,"
	" id_since @int not null, other_last @int not null, rua_kept @text not null,"
	" seen_since @int not null, host_seen @int not null, adopted @int not null @end;",

	/* 10: which program tried quarantine last; what came by each way and what became of it */
	"alter table quarantine add column program @text not null default '';"
	"create table taken (day @int not null, way @text not null, outcome @text not null,"
	" n @int not null, primary key (day, way, outcome) @end;",

	/* 11: tables that are only ever asked by their key lie in its order */
	"alter table report_policy rename to report_policy_before;"
	"create table report_policy (report @int not null references report (id),"
	" number @int not null, type @text not null, domain @text not null,"
	" strings @text not null, mx_hosts @text not null, successful @int not null,"
	" failed @int not null, primary key (report, number) @keyed;"
	"insert into report_policy select * from report_policy_before; drop table "
	"report_policy_before;"
	"alter table report_failure rename to report_failure_before;"
	"create table report_failure (report @int not null references report (id),"
	" policy @int not null, number @int not null, result_type @text not null,"
	" reason_code @text not null, sending_mta_ip @text not null,"
	" receiving_mx @text not null, receiving_helo @text not null,"
	" receiving_ip @text not null, additional @text not null, sessions @int not null,"
	" primary key (report, policy, number) @keyed;"
	"insert into report_failure select * from report_failure_before; drop table "
	"report_failure_before;"
	"alter table figure rename to figure_before;"
	"create table figure (domain @int not null references domain (id), day @int not null,"
	" organization @text not null, trust @int not null, policy_type @text not null,"
	" mx_host @text not null, result_type @text not null, sessions @int not null,"
	" primary key (domain, day, organization, trust, policy_type, mx_host, result_type)"
	" @keyed;"
	"insert into figure select * from figure_before; drop table figure_before;"
	"alter table figure_total rename to figure_total_before;"
	"create table figure_total (domain @int not null references domain (id),"
	" day @int not null, organization @text not null, trust @int not null,"
	" reports @int not null, successful @int not null, failed @int not null,"
	" primary key (domain, day, organization, trust) @keyed;"
	"insert into figure_total select * from figure_total_before; drop table "
	"figure_total_before;"
	"alter table figure_failure rename to figure_failure_before;"
	"create table figure_failure (domain @int not null references domain (id),"
	" day @int not null, organization @text not null, trust @int not null,"
	" result_type @text not null, reason_code @text not null, sessions @int not null,"
	" primary key (domain, day, organization, trust, result_type, reason_code) @keyed;"
	"insert into figure_failure select * from figure_failure_before; drop table "
	"figure_failure_before;"
	"alter table arrival rename to arrival_before;"
	"create table arrival (sha256 @text primary key, segment @int not null,"
	" place_offset @int not null, place_length @int not null, way @text not null,"
	" trust @int not null, arrived @int not null, reports @int not null,"
	" domain @int not null default 0 @keyed;"
	"insert into arrival select * from arrival_before; drop table arrival_before;"
	"create index arrival_domain on arrival (domain, trust, arrived);",

	/* 12: the steps of a publication between its text and its id */
	"alter table publication add column fetched @int not null default 0;"
	"alter table publication add column ahead @int not null default 0;"
	"alter table publication add column due @int not null default 0;"
	"alter table publication add column tries @int not null default 0;"
	"alter table publication add column why @text not null default '';"
	"create index publication_due on publication (due) where announced = 0 and end_cause = 0;"
	"alter table domain add column claim_seen @int not null default 0;",

	/* 13: records that are written into customers' zones; record is an enum domain_record */
	"create table dns_push (domain @int not null references domain (id),"
	" record @int not null, content @text not null, why @text not null, due @int not null,"
	" tries @int not null, pushed @int not null, claimed_until @int not null,"
	" primary key (domain, record) @end;"
	"create index dns_push_due on dns_push (due);",

	/* 14: when all servers last agreed on an id */
	"alter table name_check add column definite @int not null default 0;",

	/* 15: fetches of policies by client network, and in all */
	"create table policy_fetch (publication @int not null references publication (id),"
	" day @int not null, status @int not null, network @text not null, n @int not null,"
	" first_at @int not null, last_at @int not null,"
	" primary key (publication, day, status, network) @keyed;"
	"create index policy_fetch_named on policy_fetch (day) where network <> '';"
	"create table policy_fetch_total (status @int primary key, n @int not null @end;",

	/* 16: what is seen from outside of hosts whose certificate is not ours */
	"create table outside_look (host @text primary key, checked @int not null,"
	" faults @int not null, why @text not null, not_after @int not null,"
	" issuer @text not null @end;",

	/* 17: what somebody is told of, and what the last look from outside at a domain gave; said
	 * and saying are ranks of advice/alert.h, saying is the mail under way */
	"create table alert (tenant @int not null references tenant (id), name @text not null,"
	" cause @text not null, domain @int not null, level @int not null,"
	" extent @int not null, subject @text not null, detail @text not null,"
	" step @text not null, command @text not null, opened @int not null,"
	" closed @int not null, rank @int not null, said @int not null,"
	" said_subject @text not null, said_at @int not null, peak @int not null,"
	" saying @int not null, saying_rank @int not null, saying_subject @text not null,"
	" primary key (tenant, name, cause) @end;"
	"create table self_check (domain @int primary key references domain (id),"
	" checked @int not null, policy @int not null, policy_bad @int not null,"
	" policy_since @int not null, policy_good @int not null, policy_why @text not null,"
	" seen @int not null, seen_id @text not null, seen_why @text not null,"
	" mx @int not null, mx_count @int not null, mx_unmatched @text not null,"
	" mx_why @text not null @end;",

	/* 18: a report is one row, with policies and failures as text; indexes of little room */
	"@digest"
	"drop index report_day; drop index report_when; drop index report_claimed;"
	"alter table report rename to report_before;"
	"create table report (id @int primary key, domain @int not null references domain (id),"
	" identity @int not null, organization @text not null, report_key @text not null,"
	" name @text not null, report_id @text not null, contact @text not null,"
	" signer @text not null, claimed @text not null, trust @int not null,"
	" content @text not null, range_start @int not null, range_end @int not null,"
	" day @int not null, arrived @int not null, arrived_day @int not null,"
	" successful @int not null, failed @int not null, notes @text not null,"
	" raw_sha256 @text not null, segment @int not null, place_offset @int not null,"
	" place_length @int not null, policies @text not null @end;"
	"insert into report select id, domain, short_digest(domain || ' ' || report_key),"
	" organization, report_key, name, report_id, contact, signer, claimed, trust, content,"
	" range_start, range_end, day, arrived, arrived_day, successful, failed, notes,"
	" raw_sha256, segment, place_offset, place_length,"
	" coalesce((select @join(line, '') from (select number as policy, -1 as number,"
	" " POLICY_LINE " as line from report_policy where report = r.id union all"
	" select policy, number, " FAILURE_LINE " from report_failure where report = r.id"
	" order by 1, 2) l), '') from report_before r;"
	"drop table report_failure; drop table report_policy; drop table report_before;"
	"create index report_identity on report (identity);"
	"create index report_day on report (domain, day, id);"
	"create index report_when on report (arrived, id);"
	"create index report_signer on report (domain, arrived_day, signer) where trust = 0;"
	"drop index arrival_domain;"
	"alter table arrival rename to arrival_before;"
	"create table arrival (sha256 @text not null, segment @int not null,"
	" place_offset @int not null, place_length @int not null, way @text not null,"
	" trust @int not null, arrived @int not null, reports @int not null,"
	" domain @int not null @end;"
	"insert into arrival select * from arrival_before order by segment, place_offset;"
	"drop table arrival_before;"
	"create index arrival_digest on arrival (substr(sha256, 1, 12));"
	"create index arrival_domain on arrival (domain, trust, arrived) where trust >= 2;",

	/* 19: what edges were given and may serve by now, what is due of one kind, and the names of
	 * one certificate, without a look at all there are
	 */
	"drop index publication_staged; drop index job_due;"
	"create index job_due on job (kind, run_at);"
	"drop index cert_name_of;"
	"create index cert_name_of on cert_name (tenant, fingerprint, name);"
	"create index publication_offered on publication (seq)"
	" where served = 0 and end_cause = 0 and offered > 0;",

	/*
	 * 20: arrivals are gone through in the order in which they came; the first order of a rank;
	 * the hosts of a certificate in their order
	 */
	"@rowid"
	"drop index cert_order_due;"
	"create index cert_order_turn on cert_order (rank, due, host);"
	"drop index cert_use_of;"
	"create index cert_use_of on cert_use (tenant, fingerprint, host);",

	/* 21: when mails about alerts went out, by kind; event is an enum alert_event */
	"create table alert_pace (cause @text not null, event @int not null,"
	" refuses @int not null, said_at @int not null, pause @int not null,"
	" saying @int not null, saying_pause @int not null,"
	" primary key (cause, event, refuses) @keyed;",

	/* 22: the queue of certificates follows only the domains that changed */
	"alter table domain add column ordered @int not null default 0;"
	"update domain set ordered = 1 where exists (select 1 from cert_order o where"
	" o.tenant = domain.tenant and o.host = 'mta-sts.' || domain.name"
	" and o.domain = domain.id);"
	"create index domain_order on domain (ordered) where ordered <> case when removed = 0"
	" and hosted = 1 and hosting = 'here' then 1 else 0 end;"
	"create index cert_order_service on cert_order (domain) where domain = 0;"
	"alter table cert_order drop column wanted;",
};

int migrate_newest(void)
{
	return (int)ARRAY_LEN(migrations);
}

/* Text compares by bytes in both engines, so that cursors over names work the same. */
static const struct word {
	struct slice word;
	const char *spelt[2]; /* by enum engine */
} words[] = {
	{ SLICE_INIT("@int"), { "integer", "bigint" } },
	{ SLICE_INIT("@text"), { "text", "text collate \"C\"" } },
	{ SLICE_INIT("@blob"), { "blob", "bytea" } },
	{ SLICE_INIT("@end"), { ") strict", ")" } },
	{ SLICE_INIT("@keyed"), { ") without rowid, strict", ")" } },
	{ SLICE_INIT("@join"), { "group_concat", "string_agg" } },
	/* SQLite numbers its rows by itself. */
	{ SLICE_INIT("@rowid"),
	  { "", "alter table arrival add column rowid bigint generated always as identity;"
	        " create unique index arrival_rowid on arrival (rowid);" } },
	/* db_short_digest; SQLite is given it by the connection that migrates. */
	{ SLICE_INIT("@digest"),
	  { "", "create function short_digest(t text) returns bigint language sql immutable as"
	        " $$ select ('x' || substr(encode(sha256(convert_to(t, 'UTF8')), 'hex'), 1, 16))"
	        "::bit(64)::bigint $$;" } },
};

/* Adds what the word at the start of at stands for; returns its length. */
static size_t word_add(struct slice at, enum engine engine, struct buf *out)
{
	size_t i = 0;

	while (i < ARRAY_LEN(words) && !slice_starts(at, words[i].word))
		i++;
	assert(i < ARRAY_LEN(words)); /* the migrations use no other */
	buf_add_str(out, words[i].spelt[engine]);
	return words[i].word.len;
}

void migrate_text(int number, enum engine engine, struct buf *out)
{
	struct slice rest = slice_str(migrations[number - 1]);

	while (rest.len > 0) {
		size_t n = slice_find(rest, '@');

		buf_add(out, slice_head(rest, n));
		rest = slice_skip(rest, n);
		if (rest.len > 0)
			rest = slice_skip(rest, word_add(rest, engine, out));
	}
}

enum err migrate_version(struct conn *c, int *out)
{
	int64_t version = 0;
	enum err e = conn_number(c, "pragma user_version", &version);

	if (e == OK)
		*out = (int)version;
	return e;
}

static void short_digest(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	const void *text = sqlite3_value_text(values[0]);

	(void)count; /* one, as it was declared */
	sqlite3_result_int64(ctx,
	                     db_short_digest(slice_of(text == NULL ? "" : text,
	                                              (size_t)sqlite3_value_bytes(values[0]))));
}

static enum err migrate_one(struct conn *c, int number)
{
	struct buf text;

	buf_init(&text, MIGRATE_TEXT_MAX);
	migrate_text(number, ENGINE_SQLITE, &text);
	buf_printf(&text, "; pragma user_version = %d", number);
	assert(buf_status(&text) == OK);

	enum err e = conn_exec(c, "begin immediate");
	if (e == OK)
		e = conn_exec(c, buf_str(&text));
	if (e == OK)
		e = conn_exec(c, "commit");
	if (e != OK)
		conn_rollback(c);
	buf_fini(&text);
	return e;
}

enum err migrate_run(struct conn *c, int target)
{
	int version = 0;
	enum err e = migrate_version(c, &version);

	if (e == OK && version > target)
		return ERR_CONFLICT;
	if (e == OK)
		e = conn_err(sqlite3_create_function_v2(c->handle, "short_digest", 1,
		                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
		                                        short_digest, NULL, NULL, NULL));
	for (int n = version + 1; e == OK && n <= target; n++)
		e = migrate_one(c, n);
	return e;
}
