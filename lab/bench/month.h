/*
 * month: thirty days of disclosures, the same for the same plan. Every person is
 * handed to somebody at least once; on one day one identity takes many.
 */
#ifndef LAB_BENCH_MONTH_H
#define LAB_BENCH_MONTH_H

#include <limits.h>
#include <stdint.h>

#include "core/disclosure.h"
#include "index/index.h"

/* 2026-03-01T00:00:00Z, thirty days of activity, the theft on day 15. */
#define MONTH_US 1772323200000000ULL
#define MONTH_DAYS 30
#define THEFT_DAY_US (MONTH_US + 14 * INDEX_DAY_US)
#define THEFT_SINCE_US (THEFT_DAY_US + 9 * INDEX_HOUR_US + 20 * 60000000ULL)
#define THEFT_UNTIL_US (THEFT_DAY_US + 21 * INDEX_HOUR_US + 35 * 60000000ULL)
#define PAGE 50
#define ID_LEN 11

struct plan {
	uint64_t persons;
	uint64_t disclosures;
	uint64_t identities;
	uint64_t stolen;
	uint64_t sqlite; /* how many of the disclosures SQLite is given */
	char dir[PATH_MAX - 64];
};

struct month {
	const struct plan *plan;
	uint64_t chance;
	uint64_t made;   /* sightings so far */
	uint64_t walked; /* persons that were given their one sure sighting */
	uint64_t stolen;
	struct disclosure disclosure;
	struct person_ref persons[PAGE];
	uint8_t ids[PAGE][ID_LEN];
};

void month_start(struct month *month, const struct plan *plan);

/* The next disclosure, borrowed from the month, or NULL at its end. */
const struct disclosure *month_next(struct month *month);

/* Who steals. */
uint32_t month_thief(const struct plan *plan);

#endif
