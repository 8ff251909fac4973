#include "tlsrpt/report_write.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/enc.h"
#include "base/utc.h"
#include "tlsrpt/report_json.h"
#include "wire/gzip.h"

#define BASE64_LINE 76u
#define NAME_MAX_BYTES 1024u
#define BOUNDARY "=_mxseal_report_%s"

void report_file_name(const struct report *r, struct slice domain, bool plain, struct buf *out)
{
	buf_add(out, report_contact_domain(r));
	buf_add_char(out, '!');
	buf_add(out, domain);
	buf_printf(out, "!%" PRId64 "!%" PRId64 "!001.json%s", r->has_start ? r->start : 0,
	           r->has_end ? r->end : 0, plain ? "" : ".gz");
}

enum err report_write_file(const struct report *r, bool plain, struct buf *out)
{
	struct buf json;
	enum err e;

	if (plain) {
		report_json_format(r, out);
		return buf_status(out);
	}
	buf_init(&json, REPORT_TEXT_MAX);
	report_json_format(r, &json);
	e = buf_status(&json);
	if (e == OK)
		e = gzip_deflate(buf_slice(&json), out);
	buf_fini(&json);
	return e;
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
			return true;
	return false;
}

/* Google's subject has the report-id with dots for colons and its own domain behind a plus. */
static void google_id(const struct report *r, struct slice domain, struct buf *out)
{
	char stamp[UTC_TEXT_SIZE];

	(void)utc_format(r->start, stamp); /* returns its argument */
	for (char *p = stamp; *p != '\0'; p++)
		*p = *p == ':' ? '.' : *p;
	buf_printf(out, "<%s+", stamp);
	buf_add(out, domain);
	buf_add_char(out, '@');
	buf_add(out, report_contact_domain(r));
	buf_add_char(out, '>');
}

static void subject_id(const struct report *r, const struct report_mail *mail, struct buf *out)
{
	if (mail->style == STYLE_GOOGLE) {
		google_id(r, mail->domain, out);
	} else if (mail->style == STYLE_MICROSOFT) {
		buf_add(out, r->report_id);
	} else {
		buf_add_char(out, '<');
		buf_add(out, r->report_id);
		if (slice_find(r->report_id, '@') == SIZE_MAX) {
			buf_add_char(out, '@');
			buf_add(out, report_contact_domain(r));
		}
		buf_add_char(out, '>');
	}
}

static void field(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "%s: ", name);
	buf_add(out, value);
	buf_add_str(out, "\r\n");
}

/* tlsrpt-reporter wrote the organisation's name where a domain belongs. */
static struct slice submitter(const struct report *r, enum report_style style)
{
	return style == STYLE_POSTFIX ? r->organization : report_contact_domain(r);
}

static void date_field(struct buf *out, int64_t t)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct utc_date d = utc_civil(t);
	int64_t day = utc_day_start(t) / UTC_DAY % 7;

	buf_printf(out, "Date: %s, %u %s %" PRId64 " %02u:%02u:%02u +0000\r\n",
	           days[day < 0 ? day + 7 : day], d.day, months[d.month - 1], d.year, d.hour, d.min,
	           d.sec);
}

static void header(const struct report *r, const struct report_mail *mail, const char *boundary,
                   struct buf *out)
{
	bool google = mail->style == STYLE_GOOGLE;

	field(out, "From", mail->from);
	field(out, "To", mail->to);
	date_field(out, mail->date);
	buf_add_str(out, "Message-ID: <");
	buf_add(out, mail->message_id);
	buf_add_str(out, ">\r\nSubject: Report Domain: ");
	buf_add(out, mail->domain);
	buf_add_str(out, "\r\n Submitter: ");
	buf_add(out, submitter(r, mail->style));
	buf_add_str(out, "\r\n Report-ID: ");
	subject_id(r, mail, out);
	buf_add_str(out, "\r\n");
	field(out, "TLS-Report-Domain", mail->domain);
	field(out, "TLS-Report-Submitter", submitter(r, mail->style));
	if (mail->style == STYLE_POSTFIX)
		buf_add_str(out, "TLS-Required: No\r\n");
	buf_add_str(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	if (google)
		buf_printf(out,
		           "Content-Type: multipart/report; boundary=\"%s\"; "
		           "report-type=tlsrpt\r\n\r\n",
		           boundary);
	else
		buf_printf(out,
		           "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
		           "\tboundary=\"%s\"\r\n\r\n",
		           boundary);
}

static void words(const struct report *r, const struct report_mail *mail, struct buf *out)
{
	bool html = mail->style == STYLE_MICROSOFT;

	if (html)
		buf_add_str(out, "Content-Type: text/html; charset=\"utf-8\"\r\n"
		                 "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		                 "<html><body><p>");
	else
		buf_add_str(out, "Content-Type: text/plain; charset=\"utf-8\"\r\n\r\n");
	buf_add_str(out, "This is an aggregate TLS report from ");
	buf_add(out, html ? report_contact_domain(r) : r->organization);
	buf_add_str(out, html ? "</p></body></html>\r\n" : "\r\n");
}

static void base64_lines(struct slice content, struct buf *out)
{
	struct buf text;

	buf_init(&text, content.len / 3 * 4 + 8);
	enc_base64(content, &text);
	for (struct slice rest = buf_slice(&text); rest.len > 0;
	     rest = slice_skip(rest, BASE64_LINE)) {
		buf_add(out, slice_head(rest, BASE64_LINE));
		buf_add_str(out, "\r\n");
	}
	buf_fini(&text);
}

static void attachment(const struct report *r, const struct report_mail *mail, struct slice content,
                       struct buf *out)
{
	struct buf name;

	buf_init(&name, NAME_MAX_BYTES);
	report_file_name(r, mail->domain, mail->plain, &name);
	buf_printf(out, "Content-Type: application/tlsrpt+%s", mail->plain ? "json" : "gzip");
	if (mail->style == STYLE_GOOGLE)
		buf_printf(out, "; \r\n\tname=\"%s\"", buf_str(&name));
	buf_add_str(out, "\r\nContent-Transfer-Encoding: base64\r\n");
	if (mail->style == STYLE_MICROSOFT)
		buf_printf(out, "Content-Description:\r\n\t%s\r\n", buf_str(&name));
	buf_printf(out, "Content-Disposition: attachment;\r\n\tfilename=\"%s\"\r\n\r\n",
	           buf_str(&name));
	base64_lines(content, out);
	buf_fini(&name);
}

static bool is_safe(const struct report *r, const struct report_mail *mail)
{
	return !has_control(mail->from) && !has_control(mail->to) && !has_control(mail->domain) &&
	       !has_control(mail->message_id) && !has_control(r->report_id) &&
	       !has_control(r->organization) && !has_control(r->contact);
}

enum err report_write_mail(const struct report *r, const struct report_mail *mail, struct buf *out)
{
	char digest[SHA256_HEX_SIZE], boundary[sizeof(BOUNDARY) + SHA256_HEX_SIZE];
	struct buf file;
	enum err e;

	if (!is_safe(r, mail))
		return ERR_SYNTAX;
	buf_init(&file, out->max);
	e = report_write_file(r, mail->plain, &file);
	if (e == OK) {
		/* Base64 and our own words cannot contain it. */
		(void)enc_sha256_hex(buf_slice(&file), digest); /* returns its argument */
		digest[24] = '\0';
		(void)snprintf(boundary, sizeof(boundary), BOUNDARY, digest); /* fits */
		header(r, mail, boundary, out);
		buf_printf(out, "--%s\r\n", boundary);
		words(r, mail, out);
		buf_printf(out, "\r\n--%s\r\n", boundary);
		attachment(r, mail, buf_slice(&file), out);
		buf_printf(out, "\r\n--%s--\r\n", boundary);
		e = buf_status(out);
	}
	buf_fini(&file);
	return e;
}
