/* random: strong bytes. May block only while the kernel's pool is young. */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

enum err
random_bytes(void *out, size_t len)
{
	unsigned char *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_CRYPTO;
		p += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}
