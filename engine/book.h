/*
 * book: the live sessions in memory, found by number. Private to engine/;
 * used by sessions.c alone.
 *
 * Entries stay at their address until they are removed.
 */
#ifndef ENGINE_BOOK_H
#define ENGINE_BOOK_H

#include "engine/sessions.h"

struct book;

MUST_CHECK enum err book_open(struct book **ret_book);
void book_free(struct book *book);

/* ERR_EXISTS where the number is there already. */
MUST_CHECK enum err book_add(struct book *book, const struct session_entry *entry, struct session_entry **ret_entry);
struct session_entry *book_find(const struct book *book, uint64_t number);
void book_remove(struct book *book, struct session_entry *entry);
uint32_t book_count(const struct book *book);

/*
 * Entries lie in places 0..book_places()-1; a free place gives NULL. The entry
 * of a place may be removed while one goes through them.
 */
uint32_t book_places(const struct book *book);
struct session_entry *book_at(const struct book *book, uint32_t place);

#endif
