#include "mtasts/horizon_json.h"

static enum err wrong(struct diag *diag, unsigned number, const char *why)
{
	return diag_set(diag, ERR_SYNTAX, number, why);
}

/* A whole number from 0 to 2^53 - 1.  Absent or null: *out stays. */
static bool read_number(const json_t *object, const char *key, int64_t *out)
{
	const json_t *v = json_object_get(object, key);

	if (v == NULL || json_is_null(v))
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    json_integer_value(v) > HORIZON_TIME_MAX)
		return false;
	*out = json_integer_value(v);
	return true;
}

static bool read_needed(const json_t *object, const char *key, int64_t *out)
{
	const json_t *v = json_object_get(object, key);

	return v != NULL && !json_is_null(v) && read_number(object, key, out);
}

static struct slice copy_string(struct arena *a, const json_t *v)
{
	return arena_copy(a, slice_of(json_string_value(v), json_string_length(v)));
}

static enum err read_mx(struct arena *a, const json_t *v, unsigned number,
                        struct horizon_policy *out, struct diag *diag)
{
	size_t count = json_array_size(v);
	struct slice *mx;

	if (v == NULL || json_is_null(v))
		return OK;
	if (!json_is_array(v))
		return wrong(diag, number, "mx is not a list");
	mx = arena_calloc(a, count + 1, sizeof(*mx));
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(v, i);

		if (!json_is_string(item))
			return wrong(diag, number, "mx has something that is not a string");
		mx[i] = copy_string(a, item);
	}
	out->mx = mx;
	out->mx_count = count;
	return OK;
}

static enum err read_policy(struct arena *a, const json_t *v, unsigned number,
                            struct horizon_policy *out, struct diag *diag)
{
	const json_t *id = json_object_get(v, "id"), *mode = json_object_get(v, "mode"),
	             *ended = json_object_get(v, "ended");
	struct horizon_policy p = { .served_until = HORIZON_OPEN,
		                    .id_seen = HORIZON_OPEN,
		                    .ttl = HORIZON_OPEN };

	if (!json_is_object(v))
		return wrong(diag, number, "it is not an object");
	if (!json_is_string(id))
		return wrong(diag, number, "it has no id");
	if (!json_is_string(mode) ||
	    policy_mode_parse(slice_of(json_string_value(mode), json_string_length(mode)),
	                      &p.mode) != OK)
		return wrong(diag, number, "its mode is not enforce, testing or none");
	if (!read_needed(v, "max_age", &p.max_age))
		return wrong(diag, number, "its max_age is not a number of seconds");
	if (!read_needed(v, "served_from", &p.served_from))
		return wrong(diag, number, "its served_from is not a time in seconds");
	if (!read_number(v, "served_until", &p.served_until))
		return wrong(diag, number,
		             "its served_until is neither a time in seconds nor null");
	if (!read_number(v, "id_seen", &p.id_seen))
		return wrong(diag, number, "its id_seen is neither a time in seconds nor null");
	if (!read_number(v, "ttl", &p.ttl))
		return wrong(diag, number, "its ttl is neither a number of seconds nor null");
	if (ended != NULL && !json_is_boolean(ended) && !json_is_null(ended))
		return wrong(diag, number, "its ended is neither true nor false");
	p.ended = json_is_true(ended);
	p.id = copy_string(a, id);
	*out = p;
	return read_mx(a, json_object_get(v, "mx"), number, out, diag);
}

static enum err read_policies(struct arena *a, const json_t *list, struct horizon_history *out,
                              struct diag *diag)
{
	struct horizon_policy *policies;
	size_t count = json_array_size(list);

	if (!json_is_array(list))
		return wrong(diag, 0, "there is no list \"policies\"");
	if (count > HORIZON_POLICIES_MAX)
		return diag_set(diag, ERR_LIMIT, 0, "there are too many policies");
	policies = arena_calloc(a, count + 1, sizeof(*policies));
	for (size_t i = 0; i < count; i++) {
		enum err e = read_policy(a, json_array_get(list, i), (unsigned)i + 1, &policies[i],
		                         diag);

		if (e != OK)
			return e;
	}
	out->policies = policies;
	out->count = count;
	return OK;
}

static enum err read_history(struct arena *a, const json_t *root, struct horizon_history *out,
                             struct diag *diag)
{
	struct horizon_history h = { .leftover = HORIZON_LEFTOVER,
		                     .fetch = HORIZON_FETCH,
		                     .give_up = HORIZON_GIVE_UP };
	enum err e;

	if (!json_is_object(root))
		return wrong(diag, 0, "it is not an object");
	if (!read_number(root, "leftover", &h.leftover) || !read_number(root, "fetch", &h.fetch) ||
	    !read_number(root, "give_up", &h.give_up))
		return wrong(diag, 0, "leftover, fetch and give_up are numbers of seconds");
	e = read_policies(a, json_object_get(root, "policies"), &h, diag);
	if (e == OK)
		*out = h;
	return e;
}

enum err horizon_history_parse(struct arena *a, struct slice text, struct horizon_history *out,
                               struct diag *diag)
{
	json_error_t error;
	json_t *root;
	enum err e;

	if (text.len > HORIZON_JSON_MAX)
		return diag_set(diag, ERR_LIMIT, 0, "the history is too large");
	root = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (root == NULL)
		return wrong(diag, error.line > 0 ? (unsigned)error.line : 0, "this is not JSON");
	e = read_history(a, root, out, diag);
	json_decref(root);
	return e;
}

static json_t *time_json(int64_t t)
{
	if (t == HORIZON_OPEN)
		return json_null();
	return json_integer(t > HORIZON_TIME_MAX ? HORIZON_TIME_MAX : t);
}

static json_t *string_json(struct slice s)
{
	return json_stringn_nocheck(s.p, s.len);
}

static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new_nocheck(object, key, value); /* fails only without memory */
}

static void append(json_t *array, json_t *value)
{
	(void)json_array_append_new(array, value); /* fails only without memory */
}

static json_t *retire_json(const struct horizon_answer *answer)
{
	json_t *retire = json_object(), *blocking = json_array();

	for (size_t i = 0; i < answer->count; i++)
		if (answer->blocking[i])
			append(blocking, string_json(answer->policies[i].id));
	set(retire, "mx", string_json(answer->retire));
	set(retire, "after", time_json(answer->retire_after));
	set(retire, "after_if_delays_are_acceptable", time_json(answer->retire_after_delays));
	set(retire, "blocking", blocking);
	return retire;
}

static json_t *wrong_json(const struct horizon_answer *answer)
{
	json_t *mistake = json_object();

	set(mistake, "resolvers_may_answer_until", time_json(answer->wrong_until));
	set(mistake, "bounce_free", json_boolean(answer->bounce_free));
	return mistake;
}

json_t *horizon_answer_json(const struct horizon_answer *answer)
{
	json_t *root = json_object(), *policies = json_array(), *warnings = json_array();

	for (size_t i = 0; i < answer->count; i++) {
		json_t *item = json_object();

		set(item, "id", string_json(answer->policies[i].id));
		set(item, "held_until", time_json(answer->held_until[i]));
		append(policies, item);
	}
	for (size_t w = 0; w < HORIZON_WARNING_COUNT; w++)
		if (answer->warnings[w])
			append(warnings,
			       json_string(horizon_warning_code((enum horizon_warning)w)));
	set(root, "schema", json_string("mxseal.horizon/1"));
	set(root, "policies", policies);
	set(root, "old_policy_until", time_json(answer->old_policy_until));
	set(root, "remove_after", time_json(answer->remove_after));
	set(root, "retire", answer->retire.len > 0 ? retire_json(answer) : json_null());
	set(root, "wrong", answer->wrong_asked ? wrong_json(answer) : json_null());
	set(root, "warnings", warnings);
	return root;
}
