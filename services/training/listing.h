/*
 * listing: the lists of enrolments, quotes and entries, newest first.
 *
 * All three are read alike: everything for agents, the own body's for its
 * staff, the own ones for job seekers, each narrowed to one person on demand
 * (?person=). `before` takes the number from `next` of the page before, so that
 * a page costs the same wherever it is.
 */
#ifndef SERVICES_TRAINING_LISTING_H
#define SERVICES_TRAINING_LISTING_H

#include "services/http/json_out.h"
#include "services/http/server.h"
#include "services/sql/sql.h"

struct actor;

enum listing_scope {
	LISTING_ALL = 0,
	LISTING_BODY,
	LISTING_PERSON,
	LISTING_OWN,
	LISTING_BODY_PERSON,
	LISTING_ONE,
	LISTING_SCOPE_MAX
};

/*
 * ?1 body, ?2 before (or the one number), ?3 person, ?4 how many. The table is t. `own` narrows
 * what job seekers see of themselves: " AND ...", or "".
 */
#define LISTING_TAIL " ORDER BY t.number DESC LIMIT ?4"
#define LISTING_SQL(select, own)                                                                     \
	{                                                                                            \
		select " WHERE t.number < ?2" LISTING_TAIL,                                              \
		    select " WHERE t.number < ?2 AND t.body = ?1" LISTING_TAIL,                          \
		    select " WHERE t.number < ?2 AND t.person = ?3" LISTING_TAIL,                        \
		    select " WHERE t.number < ?2 AND t.person = ?3" own LISTING_TAIL,                    \
		    select " WHERE t.number < ?2 AND t.body = ?1 AND t.person = ?3" LISTING_TAIL,        \
		    select " WHERE t.number = ?2"                                                        \
	}

/* The columns that all lists begin with, what they join, and where their own begin. */
#define LISTING_COLUMNS "t.number, p.id, p.family_name, p.given_name, b.key, b.name, g.number, g.title"
#define LISTING_JOINS                                                                       \
	" CROSS JOIN person p ON p.number = t.person CROSS JOIN body b ON b.number = t.body "   \
	"CROSS JOIN training g ON g.number = t.training"
#define LISTING_REST 8

struct listing {
	const char *member; /* of the answer: "quotes" */
	const char *sql[LISTING_SCOPE_MAX];
	/* Members after number, person, body and training. */
	void (*write)(struct json_out *out, sqlite3_stmt *row);
};

/* Answer with a page of the list. */
void listing_answer(struct http_call *call, const struct listing *listing);

/* Answer with one row, which the caller has checked to be the actor's to see. */
void listing_answer_one(
    struct http_call *call, const struct listing *listing, int64_t number, unsigned status);

/* A row number from the path; ERR_NOT_FOUND (answer 404) where it is none. */
MUST_CHECK enum err listing_path_number(struct http_call *call, int64_t *ret_number);

/*
 * End a write that returns the number of the row it made or changed: step
 * `query`, finish the transaction. ERR_NOT_FOUND where no row fitted.
 */
MUST_CHECK enum err listing_write_end(
    struct http_call *call, sqlite3_stmt *query, int64_t *ret_number);

#endif
