/* What setup asks: at most four questions, each also a flag. */
#include <stdio.h>
#include <unistd.h>

#include "app/setup.h"
#include "app/setup_probe.h"
#include "mtasts/name.h"

#define TERMS "https://letsencrypt.org/repository/"

static bool may_ask(const struct setup *s)
{
	return s->cli->progress && isatty(STDIN_FILENO) && !s->cli->yes && !s->cli->json;
}

/* A line of the person, without blanks around it; "" for none. */
static const char *ask(const struct setup *s, const char *question, const char *guess)
{
	char line[512] = "";

	cli_print_safe(s->cli->err, arena_printf(s->cli->arena, "%s [%s] ", question, guess));
	if (fgets(line, sizeof(line), stdin) == NULL)
		line[0] = '\0';
	struct slice text = slice_trim(slice_str(line));
	return text.len == 0 ? guess : arena_str(s->cli->arena, text);
}

/* The flag, the person, or the guess. */
static const char *answer(const struct setup *s, const char *flag, const char *question,
                          const char *guess)
{
	const char *given = cli_get(s->cli, flag);

	if (given != NULL)
		return given;
	return may_ask(s) ? ask(s, question, guess) : guess;
}

static int take_words(const struct setup *s, const char *flag, const char *given,
                      const char *const words[2], bool *second_out)
{
	for (unsigned i = 0; i < 2; i++) {
		size_t n = strlen(given);
		if (n > 0 && n <= strlen(words[i]) && strncmp(given, words[i], n) == 0) {
			*second_out = i == 1;
			return EXIT_GOOD;
		}
	}
	return cli_usage(s->cli, arena_printf(s->cli->arena, "--%s takes %s or %s", flag, words[0],
	                                      words[1]));
}

static int answer_words(const struct setup *s, const char *flag, const char *question,
                        const char *const words[2], const char *guess, bool *second_out)
{
	return take_words(s, flag, answer(s, flag, question, guess), words, second_out);
}

static int take_name(const struct setup *s, const char *flag, const char *given, const char **out)
{
	struct diag d = { .why = "" };
	char name[NAME_SIZE];

	if (given[0] == '\0')
		return cli_usage(s->cli, arena_printf(s->cli->arena, "--%s is missing", flag));
	if (name_normal(slice_str(given), name, &d) != OK || strchr(name, '.') == NULL)
		return cli_usage(s->cli, arena_printf(s->cli->arena,
		                                      "--%s: %s is no full name of "
		                                      "a host",
		                                      flag, given));
	*out = arena_str(s->cli->arena, slice_str(name));
	return EXIT_GOOD;
}

static int ask_host(struct setup *s)
{
	bool known = cli_get(s->cli, "host") != NULL;
	const char *guess = known ? "" : setup_probe_host(s->cli->arena);

	return take_name(s, "host",
	                 answer(s, "host", "2. What is the public name of this machine?", guess),
	                 &s->q.host);
}

static int ask_zone(struct setup *s)
{
	const char *guess = setup_guess_zone(s->q.host, s->cli->arena);

	return take_name(s, "zone",
	                 answer(s, "zone",
	                        "3. Which zone, delegated to this machine, shall customers' CNAMEs "
	                        "point into?",
	                        guess),
	                 &s->q.zone);
}

static int ask_reports(struct setup *s)
{
	static const char *const words[] = { "no", "yes" };
	const char *given = cli_get(s->cli, "report-host");
	const char *guess = setup_guess_report_host(s->q.host, s->cli->arena);
	int code = take_name(s, "report-host", given != NULL ? given : guess, &s->q.report_host);

	if (code != EXIT_GOOD)
		return code;
	if (s->q.others && cli_get(s->cli, "reports") == NULL) {
		s->q.reports = true; /* four questions are enough */
		return EXIT_GOOD;
	}
	return answer_words(s, "reports",
	                    arena_printf(s->cli->arena,
	                                 "3. Shall TLS reports be taken here, at %s?",
	                                 s->q.report_host),
	                    words, "yes", &s->q.reports);
}

static const char *flag_or(const struct setup *s, const char *flag, const char *otherwise)
{
	const char *given = cli_get(s->cli, flag);

	return given == NULL ? otherwise : given;
}

/* An address is a yes, so that four questions are enough. */
static int ask_terms(struct setup *s)
{
	static const char *const words[] = { "no", "yes" };
	const char *given =
	        answer(s, "accept-terms",
	               "4. Shall certificates be ordered from Let's Encrypt, which agrees to its "
	               "terms (" TERMS ")? no, yes, or yes by a mail address, which is told of "
	               "what needs a person",
	               "no");
	bool address = cli_get(s->cli, "accept-terms") == NULL && strchr(given, '@') != NULL;

	s->q.email = flag_or(s, "email", address ? given : "");
	s->q.alert_to = flag_or(s, "alert-to", s->q.email);
	return take_words(s, "accept-terms", address ? "yes" : given, words, &s->q.terms);
}

static int take_addresses(struct setup *s)
{
	if (cli_count(s->cli, "address") > SETUP_ADDRESSES_MAX)
		return cli_usage(s->cli, "too many --address");
	while (s->q.address_count < cli_count(s->cli, "address")) {
		s->q.addresses[s->q.address_count] = cli_nth(s->cli, "address", s->q.address_count);
		s->q.address_count++;
	}
	return EXIT_GOOD;
}

int setup_ask(struct setup *s)
{
	static const char *const whose[] = { "own", "others" };
	int code;

	s->q = (struct setup_answers){
		.host = "", .zone = "", .report_host = "", .email = "", .alert_to = ""
	};
	code = answer_words(s, "for",
	                    "1. Only your own domains (own), or domains of others, too (others)?",
	                    whose, "own", &s->q.others);
	if (code == EXIT_GOOD)
		code = ask_host(s);
	if (code == EXIT_GOOD && s->q.others)
		code = ask_zone(s);
	if (code == EXIT_GOOD)
		code = ask_reports(s);
	if (code == EXIT_GOOD)
		code = ask_terms(s);
	return code == EXIT_GOOD ? take_addresses(s) : code;
}

bool setup_agreed(const struct setup *s)
{
	const char *said;

	if (!may_ask(s) || s->cli->dry_run)
		return true;
	said = ask(s, arena_printf(s->cli->arena, "Write this to %s?", s->file), "yes");
	return said[0] == 'y' || said[0] == 'Y';
}
