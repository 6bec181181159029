#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/msg.h"
#include "engine/control.h"
#include "engine/loop.h"
#include "journal/writer.h"
#include "signin/password.h"

/* 2026-06-15T12:00:00Z */
#define START_US 1781524800000000ULL

struct engine *engine;

static char dir[64];
static _Atomic uint64_t now_us; /* the keeper reads it too */
static struct msg peers[2]; /* operator, web */

static uint64_t
read_clock(void *context)
{
	(void)context;
	return now_us;
}

static const struct clock test_clock = { .now_us = read_clock };

static const char default_budgets[] = "identity = { hour = { floor = 10; ceiling = 100; };"
    " day = { floor = 20; ceiling = 200; }; month = { floor = 50; ceiling = 500; }; };";
static const char default_routes[] =
    "{ name = \"people.show\"; methods = [ \"GET\" ]; path = \"/people/{id}\"; meters = [ \"record\" ]; },"
    "{ name = \"home\"; methods = [ \"GET\" ]; path = \"/\"; exempt = true; }";

static const char default_fields[] = "\"name\", \"address\"";
static const char *fields = default_fields;

void
fixture_set_fields(const char *list)
{
	fields = list;
}

uint64_t
fixture_now_us(void)
{
	return now_us;
}

const char *
fixture_dir(void)
{
	return dir;
}

/* The loop's timers follow the real clock, so upkeep is called by hand where a test needs it. */
void
fixture_pass_s(uint64_t seconds)
{
	now_us += seconds * 1000000;
}

void
fixture_write_config(const char *budgets, const char *routes)
{
	char text[4096], path[128];
	int len = snprintf(text, sizeof(text),
	    "data = \"%s\"; log = \"error\"; pages = \"/nowhere\"; scim_token_file = \"%s/scim\";\n"
	    "service = { origin = \"https://localhost\"; };\n"
	    "capacity = { sessions = 1024; orders = 64; scopes = 256; locks = 64; arena_mib = 16; };\n"
	    "budgets = { %s };\n"
	    "meters = ( { name = \"record\"; space = \"person\"; records = [ \"$\" ]; id = \"$.id\";"
	    " fields = [ %s ]; } );\n"
	    "routes = ( %s );\n",
	    dir, dir, budgets == NULL ? default_budgets : budgets, fields, routes == NULL ? default_routes : routes);

	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	assert_in_range(len, 1, (int)sizeof(text) - 1);
	assert_int_equal(file_replace(path, text, (size_t)len, 0600), ERR_NONE);
}

static int
connect_peer(struct msg *peer, enum op_permit permit)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return -1;
	if (control_adopt(engine->control, pair[0], permit) != ERR_NONE)
		return -1;
	return msg_open(peer, pair[1]) == ERR_NONE ? 0 : -1;
}

static int
open_engine(bool rebuild)
{
	struct engine_options options = { .clock = &test_clock, .sandbox = "none", .rebuild = rebuild };
	struct bytes complaints;
	char path[128];
	enum err err;

	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	options.config_file = path;
	bytes_init(&complaints, 16384);
	err = engine_open(&options, &engine, &complaints);
	if (err != ERR_NONE)
		print_error("%.*s", (int)complaints.len, (const char *)complaints.data);
	bytes_wipe(&complaints);
	if (err != ERR_NONE || connect_peer(&peers[0], OP_OPERATOR) != 0)
		return -1;
	return connect_peer(&peers[1], OP_WEB);
}

static void
close_engine(void)
{
	msg_close(&peers[0]);
	msg_close(&peers[1]);
	engine_free(engine);
	engine = NULL;
}

int
fixture_set_up(void **state)
{
	char path[128];

	(void)state;
	log_init("test", STDERR_FILENO, LOG_ERROR);
	now_us = START_US;
	fields = default_fields;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_engine_XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/scim", dir);
	if (file_replace(path, "0123456789abcdef\n", 17, 0600) != ERR_NONE)
		return -1;
	fixture_write_config(NULL, NULL);
	return open_engine(false);
}

static void
remove_tree(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char name[512];
		struct stat status;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (lstat(name, &status) == 0 && S_ISDIR(status.st_mode))
			remove_tree(name);
		else
			unlink(name);
	}
	if (folder != NULL)
		closedir(folder);
	rmdir(path);
}

int
fixture_tear_down(void **state)
{
	(void)state;
	close_engine();
	remove_tree(dir);
	return 0;
}

void
fixture_restart(bool rebuild)
{
	close_engine();
	assert_int_equal(open_engine(rebuild), 0);
}

json_t *
fixture_ask(enum op_permit permit, json_t *request)
{
	struct msg *peer = &peers[permit == OP_WEB];
	json_t *rows = json_array();
	json_t *frame;

	assert_non_null(request);
	assert_int_equal(msg_send(peer, request), ERR_NONE);
	json_decref(request);
	for (;;) {
		enum err err = msg_next(peer, &frame);

		if (err == ERR_BUSY && msg_fill(peer) == ERR_BUSY)
			assert_int_equal(loop_once(engine->loop, 1000), ERR_NONE);
		if (err != ERR_NONE)
			continue;
		if (json_object_get(frame, "ok") != NULL)
			break;
		if (json_object_get(frame, "rows") != NULL)
			json_array_extend(rows, json_object_get(frame, "rows"));
		json_decref(frame);
	}
	json_object_set_new(frame, "rows", rows);
	return frame;
}

static json_t *
parse(const char *format, va_list arguments)
{
	char text[4096];
	json_error_t error;
	json_t *request;

	assert_in_range(vsnprintf(text, sizeof(text), format, arguments), 1, (int)sizeof(text) - 1);
	request = json_loads(text, 0, &error);
	if (request == NULL)
		print_error("%s in %s\n", error.text, text);
	return request;
}

json_t *
fixture_get(enum op_permit permit, const char *format, ...)
{
	va_list arguments;
	json_t *answer;

	va_start(arguments, format);
	answer = fixture_ask(permit, parse(format, arguments));
	va_end(arguments);
	if (!json_is_true(json_object_get(answer, "ok")))
		print_error("%s: %s\n", format, fixture_text(answer, "message"));
	assert_true(json_is_true(json_object_get(answer, "ok")));
	return answer;
}

void
fixture_do(const char *format, ...)
{
	va_list arguments;
	json_t *answer;

	va_start(arguments, format);
	answer = fixture_ask(OP_OPERATOR, parse(format, arguments));
	va_end(arguments);
	if (!json_is_true(json_object_get(answer, "ok")))
		print_error("%s: %s\n", format, fixture_text(answer, "message"));
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

void
fixture_refused(enum op_permit permit, const char *error, const char *format, ...)
{
	va_list arguments;
	json_t *answer;

	va_start(arguments, format);
	answer = fixture_ask(permit, parse(format, arguments));
	va_end(arguments);
	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_string_equal(fixture_text(answer, "error"), error);
	assert_true(strlen(fixture_text(answer, "message")) > 0);
	json_decref(answer);
}

int64_t
fixture_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

const char *
fixture_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

void
fixture_sign_in(const char *login, char out[64])
{
	json_t *answer = fixture_get(OP_WEB, "{\"op\": \"signin.password\", \"login\": \"%s\", \"password\":"
	    " \"correct horse battery\", \"address\": \"192.0.2.1\", \"user_agent\": \"curl/8\"}", login);

	(void)snprintf(out, 64, "%s", fixture_text(answer, "token"));
	json_decref(answer);
}

struct journal_writer *
fixture_journal(const char *folder)
{
	struct journal_options options = { .node = 1, .worker = 1, .segment_size = JOURNAL_SEGMENT_MIN };
	struct journal_writer *writer;
	struct map_period period;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, folder);
	options.dirs[0] = path;
	assert_int_equal(map_period_get(&engine->maps.state, &period), ERR_NONE);
	options.recipient.period = period.number;
	memcpy(options.recipient.key, period.public_key, sizeof(options.recipient.key));
	assert_int_equal(journal_writer_open(&options, &writer), ERR_NONE);
	return writer;
}

void
fixture_disclose(uint32_t identity, uint32_t organisation, uint32_t first, uint32_t n)
{
	struct person_ref persons[64];
	char ids[64][16];
	struct disclosure d = { .kind = DISCLOSURE_HANDED, .at_us = now_us, .session = 1, .identity = identity,
		.organisation = organisation, .route = 1, .meter = 1, .n_persons = n, .persons = persons };
	struct journal_writer *writer = fixture_journal("journal");
	uint64_t sequence;

	assert_in_range(n, 1, 64);
	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "P%u", first + i);
		persons[i] = (struct person_ref){ .id = (const uint8_t *)ids[i], .id_len = (uint8_t)strlen(ids[i]),
			.space = 1, .fields = 3 };
	}
	assert_int_equal(journal_append(writer, &d, &sequence), ERR_NONE);
	journal_kick(writer);
	journal_writer_close(writer);
}
