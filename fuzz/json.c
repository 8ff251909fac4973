/*
 * JSON by both readers: the tree takes what jansson takes, refuses what it refuses, and has as much
 * in it.
 */
#include <assert.h>

#include "wire/json_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = { .text_max = 1u << 20,
	                                   .depth_max = 16,
	                                   .values_max = 20000,
	                                   .string_max = 4096,
	                                   .reals = true };

static void check(const struct json_node *n, const json_t *value)
{
	const struct json_node *m;
	size_t i = 0;

	assert((n->kind == NODE_NUMBER) == json_is_real(value));
	assert(n->kind != NODE_NUMBER || n->number == json_real_value(value));
	assert((n->kind == NODE_STRING) == json_is_string(value));
	assert(slice_eq(json_node_string(n), json_slice(value)));
	assert((n->kind == NODE_ARRAY) == json_is_array(value));
	assert((n->kind == NODE_OBJECT) == json_is_object(value));
	assert(n->count == json_array_size(value) + json_object_size(value));
	for (m = n->first; m != NULL; m = m->next)
		check(m, n->kind == NODE_ARRAY ? json_array_get(value, i++)
		                               : json_object_getn(value, m->key.p, m->key.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	const struct json_node *tree = NULL;
	json_t *root = NULL;
	struct slice text = slice_of(data, size);
	bool jansson = json_read(text, &limits, &root, NULL, NULL) == OK;
	bool ours = json_tree_read(text, &limits, a, &tree, NULL, NULL) == OK;

	/* jansson passes over a NUL behind a number. */
	assert(ours == jansson || (jansson && slice_find(text, '\0') != SIZE_MAX));
	if (ours)
		check(tree, root);
	json_decref(root);
	arena_free(a);
	return 0;
}
