/* heads: open addressing, linear probing, half full at most. Never blocks; one thread. */
#include "index/heads.h"

#include <stdlib.h>

#define FIRST_BITS 6

void
heads_wipe(struct heads *heads)
{
	free(heads->slots);
	*heads = (struct heads){0};
}

/* Keys are numbers that the store gave out; multiplying by the golden ratio spreads them. */
static struct head *
probe(const struct heads *heads, uint32_t key)
{
	size_t mask = ((size_t)1 << heads->bits) - 1;
	size_t i = (size_t)((key * 0x9e3779b97f4a7c15ULL) >> (64 - heads->bits));

	while (heads->slots[i].value != HEADS_NONE && heads->slots[i].key != key)
		i = (i + 1) & mask;
	return &heads->slots[i];
}

static enum err
grow(struct heads *heads)
{
	struct heads grown = {.bits = heads->bits != 0 ? heads->bits + 1 : FIRST_BITS, .n = heads->n};

	grown.slots = malloc(((size_t)1 << grown.bits) * sizeof(*grown.slots));
	if (grown.slots == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < (size_t)1 << grown.bits; i++)
		grown.slots[i] = (struct head){0, HEADS_NONE};
	for (size_t i = 0; heads->slots != NULL && i < (size_t)1 << heads->bits; i++)
		if (heads->slots[i].value != HEADS_NONE)
			*probe(&grown, heads->slots[i].key) = heads->slots[i];
	free(heads->slots);
	*heads = grown;
	return ERR_NONE;
}

uint32_t
heads_get(const struct heads *heads, uint32_t key)
{
	return heads->slots == NULL ? HEADS_NONE : probe(heads, key)->value;
}

enum err
heads_reserve(struct heads *heads)
{
	if (heads->slots == NULL || heads->n >= ((size_t)1 << heads->bits) / 2)
		return grow(heads);
	return ERR_NONE;
}

void
heads_set(struct heads *heads, uint32_t key, uint32_t value)
{
	struct head *head = probe(heads, key);

	if (head->value == HEADS_NONE)
		heads->n++;
	*head = (struct head){key, value};
}
