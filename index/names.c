/* names: arena, offsets and hash of one period's persons. Never blocks; one thread. */
#include "index/names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/random.h"
#include "core/disclosure.h"

#define MARK_EVERY 8
#define FIRST_ARENA (64U << 10)
#define FIRST_SLOT_BITS 10
#define RECORD_MAX (2 + PERSON_ID_MAX)

enum err
names_init(struct names *names)
{
	*names = (struct names){0};
	return random_bytes(names->seed, sizeof(names->seed));
}

static size_t
slots_len(unsigned bits)
{
	return ((size_t)1 << bits) * sizeof(uint32_t);
}

static void
slots_free(struct names *names)
{
	if (names->slots != NULL)
		(void)munmap(names->slots, slots_len(names->slot_bits));
	names->slots = NULL;
}

void
names_wipe(struct names *names)
{
	if (names->arena != NULL) {
		bytes_zero(names->arena, names->len);
		(void)munmap(names->arena, names->cap);
	}
	free(names->marks);
	slots_free(names);
	bytes_zero(names->seed, sizeof(names->seed));
	*names = (struct names){0};
}

/* mremap moves pages instead of copying: no second copy, in memory or left behind. */
static enum err
arena_reserve(struct names *names, size_t more)
{
	size_t cap = names->cap != 0 ? names->cap : FIRST_ARENA;

	if (names->len + more <= names->cap)
		return ERR_NONE;
	while (cap < names->len + more)
		cap += cap / 4 / FIRST_ARENA * FIRST_ARENA + FIRST_ARENA;
	void *grown = names->arena == NULL
	    ? mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
	    : mremap(names->arena, names->cap, cap, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		return ERR_NOMEM;
	names->arena = grown;
	names->cap = cap;
	(void)madvise(grown, cap, MADV_HUGEPAGE);
	return ERR_NONE;
}

static enum err
mark_reserve(struct names *names, uint32_t more)
{
	size_t needed = ((size_t)names->n + more) / MARK_EVERY + 1;

	if (needed <= names->marks_cap)
		return ERR_NONE;
	size_t cap = needed + needed / 2 + 64;
	uint64_t *grown = realloc(names->marks, cap * sizeof(*grown));
	if (grown == NULL)
		return ERR_NOMEM;
	names->marks = grown;
	names->marks_cap = cap;
	return ERR_NONE;
}

enum err
names_append(struct names *names, const struct name *name)
{
	enum err err = arena_reserve(names, RECORD_MAX);

	if (err == ERR_NONE)
		err = mark_reserve(names, 1);
	if (err != ERR_NONE)
		return err;
	if (names->n >= NAMES_MAX)
		return ERR_SPACE;
	if (names->n % MARK_EVERY == 0)
		names->marks[names->n / MARK_EVERY] = names->len;
	uint8_t *record = names->arena + names->len;
	record[0] = name->space;
	record[1] = name->id_len;
	memcpy(record + 2, name->id, name->id_len);
	names->len += 2U + name->id_len;
	names->n++;
	return ERR_NONE;
}

enum err
names_append_all(struct names *names, const uint8_t *bytes, size_t len, uint32_t n)
{
	enum err err = n > NAMES_MAX - names->n ? ERR_SPACE : arena_reserve(names, len);
	size_t at = 0;

	if (err == ERR_NONE)
		err = mark_reserve(names, n);
	if (err != ERR_NONE)
		return err;
	for (uint32_t i = 0; i < n; i++) {
		if (len - at < 2 || bytes[at + 1] == 0 || bytes[at + 1] > PERSON_ID_MAX
		    || len - at - 2 < bytes[at + 1])
			return ERR_CORRUPT;
		if ((names->n + i) % MARK_EVERY == 0)
			names->marks[(names->n + i) / MARK_EVERY] = names->len + at;
		at += 2U + bytes[at + 1];
	}
	if (at != len)
		return ERR_CORRUPT;
	memcpy(names->arena + names->len, bytes, len);
	names->len += len;
	names->n += n;
	return ERR_NONE;
}

static const uint8_t *
record_of(const struct names *names, uint32_t number)
{
	const uint8_t *record = names->arena + names->marks[number / MARK_EVERY];

	for (uint32_t i = number % MARK_EVERY; i > 0; i--)
		record += 2 + record[1];
	return record;
}

void
names_get(const struct names *names, uint32_t number, struct name *ret_name)
{
	const uint8_t *record = record_of(names, number);

	*ret_name = (struct name){.id = record + 2, .id_len = record[1], .space = record[0]};
}

const uint8_t *
names_bytes(const struct names *names, uint32_t first, size_t *ret_len)
{
	size_t offset = names->len;

	if (first < names->n)
		offset = (size_t)(record_of(names, first) - names->arena);
	*ret_len = names->len - offset;
	return names->arena + offset;
}

static bool
record_is(const uint8_t *record, const struct name *name)
{
	return record[0] == name->space && record[1] == name->id_len
	    && memcmp(record + 2, name->id, name->id_len) == 0;
}

static uint64_t
hash_of(const struct names *names, const struct name *name)
{
	return person_hash(names->seed, name->space, name->id, name->id_len);
}

/* The upper bits of a slot, taken from the hash, spare most looks at the arena. */
static uint32_t
tag_of(const struct names *names, uint64_t hash)
{
	return (uint32_t)(hash >> 32 >> names->slot_bits << names->slot_bits);
}

static size_t
slot_of(const struct names *names, uint64_t hash)
{
	return (size_t)(hash & ((1ULL << names->slot_bits) - 1));
}

/* The slot that holds the name, or the free one where it belongs. */
static size_t
probe(const struct names *names, uint64_t hash, const struct name *name)
{
	size_t mask = ((size_t)1 << names->slot_bits) - 1;
	uint32_t tag = tag_of(names, hash);
	size_t i = slot_of(names, hash);

	for (; names->slots[i] != 0; i = (i + 1) & mask) {
		uint32_t number = (names->slots[i] & (uint32_t)mask) - 1;

		if ((names->slots[i] & ~(uint32_t)mask) == tag && record_is(record_of(names, number), name))
			break;
	}
	return i;
}

static void
place(struct names *names, uint64_t hash, uint32_t number)
{
	size_t mask = ((size_t)1 << names->slot_bits) - 1;
	size_t i = slot_of(names, hash);

	while (names->slots[i] != 0)
		i = (i + 1) & mask;
	names->slots[i] = tag_of(names, hash) | (number + 1);
}

/* Room for one more at a load of three quarters; builds the hash where there is none. */
static enum err
slots_reserve(struct names *names)
{
	unsigned bits = names->slot_bits != 0 ? names->slot_bits : FIRST_SLOT_BITS;

	while (((1ULL << bits) / 4) * 3 <= names->n)
		bits++;
	if (names->slots != NULL && bits == names->slot_bits)
		return ERR_NONE;
	uint32_t *slots = mmap(NULL, slots_len(bits), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		return ERR_NOMEM;
	/* Looks fall anywhere in it: large pages spare most misses of the address cache. */
	(void)madvise(slots, slots_len(bits), MADV_HUGEPAGE);
	slots_free(names);
	names->slots = slots;
	names->slot_bits = bits;
	const uint8_t *record = names->arena;
	for (uint32_t number = 0; number < names->n; number++) {
		struct name name = {.id = record + 2, .id_len = record[1], .space = record[0]};

		place(names, hash_of(names, &name), number);
		record += 2 + record[1];
	}
	return ERR_NONE;
}

void
names_prefetch(const struct names *names, const struct name *name)
{
	if (names->slots != NULL)
		__builtin_prefetch(&names->slots[slot_of(names, hash_of(names, name))]);
}

enum err
names_intern(struct names *names, const struct name *name, uint32_t *ret_number)
{
	enum err err = slots_reserve(names);

	if (err != ERR_NONE)
		return err;
	uint64_t hash = hash_of(names, name);
	size_t i = probe(names, hash, name);
	if (names->slots[i] == 0) {
		err = names_append(names, name);
		if (err != ERR_NONE)
			return err;
		names->slots[i] = tag_of(names, hash) | names->n;
	}
	*ret_number = (names->slots[i] & (uint32_t)((1ULL << names->slot_bits) - 1)) - 1;
	return ERR_NONE;
}

enum err
names_find(const struct names *names, const struct name *name, uint32_t *ret_number)
{
	const uint8_t *record = names->arena;

	if (names->slots != NULL) {
		size_t i = probe(names, hash_of(names, name), name);

		if (names->slots[i] == 0)
			return ERR_NOT_FOUND;
		*ret_number = (names->slots[i] & (uint32_t)((1ULL << names->slot_bits) - 1)) - 1;
		return ERR_NONE;
	}
	for (uint32_t number = 0; number < names->n; number++) {
		if (record_is(record, name)) {
			*ret_number = number;
			return ERR_NONE;
		}
		record += 2 + record[1];
	}
	return ERR_NOT_FOUND;
}
