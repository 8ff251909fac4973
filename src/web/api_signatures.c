/* What became of a mail's DKIM signatures. */
#include "store/signatures.h"
#include "web/api_internal.h"
#include "web/problem.h"
#include "wire/dkim_fault.h"

static json_t *signature_json(const struct signature_row *s)
{
	enum dkim_fault fault = DKIM_NONE;
	const char *words = "";

	if (dkim_fault_by_code(slice_str(s->result), &fault) == OK)
		words = dkim_fault_sentence(fault);
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:o, s:I, s:b, s:o}", "domain",
	                 json_text(s->domain), "selector", json_text(s->selector), "algorithm",
	                 api_string(s->algorithm), "result", s->result, "words", words, "key",
	                 json_text(s->key), "key_bits", (json_int_t)s->key_bits, "dnssec",
	                 (int)s->secure, "checked", api_time(s->checked));
}

void api_report_signatures(const struct request *q, struct response *r)
{
	struct signature_row *rows = NULL;
	size_t count = 0;
	enum err e = signatures_list(q->desk->db, arena_str(q->arena, q->params[0]), q->arena,
	                             &rows, &count);

	if (e != OK) {
		api_store_failed(q, e, r);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, signature_json(&rows[i]));
	response_json(r, api_list(items, NULL));
}
