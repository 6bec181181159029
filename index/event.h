/*
 * event: one disclosure as the index keeps it, in memory and in bytes.
 *
 * Bytes of an event (all numbers LEB128, see base/codec.h; "zigzag" is
 * (v << 1) ^ (v >> 63)):
 *
 *   u8 flags
 *   time       microseconds since the event before (zigzag)
 *   with EVENT_WHO:     identity, organisation
 *   with EVENT_SESSION: session minus the one before (zigzag)
 *   with EVENT_WAY:     route, meter
 *   with EVENT_WEIGHT:  weight
 *   unless EVENT_ONE:   how many persons
 *   with EVENT_MASK:    the fields of all persons
 *   per person:         number (ascending: minus the one before), and
 *                       with EVENT_MASKS its fields
 *
 * What is left out is as in the event before. A run of events starts from
 * struct event_base, which the place where the run is kept defines. In a
 * sealed segment identity and organisation are those of the stream.
 */
#ifndef INDEX_EVENT_H
#define INDEX_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "core/disclosure.h"

enum event_flag {
	EVENT_WHO = 1,
	EVENT_SESSION = 2,
	EVENT_WAY = 4,
	EVENT_WEIGHT = 8,
	EVENT_ONE = 16,
	EVENT_MASK = 32,
	EVENT_MASKS = 64,
	EVENT_FLAGS_END = 128
};

struct sighting {
	uint32_t person; /* dense number in the period of the event */
	uint32_t fields;
};

struct event {
	uint64_t at_us;
	uint64_t session;
	uint32_t identity;
	uint32_t organisation;
	uint32_t weight; /* unnamed persons */
	uint32_t n;      /* persons, at most DISCLOSURE_PERSONS_MAX */
	uint16_t route;
	uint16_t meter;
};

/* What the next event of a run is told relative to. */
struct event_base {
	uint64_t at_us;
	uint64_t session;
	uint32_t identity;
	uint32_t organisation;
	uint32_t fields;
	uint16_t route;
	uint16_t meter;
};

/* The most bytes that an event of `n` persons takes. */
#define EVENT_BYTES_MAX(n) (64 + 10 * (size_t)(n))

/*
 * Append an event to `out`. `people` ascend without doubles. ERR_RANGE past the limit of `out`.
 */
MUST_CHECK enum err event_put(struct bytes *out, struct event_base *base, const struct event *event,
    const struct sighting *people);

/*
 * Read the event at `*at` and move past it; `people` has room for
 * DISCLOSURE_PERSONS_MAX. ERR_CORRUPT where the bytes are no event.
 */
MUST_CHECK enum err event_get(const uint8_t **at, const uint8_t *end, struct event_base *base,
    struct event *ret_event, struct sighting *people);

/* Numbers of files where every byte counts: moves `*at`; sets it to NULL past the end. */
static inline uint64_t
varint_get(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *p = *at;
	uint64_t v = 0;

	if (p == NULL)
		return 0;
	for (unsigned shift = 0; shift < 64 && p < end; shift += 7) {
		uint8_t byte = *p++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			*at = p;
			return v;
		}
	}
	*at = NULL;
	return 0;
}

MUST_CHECK enum err varint_put(struct bytes *out, uint64_t v);

#endif
