#include "store/sql.h"

#define ROW(id, text) [id] = { #id, text }

#define DOMAIN_COLUMNS                                                                    \
	"id, tenant, name, stage, profile, hosting, way_host, way_id, way_reports, rua, " \
	"tag, tag_before, tag_before_until, claim, hosted, added, revision, claim_seen"

/* Nothing was announced before it since service of the domain began, or began again. */
#define PUBLICATION_FIRST                                                                     \
	"case when exists (select 1 from publication b where b.domain = p.domain"             \
	" and b.number < p.number and b.announced > 0 and b.number > coalesce((select"        \
	" max(c.number) from publication c where c.domain = p.domain and c.number < p.number" \
	" and c.end_cause = 3), 0)) then 0 else 1 end"
#define PUBLICATION_COLUMNS                                                              \
	"p.id, p.domain, p.version, p.policy_id, p.staged, p.offered, p.served, "        \
	"p.announced, p.ended, p.end_cause, p.id_seen, p.ttl, p.seq, v.body, v.sha256, " \
	"p.fetched, p.ahead, p.tries, p.why, " PUBLICATION_FIRST ","                     \
	" (select hosting from domain d where d.id = p.domain)"                          \
	" from publication p join policy_version v on v.id = p.version "

#define CERT_COLUMNS                                                                       \
	"c.tenant, c.fingerprint, c.seal_domain, c.purpose, c.source, c.key_type, "        \
	"c.subject, c.issuer, c.note, c.not_before, c.not_after, c.added, c.chain, c.der," \
	" c.sealed_key"

#define ALERT_COLUMNS                                                                         \
	"tenant, name, cause, domain, level, extent, subject, detail, step, command, opened," \
	" closed, said, said_subject, said_at, peak"

#define ORDER_COLUMNS                                                                     \
	"tenant, host, domain, state, due, rank, tries, faults, seq, renew_at, started, " \
	"why, problem, order_url, authorization_url, challenge_url, method, replaces, "   \
	"explanation, sealed_key"
#define ORDER_HURRIED "due = 0 and state = 'wanted' and $3 = 'idle'"
#define ORDER_NEW                                                                            \
	"insert into cert_order (tenant, host, domain, state, due, claimed_until, rank,"     \
	" tries, faults, why, problem, order_url, authorization_url, challenge_url, method," \
	" seq, replaces, renew_at, explanation, started) "
#define ORDER_BLANK(due, rank) \
	"'idle', " due ", 0, " rank ", 0, 0, '', '', '', '', '', '', 0, '', 0, '', 0"
/* Domains whose order is to be made or to go, as the index domain_order has them. */
#define ORDER_FOLLOWS                                                          \
	"ordered <> case when removed = 0 and hosted = 1 and hosting = 'here'" \
	" then 1 else 0 end"

/* The first one that is due of each rank: each has its stretch of the index. */
#define ORDER_FIRST(number)                                                             \
	"select * from (select tenant, host, rank from cert_order where rank = " number \
	" and due <= $1 and claimed_until <= $1 order by due, host limit 1) r" number
#define ORDER_FIRSTS     \
	ORDER_FIRST("0") \
	" union all " ORDER_FIRST("1") " union all " ORDER_FIRST("2") " union all " ORDER_FIRST("3")

#define REPORT_COLUMNS                                                              \
	"id, domain, name, report_id, contact, signer, trust, range_start, "        \
	"range_end, day, arrived, successful, failed, notes, raw_sha256, segment, " \
	"place_offset, place_length"

/*
 * By the start of the digest, which the index has; the rest tells whether it is the one.  With an
 * equals sign there, too, SQLite would put the constant into both and lose sight of the index.
 */
#define OF_DIGEST "substr(sha256, 1, 12) = substr($1, 1, 12) and sha256 between $1 and $1"

/* What decides between a stored report and another copy of it. */
#define STORED_COLUMNS "id, trust, signer, content, day, successful, failed, organization"

#define SUPPLY_COLUMNS                                                         \
	"kind, name, identity, mark, place, stuck, tries, why, note, polled, " \
	"good, looked, taken, skipped"

#define HELD_COLUMNS "sha256, author, segment, place_offset, place_length, arrived, due, tries"

#define QUARANTINE_COLUMNS                                                   \
	"sha256, reason, message, way, kind, trust, name, domain, segment, " \
	"place_offset, place_length, arrived, tried, tries, program"

#define FETCH_COLUMNS                                                                        \
	"f.publication, f.day, f.status, f.network, f.n, f.first_at, f.last_at, p.policy_id" \
	" from policy_fetch f join publication p on p.id = f.publication "

#define PUSH_COLUMNS "domain, record, content, why, due, tries, pushed"

/* Counts go up to 2^53 - 1 and stay there; no sum of hostile numbers overflows or fails. */
#define TOP "9007199254740991"
#define SUM(x)                                                                    \
	"cast(case when sum(cast(" x " as double precision)) > " TOP " then " TOP \
	" else sum(cast(" x " as double precision)) end as bigint)"
#define ADD(table, column)                                                                   \
	column " = case when " table "." column " + excluded." column " > " TOP " then " TOP \
	       " when " table "." column " + excluded." column " < 0"                        \
	       " then 0 else " table "." column " + excluded." column " end"
#define TOTALS SUM("f.reports") ", " SUM("f.successful") ", " SUM("f.failed")
/* Groups in which a trusted report has a part: others cannot push them beyond a limit. */
#define TRUSTED_FIRST "case when min(trust) <= 1 then 0 else 1 end"
/* One domain, from a day to a day, of a set of trusts. */
#define RANGE "domain = $1 and day >= $2 and day <= $3 and trust in ($4, $5, $6, $7)"

const struct statement sql_table[SQL_COUNT] = {
	/* domains */
	ROW(SQL_DOMAIN_ADD,
	    "insert into domain (id, tenant, name, stage, profile, hosting, way_host, way_id,"
	    " way_reports, rua, tag, tag_before, tag_before_until, claim, hosted, added, removed,"
	    " revision) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, $12, $13,"
	    " $14, 0, 1)"),
	ROW(SQL_DOMAIN_REVIVE,
	    "update domain set stage = $2, profile = $3, hosting = $4, way_host = $5, way_id = $6,"
	    " way_reports = $7, rua = $8, tag = $9, tag_before = '', tag_before_until = 0,"
	    " claim = $10, hosted = $11, added = $12, removed = 0, revision = revision + 1,"
	    " claim_seen = 0 where id = $1"),
	ROW(SQL_DOMAIN_UPDATE,
	    "update domain set stage = $2, profile = $3, hosting = $4, way_host = $5, way_id = $6,"
	    " way_reports = $7, rua = $8, hosted = $9, revision = revision + 1"
	    " where id = $1 and removed = 0"),
	ROW(SQL_DOMAIN_ROTATE,
	    "update domain set tag_before = tag, tag_before_until = $3, tag = $2,"
	    " revision = revision + 1 where id = $1 and removed = 0"),
	ROW(SQL_DOMAIN_CLAIM_SEEN,
	    "update domain set claim_seen = case when claim_seen = 0 then $2 else claim_seen end"
	    " where id = $1 and claim = $3 and removed = 0"),
	ROW(SQL_DOMAIN_REMOVE, "update domain set removed = $2, revision = revision + 1"
	                       " where id = $1 and removed = 0"),
	ROW(SQL_DOMAIN_ANY_BY_NAME,
	    "select id, removed, hosted, tag, claim from domain where tenant = $1 and name = $2"),
	ROW(SQL_DOMAIN_BY_NAME, "select " DOMAIN_COLUMNS
	                        " from domain where tenant = $1 and name = $2 and removed = 0"),
	ROW(SQL_DOMAIN_BY_ID,
	    "select " DOMAIN_COLUMNS " from domain where id = $1 and removed = 0"),
	ROW(SQL_DOMAIN_COUNT, "select count(*) from domain where removed = 0"),
	/* The signs keep SQLite from going from an index to each row, which takes five times as
	   long. */
	ROW(SQL_DOMAIN_COUNT_STAGES, "select stage, count(*) from domain where +tenant = $1"
	                             " and +removed = 0 group by stage"),
	ROW(SQL_DOMAIN_BY_TAG, "select " DOMAIN_COLUMNS " from domain where id in ("
	                       "select id from domain where tag = $1 and removed = 0 union all"
	                       " select id from domain where tag_before = $1 and tag_before <> ''"
	                       " and tag_before_until > $2 and removed = 0)"),
	ROW(SQL_DOMAIN_LIST,
	    "select " DOMAIN_COLUMNS " from domain where tenant = $1 and removed = 0 and name > $2"
	    " order by name limit $3"),

	/* policies */
	ROW(SQL_VERSION_ADD,
	    "insert into policy_version (id, domain, mode, max_age, mx, body, sha256, created)"
	    " values ($1, $2, $3, $4, $5, $6, $7, $8)"),
	ROW(SQL_PUBLICATION_ADD,
	    "insert into publication (id, domain, version, number, policy_id, id_time, staged,"
	    " offered, served, announced, ended, end_cause, id_seen, ttl, seq)"
	    " values ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, 0, 0, 0)"),
	ROW(SQL_PUBLICATION_LAST_NUMBER,
	    "select coalesce(max(number), 0) from publication where domain = $1"),
	/* A name may have been another tenant's before: its ids count too. */
	ROW(SQL_PUBLICATION_LAST_TIME,
	    "select coalesce(max(p.id_time), 0) from publication p join domain d on d.id = p.domain"
	    " where d.name = (select name from domain where id = $1)"),
	ROW(SQL_PUBLICATION_ID_USED,
	    "select p.id from publication p join domain d on d.id = p.domain"
	    " where d.name = (select name from domain where id = $1) and p.policy_id = $2"),
	ROW(SQL_PUBLICATION_NEWEST,
	    "select " PUBLICATION_COLUMNS "where p.domain = $1 and p.end_cause <> 1"
	    " order by p.number desc limit 1"),
	ROW(SQL_PUBLICATION_SERVED,
	    "select " PUBLICATION_COLUMNS "where p.domain = $1 and p.served > 0 and p.end_cause = 0"
	    " order by p.number desc limit 1"),
	ROW(SQL_PUBLICATION_BY_ID, "select " PUBLICATION_COLUMNS "where p.id = $1"),
	ROW(SQL_PUBLICATION_HISTORY,
	    "select " PUBLICATION_COLUMNS "where p.domain = $1 order by p.number"),
	ROW(SQL_PUBLICATION_OFFERED,
	    "select " PUBLICATION_COLUMNS "join domain d on d.id = p.domain and d.removed = 0"
	    " and d.hosting <> 'external' where p.served = 0 and p.end_cause = 0"
	    " and p.offered > 0 and p.seq <= $1 order by p.seq, p.id limit $2"),
	ROW(SQL_PUBLICATION_SUPERSEDE,
	    "update publication set end_cause = 1, ended = case when offered = 0"
	    " then cast($2 as bigint) else 0 end"
	    " where domain = $1 and served = 0 and end_cause = 0"),
	ROW(SQL_PUBLICATION_MARK_OFFERED,
	    "update publication set seq = $2, offered = case when offered = 0 then $3"
	    " else offered end where id = $1 and end_cause = 0"),
	ROW(SQL_PUBLICATION_MARK_SERVED,
	    "update publication set served = case when served = 0 then $2 else served end,"
	    " offered = case when offered = 0 then $2 else offered end, due = 0, tries = 0,"
	    " why = '' where id = $1 and end_cause = 0"),
	ROW(SQL_PUBLICATION_MARK_FETCHED,
	    "update publication set fetched = case when fetched = 0 then $2 else fetched end,"
	    " due = 0, tries = 0, why = '' where id = $1 and end_cause = 0 and served > 0"),
	ROW(SQL_PUBLICATION_MARK_AHEAD,
	    "update publication set ahead = case when ahead = 0 then $2 else ahead end"
	    " where id = $1 and end_cause = 0"),
	ROW(SQL_PUBLICATION_CLAIM,
	    "update publication set due = $2 where id = (select p.id from publication p"
	    " join domain d on d.id = p.domain and d.removed = 0 and d.hosted = 1"
	    " where p.end_cause = 0 and p.announced = 0 and p.due <= $1"
	    " order by p.due, p.id limit 1) returning id"),
	/* One made due while it is worked on stays due. */
	ROW(SQL_PUBLICATION_AGAIN,
	    "update publication set due = case when due = 0 then due else $2 "
	    "end, tries = tries + cast($4 as bigint), why = $3"
	    " where id = $1 and end_cause = 0 and announced = 0"),
	ROW(SQL_PUBLICATION_HURRY, "update publication set due = 0, tries = 0 where domain = $1"
	                           " and announced = 0 and end_cause = 0"),
	ROW(SQL_PUBLICATION_ALL_DUE,
	    "update publication set due = 0 where announced = 0 and end_cause = 0"),
	ROW(SQL_PUBLICATION_MARK_ANNOUNCED,
	    "update publication set announced = case when announced = 0 then $2 else announced end,"
	    " tries = 0, why = '' where id = $1 and end_cause = 0 and served > 0"),
	ROW(SQL_PUBLICATION_MARK_SEEN,
	    "update publication set id_seen = case when id_seen = 0 then $2 else id_seen end,"
	    " ttl = case when ttl < $3 then $3 else ttl end where id = $1 and end_cause = 0"),
	/* Superseded ones that edges may still show end at this moment too. */
	ROW(SQL_PUBLICATION_END_BEFORE,
	    "update publication set ended = $2, end_cause = case when end_cause = 1 then 1 else 2 "
	    "end"
	    " where domain = (select domain from publication where id = $1) and ended = 0"
	    " and number < (select number from publication where id = $1)"),
	ROW(SQL_PUBLICATION_STOP, "update publication set ended = $2, end_cause = case when "
	                          "end_cause = 1 then 1 else 3 end"
	                          " where domain = $1 and ended = 0"),
	ROW(SQL_PUBLICATION_ADOPT,
	    "update publication set policy_id = $2, id_time = case when id_time < $3 then $3"
	    " else id_time end where id = $1"),

	/* The same text at the same moments under another id. */
	ROW(SQL_PUBLICATION_CONTINUE,
	    "insert into publication (id, domain, version, number, policy_id, id_time, staged,"
	    " offered, served, announced, ended, end_cause, id_seen, ttl, seq, fetched)"
	    " select $4, domain, version, number + 1, $2, case when id_time < $3 then $3"
	    " else id_time end, staged, offered, served, 0, 0, 0, 0, 0, seq, fetched"
	    " from publication where id = $1 and end_cause = 0"),

	/* records written into customers' zones; one made due while it is worked on stays due */
	ROW(SQL_PUSH_ADD,
	    "insert into dns_push (domain, record, content, why, due, tries, pushed, claimed_until)"
	    " values ($1, $2, '', '', 0, 0, 0, 0)"
	    " on conflict (domain, record) do update set due = 0, tries = 0"),
	ROW(SQL_PUSH_DROP, "delete from dns_push where domain = $1 and record = $2"),
	ROW(SQL_PUSH_RESET,
	    "update dns_push set due = 0, tries = 0, content = '', why = '' where domain = $1"),
	ROW(SQL_PUSH_HURRY,
	    "update dns_push set due = 0, tries = 0 where domain = $1 and record = $2"),
	ROW(SQL_PUSH_GET,
	    "select " PUSH_COLUMNS " from dns_push where domain = $1 and record = $2"),
	ROW(SQL_PUSH_CLAIM,
	    "update dns_push set claimed_until = $2, due = 1 where (domain, record) ="
	    " (select p.domain, p.record from dns_push p"
	    " join domain d on d.id = p.domain and d.removed = 0"
	    " where p.due <= $1 and p.claimed_until <= $1"
	    " order by p.due, p.domain, p.record limit 1) returning " PUSH_COLUMNS),
	ROW(SQL_PUSH_UNCLAIM, "update dns_push set claimed_until = 0"),
	ROW(SQL_PUSH_PUT, "update dns_push set content = case when cast($8 as bigint) = 1 then $3 "
	                  "else content end,"
	                  " why = $4, tries = $6, pushed = $7,"
	                  " claimed_until = 0, due = case when due = 0 then due else $5 end"
	                  " where domain = $1 and record = $2"),

	/* certificates */
	ROW(SQL_CERT_ADD,
	    "insert into cert (tenant, fingerprint, seal_domain, purpose, source, key_type,"
	    " subject, issuer, note, not_before, not_after, added, chain, der, sealed_key)"
	    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
	    " on conflict (tenant, fingerprint) do nothing"),
	ROW(SQL_CERT_RESEAL, "update cert set seal_domain = $3, purpose = $4, sealed_key = $5"
	                     " where tenant = $1 and fingerprint = $2"),
	ROW(SQL_CERT_NAME_ADD,
	    "insert into cert_name (tenant, fingerprint, name) values ($1, $2, $3)"
	    " on conflict (tenant, name, fingerprint) do nothing"),
	ROW(SQL_CERT_CHAIN_ADD, "insert into cert_chain (fingerprint, der) values ($1, $2)"
	                        " on conflict (fingerprint) do nothing"),
	ROW(SQL_CERT_GET,
	    "select " CERT_COLUMNS " from cert c where c.tenant = $1 and c.fingerprint = $2"),
	ROW(SQL_CERT_NAMES,
	    "select name from cert_name where tenant = $1 and fingerprint = $2 order by name"),
	ROW(SQL_CERT_CHAIN, "select der from cert_chain where fingerprint = $1"),
	ROW(SQL_CERT_FOR_NAME,
	    "select " CERT_COLUMNS " from cert c join cert_name n on n.tenant = c.tenant"
	    " and n.fingerprint = c.fingerprint where c.tenant = $1 and n.name in ($2, $3)"
	    " and c.not_before <= $4 and c.not_after > $4"
	    " order by c.added desc, c.not_after desc, c.fingerprint limit 1"),
	ROW(SQL_CERT_LIST,
	    "select " CERT_COLUMNS " from cert c where c.tenant = $1 and c.fingerprint > $2"
	    " order by c.fingerprint limit $3"),
	ROW(SQL_CERT_HOSTS,
	    "select host from cert_use where tenant = $1 and fingerprint = $2 order by host"),
	ROW(SQL_CERT_ASSIGN,
	    "insert into cert_use (tenant, host, fingerprint, since) values ($1, $2, $3, $4)"
	    " on conflict (tenant, host) do update set fingerprint = excluded.fingerprint,"
	    " since = excluded.since"),
	ROW(SQL_CERT_UNASSIGN, "delete from cert_use where tenant = $1 and host = $2"),
	ROW(SQL_CERT_HOSTED,
	    "select d.name, d.hosting, (select count(*) from cert_use u where u.tenant = d.tenant"
	    " and u.host = 'mta-sts.' || d.name) from domain d where d.tenant = $1"
	    " and d.removed = 0 and d.hosted = 1 and d.name > $2 order by d.name limit $3"),
	ROW(SQL_CERT_ASSIGNED,
	    "select " CERT_COLUMNS " from cert c join cert_use u on u.tenant = c.tenant"
	    " and u.fingerprint = c.fingerprint where u.tenant = $1 and u.host = $2"),

	ROW(SQL_CERT_NAME_DROP,
	    "delete from cert_name where tenant = $1 and fingerprint = $2 and not exists"
	    " (select 1 from cert_use u where u.tenant = $1 and u.fingerprint = $2)"),
	ROW(SQL_CERT_DROP,
	    "delete from cert where tenant = $1 and fingerprint = $2 and not exists"
	    " (select 1 from cert_use u where u.tenant = $1 and u.fingerprint = $2)"),

	/* orders of certificates */
	ROW(SQL_ORDER_DROP_SERVICE,
	    "delete from cert_order where domain = 0 and host <> $1 and host <> $2"),
	ROW(SQL_ORDER_ADD_SERVICE, ORDER_NEW
	    "values ($1, $2, 0, " ORDER_BLANK("$3", "0") ")"
	                                                 " on conflict (tenant, host) do nothing"),
	/* In this order, and as text, SQLite finds each row by its whole key. */
	ROW(SQL_ORDER_DROP_DOMAINS,
	    "delete from cert_order where domain <> 0 and (host, tenant) in (select"
	    " cast('mta-sts.' || name as text), tenant from domain where ordered = 1"
	    " and " ORDER_FOLLOWS ")"),
	ROW(SQL_ORDER_ADD_DOMAINS,
	    ORDER_NEW "select tenant, 'mta-sts.' || name, id, " ORDER_BLANK(
	            "$1", "3") " from domain where ordered = 0 and " ORDER_FOLLOWS
	                       " on conflict (tenant, host) do nothing"),
	/* A host of the service that is a policy host too has one row: its domain follows later. */
	ROW(SQL_ORDER_FOLLOWED,
	    "update domain set ordered = (select count(*) from cert_order o where"
	    " o.tenant = domain.tenant and o.host = 'mta-sts.' || domain.name"
	    " and o.domain = domain.id) where ordered >= 0 and " ORDER_FOLLOWS),
	ROW(SQL_ORDER_CLAIM,
	    "update cert_order set claimed_until = $2, due = case when due = 0 then $1 else due end"
	    " where (tenant, host) = (select tenant, host from (" ORDER_FIRSTS
	    ") f order by rank limit 1) returning " ORDER_COLUMNS),
	ROW(SQL_ORDER_CLEAR, "delete from cert_order"),
	ROW(SQL_ORDER_FORGET, "update domain set ordered = 0 where ordered = 1"),
	ROW(SQL_ORDER_UNCLAIM, "update cert_order set claimed_until = 0 where claimed_until > 0"),
	/* One made due while it is worked on stays due, and an idle one wanted. */
	ROW(SQL_ORDER_PUT,
	    "update cert_order set state = case when " ORDER_HURRIED " then state else $3 end,"
	    " renew_at = case when " ORDER_HURRIED " then renew_at else $9 end,"
	    " due = case when due = 0 then due else $4 end, rank = $5, tries = $6, faults = $7,"
	    " seq = $8, started = $10, why = $11, problem = $12, order_url = $13,"
	    " authorization_url = $14, challenge_url = $15, method = $16, replaces = $17,"
	    " explanation = $18, sealed_key = $19, claimed_until = 0"
	    " where tenant = $1 and host = $2"),
	ROW(SQL_ORDER_GET,
	    "select " ORDER_COLUMNS " from cert_order where tenant = $1 and host = $2"),
	ROW(SQL_ORDER_LIST, "select " ORDER_COLUMNS " from cert_order where tenant = $1"
	                    " and host > $2 order by host limit $3"),
	ROW(SQL_ORDER_COUNT,
	    "select state, count(*), sum(case when why <> '' then 1 else 0 end) from cert_order"
	    " where tenant = $1 group by state"),
	ROW(SQL_ORDER_HURRY,
	    "update cert_order set due = 0, renew_at = $3, state = case when state = 'idle'"
	    " then 'wanted' else state end where tenant = $1 and host = $2"),
	ROW(SQL_ORDER_SPEND, "insert into cert_spent (id, directory, tenant, host, moment)"
	                     " values ($1, $2, $3, $4, $5)"),
	ROW(SQL_ORDER_REFUND, "delete from cert_spent where id = $1"),
	ROW(SQL_ORDER_SPENT,
	    "select count(*), coalesce(sum(case when tenant = $3 then 1 else 0 end), 0),"
	    " coalesce(min(moment), 0), (select count(*) from tenant) from cert_spent"
	    " where directory = $1 and moment > $2"),
	ROW(SQL_ORDER_ACCOUNT_GET, "select url, sealed_key from cert_account where directory = $1"),
	ROW(SQL_ORDER_ACCOUNT_PUT,
	    "insert into cert_account (directory, url, sealed_key, created)"
	    " values ($1, $2, $3, $4) on conflict (directory) do update set url = $2,"
	    " sealed_key = $3"),

	/* reports */
	ROW(SQL_REPORT_DOMAIN,
	    "select id from domain where tenant = $1 and name = $2 and removed = 0"),
	ROW(SQL_REPORT_FIND,
	    "select " STORED_COLUMNS " from report where identity = $1 and domain = $2"
	    " and report_key = $3 and (organization = $4 or claimed = $6"
	    " or (claimed = $7 and content = $5))"),
	ROW(SQL_REPORT_FIND_UNSIGNED,
	    "select " STORED_COLUMNS " from report where identity = $1 and domain = $2"
	    " and report_key = $3 and (organization = $4 or (organization = $6 and trust <> 0"
	    " and (cast($7 as bigint) = 1 or content = $5)))"),
	ROW(SQL_REPORT_ADD,
	    "insert into report (id, domain, organization, report_key, name, report_id, contact,"
	    " signer, trust, content, range_start, range_end, day, arrived, arrived_day,"
	    " successful, failed, notes, raw_sha256, segment, place_offset, place_length, claimed,"
	    " identity, policies)"
	    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
	    " $18, $19, $20, $21, $22, $23, $24, $25)"),
	ROW(SQL_REPORT_REPLACE,
	    "update report set name = $2, report_id = $3, contact = $4, signer = $5, trust = $6,"
	    " content = $7, range_start = $8, range_end = $9, day = $10, successful = $11,"
	    " failed = $12, notes = $13, raw_sha256 = $14, segment = $15, place_offset = $16,"
	    " place_length = $17, organization = $18, claimed = $19, policies = $20 where id = $1"),
	ROW(SQL_REPORT_RAISE,
	    "update report set trust = $2, signer = $3, raw_sha256 = $4, segment = $5,"
	    " place_offset = $6, place_length = $7, organization = $8, claimed = $9, name = $10"
	    " where id = $1"),
	ROW(SQL_REPORT_OF_SIGNER,
	    "select count(*) from report where domain = $1 and signer = $2 and arrived_day = $3"
	    " and trust = 0"),
	ROW(SQL_REPORT_LIST,
	    "select " REPORT_COLUMNS " from report where domain = $1 and trust in ($2, $3, $4, $5)"
	    " and (day, id) < ($6, $7) order by day desc, id desc limit $8"),
	ROW(SQL_REPORT_SINCE,
	    "select " REPORT_COLUMNS ", (select d.name from domain d where d.id = report.domain)"
	    " from report where (arrived, id) > ($1, $2)"
	    " and (select d.tenant from domain d where d.id = report.domain) = $3"
	    " order by arrived, id limit $4"),
	ROW(SQL_REPORT_GET, "select " REPORT_COLUMNS " from report where id = $1"),
	ROW(SQL_REPORT_POLICIES, "select policies from report where id = $1"),
	ROW(SQL_REPORT_PURGE, "delete from report where id in (select id from report"
	                      " where arrived < $1 order by arrived, id limit $2) returning id"),
	ROW(SQL_REPORT_DAY_PURGED,
	    "select case when (select coalesce(sum(reports), 0) from figure_total"
	    " where domain = $1 and day = $2) > (select count(*) from report"
	    " where domain = $1 and day = $2) then 1 else 0 end"),
	ROW(SQL_REPORTER_NOTE,
	    "insert into reporter (tenant, organization, name, signer) values ($1, $2, $3, $4)"
	    " on conflict (tenant, organization) do update set signer = case"
	    " when excluded.signer = '' then reporter.signer else excluded.signer end,"
	    " name = case when excluded.signer = '' then reporter.name else excluded.name end"),

	/* figures */
	ROW(SQL_FIGURE_ADD,
	    "insert into figure (domain, day, organization, trust, policy_type, mx_host,"
	    " result_type, sessions) values ($1, $2, $3, $4, $5, $6, $7, $8)"
	    " on conflict (domain, day, organization, trust, policy_type, mx_host, result_type)"
	    " do update set " ADD("figure", "sessions")),
	ROW(SQL_FIGURE_SWEEP, "delete from figure where domain = $1 and day = $2"
	                      " and organization = $3 and trust = $4 and sessions <= 0"),
	ROW(SQL_FIGURE_LIST,
	    "select day, organization, trust, policy_type, mx_host, result_type, sessions"
	    " from figure where " RANGE
	    " order by day, organization, trust, policy_type, mx_host, result_type"),
	ROW(SQL_FIGURE_TOTAL_ADD,
	    "insert into figure_total (domain, day, organization, trust, reports, successful,"
	    " failed) values ($1, $2, $3, $4, $5, $6, $7)"
	    " on conflict (domain, day, organization, trust) do update set " ADD(
	            "figure_total", "reports") ", " ADD("figure_total",
	                                                "successful") ", " ADD("figure_total",
	                                                                       "failed")),
	ROW(SQL_FIGURE_TOTAL_SWEEP, "delete from figure_total where domain = $1 and day = $2"
	                            " and organization = $3 and trust = $4 and reports <= 0"),
	ROW(SQL_FIGURE_FAILURE_ADD,
	    "insert into figure_failure (domain, day, organization, trust, result_type,"
	    " reason_code, sessions) values ($1, $2, $3, $4, $5, $6, $7)"
	    " on conflict (domain, day, organization, trust, result_type, reason_code)"
	    " do update set " ADD("figure_failure", "sessions")),
	ROW(SQL_FIGURE_FAILURE_SWEEP, "delete from figure_failure where domain = $1 and day = $2"
	                              " and organization = $3 and trust = $4 and sessions <= 0"),

	/* summaries */
	ROW(SQL_SUMMARY_TRUST,
	    "select trust, " TOTALS " from figure_total f where domain = $1 and day >= $2"
	    " and day <= $3 group by trust order by trust"),
	ROW(SQL_SUMMARY_DAYS,
	    "select day, " TOTALS " from figure_total f where " RANGE " group by day order by day"),
	ROW(SQL_SUMMARY_ORGANIZATIONS,
	    "select coalesce(r.name, f.organization),"
	    " case when min(trust) = 0 then coalesce(r.signer, '') else '' end, " TOTALS
	    ", min(day), max(day), max(case when trust = 0 then 1 else 0 end),"
	    " max(case when trust = 1 then 1 else 0 end),"
	    " max(case when trust = 2 then 1 else 0 end),"
	    " max(case when trust = 3 then 1 else 0 end), f.organization,"
	    " case when min(trust) = 0 then 0 else 1 end"
	    " from figure_total f left join reporter r on r.organization = f.organization"
	    " and r.tenant = (select tenant from domain where id = $1) where " RANGE
	    " group by f.organization, case when trust = 0 then 0 else 1 end, r.name, r.signer"
	    " order by " TRUSTED_FIRST ", " SUM("f.successful + f.failed") " desc, f.organization,"
	                                                                   " min(trust) limit $8"),
	ROW(SQL_SUMMARY_RHYTHMS,
	    "select organization, case when trust = 0 then 0 else 1 end as proof, day"
	    " from figure_total f where " RANGE " group by organization,"
	    " case when trust = 0 then 0 else 1 end, day order by organization, proof, day"),
	ROW(SQL_SUMMARY_LIFETIMES, "select organization, case when trust = 0 then 0 else 1 end as "
	                           "proof, min(day), max(day)"
	                           " from figure_total where domain = $1 group by organization,"
	                           " case when trust = 0 then 0 else 1 end"),
	ROW(SQL_SUMMARY_MX,
	    "select mx_host, " SUM(
	            "case when result_type = 'successful' then "
	            "sessions else 0 end") ", " SUM("case when result_type = 'successful' then 0 "
	                                            "else sessions "
	                                            "end") ", min(day), max(day) from figure "
	                                                   "where " RANGE " and mx_host <> ''"
	                                                   " group by mx_host order "
	                                                   "by " TRUSTED_FIRST
	                                                   ", mx_host limit $8"),
	ROW(SQL_SUMMARY_FAILURES,
	    "select result_type, reason_code, " SUM(
	            "sessions") ", min(day), max(day)"
	                        " from figure_failure where " RANGE
	                        " group by result_type, reason_code"
	                        " order by " TRUSTED_FIRST
	                        ", " SUM("sessions") " desc, result_type, reason_code limit $8"),
	ROW(SQL_SUMMARY_LINE, "select " TOTALS ", coalesce(max(day), 0),"
	                      " coalesce(max(case when failed > 0 then day else 0 end), 0)"
	                      " from figure_total f where " RANGE),

	/* arrivals and the archive */
	ROW(SQL_ARRIVAL_ADD,
	    "insert into arrival (sha256, segment, place_offset, place_length, way, trust, arrived,"
	    " reports, domain) select $1, cast($2 as bigint), cast($3 as bigint),"
	    " cast($4 as bigint), $5, cast($6 as bigint), cast($7 as bigint),"
	    " cast($8 as bigint), cast($9 as bigint)"
	    " where not exists (select 1 from arrival where " OF_DIGEST ")"),
	ROW(SQL_ARRIVAL_GET, "select sha256, segment, place_offset, place_length, way, trust,"
	                     " arrived, reports, domain from arrival where " OF_DIGEST),
	ROW(SQL_ARRIVAL_RAISE,
	    "update arrival set trust = case when trust > $2 then $2 else trust end,"
	    " reports = $3 where " OF_DIGEST),
	ROW(SQL_ARRIVAL_UNITS,
	    "select cast(coalesce(sum(1 + place_length / 1048576), 0) as bigint) from arrival"
	    " where domain = $1 and trust = $2 and trust >= 2 and arrived >= $3 and arrived < $4"),
	ROW(SQL_ARRIVAL_PAGE,
	    "select coalesce(max(n), 0), count(*), coalesce(min(segment), 0),"
	    " cast(coalesce(sum(case when segment < $2 then 1 else 0 end), 0) as bigint)"
	    " from (select rowid as n, segment from arrival where rowid > $1"
	    " order by rowid limit $3) p"),
	ROW(SQL_ARRIVAL_PURGE,
	    "delete from arrival where rowid > $1 and rowid <= $2 and segment < $3"),
	ROW(SQL_ARCHIVE_GET,
	    "select segment, place_offset from archive_position where name = 'archive'"),
	ROW(SQL_ARCHIVE_SET,
	    "insert into archive_position (name, segment, place_offset) values ('archive', $1, $2)"
	    " on conflict (name) do update set segment = excluded.segment,"
	    " place_offset = excluded.place_offset"),

	/* mailboxes and watched folders */
	ROW(SQL_SUPPLY_GET, "select " SUPPLY_COLUMNS " from supply where kind = $1 and name = $2"),
	ROW(SQL_SUPPLY_PUT,
	    "insert into supply (" SUPPLY_COLUMNS ", used) values ($1, $2, $3, $4, $5, $6, $7, $8,"
	    " $9, $10, $11, $12, $13, $14, 1) on conflict (kind, name) do update set"
	    " identity = $3, mark = $4, place = $5, stuck = $6, tries = $7, why = $8, note = $9,"
	    " polled = $10, good = $11, looked = $12, taken = $13, skipped = $14, used = 1"),
	ROW(SQL_SUPPLY_UNUSED, "update supply set used = 0"),
	ROW(SQL_SUPPLY_LIST,
	    "select " SUPPLY_COLUMNS " from supply where used = 1 order by kind, name"),

	/* signatures of mails, and mails that wait for a key */
	ROW(SQL_SIGNER_KEY_ADD,
	    "insert into signer_key (digest, record) values ($1, $2) on conflict (digest) do"
	    " nothing"),
	ROW(SQL_SIGNATURE_ADD,
	    "insert into signature (sha256, number, domain, selector, algorithm, result,"
	    " key_digest, key_bits, secure, checked) values ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
	    " $10)"),
	ROW(SQL_SIGNATURE_DROP, "delete from signature where sha256 = $1"),
	ROW(SQL_SIGNATURE_PURGE, "delete from signature where sha256 in (select sha256 from arrival"
	                         " where rowid > $1 and rowid <= $2 and segment < $3)"),
	ROW(SQL_SIGNATURE_LIST,
	    "select s.domain, s.selector, s.algorithm, s.result, coalesce(k.record, ''),"
	    " s.key_bits, s.secure, s.checked from signature s left join signer_key k"
	    " on k.digest = s.key_digest where s.sha256 = $1 order by s.number"),
	ROW(SQL_HELD_PUT,
	    "insert into held (" HELD_COLUMNS ") values ($1, $2, $3, $4, $5, $6, $7, $8)"
	    " on conflict (sha256) do update set due = $7, tries = $8"),
	ROW(SQL_HELD_GET, "select " HELD_COLUMNS " from held where sha256 = $1"),
	ROW(SQL_HELD_DROP, "delete from held where sha256 = $1"),
	ROW(SQL_HELD_DUE, "select " HELD_COLUMNS " from held where due <= $1"
	                  " order by due, sha256 limit $2"),
	ROW(SQL_HELD_WAKE, "update held set due = $1 where due > $1"),
	ROW(SQL_HELD_COUNT, "select count(*), coalesce(min(due), 0) from held"),
	ROW(SQL_HELD_COUNT_AUTHOR, "select count(*) from held where author = $1"),

	/* quarantine */
	ROW(SQL_QUARANTINE_ADD,
	    "insert into quarantine (" QUARANTINE_COLUMNS ") values ($1, $2, $3, $4, $5, $6, $7,"
	    " $8, $9, $10, $11, $12, $13, $14, $15) on conflict (sha256) do nothing"),
	ROW(SQL_QUARANTINE_RAISE,
	    "update quarantine set trust = $2 where sha256 = $1 and trust > $2"),
	ROW(SQL_QUARANTINE_GET, "select " QUARANTINE_COLUMNS " from quarantine where sha256 = $1"),
	ROW(SQL_QUARANTINE_LIST, "select " QUARANTINE_COLUMNS
	                         " from quarantine where sha256 > $1 and ($3 = '' or domain = $3)"
	                         " order by sha256 limit $2"),
	ROW(SQL_QUARANTINE_COUNT, "select count(*) from quarantine where ($1 = '' or domain = $1)"),
	ROW(SQL_QUARANTINE_RETRIED,
	    "update quarantine set reason = $2, message = $3, tried = $4, tries = tries + 1,"
	    " program = $5 where sha256 = $1"),
	ROW(SQL_QUARANTINE_OTHERS,
	    "select " QUARANTINE_COLUMNS " from quarantine where program <> $1 and sha256 > $2"
	    " order by sha256 limit $3"),
	ROW(SQL_QUARANTINE_PURGE, "delete from quarantine where arrived < $1"),
	ROW(SQL_TAKEN_ADD,
	    "insert into taken (day, way, outcome, n) values ($1, $2, $3, $4)"
	    " on conflict (day, way, outcome) do update set n = taken.n + excluded.n"),
	ROW(SQL_TAKEN_LIST,
	    "select way, outcome, cast(sum(n) as bigint) from taken group by way, outcome"
	    " order by way, outcome"),
	ROW(SQL_QUARANTINE_DROP, "delete from quarantine where sha256 = $1"),

	/* jobs */
	ROW(SQL_JOB_ADD,
	    "insert into job (id, kind, name, payload, run_at, claimed_until, attempts, last_error,"
	    " created) values ($1, $2, $3, $4, $5, 0, 0, '', $6)"
	    " on conflict (kind, name) do nothing"),
	ROW(SQL_JOB_SOONER,
	    "update job set run_at = $3 where kind = $1 and name = $2 and run_at > $3"),
	ROW(SQL_JOB_CLAIM,
	    "update job set claimed_until = $2, attempts = attempts + 1"
	    " where id = (select id from job where run_at <= $1 and claimed_until <= $1"
	    " order by run_at, id limit 1) and claimed_until <= $1"
	    " returning id, kind, name, payload, run_at, claimed_until, attempts, last_error"),
	ROW(SQL_JOB_CLAIM_KIND,
	    "update job set claimed_until = $2, attempts = attempts + 1"
	    " where id = (select id from job where run_at <= $1 and claimed_until <= $1"
	    " and kind = $3 order by run_at, id limit 1) and claimed_until <= $1"
	    " returning id, kind, name, payload, run_at, claimed_until, attempts, last_error"),
	ROW(SQL_JOB_DONE, "delete from job where id = $1"),
	ROW(SQL_JOB_AGAIN,
	    "update job set run_at = $2, claimed_until = 0, last_error = $3 where id = $1"),
	ROW(SQL_JOB_NEXT,
	    "select case when run_at > claimed_until then run_at else claimed_until end as due"
	    " from job order by due limit 1"),

	/* what was found at the servers of a domain's records */
	ROW(SQL_CHECK_PUT,
	    "insert into name_check (domain, checked, facts, common_id, id_since, other_last,"
	    " rua_kept, seen_since, host_seen, adopted, definite)"
	    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
	    " on conflict (domain) do update set checked = excluded.checked,"
	    " facts = excluded.facts, common_id = excluded.common_id,"
	    " id_since = excluded.id_since, other_last = excluded.other_last,"
	    " rua_kept = excluded.rua_kept, seen_since = excluded.seen_since,"
	    " host_seen = excluded.host_seen, adopted = excluded.adopted,"
	    " definite = excluded.definite"),
	ROW(SQL_CHECK_GET,
	    "select checked, facts, common_id, id_since, other_last, rua_kept,"
	    " seen_since, host_seen, adopted, definite from name_check where domain = $1"),
	ROW(SQL_CHECK_MISSING,
	    "select d.id from domain d where d.removed = 0 and not exists (select 1 from job j"
	    " where j.kind = $1 and j.name = cast(d.id as text)) order by d.id"),

	/* what is seen from outside of hosts whose certificate is not ours */
	ROW(SQL_LOOK_PUT,
	    "insert into outside_look (host, checked, faults, why, not_after, issuer)"
	    " values ($1, $2, $3, $4, $5, $6) on conflict (host) do update set"
	    " checked = excluded.checked, faults = excluded.faults, why = excluded.why,"
	    " not_after = excluded.not_after, issuer = excluded.issuer"),
	ROW(SQL_LOOK_GET, "select host, checked, faults, why, not_after, issuer from outside_look"
	                  " where host = $1"),
	ROW(SQL_LOOK_DROP, "delete from outside_look where host = $1"),
	ROW(SQL_LOOK_MISSING,
	    "select 'mta-sts.' || d.name from domain d where d.removed = 0 and d.hosted = 1"
	    " and d.hosting <> 'here' and not exists (select 1 from job j where j.kind = $1"
	    " and j.name = 'mta-sts.' || d.name) order by d.id"),

	/* what somebody is told of */
	ROW(SQL_ALERT_PUT,
	    "insert into alert (tenant, name, cause, domain, level, extent, subject, detail, step,"
	    " command, opened, closed, rank, said, said_subject, said_at, peak, saying,"
	    " saying_rank, saying_subject) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
	    " $12, $13, 0, '', 0, 0, 0, 0, '') on conflict (tenant, name, cause) do update set"
	    " domain = excluded.domain, level = excluded.level, extent = excluded.extent,"
	    " subject = excluded.subject, detail = excluded.detail, step = excluded.step,"
	    " command = excluded.command, opened = excluded.opened, closed = excluded.closed,"
	    " rank = excluded.rank"),
	ROW(SQL_ALERT_GET,
	    "select " ALERT_COLUMNS " from alert where tenant = $1 and name = $2 and cause = $3"),
	ROW(SQL_ALERT_DROP, "delete from alert where domain = $1"),
	ROW(SQL_ALERT_DROP_HOSTS, "delete from alert where tenant = $1 and domain = 0"
	                          " and name <> $2 and name <> $3"),
	ROW(SQL_ALERT_LIST, "select " ALERT_COLUMNS " from alert where tenant = $1 and level >= $2"
	                    " and (name, cause) > ($3, $4) order by name, cause limit $5"),
	ROW(SQL_ALERT_OF_NAME, "select " ALERT_COLUMNS " from alert where tenant = $1 and name = $2"
	                       " and level > 0 order by cause"),
	ROW(SQL_ALERT_COUNT, "select cause, level, count(*) from alert where level > 0"
	                     " group by cause, level"),
	ROW(SQL_ALERT_UNSAID,
	    "select " ALERT_COLUMNS
	    " from alert where rank > said or (rank = 0 and said > 0) or (rank > 0 and"
	    " cause = $1 and subject <> said_subject) order by opened, name, cause"),
	ROW(SQL_ALERT_SAYING, "update alert set saying = $1, saying_rank = $5,"
	                      " saying_subject = $6 where tenant = $2 and name = $3 and"
	                      " cause = $4"),
	ROW(SQL_ALERT_UNDER_WAY, "select saying from alert where saying <> 0 limit 1"),
	ROW(SQL_ALERT_SAID,
	    "update alert set said = saying_rank, said_at = $2, saying = 0,"
	    " said_subject = case when saying_rank = 0 then said_subject else saying_subject end,"
	    " peak = case when saying_rank = 0 then peak else saying_rank end where saying = $1"),
	ROW(SQL_ALERT_NOT_SAID, "update alert set saying = 0 where saying = $1"),
	ROW(SQL_ALERT_PACES, "select cause, event, refuses, said_at, pause from alert_pace"),
	/* One whose mail was not said keeps a mark that means nothing: each mail has its own. */
	ROW(SQL_ALERT_PACE_SAYING,
	    "insert into alert_pace (cause, event, refuses, said_at, pause, saying, saying_pause)"
	    " values ($1, $2, $3, 0, 0, $4, $5) on conflict (cause, event, refuses) do update set"
	    " saying = excluded.saying, saying_pause = excluded.saying_pause"),
	ROW(SQL_ALERT_PACE_SAID, "update alert_pace set said_at = $2, pause = saying_pause,"
	                         " saying = 0 where saying = $1"),
	ROW(SQL_ALERT_DAYS,
	    "select distinct day from figure_total where domain = $1 and trust in (0, 1, 2)"
	    " and reports > 0 order by day desc limit $2"),
	ROW(SQL_ALERT_FAILURES,
	    "select day, result_type, " SUM("sessions") ", min(trust) from figure_failure"
	                                                " where domain = $1 and day >= $2"
	                                                " and trust in (0, 1, 2) and sessions > 0"
	                                                " group by day, result_type"
	                                                " order by day, result_type"),
	ROW(SQL_SELF_CHECK_PUT,
	    "insert into self_check (domain, checked, policy, policy_bad, policy_since,"
	    " policy_good, policy_why, seen, seen_id, seen_why, mx, mx_count, mx_unmatched,"
	    " mx_why) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
	    " on conflict (domain) do update set checked = excluded.checked,"
	    " policy = excluded.policy, policy_bad = excluded.policy_bad,"
	    " policy_since = excluded.policy_since, policy_good = excluded.policy_good,"
	    " policy_why = excluded.policy_why, seen = excluded.seen,"
	    " seen_id = excluded.seen_id, seen_why = excluded.seen_why, mx = excluded.mx,"
	    " mx_count = excluded.mx_count, mx_unmatched = excluded.mx_unmatched,"
	    " mx_why = excluded.mx_why"),
	ROW(SQL_SELF_CHECK_GET,
	    "select checked, policy, policy_bad, policy_since, policy_good, policy_why, seen,"
	    " seen_id, seen_why, mx, mx_count, mx_unmatched, mx_why from self_check"
	    " where domain = $1"),
	ROW(SQL_SELF_CHECK_COUNT,
	    "select count(*), count(case when o.checked >= $1 then 1 end),"
	    " coalesce(max(o.checked), 0) from self_check o join domain d on d.id = o.domain"
	    " where d.removed = 0 and d.hosted = 1"),
	ROW(SQL_SELF_CHECK_DROP, "delete from self_check where domain = $1"),
	ROW(SQL_SELF_CHECK_RESET, "update self_check set checked = 0"),
	ROW(SQL_JOB_KIND_NOW, "update job set run_at = $2 where kind = $1 and run_at > $2"),
	ROW(SQL_DOMAIN_COUNT_HOSTED,
	    "select count(*) from domain where removed = 0 and hosted = 1"),

	/* audit log */
	ROW(SQL_AUDIT_LAST, "select seq, hash from audit where tenant = $1 order by seq desc"
	                    " limit 1"),
	ROW(SQL_AUDIT_ADD,
	    "insert into audit (tenant, seq, moment, action, object, actor, detail, salt, personal,"
	    " purged, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)"),
	ROW(SQL_AUDIT_LIST,
	    "select seq, moment, action, object, actor, detail, purged, hash from audit"
	    " where tenant = $1 and seq < $2 order by seq desc limit $3"),
	ROW(SQL_AUDIT_LIST_OBJECT,
	    "select seq, moment, action, object, actor, detail, purged, hash from audit"
	    " where tenant = $1 and seq < $2 and object = $4 order by seq desc limit $3"),
	ROW(SQL_AUDIT_PURGE, "update audit set actor = '', detail = '', salt = $3, purged = 1"
	                     " where tenant = $1 and moment < $2 and purged = 0"),
	ROW(SQL_AUDIT_CHAIN,
	    "select seq, moment, action, object, actor, detail, salt, personal, purged, hash"
	    " from audit where tenant = $1 order by seq"),

	/* sessions */
	ROW(SQL_SESSION_ADD,
	    "insert into session (digest, tenant, kind, role, who, created, expires)"
	    " values ($1, $2, $3, $4, $5, $6, $7)"),
	ROW(SQL_SESSION_GET, "select tenant, kind, role, who, created, expires from session"
	                     " where digest = $1"),
	ROW(SQL_SESSION_DROP, "delete from session where digest = $1"),
	ROW(SQL_SESSION_PURGE, "delete from session where expires <= $1"),

	/* fetches of policies */
	ROW(SQL_FETCH_ADD,
	    "insert into policy_fetch (publication, day, status, network, n, first_at, last_at)"
	    " select p.id, cast($2 as bigint), cast($3 as bigint), cast($4 as text),"
	    " cast($5 as bigint), cast($6 as bigint), cast($7 as bigint)"
	    " from publication p where p.id = $1"
	    " on conflict (publication, day, status, network) do update set"
	    " first_at = case when excluded.first_at < policy_fetch.first_at then excluded.first_at"
	    " else policy_fetch.first_at end,"
	    " last_at = case when excluded.last_at > policy_fetch.last_at then excluded.last_at"
	    " else policy_fetch.last_at end, " ADD("policy_fetch", "n")),
	ROW(SQL_FETCH_MORE,
	    "update policy_fetch set n = n + cast($5 as bigint),"
	    " first_at = case when $6 < first_at then $6 else first_at end,"
	    " last_at = case when $7 > last_at then $7 else last_at end"
	    " where publication = $1 and day = $2 and status = $3 and network = $4"),
	ROW(SQL_FETCH_NETWORKS,
	    "select count(*) from policy_fetch where publication = $1 and day = $2"
	    " and network <> ''"),
	ROW(SQL_FETCH_NAMED, "select count(*) from policy_fetch where network <> ''"),
	ROW(SQL_FETCH_OLD, "select " FETCH_COLUMNS "where f.network <> '' and f.day < $1"
	                   " order by f.day limit $2"),
	ROW(SQL_FETCH_DROP, "delete from policy_fetch where publication = $1 and day = $2"
	                    " and status = $3 and network = $4"),
	ROW(SQL_FETCH_NEXT, "select id from publication where id > $1 order by id limit 1"),
	ROW(SQL_FETCH_DAYS_OLD,
	    "select " FETCH_COLUMNS "where f.publication = $1 and f.day < $2 and f.network = ''"),
	ROW(SQL_FETCH_LIST,
	    "select " FETCH_COLUMNS
	    "where p.domain = $1 and f.status > 0 and f.day >= $2 and (f.day < $3 or"
	    " (f.day = $3 and (f.publication > $4 or (f.publication = $4 and (f.status > $5 or"
	    " (f.status = $5 and f.network > $6))))))"
	    " order by f.day desc, f.publication, f.status, f.network limit $7"),
	ROW(SQL_FETCH_DAYS,
	    "select f.day, f.status, " SUM(
	            "f.n") ", count(distinct case when f.network <> ''"
	                   " then f.network end) from policy_fetch f join publication p on p.id = "
	                   "f.publication"
	                   " where p.domain = $1 and f.day >= $2 and f.day <= $3"
	                   " group by f.day, f.status order by f.day desc, f.status"),
	ROW(SQL_FETCH_TOTAL_ADD,
	    "insert into policy_fetch_total (status, n) values ($1, $2)"
	    " on conflict (status) do update set " ADD("policy_fetch_total", "n")),
	ROW(SQL_FETCH_TOTALS, "select status, n from policy_fetch_total order by status"),

	/* settings */
	ROW(SQL_SETTING_GET, "select content from setting where name = $1"),
	ROW(SQL_SETTING_SET, "insert into setting (name, content) values ($1, $2)"
	                     " on conflict (name) do update set content = excluded.content"),
};
