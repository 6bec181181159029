#include "lab/replay/received.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024u

void
received_wipe(struct received *set)
{
	free(set->slots);
	memset(set, 0, sizeof(*set));
}

static bool
is_identifier(const char *id)
{
	for (int i = 0; i < RECEIVED_ID_LEN - 1; i++)
		if (id[i] < '0' || id[i] > '9')
			return false;
	return id[RECEIVED_ID_LEN - 1] >= 'A' && id[RECEIVED_ID_LEN - 1] <= 'Z';
}

static uint64_t
pack(const char *id)
{
	uint64_t packed;

	memcpy(&packed, id, sizeof(packed));
	return packed;
}

/* Where `packed` is, or would go. */
static size_t
place(const struct received *set, uint64_t packed)
{
	size_t at = (size_t)((packed * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (set->room - 1);

	while (set->slots[at] != 0 && set->slots[at] != packed)
		at = (at + 1) & (set->room - 1);
	return at;
}

static bool
grow(struct received *set)
{
	struct received grown = {.room = set->room == 0 ? ROOM_FIRST : set->room * 2, .count = set->count};

	grown.slots = calloc(grown.room, sizeof(*grown.slots));
	if (grown.slots == NULL)
		return false;
	for (size_t i = 0; i < set->room; i++)
		if (set->slots[i] != 0)
			grown.slots[place(&grown, set->slots[i])] = set->slots[i];
	free(set->slots);
	*set = grown;
	return true;
}

bool
received_add(struct received *set, const char *id)
{
	size_t at;

	if (!is_identifier(id) || (set->count * 2 >= set->room && !grow(set)))
		return false;
	at = place(set, pack(id));
	if (set->slots[at] != 0)
		return false;
	set->slots[at] = pack(id);
	set->count++;
	return true;
}

bool
received_has(const struct received *set, const char *id)
{
	return set->room != 0 && is_identifier(id) && set->slots[place(set, pack(id))] != 0;
}

void
received_each(const struct received *set, bool (*each)(void *context, const char *id), void *context)
{
	for (size_t i = 0; i < set->room; i++) {
		char id[RECEIVED_ID_LEN + 1] = "";

		memcpy(id, &set->slots[i], RECEIVED_ID_LEN);
		if (set->slots[i] != 0 && !each(context, id))
			return;
	}
}

struct within {
	const struct received *whole;
	bool all;
};

static bool
check_one(void *context, const char *id)
{
	struct within *within = context;

	within->all = received_has(within->whole, id);
	return within->all;
}

bool
received_within(const struct received *part, const struct received *whole)
{
	struct within within = {whole, true};

	received_each(part, check_one, &within);
	return within.all;
}

static size_t
take_value(struct received *set, const json_t *value)
{
	const char *id = json_string_value(json_object_get(value, "id"));
	size_t added = id != NULL && strlen(id) == RECEIVED_ID_LEN && received_add(set, id) ? 1 : 0;
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_object(value))
		json_object_foreach((json_t *)(uintptr_t)value, key, member)
			added += take_value(set, member);
	json_array_foreach(value, i, member)
		added += take_value(set, member);
	return added;
}

/* A document that stops somewhere: whatever stands after "id": in it. */
static size_t
take_torn_json(struct received *set, const uint8_t *body, size_t len)
{
	static const char key[] = "\"id\":\"";
	const uint8_t *at = body, *end = body + len;
	size_t added = 0;

	while ((at = memmem(at, (size_t)(end - at), key, sizeof(key) - 1)) != NULL) {
		at += sizeof(key) - 1;
		if ((size_t)(end - at) >= RECEIVED_ID_LEN)
			added += received_add(set, (const char *)at);
	}
	return added;
}

static size_t
take_json(struct received *set, const uint8_t *body, size_t len, bool complete)
{
	json_t *document = complete ? json_loadb((const char *)body, len, 0, NULL) : NULL;
	size_t added;

	if (document == NULL)
		return take_torn_json(set, body, len);
	added = take_value(set, document);
	json_decref(document);
	return added;
}

/* The export's first column is the identifier; fields that are quoted hold no line breaks. */
static size_t
take_csv(struct received *set, const uint8_t *body, size_t len)
{
	const uint8_t *at = body, *end = body + len;
	size_t added = 0;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL && end - ++at > RECEIVED_ID_LEN)
		if (at[RECEIVED_ID_LEN] == ',')
			added += received_add(set, (const char *)at);
	return added;
}

size_t
received_take(struct received *set, const uint8_t *body, size_t len, bool complete)
{
	if (len >= 3 && memcmp(body, "id,", 3) == 0)
		return take_csv(set, body, len);
	return len > 0 ? take_json(set, body, len, complete) : 0;
}
