#include "store/budget.h"

#include <string.h>

#include "store/inside.h"

#define LIMIT_COLUMNS \
	"SELECT kind, number, span, soft, hard, learned_us, raised_hard, raised_until_us, raised_by, reason FROM limits "

static const char limits_get[] = LIMIT_COLUMNS "WHERE kind = ?1 AND number = ?2";
static const char limits_all[] = LIMIT_COLUMNS "ORDER BY kind, number, span";

static void
read_limit(struct db_rows *rows, struct store_limits *limits)
{
	uint64_t span = db_int(rows, 2);
	struct store_limit *limit;

	if (span >= STORE_WINDOWS)
		return;
	limit = &limits->window[span];
	limit->soft = (uint32_t)db_int(rows, 3);
	limit->hard = (uint32_t)db_int(rows, 4);
	limit->learned_us = db_int(rows, 5);
	limit->raised_hard = (uint32_t)db_int(rows, 6);
	limit->raised_until_us = db_int(rows, 7);
	db_text(rows, 8, limit->raised_by, sizeof(limit->raised_by));
	db_text(rows, 9, limit->reason, sizeof(limit->reason));
}

enum err
store_limits_get(struct store *store, struct store_budget_key key, struct store_limits *ret)
{
	struct store_limits limits;
	struct db_rows *rows;
	enum err err = db_query(store->db, limits_get, DB_INTO(db_of_int(key.kind), db_of_int(key.number)), &rows);

	if (err != ERR_NONE)
		return err;
	memset(&limits, 0, sizeof(limits));
	while ((err = db_next(rows)) == ERR_NONE)
		read_limit(rows, &limits);
	db_done(rows);
	if (err != ERR_NOT_FOUND)
		return err;
	*ret = limits;
	return ERR_NONE;
}

enum err
store_limits_learn(struct store *store, struct store_budget_key key, enum store_window window, uint32_t soft,
    uint32_t hard, uint64_t at_us)
{
	return db_run(store->db,
	    "INSERT INTO limits (kind, number, span, soft, hard, learned_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
	    " ON CONFLICT (kind, number, span) DO UPDATE SET soft = ?4, hard = ?5, learned_us = ?6",
	    DB_INTO(db_of_int(key.kind), db_of_int(key.number), db_of_int(window), db_of_int(soft), db_of_int(hard),
	        db_of_int(at_us)));
}

enum err
store_limits_raise(struct store *store, struct store_budget_key key, enum store_window window,
    const struct store_limit *raised)
{
	return db_run(store->db,
	    "INSERT INTO limits (kind, number, span, raised_hard, raised_until_us, raised_by, reason)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (kind, number, span)"
	    " DO UPDATE SET raised_hard = ?4, raised_until_us = ?5, raised_by = ?6, reason = ?7",
	    DB_INTO(db_of_int(key.kind), db_of_int(key.number), db_of_int(window), db_of_int(raised->raised_hard),
	        db_of_int(raised->raised_until_us), db_of_text(raised->raised_by), db_of_text(raised->reason)));
}

static struct store_budget_key
key_of(struct db_rows *rows)
{
	return (struct store_budget_key){ (enum store_budget_kind)db_int(rows, 0), (uint32_t)db_int(rows, 1) };
}

enum err
store_limits_each(struct store *store,
    bool (*each)(void *context, struct store_budget_key key, const struct store_limits *limits), void *context)
{
	struct store_budget_key last = { 0, 0 };
	struct store_limits limits;
	struct db_rows *rows;
	bool more = true;
	enum err err = db_query(store->db, limits_all, NULL, 0, &rows);

	if (err != ERR_NONE)
		return err;
	while (more && (err = db_next(rows)) == ERR_NONE) {
		struct store_budget_key key = key_of(rows);

		if (key.kind != last.kind || key.number != last.number) {
			if (last.kind != 0)
				more = each(context, last, &limits);
			memset(&limits, 0, sizeof(limits));
			last = key;
		}
		read_limit(rows, &limits);
	}
	if (more && err == ERR_NOT_FOUND && last.kind != 0)
		each(context, last, &limits);
	db_done(rows);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err
store_budget_day_put(struct store *store, struct store_budget_key key, const struct store_budget_day *day)
{
	return db_run(store->db,
	    "INSERT INTO budget_days (kind, number, day, persons_hour, persons_day, persons_month, stopped)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (kind, number, day) DO UPDATE SET persons_hour = ?4,"
	    " persons_day = ?5, persons_month = ?6, stopped = CASE WHEN budget_days.stopped = 1 THEN 1 ELSE ?7 END",
	    DB_INTO(db_of_int(key.kind), db_of_int(key.number), db_of_int(day->day),
	        db_of_int(day->distinct[STORE_HOUR]), db_of_int(day->distinct[STORE_DAY]),
	        db_of_int(day->distinct[STORE_MONTH]), db_of_int(day->stopped)));
}

enum err
store_budget_day_stop(struct store *store, struct store_budget_key key, uint32_t day)
{
	return db_run(store->db,
	    "INSERT INTO budget_days (kind, number, day, persons_hour, persons_day, persons_month, stopped)"
	    " VALUES (?1, ?2, ?3, 0, 0, 0, 1) ON CONFLICT (kind, number, day) DO UPDATE SET stopped = 1",
	    DB_INTO(db_of_int(key.kind), db_of_int(key.number), db_of_int(day)));
}

enum err
store_budget_days(struct store *store, struct store_budget_key key, uint32_t until_day, uint32_t n,
    struct store_budget_day *ret_days, uint32_t *ret_n)
{
	struct db_rows *rows;
	uint32_t count = 0;
	enum err err = db_query(store->db,
	    "SELECT day, persons_hour, persons_day, persons_month, stopped FROM budget_days"
	    " WHERE kind = ?1 AND number = ?2 AND day <= ?3 ORDER BY day DESC LIMIT ?4",
	    DB_INTO(db_of_int(key.kind), db_of_int(key.number), db_of_int(until_day), db_of_int(n)), &rows);

	if (err != ERR_NONE)
		return err;
	while (count < n && (err = db_next(rows)) == ERR_NONE) {
		struct store_budget_day *day = &ret_days[count++];

		day->day = (uint32_t)db_int(rows, 0);
		for (int i = 0; i < STORE_WINDOWS; i++)
			day->distinct[i] = (uint32_t)db_int(rows, 1 + i);
		day->stopped = db_int(rows, 4) != 0;
	}
	db_done(rows);
	if (err != ERR_NONE && err != ERR_NOT_FOUND)
		return err;
	*ret_n = count;
	return ERR_NONE;
}

enum err
store_budget_each_key(struct store *store, uint32_t since_day,
    bool (*each)(void *context, struct store_budget_key key), void *context)
{
	struct db_rows *rows;
	enum err err = db_query(store->db,
	    "SELECT DISTINCT kind, number FROM budget_days WHERE day >= ?1 ORDER BY kind, number",
	    DB_INTO(db_of_int(since_day)), &rows);

	if (err != ERR_NONE)
		return err;
	while ((err = db_next(rows)) == ERR_NONE) {
		if (!each(context, key_of(rows))) {
			err = ERR_NOT_FOUND;
			break;
		}
	}
	db_done(rows);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}
