/* event: bytes of disclosures. Pure but for the buffer; one thread. */
#include "index/event.h"

#include <stdbool.h>

#include "base/codec.h"

static uint64_t
zigzag(uint64_t from, uint64_t to)
{
	uint64_t v = to - from;

	return (v << 1) ^ (0 - (v >> 63));
}

static uint64_t
unzigzag(uint64_t from, uint64_t v)
{
	return from + ((v >> 1) ^ (0 - (v & 1)));
}

enum err
varint_put(struct bytes *out, uint64_t v)
{
	enum err err = bytes_reserve(out, 10);

	if (err == ERR_NONE)
		out->len += put_varint(out->data + out->len, v);
	return err;
}

static bool
same_fields(const struct sighting *people, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (people[i].fields != people[0].fields)
			return false;
	return true;
}

static uint8_t
flags_of(const struct event_base *base, const struct event *event, const struct sighting *people)
{
	unsigned flags = event->n == 1 ? EVENT_ONE : 0;

	if (event->identity != base->identity || event->organisation != base->organisation)
		flags |= EVENT_WHO;
	if (event->session != base->session)
		flags |= EVENT_SESSION;
	if (event->route != base->route || event->meter != base->meter)
		flags |= EVENT_WAY;
	if (event->weight != 0)
		flags |= EVENT_WEIGHT;
	if (event->n != 0 && !same_fields(people, event->n))
		flags |= EVENT_MASKS;
	else if (event->n != 0 && people[0].fields != base->fields)
		flags |= EVENT_MASK;
	return (uint8_t)flags;
}

static uint8_t *
put_people(uint8_t *p, const struct event *event, const struct sighting *people, bool masks)
{
	uint32_t before = 0;

	for (uint32_t i = 0; i < event->n; i++) {
		p += put_varint(p, people[i].person - before);
		before = people[i].person;
		if (masks)
			p += put_varint(p, people[i].fields);
	}
	return p;
}

enum err
event_put(struct bytes *out, struct event_base *base, const struct event *event,
    const struct sighting *people)
{
	uint8_t flags = flags_of(base, event, people);
	enum err err = bytes_reserve(out, EVENT_BYTES_MAX(event->n));

	if (err != ERR_NONE)
		return err;
	uint8_t *p = out->data + out->len;
	*p++ = flags;
	p += put_varint(p, zigzag(base->at_us, event->at_us));
	if ((flags & EVENT_WHO) != 0) {
		p += put_varint(p, event->identity);
		p += put_varint(p, event->organisation);
	}
	if ((flags & EVENT_SESSION) != 0)
		p += put_varint(p, zigzag(base->session, event->session));
	if ((flags & EVENT_WAY) != 0) {
		p += put_varint(p, event->route);
		p += put_varint(p, event->meter);
	}
	if ((flags & EVENT_WEIGHT) != 0)
		p += put_varint(p, event->weight);
	if ((flags & EVENT_ONE) == 0)
		p += put_varint(p, event->n);
	if ((flags & EVENT_MASK) != 0)
		p += put_varint(p, people[0].fields);
	p = put_people(p, event, people, (flags & EVENT_MASKS) != 0);
	out->len = (size_t)(p - out->data);

	uint32_t fields = (flags & EVENT_MASK) != 0 ? people[0].fields : base->fields;
	*base = (struct event_base){event->at_us, event->session, event->identity,
	    event->organisation, fields, event->route, event->meter};
	return ERR_NONE;
}

static const uint8_t *
get_people(const uint8_t *p, const uint8_t *end, const struct event *event, uint32_t fields,
    bool masks, struct sighting *people)
{
	uint64_t person = 0;

	for (uint32_t i = 0; i < event->n; i++) {
		person += varint_get(&p, end);
		if (person > UINT32_MAX)
			return NULL;
		people[i].person = (uint32_t)person;
		people[i].fields = masks ? (uint32_t)varint_get(&p, end) : fields;
	}
	return p;
}

enum err
event_get(const uint8_t **at, const uint8_t *end, struct event_base *base,
    struct event *ret_event, struct sighting *people)
{
	const uint8_t *p = *at;
	struct event event = {0};

	if (p >= end || *p >= EVENT_FLAGS_END)
		return ERR_CORRUPT;
	unsigned flags = *p++;
	base->at_us = unzigzag(base->at_us, varint_get(&p, end));
	if ((flags & EVENT_WHO) != 0) {
		base->identity = (uint32_t)varint_get(&p, end);
		base->organisation = (uint32_t)varint_get(&p, end);
	}
	if ((flags & EVENT_SESSION) != 0)
		base->session = unzigzag(base->session, varint_get(&p, end));
	if ((flags & EVENT_WAY) != 0) {
		base->route = (uint16_t)varint_get(&p, end);
		base->meter = (uint16_t)varint_get(&p, end);
	}
	if ((flags & EVENT_WEIGHT) != 0)
		event.weight = (uint32_t)varint_get(&p, end);
	event.n = (flags & EVENT_ONE) != 0 ? 1 : (uint32_t)varint_get(&p, end);
	if ((flags & EVENT_MASK) != 0)
		base->fields = (uint32_t)varint_get(&p, end);
	if (p == NULL || event.n > DISCLOSURE_PERSONS_MAX)
		return ERR_CORRUPT;
	p = get_people(p, end, &event, base->fields, (flags & EVENT_MASKS) != 0, people);
	if (p == NULL)
		return ERR_CORRUPT;
	event.at_us = base->at_us;
	event.session = base->session;
	event.identity = base->identity;
	event.organisation = base->organisation;
	event.route = base->route;
	event.meter = base->meter;
	*ret_event = event;
	*at = p;
	return ERR_NONE;
}
