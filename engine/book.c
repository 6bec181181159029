#include "engine/book.h"

#include <stdlib.h>

/* Places come in blocks, so that entries do not move when the book grows. */
#define BLOCK 4096u
#define BLOCKS_MAX 4096u
#define EMPTY UINT32_MAX

struct book {
	struct session_entry *block[BLOCKS_MAX];
	uint32_t n_places;
	uint32_t n;
	uint32_t *free_place; /* stack */
	uint32_t n_free;
	uint32_t *index;      /* by number; EMPTY or a place; open addressing */
	uint32_t room;        /* power of two */
};

static uint32_t
index_at(const struct book *book, uint64_t number)
{
	return (uint32_t)((number * 0x9e3779b97f4a7c15ULL) >> 32) & (book->room - 1);
}

struct session_entry *
book_at(const struct book *book, uint32_t place)
{
	struct session_entry *entry = &book->block[place / BLOCK][place % BLOCK];

	return entry->number == 0 ? NULL : entry;
}

static enum err
index_grow(struct book *book, uint32_t room)
{
	uint32_t *index = malloc(room * sizeof(*index));
	uint32_t *free_place = realloc(book->free_place, room * sizeof(*free_place));

	if (free_place != NULL)
		book->free_place = free_place;
	if (index == NULL || free_place == NULL) {
		free(index);
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < room; i++)
		index[i] = EMPTY;
	free(book->index);
	book->index = index;
	book->room = room;
	for (uint32_t place = 0; place < book->n_places; place++) {
		const struct session_entry *entry = book_at(book, place);
		uint32_t at;

		if (entry == NULL)
			continue;
		for (at = index_at(book, entry->number); index[at] != EMPTY; at = (at + 1) & (room - 1))
			continue;
		index[at] = place;
	}
	return ERR_NONE;
}

enum err
book_open(struct book **ret_book)
{
	struct book *book = calloc(1, sizeof(*book));

	if (book == NULL)
		return ERR_NOMEM;
	if (index_grow(book, 4 * BLOCK) != ERR_NONE) {
		free(book);
		return ERR_NOMEM;
	}
	*ret_book = book;
	return ERR_NONE;
}

void
book_free(struct book *book)
{
	if (book == NULL)
		return;
	for (uint32_t i = 0; i < BLOCKS_MAX; i++)
		free(book->block[i]);
	free(book->free_place);
	free(book->index);
	free(book);
}

/* A free place, from the stack or from a new block. */
static enum err
take_place(struct book *book, uint32_t *ret_place)
{
	if (book->n_free > 0) {
		*ret_place = book->free_place[--book->n_free];
		return ERR_NONE;
	}
	if (book->n_places % BLOCK == 0) {
		uint32_t number = book->n_places / BLOCK;

		if (number == BLOCKS_MAX)
			return ERR_SPACE;
		book->block[number] = calloc(BLOCK, sizeof(struct session_entry));
		if (book->block[number] == NULL)
			return ERR_NOMEM;
	}
	*ret_place = book->n_places++;
	return ERR_NONE;
}

enum err
book_add(struct book *book, const struct session_entry *entry, struct session_entry **ret_entry)
{
	struct session_entry *slot;
	uint32_t place, at;
	enum err err = ERR_NONE;

	if (book_find(book, entry->number) != NULL)
		return ERR_EXISTS;
	if ((book->n_places + 1) * 2 > book->room)
		err = index_grow(book, book->room * 2);
	if (err == ERR_NONE)
		err = take_place(book, &place);
	if (err != ERR_NONE)
		return err;
	slot = &book->block[place / BLOCK][place % BLOCK];
	*slot = *entry;
	for (at = index_at(book, entry->number); book->index[at] != EMPTY; at = (at + 1) & (book->room - 1))
		continue;
	book->index[at] = place;
	book->n++;
	*ret_entry = slot;
	return ERR_NONE;
}

/* Where in the index the number stands; EMPTY where it does not. */
static uint32_t
index_find(const struct book *book, uint64_t number)
{
	uint32_t at = index_at(book, number);

	for (; book->index[at] != EMPTY; at = (at + 1) & (book->room - 1)) {
		const struct session_entry *entry = book_at(book, book->index[at]);

		if (entry != NULL && entry->number == number)
			return at;
	}
	return EMPTY;
}

struct session_entry *
book_find(const struct book *book, uint64_t number)
{
	uint32_t at = number == 0 ? EMPTY : index_find(book, number);

	return at == EMPTY ? NULL : book_at(book, book->index[at]);
}

/* Close the gap, so that no search ends early (Knuth, volume 3, algorithm 6.4R). */
static void
index_remove(struct book *book, uint32_t gap)
{
	uint32_t mask = book->room - 1;
	uint32_t at = gap;

	for (;;) {
		uint32_t home;

		at = (at + 1) & mask;
		if (book->index[at] == EMPTY)
			break;
		home = index_at(book, book_at(book, book->index[at])->number);
		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		book->index[gap] = book->index[at];
		gap = at;
	}
	book->index[gap] = EMPTY;
}

void
book_remove(struct book *book, struct session_entry *entry)
{
	uint32_t at = index_find(book, entry->number);
	uint32_t place;

	if (at == EMPTY)
		return;
	place = book->index[at];
	index_remove(book, at);
	entry->number = 0;
	book->free_place[book->n_free++] = place;
	book->n--;
}

uint32_t
book_count(const struct book *book)
{
	return book->n;
}

uint32_t
book_places(const struct book *book)
{
	return book->n_places;
}
