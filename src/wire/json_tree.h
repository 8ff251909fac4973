/*
 * JSON as a tree in an arena, for texts that are read once and in masses: what json_read of
 * wire/json.h takes and refuses, with the same limits, at a fraction of its time; only a NUL behind
 * a number, which jansson passes over, is refused.  Numbers are doubles.
 *
 * Pure.  Strings and keys lie in the text, or in the arena when they have escapes.
 */
#ifndef WIRE_JSON_TREE_H
#define WIRE_JSON_TREE_H

#include "base/mem.h"
#include "wire/json.h"

enum json_kind {
	NODE_NULL,
	NODE_FALSE,
	NODE_TRUE,
	NODE_NUMBER,
	NODE_STRING,
	NODE_ARRAY,
	NODE_OBJECT
};

struct json_node {
	enum json_kind kind;
	struct slice key; /* of a member */
	struct slice
	        text; /* a string without its escapes; anything else as it stands in the text */
	double number;
	size_t count; /* entries or members */
	struct json_node *first, *next;
	struct json_node *last, *parent; /* for the reader */
};

/*
 * Reads one value.  ERR_SYNTAX, ERR_CONFLICT, ERR_LIMIT and *bom_out as json_read has them; *diag
 * (may be NULL) has the line.
 */
enum err json_tree_read(struct slice text, const struct json_limits *limits, struct arena *arena,
                        const struct json_node **root_out, bool *bom_out,
                        struct diag *diag) MUST_USE;

/* False for NULL. */
static inline bool json_node_is(const struct json_node *n, enum json_kind kind)
{
	return n != NULL && n->kind == kind;
}

/* The string's bytes; an empty slice for NULL and for any other kind. */
static inline struct slice json_node_string(const struct json_node *n)
{
	return n != NULL && n->kind == NODE_STRING ? n->text : S("");
}

/* The entries of an array, by next; NULL: there are none, or it is no array. */
static inline const struct json_node *json_node_entries(const struct json_node *n)
{
	return n != NULL && n->kind == NODE_ARRAY ? n->first : NULL;
}

/* The member, or NULL; also NULL when object is NULL or no object. */
const struct json_node *json_node_member(const struct json_node *object, const char *key);

#endif
