/* schema: the tables of the training service. */
#ifndef SERVICES_TRAINING_SCHEMA_H
#define SERVICES_TRAINING_SCHEMA_H

#include "base/err.h"

struct sql;

/* Bring the file to the latest form, indexes included. */
MUST_CHECK enum err schema_migrate(struct sql *sql);

/* The same without the indexes, and the indexes: filling first is faster. */
MUST_CHECK enum err schema_create_tables(struct sql *sql);
MUST_CHECK enum err schema_create_indexes(struct sql *sql);

#endif
