/* json_out: a pure writer; text that needs no escape is copied in one piece. */
#include "services/http/json_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
json_out_init(struct json_out *out, struct bytes *bytes)
{
	*out = (struct json_out){.bytes = bytes};
}

static void
put(struct json_out *out, const void *data, size_t len)
{
	struct bytes *bytes = out->bytes;

	if (out->err == ERR_NONE && bytes->cap - bytes->len < len)
		out->err = bytes_reserve(bytes, len);
	if (out->err != ERR_NONE || len == 0)
		return;
	/* Lists are made of thousands of small pieces: no call for each of them. */
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void
before_value(struct json_out *out)
{
	if (out->comma)
		put(out, ",", 1);
	out->comma = true;
}

void
json_out_open(struct json_out *out, char bracket)
{
	before_value(out);
	put(out, &bracket, 1);
	out->comma = false;
}

void
json_out_close(struct json_out *out, char bracket)
{
	put(out, &bracket, 1);
	out->comma = true;
}

void
json_out_key(struct json_out *out, const char *key)
{
	before_value(out);
	put(out, "\"", 1);
	put(out, key, strlen(key));
	put(out, "\":", 2);
	out->comma = false;
}

/* Length of the valid UTF-8 sequence at `p` (RFC 3629), 0 where there is none. */
static size_t
utf8_len(const unsigned char *p)
{
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (p[0] >= 0xe0 && p[0] <= 0xef) {
		unsigned char low = p[0] == 0xe0 ? 0xa0 : 0x80;
		unsigned char high = p[0] == 0xed ? 0x9f : 0xbf;
		return p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 ? 3 : 0;
	}
	if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		unsigned char low = p[0] == 0xf0 ? 0x90 : 0x80;
		unsigned char high = p[0] == 0xf4 ? 0x8f : 0xbf;
		return p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 &&
		    (p[3] & 0xc0) == 0x80 ? 4 : 0;
	}
	return 0;
}

static void
put_escaped(struct json_out *out, unsigned char c)
{
	char escape[8];
	int len;

	if (c >= 0x80)
		len = snprintf(escape, sizeof(escape), "\\ufffd");
	else if (c == '"' || c == '\\')
		len = snprintf(escape, sizeof(escape), "\\%c", c);
	else if (c == '\n')
		len = snprintf(escape, sizeof(escape), "\\n");
	else
		len = snprintf(escape, sizeof(escape), "\\u%04x", c);
	put(out, escape, (size_t)len);
}

void
json_out_text(struct json_out *out, const char *text)
{
	before_value(out);
	if (text == NULL) {
		put(out, "null", 4);
		return;
	}
	put(out, "\"", 1);
	const unsigned char *p = (const unsigned char *)text;
	const unsigned char *plain = p;
	while (*p != '\0') {
		size_t len = utf8_len(p);
		if (len > 0 && *p >= 0x20 && *p != '"' && *p != '\\' && *p != 0x7f) {
			p += len;
			continue;
		}
		put(out, plain, (size_t)(p - plain));
		put_escaped(out, *p);
		plain = ++p;
	}
	put(out, plain, (size_t)(p - plain));
	put(out, "\"", 1);
}

void
json_out_textf(struct json_out *out, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_out_text(out, text);
}

void
json_out_number(struct json_out *out, int64_t number)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", (long long)number);

	before_value(out);
	put(out, text, (size_t)len);
}

void
json_out_bool(struct json_out *out, bool value)
{
	before_value(out);
	put(out, value ? "true" : "false", value ? 4 : 5);
}

void
json_out_member(struct json_out *out, const char *key, const char *text)
{
	json_out_key(out, key);
	json_out_text(out, text);
}

void
json_out_member_number(struct json_out *out, const char *key, int64_t number)
{
	json_out_key(out, key);
	json_out_number(out, number);
}
