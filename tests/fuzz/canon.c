/*
 * canon: byte 0 is the rule, the rest an identifier, and also the words of a
 * rule. The canonical form of a canonical form is itself.
 */
#include <string.h>

#include "fuzz.h"
#include "parse/canon.h"

static void
check_words(const uint8_t *data, size_t len)
{
	char words[64];
	uint32_t rule = UINT32_MAX;
	const char *why = NULL;

	if (len >= sizeof(words))
		return;
	memcpy(words, data, len);
	words[len] = '\0';
	if (canon_rule_parse(words, &rule, &why) == ERR_NONE)
		FUZZ_CHECK(canon_rule_valid(rule));
	else
		FUZZ_CHECK(why != NULL && rule == UINT32_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct canon_id id, again;
	const char *why = NULL;
	uint32_t rule;

	if (len == 0)
		return 0;
	check_words(data + 1, len - 1);
	rule = data[0] & CANON_ALL;
	if (!canon_rule_valid(rule))
		return 0;
	if (canon_make(rule, data + 1, len - 1, &id, &why) != ERR_NONE) {
		FUZZ_CHECK(why != NULL);
		return 0;
	}
	FUZZ_CHECK(id.len >= 1 && id.len <= PERSON_ID_MAX);
	FUZZ_CHECK(memchr(id.text, 0, id.len) == NULL);
	FUZZ_CHECK(canon_make(rule, id.text, id.len, &again, &why) == ERR_NONE);
	FUZZ_CHECK(again.len == id.len && memcmp(again.text, id.text, id.len) == 0);
	return 0;
}
