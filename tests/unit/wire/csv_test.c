/* Tables of text: what is read, what is refused, and that a bad record costs no other one. */
#include "test.h"
#include "wire/csv.h"

/* Fields with bars behind them, records with their lines in front; errors as !LINE and why. */
static void show(struct slice text, struct buf *out)
{
	struct csv_record r;
	struct diag d = { .why = "" };
	struct csv c;
	enum err e;

	csv_init(&c, text);
	while ((e = csv_next(&c, &r, &d)) != ERR_NOTFOUND) {
		if (e != OK) {
			buf_printf(out, "!%u %s;", d.line, d.why);
			continue;
		}
		buf_printf(out, "%u:", r.line);
		for (size_t i = 0; i < r.count; i++)
			buf_printf(out, "%.*s|", SLICE_ARGS(r.fields[i]));
		buf_add_char(out, ';');
	}
	csv_fini(&c);
}

static const struct row {
	const char *label;
	struct slice text;
	const char *want;
} rows[] = {
	{ "nothing", SLICE_INIT(""), "" },
	{ "lines without anything", SLICE_INIT("\n\r\n\n"), "" },
	{ "fields", SLICE_INIT("a,b\nc,d\n"), "1:a|b|;2:c|d|;" },
	{ "no line end at the end", SLICE_INIT("a,b\nc,d"), "1:a|b|;2:c|d|;" },
	{ "CRLF", SLICE_INIT("a,b\r\n\r\nc,d\r\n"), "1:a|b|;3:c|d|;" },
	{ "a byte order mark",
	  SLICE_INIT("\xef\xbb\xbf"
	             "a\n"),
	  "1:a|;" },
	{ "a mark in front of a quote", SLICE_INIT("\xef\xbb\xbf\"a\"\n"), "1:a|;" },
	{ "empty fields", SLICE_INIT(",\n,,x\n"), "1:||;2:||x|;" },
	{ "an empty field alone needs quotes", SLICE_INIT("\"\"\n"), "1:|;" },
	{ "blanks stay", SLICE_INIT(" a , b \n"), "1: a | b |;" },
	{ "quotes", SLICE_INIT("\"a,b\",\"c\"\n"), "1:a,b|c|;" },
	{ "two quotes for one", SLICE_INIT("\"a\"\"b\",\"\"\"\"\n"), "1:a\"b|\"|;" },
	{ "a line end in quotes", SLICE_INIT("\"a\nb\",c\nd\n"), "1:a\nb|c|;3:d|;" },
	{ "CRLF in quotes", SLICE_INIT("\"a\r\nb\"\r\nd\r\n"), "1:a\r\nb|;3:d|;" },
	{ "a quote inside", SLICE_INIT("a\"b\nc\n"),
	  "!1 a quote inside a field without quotes;2:c|;" },
	{ "a quote behind a blank", SLICE_INIT("a, \"b\"\nc\n"),
	  "!1 a quote inside a field without quotes;2:c|;" },
	{ "text behind a quote", SLICE_INIT("\"a\"b\nc\n"),
	  "!1 text behind a closing quote;2:c|;" },
	{ "a blank behind a quote", SLICE_INIT("\"a\" ,b\nc\n"),
	  "!1 text behind a closing quote;2:c|;" },
	{ "a quote that is never closed costs its own line only", SLICE_INIT("\"a,b\nc,d\ne\n"),
	  "!1 a quote is never closed;2:c|d|;3:e|;" },
	{ "nor does one that meets a later one", SLICE_INIT("\"a\n\"b\"\nc\n"),
	  "!1 text behind a closing quote;2:b|;3:c|;" },
	{ "a CR alone", SLICE_INIT("a\rb\nc\n"), "!1 a CR that ends no line;2:c|;" },
	{ "a CR at the end", SLICE_INIT("a\r"), "!1 a CR that ends no line;" },
	{ "a NUL", SLICE_INIT("a\0b\nc\n"), "!1 a NUL;2:c|;" },
	{ "no UTF-8", SLICE_INIT("a\xff\nc\n"), "!1 bytes that are not UTF-8;2:c|;" },
	{ "a character cut in two by a comma", SLICE_INIT("\xc3,\xa9\nc\n"),
	  "!1 bytes that are not UTF-8;2:c|;" },
};

TEST(tables)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out;

		buf_init(&out, 4096);
		show(rows[i].text, &out);
		EXPECT_SLICE(buf_slice(&out), slice_str(rows[i].want), rows[i].label);
		buf_fini(&out);
	}
}

static enum err first(struct slice text, struct csv_record *out, enum err *second)
{
	struct csv_record other;
	struct csv c;

	csv_init(&c, text);
	enum err e = csv_next(&c, out, NULL);
	*second = csv_next(&c, &other, NULL);
	csv_fini(&c);
	return e;
}

TEST(ceilings)
{
	struct csv_record r;
	struct buf text;
	enum err second;

	buf_init(&text, 2 * CSV_RECORD_MAX);
	for (size_t i = 1; i < CSV_FIELDS_MAX; i++)
		buf_add_char(&text, ',');
	EXPECT(first(buf_slice(&text), &r, &second) == OK && r.count == CSV_FIELDS_MAX,
	       "as many fields as are taken");
	buf_add_str(&text, ",\nb\n");
	EXPECT(first(buf_slice(&text), &r, &second) == ERR_LIMIT && second == OK,
	       "one more, and the next record is read all the same");
	for (int quoted = 0; quoted < 2; quoted++) {
		buf_reset(&text);
		buf_add_str(&text, quoted ? "\"" : "");
		for (size_t i = 0; i < CSV_RECORD_MAX; i++)
			buf_add_char(&text, 'a');
		buf_add_str(&text, quoted ? "\"" : "");
		EXPECT(first(buf_slice(&text), &r, &second) == OK &&
		               r.fields[0].len == CSV_RECORD_MAX && second == ERR_NOTFOUND,
		       "as many bytes as are taken");
		text.len -= (size_t)quoted;
		buf_add_str(&text, quoted ? "a\"\nb\n" : "a\nb\n");
		EXPECT(first(buf_slice(&text), &r, &second) == ERR_LIMIT && second == OK,
		       "one more");
	}
	buf_fini(&text);
}

TEST(what_is_written_is_read)
{
	static const struct slice fields[] = {
		SLICE_INIT(""),     SLICE_INIT("a"),    SLICE_INIT("a,b"),
		SLICE_INIT("a\"b"), SLICE_INIT("\"\""), SLICE_INIT("a\nb"),
		SLICE_INIT("a\rb"), SLICE_INIT(" a "),  SLICE_INIT("\xef\xbb\xbf"),
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct csv_record r;
		struct csv c;
		struct buf text;

		buf_init(&text, 100);
		csv_add_field(&text, fields[i]);
		buf_add_char(&text, ',');
		csv_add_field(&text, fields[ARRAY_LEN(fields) - 1 - i]);
		csv_init(&c, buf_slice(&text));
		EXPECT(csv_next(&c, &r, NULL) == OK && r.count == 2, "a record of two");
		EXPECT_SLICE(r.fields[0], fields[i], "the first");
		EXPECT_SLICE(r.fields[1], fields[ARRAY_LEN(fields) - 1 - i], "the second");
		csv_fini(&c);
		buf_fini(&text);
	}
}

TEST_MAIN(UNIT(tables), UNIT(ceilings), UNIT(what_is_written_is_read))
