#include "app/lint_out.h"

json_t *lint_string(struct slice s)
{
	return json_stringn(s.p, s.len);
}

json_t *lint_json(const struct findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->len; i++) {
		const struct finding *one = &f->list[i];
		json_t *item = json_pack("{s:s, s:s, s:i, s:s}", "code", one->code, "severity",
		                         finding_severity_name(one->severity), "line",
		                         (int)one->line, "message", one->message);

		(void)json_array_append_new(list, item); /* fails only without memory */
	}
	return list;
}

void lint_put_json(const struct cli *cli, json_t *object)
{
	(void)json_dumpf(object, cli->out, JSON_COMPACT); /* cli_finish asks for errors */
	(void)fputc('\n', cli->out);
	json_decref(object);
}

void lint_put_lines(const struct cli *cli, const struct findings *f, const char *unit)
{
	static const char *const colors[FINDING_SEVERITIES] = { "\033[31m", "\033[33m", "" };

	for (size_t i = 0; i < f->len; i++) {
		const struct finding *one = &f->list[i];
		const char *color = cli->color ? colors[one->severity] : "";

		(void)fprintf(cli->out, "%s%s%s  ", color, finding_severity_name(one->severity),
		              color[0] != '\0' ? "\033[0m" : "");
		if (one->line > 0)
			(void)fprintf(cli->out, "%s %u: ", unit, one->line);
		(void)fprintf(cli->out, "%s [%s]\n", one->message, one->code);
	}
}

int lint_code(const struct cli *cli, const struct findings *f)
{
	enum finding_severity least = FINDING_FAIL;
	const char *given = cli_get(cli, "fail-on");

	/* The option's values are the names, so that this cannot fail. */
	if (given != NULL && finding_severity_parse(slice_str(given), &least) != OK)
		return EXIT_USAGE;
	return findings_reach(f, least) ? EXIT_FINDINGS : EXIT_GOOD;
}
