#include "engine/headers.h"

#include "engine/tokens.h"

static enum err
append_line(struct bytes *out, const char *name, const char *value)
{
	enum err err = bytes_printf(out, "%s: ", name);

	for (; *value != '\0' && err == ERR_NONE; value++)
		if ((unsigned char)*value >= 0x20 && *value != 0x7f)
			err = bytes_append(out, value, 1);
	return err == ERR_NONE ? bytes_append(out, "\r\n", 2) : err;
}

enum err
headers_render(struct engine *engine, const struct session_entry *entry, const struct store_identity *identity,
    const char *organisation_key, uint64_t token_expires_us, struct bytes *out)
{
	const struct token_claims claims = {
		.subject = identity->login,
		.organisation = organisation_key,
		.profile = identity->profile,
		.session = entry->number,
		.amr = entry->amr,
		.at_us = engine_now_us(engine),
		.expires_us = token_expires_us,
	};
	const struct {
		const char *name;
		const char *value;
	} lines[] = {
		{ "Remote-User", identity->login },
		{ "Remote-Name", identity->name },
		{ "Remote-Organisation", organisation_key },
		{ "Remote-Profile", identity->profile },
		{ "Remote-Person", identity->person },
	};
	enum err err = ERR_NONE;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]) && err == ERR_NONE; i++)
		if (lines[i].value[0] != '\0')
			err = append_line(out, lines[i].name, lines[i].value);
	if (err == ERR_NONE)
		err = bytes_append_text(out, "X-Tourniquet-Jwt: ");
	if (err == ERR_NONE)
		err = tokens_mint(engine->tokens, engine->config, &claims, out);
	return err == ERR_NONE ? bytes_append(out, "\r\n", 2) : err;
}
