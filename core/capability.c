/* capability: names of the bits. Pure; any thread. */
#include "core/capability.h"

#include <stdbool.h>
#include <string.h>

static const char *const names[CAPABILITY_COUNT] = {
	"sign-in", "read", "search", "export", "send", "send-wide", "attach", "manage-accounts",
};

const char *
capability_name(uint32_t bit)
{
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if (bit == 1u << i)
			return names[i];
	}
	return "unknown";
}

static uint32_t
bit_of_name(const char *text, size_t len)
{
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0)
			return 1u << i;
	}
	return 0;
}

/* Narrow to what is left without blanks at both ends. */
static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && (**text == ' ' || **text == '\t')) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
		(*len)--;
}

static enum err
refuse(const char *sentence, const char **why)
{
	*why = sentence;
	return ERR_FORMAT;
}

enum err
capability_parse(const char *text, size_t len, uint32_t *ret_set, const char **why)
{
	uint32_t set = 0;
	bool more = true;

	trim(&text, &len);
	if (len == 3 && memcmp(text, "all", 3) == 0) {
		*ret_set = CAPABILITY_ALL;
		return ERR_NONE;
	}
	while (more) {
		const char *comma = memchr(text, ',', len);
		const char *word = text;
		size_t word_len = comma == NULL ? len : (size_t)(comma - text);

		more = comma != NULL;
		len -= more ? word_len + 1 : word_len;
		text += more ? word_len + 1 : word_len;
		trim(&word, &word_len);
		uint32_t bit = bit_of_name(word, word_len);
		if (bit == 0)
			return refuse("unknown capability; there are sign-in, read, search, export, send, send-wide, "
			              "attach, manage-accounts and all", why);
		if (set & bit)
			return refuse("the same capability stands twice", why);
		set |= bit;
	}
	*ret_set = set;
	return ERR_NONE;
}

void
capability_format(uint32_t set, char out[CAPABILITY_TEXT_MAX])
{
	char *end = out;

	if ((set & CAPABILITY_ALL) == CAPABILITY_ALL) {
		memcpy(out, "all", 4);
		return;
	}
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if ((set & 1u << i) == 0)
			continue;
		if (end != out)
			*end++ = ',';
		size_t len = strlen(names[i]);
		memcpy(end, names[i], len);
		end += len;
	}
	*end = '\0';
}
