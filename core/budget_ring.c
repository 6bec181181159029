/* budget_ring: three rings of counters. See the header. */
#include "core/budget_ring.h"

#include <string.h>

struct ring {
	_Atomic uint32_t *bucket;
	uint32_t n;
	uint32_t minutes; /* of one bucket */
};

static struct ring
ring_of(const struct budget_scope *scope, enum budget_window window)
{
	struct budget_scope *s = (struct budget_scope *)(uintptr_t)scope;

	switch (window) {
	case BUDGET_HOUR:
		return (struct ring){s->hour, HOUR_BUCKETS, 1};
	case BUDGET_DAY:
		return (struct ring){s->day, DAY_BUCKETS, 60};
	case BUDGET_MONTH:
	case BUDGET_WINDOWS:
		break;
	}
	return (struct ring){s->month, MONTH_BUCKETS, 1440};
}

static inline uint32_t
oldest_of(uint32_t now, uint32_t n, uint32_t minutes)
{
	uint32_t last = now / minutes;

	return last < n ? 0 : (last - n + 1) * minutes;
}

uint32_t
budget_ring_oldest(enum budget_window window, uint32_t now)
{
	/* Spelled out, so that divisions are by constants. */
	switch (window) {
	case BUDGET_HOUR:
		return oldest_of(now, HOUR_BUCKETS, 1);
	case BUDGET_DAY:
		return oldest_of(now, DAY_BUCKETS, 60);
	case BUDGET_MONTH:
	case BUDGET_WINDOWS:
		break;
	}
	return oldest_of(now, MONTH_BUCKETS, 1440);
}

static void
advance_one(struct ring ring, uint32_t from, uint32_t to)
{
	uint32_t last = to / ring.minutes;
	uint32_t first = from / ring.minutes + 1;

	if (last >= ring.n && first < last - ring.n + 1)
		first = last - ring.n + 1;
	for (uint32_t b = first; b <= last; b++)
		store32(&ring.bucket[b % ring.n], 0);
}

void
budget_ring_advance(struct budget_scope *scope, uint32_t now)
{
	uint32_t newest = load32(&scope->newest);

	if (now <= newest)
		return;
	for (int w = 0; w < BUDGET_WINDOWS; w++)
		advance_one(ring_of(scope, (enum budget_window)w), newest, now);
	store32(&scope->newest, now);
}

static void
change(_Atomic uint32_t *bucket, uint32_t by)
{
	store32(bucket, load32(bucket) + by);
}

/* One more (1) or one less (UINT32_MAX) in every window that holds the minute. */
static void
change_all(struct budget_scope *scope, uint32_t minute, uint32_t by)
{
	uint32_t newest = load32(&scope->newest);

	if (minute >= budget_ring_oldest(BUDGET_HOUR, newest))
		change(&scope->hour[minute % HOUR_BUCKETS], by);
	if (minute >= budget_ring_oldest(BUDGET_DAY, newest))
		change(&scope->day[minute / 60 % DAY_BUCKETS], by);
	if (minute >= budget_ring_oldest(BUDGET_MONTH, newest))
		change(&scope->month[minute / 1440 % MONTH_BUCKETS], by);
}

void
budget_ring_add(struct budget_scope *scope, uint32_t minute)
{
	change_all(scope, minute, 1);
}

void
budget_ring_move(struct budget_scope *scope, uint32_t from, uint32_t to)
{
	if (from == to)
		return;
	change_all(scope, from, UINT32_MAX);
	change_all(scope, to, 1);
}

void
budget_ring_clear(struct budget_scope *scope)
{
	for (int w = 0; w < BUDGET_WINDOWS; w++) {
		struct ring ring = ring_of(scope, (enum budget_window)w);

		for (uint32_t i = 0; i < ring.n; i++)
			store32(&ring.bucket[i], 0);
	}
}

uint32_t
budget_ring_used(const struct budget_scope *scope, enum budget_window window, uint32_t now)
{
	struct ring ring = ring_of(scope, window);
	uint32_t newest = load32(&scope->newest);
	uint32_t last = newest / ring.minutes;
	uint32_t end = (now > newest ? now : newest) / ring.minutes;
	/* The ring holds buckets last - n + 1 .. last; of these, the window wants end - n + 1 and later. */
	uint32_t wanted = end - last < ring.n ? ring.n - (end - last) : 0;
	uint32_t at = last % ring.n;
	uint64_t sum = 0;

	for (; wanted > 0; wanted--) {
		sum += load32(&ring.bucket[at]);
		at = at == 0 ? ring.n - 1 : at - 1;
	}
	return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

uint32_t
budget_ring_wait_s(const struct budget_scope *scope, enum budget_window window, uint32_t need, uint64_t at_us)
{
	struct ring ring = ring_of(scope, window);
	uint32_t last = load32(&scope->newest) / ring.minutes;
	uint32_t first = last >= ring.n ? last - ring.n + 1 : 0;
	uint64_t gone = 0, at_s = at_us / 1000000;

	for (uint32_t b = first; b <= last; b++) {
		gone += load32(&ring.bucket[b % ring.n]);
		if (gone < need)
			continue;
		/* Bucket b leaves when bucket b + n begins. */
		uint64_t free_s = ((uint64_t)b + ring.n) * ring.minutes * 60;
		return free_s <= at_s ? 1 : (uint32_t)(free_s - at_s);
	}
	return 0;
}
