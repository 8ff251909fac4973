#include "web/api_body.h"

#include "web/problem.h"

void api_body_fault(struct api_body *b, const char *key, const char *why)
{
	if (b->fault == NULL)
		b->fault = arena_printf(b->a, "%s: %s", key, why);
}

void api_body_open(struct api_body *b, const struct request *q)
{
	json_error_t error = { .line = 0 };

	*b = (struct api_body){ .a = q->arena };
	if (slice_trim(q->body).len == 0)
		b->rest = json_object();
	else
		b->rest = json_loadb(q->body.p, q->body.len, JSON_REJECT_DUPLICATES, &error);
	if (b->rest == NULL)
		b->fault = arena_printf(q->arena, "the body is not JSON: line %d, %s", error.line,
		                        error.text);
	else if (!json_is_object(b->rest))
		b->fault = "the body is not a JSON object";
}

/* The member off the object with its reference, or NULL. */
static json_t *take(struct api_body *b, const char *key)
{
	json_t *v = json_object_get(b->rest, key);

	if (v == NULL)
		return NULL;
	json_incref(v);
	(void)json_object_del(b->rest, key); /* it is there */
	if (!json_is_null(v))
		return v;
	json_decref(v);
	return NULL;
}

static struct slice copy_text(struct api_body *b, const json_t *v)
{
	return arena_copy(b->a, slice_of(json_string_value(v), json_string_length(v)));
}

static void note(bool *has_out, bool has)
{
	if (has_out != NULL)
		*has_out = has;
}

struct slice api_body_text(struct api_body *b, const char *key, bool *has_out)
{
	struct slice text = { NULL, 0 };
	json_t *v = take(b, key);

	note(has_out, v != NULL);
	if (json_is_string(v))
		text = copy_text(b, v);
	else if (v != NULL)
		api_body_fault(b, key, "is not a string");
	json_decref(v);
	return text;
}

uint64_t api_body_number(struct api_body *b, const char *key, bool *has_out)
{
	json_t *v = take(b, key);
	uint64_t n = 0;

	note(has_out, v != NULL);
	if (json_is_integer(v) && json_integer_value(v) >= 0)
		n = (uint64_t)json_integer_value(v);
	else if (v != NULL)
		api_body_fault(b, key, "is not a whole number from 0");
	json_decref(v);
	return n;
}

bool api_body_flag(struct api_body *b, const char *key)
{
	json_t *v = take(b, key);
	bool set = json_is_true(v);

	if (v != NULL && !json_is_boolean(v))
		api_body_fault(b, key, "is neither true nor false");
	json_decref(v);
	return set;
}

const struct slice *api_body_list(struct api_body *b, const char *key, size_t *count_out,
                                  bool *has_out)
{
	json_t *v = take(b, key);
	size_t count = json_array_size(v);
	struct slice *list = NULL;

	note(has_out, v != NULL);
	*count_out = 0;
	if (v != NULL && !json_is_array(v))
		api_body_fault(b, key, "is not a list");
	else if (count > API_LIST_MAX)
		api_body_fault(b, key, "is too long");
	else
		list = arena_calloc(b->a, count + 1, sizeof(*list));
	for (size_t i = 0; list != NULL && i < count; i++) {
		const json_t *item = json_array_get(v, i);
		if (!json_is_string(item)) {
			api_body_fault(b, key, "is not a list of strings");
			break;
		}
		list[(*count_out)++] = copy_text(b, item);
	}
	json_decref(v);
	return list;
}

json_t *api_body_objects(struct api_body *b, const char *key)
{
	json_t *v = take(b, key);

	if (v != NULL && !json_is_array(v))
		api_body_fault(b, key, "is not a list");
	return v;
}

bool api_body_close(struct api_body *b, struct response *r)
{
	const char *key;
	json_t *value;

	json_object_foreach(b->rest, key, value)
	{
		(void)value;
		api_body_fault(b, key, "is no member that is known here");
	}
	json_decref(b->rest);
	b->rest = NULL;
	if (b->fault == NULL)
		return true;
	problem_say(r, ERR_SYNTAX, "body", b->fault, "see /api/v1/openapi.json");
	return false;
}
