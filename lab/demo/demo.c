#include "lab/demo/demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "lab/control.h"
#include "lab/secrets.h"

#define FILE_MAX (32u << 20)
#define COLUMNS 5
#define IMPORT_MAX 1000 /* identities in one call */

/* One setup under way. */
struct setup {
	struct control control;
	json_t *organisations; /* keys known to the daemon: object of true */
	json_t *logins;        /* logins known to the daemon: object of true */
	json_t *kept;          /* accounts of the file, by login */
	json_t *new_organisations;
	json_t *new_identities;
	json_t *out;
	struct demo_counts counts;
	char *why;
};

static enum err
complain(char *why, enum err err, const char *what, const char *words)
{
	(void)snprintf(why, DEMO_WHY_MAX, "%s: %s", what, words);
	return err;
}

enum err
demo_read(const char *path, json_t **ret_accounts, char why[DEMO_WHY_MAX])
{
	struct bytes text;
	json_t *accounts = NULL;
	enum err err;

	bytes_init(&text, FILE_MAX);
	err = file_read_secret(path, &text);
	if (err == ERR_NONE)
		accounts = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	bytes_wipe(&text);
	if (err != ERR_NONE)
		return complain(why, err, path, err_text(err));
	if (!json_is_array(accounts)) {
		json_decref(accounts);
		return complain(why, ERR_FORMAT, path, "not a list of accounts");
	}
	*ret_accounts = accounts;
	return ERR_NONE;
}

/* What the file has already, by login; a file that is not there yet has nothing. */
static enum err
read_kept(struct setup *setup, const char *path)
{
	json_t *accounts = NULL;
	json_t *account;
	size_t i;
	enum err err = demo_read(path, &accounts, setup->why);

	if (err == ERR_NOT_FOUND)
		return ERR_NONE;
	if (err != ERR_NONE)
		return err;
	json_array_foreach(accounts, i, account) {
		const char *login = json_string_value(json_object_get(account, "login"));

		if (login == NULL || json_object_set(setup->kept, login, account) != 0)
			err = complain(setup->why, ERR_FORMAT, path, "an account without login");
	}
	json_decref(accounts);
	return err;
}

/* Which names a list of the daemon holds. */
static enum err
read_names(struct setup *setup, const char *op, const char *member, json_t *names)
{
	json_t *answer = NULL;
	json_t *row;
	size_t i;
	enum err err = control_call(&setup->control, op, json_object(), &answer);

	if (err != ERR_NONE)
		return complain(setup->why, err, "demo", setup->control.why);
	json_array_foreach(json_object_get(answer, "rows"), i, row)
		(void)json_object_set_new(names, json_string_value(json_object_get(row, member)), json_true());
	json_decref(answer);
	return ERR_NONE;
}

static json_t *
text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static void
add_organisation(struct setup *setup, const char *key)
{
	if (key[0] == '\0' || json_object_get(setup->organisations, key) != NULL)
		return;
	(void)json_object_set_new(setup->organisations, key, json_true());
	(void)json_array_append_new(setup->new_organisations,
	    json_pack("{s:s, s:s, s:s}", "organisation", key, "name", key, "kind", "training-body"));
	setup->counts.organisations++;
}

/* The daemon knows the login, the file does not: its old secrets are lost, so it gets new ones. */
static enum err
renew(struct setup *setup, const char *login, const char *hash, const char *totp)
{
	enum err err = control_do(&setup->control, "identity.set_password",
	    json_pack("{s:s, s:s}", "identity", login, "password_hash", hash));

	if (err == ERR_NONE && totp[0] != '\0')
		err = control_do(&setup->control, "identity.set_totp",
		    json_pack("{s:s, s:s}", "identity", login, "secret", totp));
	setup->counts.renewed++;
	return err == ERR_NONE ? ERR_NONE : complain(setup->why, err, login, setup->control.why);
}

static enum err
add_identity(struct setup *setup, char *column[COLUMNS], const char *hash, const char *totp)
{
	json_t *identity = json_pack("{s:s, s:s, s:s, s:s}", "login", column[0], "name", column[1], "profile", column[2],
	    "password_hash", hash);
	int failed = 0;

	if (totp[0] != '\0')
		failed |= json_object_set_new(identity, "totp", json_string(totp));
	if (column[3][0] != '\0')
		failed |= json_object_set_new(identity, "organisation", json_string(column[3]));
	if (column[4][0] != '\0')
		failed |= json_object_set_new(identity, "person", json_string(column[4]));
	failed |= json_array_append_new(setup->new_identities, identity);
	setup->counts.added++;
	return failed == 0 ? ERR_NONE : complain(setup->why, ERR_NOMEM, column[0], err_text(ERR_NOMEM));
}

static enum err
make_account(struct setup *setup, char *column[COLUMNS])
{
	char password[SECRETS_PASSWORD_MAX];
	char hash[PASSWORD_HASH_MAX];
	char totp[SECRETS_TOTP_MAX] = "";
	enum err err = secrets_new_password(password, hash);

	/* Job seekers sign in with a password alone, as most people do; staff have a second factor. */
	if (err == ERR_NONE && strcmp(column[2], "jobseeker") != 0)
		err = secrets_new_totp(totp);
	if (err != ERR_NONE)
		return complain(setup->why, err, column[0], err_text(err));
	err = json_object_get(setup->logins, column[0]) != NULL ? renew(setup, column[0], hash, totp)
	                                                        : add_identity(setup, column, hash, totp);
	if (err == ERR_NONE && json_array_append_new(setup->out,
	    json_pack("{s:s, s:s, s:o, s:s, s:o, s:o}", "login", column[0], "password", password, "totp_secret",
	        text_or_null(totp), "profile", column[2], "organisation", text_or_null(column[3]), "person",
	        text_or_null(column[4]))) != 0)
		err = complain(setup->why, ERR_NOMEM, column[0], err_text(ERR_NOMEM));
	bytes_zero(password, sizeof(password));
	return err;
}

static enum err
take_line(struct setup *setup, char *line)
{
	char *column[COLUMNS];
	json_t *kept;

	for (int i = 0; i < COLUMNS; i++) {
		column[i] = strsep(&line, "\t");
		if (column[i] == NULL)
			return complain(setup->why, ERR_FORMAT, "accounts", "a line without five tab-separated columns");
	}
	add_organisation(setup, column[3]);
	kept = json_object_get(setup->kept, column[0]);
	/* A file that outlived the daemon's store tells nothing any more. */
	if (kept == NULL || json_object_get(setup->logins, column[0]) == NULL)
		return make_account(setup, column);
	setup->counts.kept++;
	return json_array_append(setup->out, kept) == 0 ? ERR_NONE : ERR_NOMEM;
}

static enum err
read_lines(struct setup *setup, const char *path)
{
	struct bytes text;
	char *rest, *line;
	enum err err;

	bytes_init(&text, FILE_MAX);
	err = file_read(path, &text);
	if (err == ERR_NONE)
		err = bytes_append(&text, "", 1);
	if (err != ERR_NONE)
		(void)complain(setup->why, err, path, err_text(err));
	rest = (char *)text.data;
	while (err == ERR_NONE && (line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0')
			err = take_line(setup, line);
	bytes_wipe(&text);
	return err;
}

/* `list` under `member`, some at a time: a frame has a largest size. */
static enum err
import(struct setup *setup, const char *op, const char *member, const json_t *list)
{
	enum err err = ERR_NONE;

	for (size_t at = 0; at < json_array_size(list) && err == ERR_NONE;) {
		json_t *part = json_array();

		for (size_t i = 0; i < IMPORT_MAX && at < json_array_size(list); i++, at++)
			(void)json_array_append(part, json_array_get(list, at));
		err = control_do(&setup->control, op, json_pack("{s:o}", member, part));
	}
	return err == ERR_NONE ? ERR_NONE : complain(setup->why, err, "demo", setup->control.why);
}

static enum err
write_out(struct setup *setup, const char *path)
{
	char *text = json_dumps(setup->out, JSON_INDENT(1));
	enum err err = ERR_NOMEM;

	if (text != NULL) {
		err = file_replace(path, text, strlen(text), 0600);
		bytes_zero(text, strlen(text));
	}
	free(text);
	return err == ERR_NONE ? ERR_NONE : complain(setup->why, err, path, err_text(err));
}

static void
setup_wipe(struct setup *setup)
{
	json_decref(setup->organisations);
	json_decref(setup->logins);
	json_decref(setup->kept);
	json_decref(setup->new_organisations);
	json_decref(setup->new_identities);
	json_decref(setup->out);
	control_close(&setup->control);
}

enum err
demo_setup(const struct demo_options *options, struct demo_counts *ret_counts, char why[DEMO_WHY_MAX])
{
	struct setup setup = {.organisations = json_object(), .logins = json_object(), .kept = json_object(),
	    .new_organisations = json_array(), .new_identities = json_array(), .out = json_array(), .why = why};
	enum err err = control_open(&setup.control, options->socket_path);

	if (err != ERR_NONE)
		(void)complain(why, err, "demo", setup.control.why);
	if (err == ERR_NONE)
		err = read_kept(&setup, options->out);
	if (err == ERR_NONE)
		err = read_names(&setup, "organisation.list", "key", setup.organisations);
	if (err == ERR_NONE)
		err = read_names(&setup, "identity.list", "login", setup.logins);
	if (err == ERR_NONE)
		err = read_lines(&setup, options->accounts);
	if (err == ERR_NONE)
		err = import(&setup, "organisation.import", "organisations", setup.new_organisations);
	if (err == ERR_NONE)
		err = import(&setup, "identity.import", "identities", setup.new_identities);
	if (err == ERR_NONE)
		err = write_out(&setup, options->out);
	if (err == ERR_NONE)
		*ret_counts = setup.counts;
	setup_wipe(&setup);
	return err;
}

json_t *
demo_few(const json_t *accounts, size_t each)
{
	static const char *const profiles[] = {"agent", "manager", "partner", "jobseeker"};
	json_t *few = json_array();

	for (size_t p = 0; p < sizeof(profiles) / sizeof(profiles[0]); p++) {
		size_t i, taken = 0;
		json_t *account;

		json_array_foreach(accounts, i, account) {
			const char *profile = json_string_value(json_object_get(account, "profile"));

			if (taken == each || profile == NULL || strcmp(profile, profiles[p]) != 0)
				continue;
			(void)json_array_append(few, account);
			taken++;
		}
	}
	return few;
}

enum err
demo_code(const json_t *accounts, const char *login, uint64_t at_us, char ret_code[7], char why[DEMO_WHY_MAX])
{
	size_t i;
	json_t *account;

	json_array_foreach(accounts, i, account) {
		const char *name = json_string_value(json_object_get(account, "login"));
		const char *secret = json_string_value(json_object_get(account, "totp_secret"));

		if (name == NULL || strcmp(name, login) != 0)
			continue;
		if (secret == NULL)
			return complain(why, ERR_NOT_FOUND, login, "has no second factor: its password is enough");
		return secrets_code(secret, at_us, ret_code);
	}
	return complain(why, ERR_NOT_FOUND, login, "is not in the file");
}
