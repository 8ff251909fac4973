/*
 * Why a DKIM signature is not believed: one code each, as the tables keep it and pages show it.
 *
 * Pure.  Numbers may change, codes are only ever added.
 */
#ifndef WIRE_DKIM_FAULT_H
#define WIRE_DKIM_FAULT_H

#include "base/slice.h"

/* FAULT(name, code, sentence) */
#define DKIM_FAULTS(FAULT)                                                                         \
	FAULT(NONE, "pass", "The signature is valid.")                                             \
	FAULT(MESSAGE, "bad-message", "The mail header cannot be read in one way only.")           \
	FAULT(REPEATED, "repeated-field",                                                          \
	      "A field that may occur once occurs twice, and the signature covers one of them.")   \
	FAULT(SYNTAX, "bad-signature-field", "The DKIM-Signature field is not well-formed.")       \
	FAULT(TOO_LARGE, "signature-too-large", "The DKIM-Signature field passes a ceiling.")      \
	FAULT(VERSION, "unknown-version", "The signature is of another version than 1.")           \
	FAULT(TAG_MISSING, "missing-tag", "The signature lacks a tag that it must have.")          \
	FAULT(ALGORITHM, "algorithm-refused",                                                      \
	      "The signature's algorithm is neither rsa-sha256 nor ed25519-sha256.")               \
	FAULT(CANON, "unknown-canonicalization", "The canonicalization is not known.")             \
	FAULT(QUERY, "unknown-query", "The key is to be had by another way than DNS.")             \
	FAULT(NO_FROM, "from-not-signed", "The signature does not cover the From field.")          \
	FAULT(IDENTITY, "identity-outside-domain", "The identity i= is not below the domain d=.")  \
	FAULT(LENGTH, "length-tag", "The signature covers only part of the body (l=).")            \
	FAULT(TIMES, "expires-before-signed", "The signature expires before it was made.")         \
	FAULT(FUTURE, "signed-in-future", "The signature was made after the mail arrived.")        \
	FAULT(EXPIRED, "signature-expired", "The signature had expired when the mail arrived.")    \
	FAULT(BODY, "body-changed", "The body is not what was signed.")                            \
	FAULT(NO_KEY, "no-key", "There is no key at the signature's name in DNS.")                 \
	FAULT(KEY_UNKNOWN, "key-not-found-out", "The DNS could not be asked for the key in time.") \
	FAULT(KEY_BOGUS, "key-bogus", "The answer with the key failed DNSSEC validation.")         \
	FAULT(KEY_SYNTAX, "bad-key-record", "The key record is not well-formed.")                  \
	FAULT(KEY_SEVERAL, "several-keys", "Several key records stand at the signature's name.")   \
	FAULT(KEY_REVOKED, "key-revoked", "The key is revoked (p= is empty).")                     \
	FAULT(KEY_TESTING, "key-in-testing",                                                       \
	      "The key is marked as being tested (t=y), which makes the mail an unsigned one.")    \
	FAULT(KEY_SERVICE, "key-for-other-service", "The key is not for TLS reports (s=).")        \
	FAULT(KEY_HASH, "key-forbids-hash", "The key does not allow SHA-256 (h=).")                \
	FAULT(KEY_TYPE, "key-of-other-type", "The key's type is not that of the signature.")       \
	FAULT(KEY_SHORT, "key-too-short", "The RSA key has fewer than 1024 bits.")                 \
	FAULT(KEY_LONG, "key-too-long", "The RSA key has more than 8192 bits.")                    \
	FAULT(KEY_STRICT, "identity-not-domain",                                                   \
	      "The key asks that identity i= and domain d= be the same (t=s); they are not.")      \
	FAULT(MISMATCH, "wrong-signature", "The signature does not fit header and key.")           \
	FAULT(UNALIGNED, "not-the-sender",                                                         \
	      "The signature is not of the domain that the mail is from.")

enum dkim_fault {
#define DKIM_FAULT_ENUM(name, code, sentence) DKIM_##name,
	DKIM_FAULTS(DKIM_FAULT_ENUM)
#undef DKIM_FAULT_ENUM
	        DKIM_FAULT_COUNT
};

const char *dkim_fault_code(enum dkim_fault f);
const char *dkim_fault_sentence(enum dkim_fault f);
/* ERR_NOTFOUND: no such code. */
enum err dkim_fault_by_code(struct slice code, enum dkim_fault *out) MUST_USE;
/* Asking again later may give another answer. */
bool dkim_fault_is_temporary(enum dkim_fault f);

#endif
