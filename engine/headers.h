/* headers: the request headers that tell the platform who acts. Private to engine/. */
#ifndef ENGINE_HEADERS_H
#define ENGINE_HEADERS_H

#include "base/bytes.h"
#include "engine/sessions.h"

/*
 * Render "Name: value\r\n" lines for a session, token last, into `out` (limit
 * SESSION_HEADERS_MAX). Values lose control characters. ERR_RANGE: too long.
 */
MUST_CHECK enum err headers_render(struct engine *engine, const struct session_entry *entry,
    const struct store_identity *identity, const char *organisation_key, uint64_t token_expires_us, struct bytes *out);

#endif
