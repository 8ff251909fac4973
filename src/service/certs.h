/*
 * Taking certificates from PEM files: which key belongs to which certificate, the order of the
 * chain, and which of our hosts each one is for.
 *
 * The first half is pure (bytes in, facts out) so that it can be tested by tables;
 * the second half stores and assigns.  Keys stay in memory only as long as they are sealed.
 */
#ifndef SERVICE_CERTS_H
#define SERVICE_CERTS_H

#include "service/desk.h"
#include "service/refusal.h"
#include "store/certs.h"

#define CERTS_FILES_MAX 10000u
#define CERTS_FILE_MAX (1u << 20) /* bytes of one PEM file */
#define CERTS_IN_FILE_MAX 64u     /* PEM objects of one file */

struct cert_file {
	const char *name; /* as the caller calls it; its ending and stem matter */
	struct slice pem;
};

/* A certificate with its key, put together from the files. */
struct cert_found {
	const char *file;
	const char *name;  /* the first name, or the subject */
	struct cert cert;  /* without seal; der, chain, names, times in the arena */
	struct slice key;  /* DER: SEC1 for "ec", PKCS#1 for "rsa"; wipe it after use */
	const char *doubt; /* a sentence; NULL: none */
};

/* A file, or a certificate in it, that was left out or is doubtful. */
struct cert_note {
	const char *file, *name; /* name may be NULL */
	const char *code;        /* constant, "cert-expired" */
	const char *message;     /* a sentence */
};

struct certs_reading {
	size_t found_count, refused_count, unused_count;
	struct cert_found *found;
	struct cert_note *refused; /* meant for use, but cannot be used */
	struct cert_note *unused;  /* no leaf in it, or nothing readable */
};

/*
 * Puts leaves, keys and chains together.  A key is looked for in the certificate's own file, in
 * NAME.key beside NAME.crt or NAME.pem, then among the other files of its directory.  The same
 * certificate met twice counts once.  roots: a file of certificates that count as public beside
 * the system's; NULL: none.  ERR_LIMIT: a ceiling above.
 */
enum err certs_read(struct arena *a, const struct cert_file *files, size_t count, int64_t now,
                    const char *roots, struct certs_reading *out) MUST_USE;
/* Wipes the keys. */
void certs_reading_fini(struct certs_reading *r);

/* True when a name of the certificate covers host: exactly, or by a star for one label. */
bool certs_name_covers(struct slice name, struct slice host);

struct certs_imported {
	const char *file, *name, *fingerprint;
	int64_t not_after;
	size_t host_count;
	const char **hosts; /* that use it now */
	bool new;           /* false: it was there already */
};

struct certs_import {
	bool changed;
	int64_t seq; /* of edge.db; 0: nothing changed there */
	size_t imported_count, warning_count, unused_count, refused_count;
	struct certs_imported *imported;
	struct cert_note *warnings, *unused, *refused;
};

struct certs_files {
	const struct cert_file *list;
	size_t count;
	bool dry_run;
	bool part; /* of a larger import, so that it need not hold anything of use */
};

/*
 * Reads files and gives each certificate to the policy hosts, report host and admin host it
 * covers; those hosts use it from here on.  Takes the lock itself.  *why is filled when not OK.
 * ERR_SYNTAX: nothing could be taken and something was refused, unless it is a part.  ERR_IO.
 */
enum err certs_import(struct desk *d, const char *actor, const struct certs_files *files,
                      int64_t now, struct arena *a, struct certs_import *out,
                      struct refusal *why) MUST_USE;

/* Stores one certificate that is sealed and assigned to hosts; used by import and by the
 * demonstration.  The lock is held. */
enum err certs_take(struct desk *d, const struct cert_found *f, const char *source,
                    const char *const *hosts, size_t host_count, int64_t now,
                    bool *new_out) MUST_USE;

#endif
