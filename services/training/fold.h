/*
 * fold: names as they are searched: capitals without accents, words parted by
 * one space. "Le Gall-Étienne" and "LE GALL ETIENNE" fold to the same key.
 */
#ifndef SERVICES_TRAINING_FOLD_H
#define SERVICES_TRAINING_FOLD_H

#include <stdbool.h>
#include <stddef.h>

/* What does not fit is cut; `size` counts the final NUL. Never fails. */
void fold_text(const char *text, char *out, size_t size);

/* Seven digits and a capital letter: the identifier of a job seeker. */
bool fold_is_identifier(const char *text);

#endif
