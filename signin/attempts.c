/* attempts: growing delays. Pure. */
#include "signin/attempts.h"

#define SECOND_US UINT64_C(1000000)
#define WINDOW_US (24 * 3600 * SECOND_US)
#define FREE_ATTEMPTS 2
#define FIRST_DELAY_US (15 * SECOND_US)

static uint64_t
ready_at_us(const struct attempts *attempts)
{
	if (attempts->count >= ATTEMPTS_MAX)
		return attempts->first_us + WINDOW_US;
	if (attempts->count <= FREE_ATTEMPTS)
		return 0;
	return attempts->newest_us + (FIRST_DELAY_US << (attempts->count - FREE_ATTEMPTS - 1));
}

uint64_t
attempts_wait_us(const struct attempts *attempts, uint64_t at_us)
{
	uint64_t ready_us = ready_at_us(attempts);

	return ready_us > at_us ? ready_us - at_us : 0;
}

enum err
attempts_take(struct attempts *attempts, uint64_t at_us, uint64_t *ret_wait_us)
{
	uint64_t wait_us = attempts_wait_us(attempts, at_us);

	if (wait_us != 0) {
		*ret_wait_us = wait_us;
		return ERR_BUSY;
	}
	if (attempts->count == 0 || at_us >= attempts->first_us + WINDOW_US)
		*attempts = (struct attempts){.first_us = at_us};
	attempts->count++;
	if (at_us > attempts->newest_us)
		attempts->newest_us = at_us;
	return ERR_NONE;
}

void
attempts_forgive(struct attempts *attempts)
{
	*attempts = (struct attempts){0};
}
