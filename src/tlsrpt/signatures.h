/*
 * The line mxseal.signatures/1: what wire/dkim_scan.h found in a message, from the caged reader to
 * intake.  report_show_signatures writes it.  Pure.
 */
#ifndef TLSRPT_SIGNATURES_H
#define TLSRPT_SIGNATURES_H

#include <jansson.h>

#include "wire/dkim_scan.h"

/* Reads the object into arena, trusting nothing.  ERR_SYNTAX: no scan gives this. */
enum err signatures_parse(const json_t *root, struct arena *arena, struct dkim_scan **out) MUST_USE;

#endif
