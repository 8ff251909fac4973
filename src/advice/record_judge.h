/*
 * One of a domain's records as its authoritative servers answer it, judged: is it there, is it
 * right, and which of the well-known mistakes is it when it is not.
 *
 * Pure.  What was found comes in, what was wanted comes in, a state for each server and for the
 * record goes out, with a sentence when something is to be mended.
 */
#ifndef ADVICE_RECORD_JUDGE_H
#define ADVICE_RECORD_JUDGE_H

#include "base/mem.h"

#define JUDGE_SERVERS_MAX 24u
#define JUDGE_FOUND_MAX 8u /* records of one answer that are looked at */

enum judge_answer {
	JUDGE_NOT_ASKED, /* from here it cannot be: no route, or an address that is not dialled */
	JUDGE_SILENT,    /* no answer in time */
	JUDGE_LAME,      /* an answer without authority, or an error */
	JUDGE_NOTHING,   /* there is no such record */
	JUDGE_SOMETHING,
};

struct judge_server {
	const char *server, *address; /* address "": none is known */
	enum judge_answer answer;
	const char *why;   /* words for the first three, else "" */
	const char *cname; /* "": the name has none */
	size_t count;
	struct slice found[JUDGE_FOUND_MAX]; /* texts of TXT records, or addresses as text */
	uint32_t ttl;                        /* of them or of the CNAME; of nothing: how long that
	                                        is remembered */
};

/* One name and type at all its servers. */
struct judge_seen {
	const char *name, *type;
	const char *zone; /* that the servers answer for */
	size_t count;
	struct judge_server servers[JUDGE_SERVERS_MAX];
	/* Looked at only while the record is not seen; "": nothing there. */
	const char *doubled; /* a name with the domain behind it twice that has a record */
	const char *above;   /* the same name without the domain's first labels that has a record */
	const char *proxy;   /* whose proxy the addresses belong to */
	const char *dead;    /* an IPv6 address where nobody answers */
};

enum judge_kind { JUDGE_HOST, JUDGE_ID, JUDGE_REPORTS };

struct judge_want {
	enum judge_kind kind;
	const char *type;         /* "CNAME", "TXT", "A", "AAAA" */
	const char *value;        /* as it is to be typed; NULL: it is not to be published yet */
	const char *domain;       /* the customer's */
	const char *service_zone; /* "": none */
	bool typed;               /* a person types each new value */
	bool any;                 /* JUDGE_HOST: whatever is there is right */
	const char *id;           /* JUDGE_ID: what is to be answered; NULL: nothing yet */
	size_t rua_count;         /* JUDGE_REPORTS */
	const char *const *rua;
	const char *addresses; /* JUDGE_HOST: of this service, blanks between; "": not known */
};

enum judge_state {
	JUDGE_NOT_CHECKED,
	JUDGE_PENDING,
	JUDGE_SEEN,
	JUDGE_FLATTENED,
	JUDGE_WRONG,
	JUDGE_WAITING,
};
/* The words of interface.md: "not-checked", "waiting-for-you", ... */
const char *judge_state_name(enum judge_state s);

/* X(name, code, words) */
#define JUDGE_MISTAKES(X)                                         \
	X(NONE, "", "")                                           \
	X(DOUBLED, "doubled-suffix", "doubled suffix")            \
	X(ESCAPED, "escaped-semicolon", "escaped ;")              \
	X(QUOTES, "quotes", "quotes")                             \
	X(TWO, "two-records", "two records")                      \
	X(BESIDE, "record-beside-cname", "record beside a CNAME") \
	X(DOT, "missing-final-dot", "missing final dot")          \
	X(PROXIED, "proxied-name", "proxied name")                \
	X(DEAD, "dead-aaaa", "dead AAAA")                         \
	X(ZONE, "wrong-zone", "wrong zone")                       \
	X(CAA, "caa", "CAA forbids the CA")                       \
	X(BOGUS, "bogus-dnssec", "bogus DNSSEC")                  \
	X(DISAGREE, "servers-disagree", "servers disagree")       \
	X(SILENT, "server-silent", "silent server")               \
	X(LAME, "server-lame", "lame server")                     \
	X(CLAIM, "old-claim", "old CNAME")                        \
	X(VENDOR, "other-vendor", "record of another service")    \
	X(AHEAD, "id-ahead", "id ahead of its text")              \
	X(OTHER, "other-value", "another value")

enum judge_mistake {
#define JUDGE_ENUM(name, code, words) MISTAKE_##name,
	JUDGE_MISTAKES(JUDGE_ENUM)
#undef JUDGE_ENUM
	        MISTAKE_COUNT
};
const char *judge_mistake_code(enum judge_mistake m);

struct judge_verdict {
	enum judge_state state;
	enum judge_mistake mistake;
	const char *words; /* the mistake by name, and a sentence; NULL: there is none */
	uint32_t ttl;      /* the longest among the servers that answer what is wanted */
	size_t count;
	enum judge_state servers[JUDGE_SERVERS_MAX];
};

/*
 * seen NULL: it was never asked for.  Servers that cannot be asked from here do not count; one
 * that is silent does, unless another address of the same server answers.
 */
void judge_record(struct arena *a, const struct judge_want *want, const struct judge_seen *seen,
                  struct judge_verdict *out);

/* "MISTAKE: sentence", for those that are found elsewhere. */
const char *judge_words(struct arena *a, enum judge_mistake m, const char *sentence);

/*
 * The valid policy id that every server answers at a name, whatever is wanted; empty when they
 * do not agree, or one that counts is silent.  Points into seen.
 */
struct slice judge_common_id(struct arena *a, const struct judge_seen *seen);
/* Some server says that nothing is at the name, and none that counts says other or is silent. */
bool judge_is_nowhere(const struct judge_seen *seen);

#endif
