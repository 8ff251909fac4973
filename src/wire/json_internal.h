/* Between json.c and json_tree.c only. */
#ifndef WIRE_JSON_INTERNAL_H
#define WIRE_JSON_INTERNAL_H

#include "wire/json.h"

/* Takes a byte order mark off *text, then looks whether the rest keeps to its limits: ERR_LIMIT. */
enum err json_scan(struct slice *text, const struct json_limits *limits, bool *bom_out,
                   struct diag *diag) MUST_USE;

#endif
