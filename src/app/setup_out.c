/* What setup prints. */
#include "app/lint_out.h"
#include "app/setup.h"

static const char *const marks[] = { "[ OK ]", "[ -- ]", "[WARN]", "[FAIL]" };

static void print_checks(const struct setup *s)
{
	for (size_t i = 0; i < s->plan.check_count; i++) {
		const struct setup_check *c = &s->plan.checks[i];

		cli_print_safe(s->cli->out, arena_printf(s->cli->arena, "%s %-13s %s\n",
		                                         marks[c->severity], c->check, c->detail));
		if (c->fix != NULL)
			cli_print_safe(s->cli->out,
			               arena_printf(s->cli->arena, "%-20s fix: %s\n", "", c->fix));
	}
}

static void print_settings(const struct setup *s)
{
	const char *section = "";

	cli_print_safe(s->cli->out, arena_printf(s->cli->arena, "\n%s\n", s->file));
	for (size_t i = 0; i < s->plan.setting_count; i++) {
		const struct setup_setting *one = &s->plan.settings[i];

		if (strcmp(section, one->section) != 0)
			cli_print_safe(s->cli->out,
			               arena_printf(s->cli->arena, "  [%s]\n", one->section));
		section = one->section;
		cli_print_safe(s->cli->out,
		               arena_printf(s->cli->arena, "  %s = %s\n", one->key, one->value));
	}
}

static void print_records(const struct setup *s)
{
	if (s->plan.record_count > 0)
		(void)fputs("\nRecords to type into DNS\n", s->cli->out);
	for (size_t i = 0; i < s->plan.record_count; i++) {
		const struct setup_record *r = &s->plan.records[i];

		cli_print_safe(s->cli->out, arena_printf(s->cli->arena, "  %-40s %-5s %s\n",
		                                         r->name, r->type, r->value));
	}
}

static void print_steps(const struct setup *s)
{
	if (s->plan.step_count > 0)
		(void)fputs("\nNext\n", s->cli->out);
	for (size_t i = 0; i < s->plan.step_count; i++)
		cli_print_safe(s->cli->out,
		               arena_printf(s->cli->arena, "  %s\n", s->plan.steps[i]));
}

static json_t *checks_json(const struct setup_plan *p)
{
	json_t *out = json_array();

	for (size_t i = 0; i < p->check_count; i++)
		(void)json_array_append_new(
		        out, json_pack("{s:s, s:s, s:s, s:s?}", "check", p->checks[i].check,
		                       "severity", setup_severity_name(p->checks[i].severity),
		                       "detail", p->checks[i].detail, "fix", p->checks[i].fix));
	return out;
}

static json_t *settings_json(const struct setup *s)
{
	json_t *out = json_object();

	for (size_t i = 0; i < s->plan.setting_count; i++)
		(void)json_object_set_new(out,
		                          arena_printf(s->cli->arena, "%s.%s",
		                                       s->plan.settings[i].section,
		                                       s->plan.settings[i].key),
		                          json_string(s->plan.settings[i].value));
	return out;
}

static json_t *records_json(const struct setup_plan *p)
{
	json_t *out = json_array();

	for (size_t i = 0; i < p->record_count; i++)
		(void)json_array_append_new(
		        out, json_pack("{s:s, s:s, s:s}", "name", p->records[i].name, "type",
		                       p->records[i].type, "value", p->records[i].value));
	return out;
}

static json_t *steps_json(const struct setup_plan *p)
{
	json_t *out = json_array();

	for (size_t i = 0; i < p->step_count; i++)
		(void)json_array_append_new(out, json_string(p->steps[i]));
	return out;
}

void setup_print(const struct setup *s, const char *state)
{
	if (s->cli->json) {
		lint_put_json(s->cli,
		              json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "schema",
		                        "mxseal.setup/1", "file", s->file, "state", state,
		                        "settings", settings_json(s), "checks",
		                        checks_json(&s->plan), "records", records_json(&s->plan),
		                        "next", steps_json(&s->plan)));
		return;
	}
	print_checks(s);
	print_settings(s);
	print_records(s);
	print_steps(s);
	(void)fflush(s->cli->out); /* before a question on err; cli_finish looks for faults */
}
