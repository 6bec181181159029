/* command_accounts: `training accounts`, for whoever sets up sign-in to match. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "services/sql/sql.h"
#include "services/training/commands.h"

static const struct option options[] = {
	{"database", required_argument, NULL, 'd'},
	{"job-seekers", required_argument, NULL, 'n'},
	{NULL, 0, NULL, 0},
};

/* Five columns, tab-separated; NULL is an empty one. */
static enum err
print_rows(struct sql *sql, const char *text, int64_t limit)
{
	sqlite3_stmt *query = sql_query(sql, text);
	enum err err;

	sql_bind_number(query, 1, limit);
	while ((err = sql_step(query)) == ERR_NONE)
		for (int i = 0; i < 5; i++) {
			const char *cell = sql_text(query, i);
			printf("%s%c", cell == NULL ? "" : cell, i < 4 ? '\t' : '\n');
		}
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* Job seekers who have a quote to answer come first. */
static enum err
print_all(struct sql *sql, int64_t job_seekers)
{
	static const char accounts[] =
	    "SELECT a.login, a.name, a.role, b.key, NULL FROM account a JOIN body b ON b.number = a.body"
	    " WHERE a.state = 'active' ORDER BY a.number LIMIT ?1";
	static const char people[] =
	    "SELECT lower(p.id), p.given_name || ' ' || p.family_name, 'jobseeker', NULL, p.id"
	    " FROM quote q JOIN person p ON p.number = q.person WHERE q.state = 'sent'"
	    " GROUP BY p.number ORDER BY p.number LIMIT ?1";
	enum err err = print_rows(sql, accounts, INT64_MAX);

	if (err == ERR_NONE && job_seekers > 0)
		err = print_rows(sql, people, job_seekers);
	return err;
}

int
command_accounts(int argc, char **argv)
{
	const char *database = NULL;
	unsigned long long job_seekers = 0;
	const char *why;
	struct sql *sql;
	enum err err;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (option == 'd')
			database = optarg;
		else if (command_number("job-seekers", optarg, 0, 1000000, &job_seekers) != 0)
			return EXIT_USAGE;
	}
	if (database == NULL || optind < argc)
		return command_usage("accounts: --database FILE is needed, and nothing else stands alone");
	if (access(database, R_OK) != 0) {
		fprintf(stderr, "training: accounts: %s: no such file, or it may not be read\n", database);
		return EXIT_FAILURE;
	}
	err = sql_open(database, SQL_READ, &sql, &why);
	if (err == ERR_NONE) {
		err = print_all(sql, (int64_t)job_seekers);
		why = err_text(err);
		sql_close(sql);
	}
	if (err == ERR_NONE)
		return EXIT_SUCCESS;
	fprintf(stderr, "training: accounts: %s: %s\n", database, why);
	return EXIT_FAILURE;
}
