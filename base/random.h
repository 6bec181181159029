/* random: bytes from the kernel's generator. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

#include "base/err.h"

/* Fill with cryptographically strong bytes, or ERR_CRYPTO: never weaker ones. */
MUST_CHECK enum err random_bytes(void *out, size_t len);

#endif
