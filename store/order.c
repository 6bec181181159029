#include "store/order.h"

#include <string.h>

#include "store/inside.h"

enum err
store_order_add(struct store *store, const struct store_order *o)
{
	return db_run(store->db,
	    "INSERT INTO orders (number, scope, action, capabilities, reason, author, approved_by, pending, given_us,"
	    " until_us, lifted_us, lifted_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	    DB_INTO(db_of_int(o->number), db_of_text(o->scope), db_of_int(o->action), db_of_int(o->capabilities),
	        db_of_text(o->reason), db_of_text(o->author), db_of_text(o->approved_by), db_of_int(o->pending),
	        db_of_int(o->given_us), db_of_int(o->until_us), db_of_int(o->lifted_us), db_of_text(o->lifted_by)));
}

enum err
store_order_approve(struct store *store, uint64_t number, const char *author)
{
	return inside_change(store, "UPDATE orders SET pending = 0, approved_by = ?2 WHERE number = ?1 AND pending = 1",
	    DB_INTO(db_of_int(number), db_of_text(author)));
}

enum err
store_order_lift(struct store *store, uint64_t number, const char *author, uint64_t at_us)
{
	return inside_change(store, "UPDATE orders SET lifted_us = ?3, lifted_by = ?2 WHERE number = ?1 AND lifted_us = 0",
	    DB_INTO(db_of_int(number), db_of_text(author), db_of_int(at_us)));
}

static void
read_order(struct db_rows *rows, struct store_order *o)
{
	o->number = db_int(rows, 0);
	db_text(rows, 1, o->scope, sizeof(o->scope));
	o->action = (uint32_t)db_int(rows, 2);
	o->capabilities = (uint32_t)db_int(rows, 3);
	db_text(rows, 4, o->reason, sizeof(o->reason));
	db_text(rows, 5, o->author, sizeof(o->author));
	db_text(rows, 6, o->approved_by, sizeof(o->approved_by));
	o->pending = db_int(rows, 7) != 0;
	o->given_us = db_int(rows, 8);
	o->until_us = db_int(rows, 9);
	o->lifted_us = db_int(rows, 10);
	db_text(rows, 11, o->lifted_by, sizeof(o->lifted_by));
}

enum err
store_order_each(struct store *store, uint64_t live_at_us,
    bool (*each)(void *context, const struct store_order *order), void *context)
{
	struct store_order order;
	struct db_rows *rows;
	enum err err = db_query(store->db,
	    "SELECT number, scope, action, capabilities, reason, author, approved_by, pending, given_us, until_us,"
	    " lifted_us, lifted_by FROM orders WHERE ?1 = 0 OR (lifted_us = 0 AND until_us > ?1) ORDER BY number DESC",
	    DB_INTO(db_of_int(live_at_us)), &rows);

	if (err != ERR_NONE)
		return err;
	while ((err = db_next(rows)) == ERR_NONE) {
		read_order(rows, &order);
		if (!each(context, &order)) {
			err = ERR_NOT_FOUND;
			break;
		}
	}
	db_done(rows);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err
case_add(struct store *store, const struct store_case *c, uint64_t *ret_number)
{
	uint64_t number;
	enum err err = store_take_numbers(store, "case", 1, &number);

	if (err == ERR_NONE)
		err = db_run(store->db,
		    "INSERT INTO cases (number, scope, title, author, since_us, until_us, opened_us, closed_us)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		    DB_INTO(db_of_int(number), db_of_text(c->scope), db_of_text(c->title), db_of_text(c->author),
		        db_of_int(c->since_us), db_of_int(c->until_us), db_of_int(c->opened_us), db_of_int(c->closed_us)));
	if (err == ERR_NONE)
		*ret_number = number;
	return err;
}

enum err
store_case_add(struct store *store, const struct store_case *incident, uint64_t *ret_number)
{
	bool own;
	enum err err = inside_begin(store, &own);

	if (err != ERR_NONE)
		return err;
	return inside_end(store, own, case_add(store, incident, ret_number));
}

enum err
store_case_close(struct store *store, uint64_t number, uint64_t at_us)
{
	return inside_change(store, "UPDATE cases SET closed_us = ?2 WHERE number = ?1 AND closed_us = 0",
	    DB_INTO(db_of_int(number), db_of_int(at_us)));
}

enum err
store_case_each(struct store *store, bool (*each)(void *context, const struct store_case *incident), void *context)
{
	struct store_case incident;
	struct db_rows *rows;
	enum err err = db_query(store->db,
	    "SELECT number, scope, title, author, since_us, until_us, opened_us, closed_us FROM cases ORDER BY number",
	    NULL, 0, &rows);

	if (err != ERR_NONE)
		return err;
	while ((err = db_next(rows)) == ERR_NONE) {
		incident.number = db_int(rows, 0);
		db_text(rows, 1, incident.scope, sizeof(incident.scope));
		db_text(rows, 2, incident.title, sizeof(incident.title));
		db_text(rows, 3, incident.author, sizeof(incident.author));
		incident.since_us = db_int(rows, 4);
		incident.until_us = db_int(rows, 5);
		incident.opened_us = db_int(rows, 6);
		incident.closed_us = db_int(rows, 7);
		if (!each(context, &incident)) {
			err = ERR_NOT_FOUND;
			break;
		}
	}
	db_done(rows);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}
