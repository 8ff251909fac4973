/*
 * Encodings over libsodium (hex, base64, base64url, random labels) and SHA-256 by OpenSSL, which
 * uses the processor's own instructions.
 */
#ifndef BASE_ENC_H
#define BASE_ENC_H

#include "base/buf.h"

#define SHA256_SIZE 32u
#define SHA256_HEX_SIZE 65u

void enc_sha256(struct slice in, unsigned char out[SHA256_SIZE]);
/* Lower-case hex with a NUL. */
const char *enc_sha256_hex(struct slice in, char out[SHA256_HEX_SIZE]);

/* Lower-case hex of n bytes; out has room for 2 * n + 1. */
const char *enc_hex(const void *bytes, size_t n, char *out);
/* The whole of s, either case, even length.  ERR_SYNTAX; ERR_LIMIT: more than size bytes. */
enum err enc_unhex(struct slice s, void *out, size_t size, size_t *len_out) MUST_USE;

/* Appends; url: the alphabet of RFC 4648, section 5, without padding. */
void enc_base64(struct slice in, struct buf *out);
void enc_base64url(struct slice in, struct buf *out);
/* Strict.  ERR_SYNTAX: not of that alphabet; ERR_LIMIT: the buffer is full. */
enum err enc_unbase64(struct slice in, struct buf *out) MUST_USE;
enum err enc_unbase64url(struct slice in, struct buf *out) MUST_USE;

/* n characters of [a-z2-7] from the system's generator, and a NUL; out has room for n + 1. */
void enc_random_label(char *out, size_t n);

#endif
