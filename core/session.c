/*
 * session: how the table works.
 *
 *	index (two copies)          cells
 *	[tag|cell] [0] [tag|cell]   {sequence, record} {sequence, record} ...
 *
 * The index is open addressing with linear probing over single 64-bit words:
 * upper half a tag from the key, lower half the number of a cell (from 1); 0
 * is empty, all ones in the lower half a tombstone. A lookup reads one
 * line of the index and one cell, so a million sessions cost 16 MiB of index
 * and as many cells as there are sessions.
 *
 * A change never touches a live cell. It fills a free cell under that cell's
 * sequence lock, then swings the one word of the index, then frees the old
 * cell. So a writer that is killed leaves the old or the new state, and a reader
 * who follows a word to a cell that has been given away meanwhile sees another
 * sequence number or another key, and looks again.
 *
 * Why tombstones: moving entries back over a hole (backward shift) can carry one
 * from ahead of a reader to behind it, and the reader would miss a session that
 * exists. A tombstone moves nothing. Tombstones before an empty word become
 * empty again (no probe needs to pass them), new sessions take the first one on
 * their way, and when an eighth of the words are tombstones the writer fills the
 * idle index from the live one and flips: a reader that found nothing checks
 * that the generation is still the one it searched.
 */
#include "core/session.h"

#include <string.h>

#include "base/codec.h"
#include "core/words.h"

#define TOMBSTONE UINT32_MAX
#define TRIES 1000

struct session_cell {
	_Atomic uint64_t sequence;
	_Atomic uint64_t link; /* the writer's: next free cell, or IN_USE */
	_Atomic uint64_t record[WORDS_OF(struct session_record)];
};

#define IN_USE UINT64_MAX
#define BRIEF_WORDS (offsetof(struct session_record, headers) / sizeof(uint64_t))

_Static_assert(sizeof(struct session_record) % sizeof(uint64_t) == 0, "copied as words");
_Static_assert(offsetof(struct session_record, headers) % sizeof(uint64_t) == 0, "copied as words");

struct session_area {
	_Atomic uint64_t generation; /* bit 0: which index is live */
	/* The rest is the writer's. */
	_Atomic uint32_t count;
	_Atomic uint32_t tombstones; /* of the live index */
	_Atomic uint64_t free_cell;  /* first of the chain; 0: none */
	_Atomic uint64_t used_cells; /* cells above were never used */
	uint64_t spare[4];
};

_Static_assert(sizeof(struct session_area) % 64 == 0, "keeps lines apart");

/* Words of one index: a power of two, at least twice the capacity. */
static uint64_t
index_words(uint32_t capacity)
{
	uint64_t words = 64;

	while (words < 2 * (uint64_t)capacity)
		words *= 2;
	return words;
}

size_t
session_table_size(uint32_t capacity)
{
	uint64_t size = sizeof(struct session_area);

	size += 2 * index_words(capacity) * sizeof(uint64_t);
	size += ((uint64_t)capacity + 1) * sizeof(struct session_cell);
	return (size_t)words_round_up(size, 64);
}

static _Atomic uint64_t *
index_of(const struct session_table *t, uint64_t generation)
{
	_Atomic uint64_t *first = (_Atomic uint64_t *)(t->area + 1);

	return first + (generation & 1) * index_words(t->capacity);
}

/* `number` is from 1 on, and at most the capacity. */
static struct session_cell *
cell_of(const struct session_table *t, uint32_t number)
{
	uint8_t *first = (uint8_t *)(t->area + 1) + 2 * index_words(t->capacity) * sizeof(uint64_t);

	return (struct session_cell *)(void *)first + (number - 1);
}

void
session_table_attach(struct session_table *t, void *memory, uint32_t capacity)
{
	t->area = memory;
	t->capacity = capacity;
}

void
session_table_init(struct session_table *t, void *memory, uint32_t capacity)
{
	/* Zeroed memory is an empty table already. */
	session_table_attach(t, memory, capacity);
}

/* Keys are parts of a hash, so any bits of them will do. */
static uint64_t
tag_of(const uint8_t *key)
{
	return (uint64_t)get_u32(key) << 32;
}

/* From the tag alone, so that the index can be rebuilt without touching cells. */
static uint64_t
place_of(const struct session_table *t, uint64_t word)
{
	return word >> 32 & (index_words(t->capacity) - 1);
}

/* One more than there may be sessions: a replacement fills a cell before it frees one. */
static uint64_t
cells_max(const struct session_table *t)
{
	return (uint64_t)t->capacity + 1;
}

static bool
word_is_cell(const struct session_table *t, uint64_t word)
{
	uint32_t cell = (uint32_t)word;

	return cell != 0 && cell <= cells_max(t);
}

enum look { LOOK_FOUND, LOOK_OTHER, LOOK_AGAIN };

/* Copy a cell if it holds `key`. */
static enum look
look_into(const struct session_cell *cell, const uint8_t *key, bool brief, struct session_record *ret_record)
{
	uint64_t begun = words_read_begin(&cell->sequence);
	size_t words = BRIEF_WORDS;

	words_load(ret_record, cell->record, BRIEF_WORDS);
	bool same = memcmp(ret_record->key, key, SESSION_KEY_LEN) == 0;
	if (same && !brief) {
		size_t len = ret_record->headers_len;

		/* Out of bounds only while somebody writes; then the sequence tells. */
		if (len > SESSION_HEADERS_MAX)
			len = SESSION_HEADERS_MAX;
		words = (len + 7) / 8;
		words_load(ret_record->headers, cell->record + BRIEF_WORDS, words);
	}
	if (!words_read_ok(&cell->sequence, begun))
		return LOOK_AGAIN;
	return same ? LOOK_FOUND : LOOK_OTHER;
}

/* One walk along the probe sequence of one index. ERR_BUSY: walk again. */
static enum err
walk(const struct session_table *t, uint64_t generation, const uint8_t *key, bool brief,
    struct session_record *ret_record)
{
	const _Atomic uint64_t *index = index_of(t, generation);
	uint64_t mask = index_words(t->capacity) - 1;
	uint64_t at = place_of(t, tag_of(key));

	for (uint64_t steps = 0; steps <= mask; steps++, at = (at + 1) & mask) {
		uint64_t word = atomic_load_explicit(&index[at], memory_order_acquire);

		if (word == 0)
			break;
		if ((word ^ tag_of(key)) >> 32 != 0 || !word_is_cell(t, word))
			continue;
		switch (look_into(cell_of(t, (uint32_t)word), key, brief, ret_record)) {
		case LOOK_FOUND:
			return ERR_NONE;
		case LOOK_OTHER:
			/* Another session's cell, or one given away since: then the word has changed. */
			if (atomic_load_explicit(&index[at], memory_order_acquire) == word)
				continue;
			return ERR_BUSY;
		case LOOK_AGAIN:
			return ERR_BUSY;
		}
	}
	return ERR_NOT_FOUND;
}

static enum err
find(const struct session_table *t, const uint8_t *key, bool brief, struct session_record *ret_record)
{
	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t generation = atomic_load_explicit(&t->area->generation, memory_order_acquire);
		enum err err = walk(t, generation, key, brief, ret_record);

		if (err == ERR_NONE)
			return ERR_NONE;
		/* What was not found counts only if the index searched was live to the end. */
		if (err == ERR_NOT_FOUND &&
		    atomic_load_explicit(&t->area->generation, memory_order_relaxed) == generation)
			return ERR_NOT_FOUND;
	}
	return ERR_BUSY;
}

enum err
session_table_find(const struct session_table *t, const uint8_t key[SESSION_KEY_LEN],
    struct session_record *ret_record)
{
	return find(t, key, false, ret_record);
}

enum err
session_table_find_brief(const struct session_table *t, const uint8_t key[SESSION_KEY_LEN],
    struct session_record *ret_record)
{
	return find(t, key, true, ret_record);
}

/* From here on: the writer. Its own loads may be relaxed, nobody else writes. */

static uint64_t
mine(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void
set_mine(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

static void
count_add(_Atomic uint32_t *counter, int change)
{
	uint32_t n = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, n + (uint32_t)change, memory_order_relaxed);
}

static bool
cell_holds(const struct session_cell *cell, const uint8_t *key)
{
	uint8_t held[SESSION_KEY_LEN];

	words_load(held, cell->record, SESSION_KEY_LEN / sizeof(uint64_t));
	return memcmp(held, key, SESSION_KEY_LEN) == 0;
}

/* Where the key is (true), or where it would go (false). */
static bool
locate(const struct session_table *t, const uint8_t *key, uint64_t *ret_at)
{
	const _Atomic uint64_t *index = index_of(t, mine(&t->area->generation));
	uint64_t mask = index_words(t->capacity) - 1;
	uint64_t at = place_of(t, tag_of(key)), free_at = UINT64_MAX;

	for (uint64_t steps = 0; steps <= mask; steps++, at = (at + 1) & mask) {
		uint64_t word = mine(&index[at]);

		if (word == 0 || (uint32_t)word == TOMBSTONE) {
			if (free_at == UINT64_MAX)
				free_at = at;
			if (word == 0)
				break;
		} else if ((word ^ tag_of(key)) >> 32 == 0 && cell_holds(cell_of(t, (uint32_t)word), key)) {
			*ret_at = at;
			return true;
		}
	}
	*ret_at = free_at;
	return false;
}

static uint32_t
take_cell(struct session_table *t)
{
	uint64_t number = mine(&t->area->free_cell);

	if (number != 0) {
		set_mine(&t->area->free_cell, mine(&cell_of(t, (uint32_t)number)->link));
	} else {
		number = mine(&t->area->used_cells) + 1;
		if (number > cells_max(t))
			return 0;
		set_mine(&t->area->used_cells, number);
	}
	set_mine(&cell_of(t, (uint32_t)number)->link, IN_USE);
	return (uint32_t)number;
}

static void
give_cell(struct session_table *t, uint32_t number)
{
	struct session_cell *cell = cell_of(t, number);

	/* Readers on their way here must not take what is left for a session. */
	words_write_begin(&cell->sequence);
	for (size_t i = 0; i < SESSION_KEY_LEN / sizeof(uint64_t); i++)
		atomic_store_explicit(&cell->record[i], 0, memory_order_release);
	words_write_end(&cell->sequence);
	set_mine(&cell->link, mine(&t->area->free_cell));
	set_mine(&t->area->free_cell, number);
}

static void
fill_cell(struct session_cell *cell, const struct session_record *record)
{
	size_t words = BRIEF_WORDS + (record->headers_len + 7) / 8;

	words_write_begin(&cell->sequence);
	words_store(cell->record, record, words);
	words_write_end(&cell->sequence);
}

/* Copy live words to the idle index, without tombstones, and flip. */
static void
rebuild_index(struct session_table *t)
{
	uint64_t generation = mine(&t->area->generation);
	_Atomic uint64_t *from = index_of(t, generation), *to = index_of(t, generation + 1);
	uint64_t mask = index_words(t->capacity) - 1;

	for (uint64_t i = 0; i <= mask; i++)
		atomic_store_explicit(&to[i], 0, memory_order_release);
	for (uint64_t i = 0; i <= mask; i++) {
		uint64_t word = mine(&from[i]);

		if (word == 0 || (uint32_t)word == TOMBSTONE)
			continue;
		uint64_t at = place_of(t, word);
		while (mine(&to[at]) != 0)
			at = (at + 1) & mask;
		atomic_store_explicit(&to[at], word, memory_order_release);
	}
	atomic_store_explicit(&t->area->generation, generation + 1, memory_order_release);
	atomic_store_explicit(&t->area->tombstones, 0, memory_order_relaxed);
}

enum err
session_table_put(struct session_table *t, const struct session_record *record)
{
	uint64_t at;

	if (record->headers_len > SESSION_HEADERS_MAX || record->n_budgets > SESSION_BUDGETS_MAX)
		return ERR_RANGE;
	bool replaces = locate(t, record->key, &at);
	if (at == UINT64_MAX || (!replaces && session_table_count(t) >= t->capacity))
		return ERR_SPACE;
	uint32_t number = take_cell(t);
	if (number == 0)
		return ERR_SPACE;
	fill_cell(cell_of(t, number), record);
	_Atomic uint64_t *word = &index_of(t, mine(&t->area->generation))[at];
	uint64_t before = mine(word);
	atomic_store_explicit(word, tag_of(record->key) | number, memory_order_release);
	if (replaces) {
		give_cell(t, (uint32_t)before);
		return ERR_NONE;
	}
	count_add(&t->area->count, 1);
	if (before != 0)
		count_add(&t->area->tombstones, -1);
	return ERR_NONE;
}

/* Make the word a tombstone; or empty, with the tombstones before it, where an empty one follows. */
static void
bury(struct session_table *t, uint64_t at)
{
	_Atomic uint64_t *index = index_of(t, mine(&t->area->generation));
	uint64_t mask = index_words(t->capacity) - 1;

	if (mine(&index[(at + 1) & mask]) != 0) {
		atomic_store_explicit(&index[at], TOMBSTONE, memory_order_release);
		count_add(&t->area->tombstones, 1);
		return;
	}
	atomic_store_explicit(&index[at], 0, memory_order_release);
	for (at = (at - 1) & mask; (uint32_t)mine(&index[at]) == TOMBSTONE; at = (at - 1) & mask) {
		atomic_store_explicit(&index[at], 0, memory_order_release);
		count_add(&t->area->tombstones, -1);
	}
}

static void
remove_at(struct session_table *t, uint64_t at)
{
	uint64_t word = mine(&index_of(t, mine(&t->area->generation))[at]);

	bury(t, at);
	give_cell(t, (uint32_t)word);
	count_add(&t->area->count, -1);
}

enum err
session_table_remove(struct session_table *t, const uint8_t key[SESSION_KEY_LEN])
{
	uint64_t at;

	if (!locate(t, key, &at))
		return ERR_NOT_FOUND;
	remove_at(t, at);
	if (atomic_load_explicit(&t->area->tombstones, memory_order_relaxed) > index_words(t->capacity) / 8)
		rebuild_index(t);
	return ERR_NONE;
}

uint32_t
session_table_count(const struct session_table *t)
{
	return atomic_load_explicit(&t->area->count, memory_order_relaxed);
}

/* By cells, whose places do not change when the index is rebuilt; a replaced session may be shown again. */
void
session_table_each(struct session_table *t, bool (*visit)(void *context, const struct session_record *record),
    void *context)
{
	uint64_t used = mine(&t->area->used_cells);

	for (uint64_t i = 1; i <= used && i <= cells_max(t); i++) {
		struct session_cell *cell = cell_of(t, (uint32_t)i);
		struct session_record record;

		if (mine(&cell->link) != IN_USE)
			continue;
		words_load(&record, cell->record, WORDS_OF(struct session_record));
		if (!visit(context, &record))
			return;
	}
}

/* Keep the words of the live index that lead to a whole cell which no other word has. */
static void
adopt_words(struct session_table *t)
{
	_Atomic uint64_t *index = index_of(t, mine(&t->area->generation));
	uint64_t words = index_words(t->capacity), used = mine(&t->area->used_cells);
	uint32_t count = 0, tombstones = 0;

	for (uint64_t i = 0; i < words; i++) {
		uint64_t word = mine(&index[i]);

		if (word == 0)
			continue;
		struct session_cell *cell = word_is_cell(t, word) && (uint32_t)word <= used ?
		    cell_of(t, (uint32_t)word) : NULL;
		if (cell == NULL || (mine(&cell->sequence) & 1) != 0 || mine(&cell->link) == IN_USE) {
			atomic_store_explicit(&index[i], TOMBSTONE, memory_order_release);
			tombstones++;
			continue;
		}
		set_mine(&cell->link, IN_USE);
		count++;
	}
	atomic_store_explicit(&t->area->count, count, memory_order_relaxed);
	atomic_store_explicit(&t->area->tombstones, tombstones, memory_order_relaxed);
}

void
session_table_adopt(struct session_table *t)
{
	uint64_t used = mine(&t->area->used_cells);

	if (used > cells_max(t))
		used = cells_max(t);
	set_mine(&t->area->used_cells, used);
	for (uint64_t i = 1; i <= used; i++)
		set_mine(&cell_of(t, (uint32_t)i)->link, 0);
	adopt_words(t);
	set_mine(&t->area->free_cell, 0);
	for (uint64_t i = used; i >= 1; i--) {
		if (mine(&cell_of(t, (uint32_t)i)->link) != IN_USE)
			give_cell(t, (uint32_t)i);
	}
	rebuild_index(t);
}
