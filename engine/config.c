#include "engine/config.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"
#include "engine/rules_build.h"

static const char *const window_names[BUDGET_WINDOWS] = { "hour", "day", "month" };

static void
check_budget(const struct config *config, const struct config_budget *budget, const char *what,
    struct bytes *complaints)
{
	uint32_t line = budget->line != 0 ? budget->line : config->budgets.line;

	for (int i = 0; i < BUDGET_WINDOWS; i++) {
		const struct config_window *w = &budget->window[i];

		if (w->floor > w->ceiling)
			conf_complain(config->file, line, complaints, "%s: the floor of the %s is above its ceiling", what,
			    window_names[i]);
		if (i > 0 && w->ceiling < budget->window[i - 1].ceiling)
			conf_complain(config->file, line, complaints, "%s: the ceiling of the %s is below that of the %s", what,
			    window_names[i], window_names[i - 1]);
		if (i > 0 && w->floor < budget->window[i - 1].floor)
			conf_complain(config->file, line, complaints, "%s: the floor of the %s is below that of the %s", what,
			    window_names[i], window_names[i - 1]);
	}
}

static void
check_named(const struct config *config, const struct conf_list *list, struct bytes *complaints)
{
	const struct config_budget *budgets = list->item;

	for (size_t i = 0; i < list->n; i++) {
		if (budgets[i].name == NULL) {
			conf_complain(config->file, budgets[i].line, complaints, "name is missing here");
			continue;
		}
		check_budget(config, &budgets[i], budgets[i].name, complaints);
		for (size_t k = 0; k < i; k++)
			if (budgets[k].name != NULL && strcmp(budgets[k].name, budgets[i].name) == 0)
				conf_complain(config->file, budgets[i].line, complaints, "a second budget for %s", budgets[i].name);
	}
}

static void
check_budgets(const struct config *config, struct bytes *complaints)
{
	check_budget(config, &config->budgets.identity, "budgets.identity", complaints);
	check_budget(config, &config->budgets.organisation, "budgets.organisation", complaints);
	if (config->budgets.identity.name != NULL || config->budgets.organisation.name != NULL)
		conf_complain(config->file, config->budgets.line, complaints, "default budgets have no name");
	check_named(config, &config->budgets.profiles, complaints);
	check_named(config, &config->budgets.kinds, complaints);
}

static void
check_paths(const struct config *config, struct bytes *complaints)
{
	char path[PATH_MAX];

	if (config->data[0] != '/')
		conf_complain(config->file, conf_line(config->owner, "data"), complaints,
		    "data must be an absolute path");
	for (size_t i = 0; i < config->journals.n; i++)
		if (!config_journal_dir(config, i, path))
			conf_complain(config->file, conf_line(config->owner, "journals"), complaints,
		    "journals: %s is too long", config->journals.text[i]);
	if (config->journals.n == 2 && strcmp(config->journals.text[0], config->journals.text[1]) == 0)
		conf_complain(config->file, conf_line(config->owner, "journals"), complaints,
		    "journals: the second directory must be another one");
	if (config->pages[0] != '/')
		conf_complain(config->file, conf_line(config->owner, "pages"), complaints,
		    "pages must be an absolute path");
	if (config->scim_token_file != NULL && config->scim_token_file[0] != '/')
		conf_complain(config->file, conf_line(config->owner, "scim_token_file"), complaints,
		    "scim_token_file must be an absolute path");
}

static void
check_rights(const struct config *config, struct bytes *complaints)
{
	if (config->rights.user != NULL && getpwnam(config->rights.user) == NULL)
		conf_complain(config->file, conf_line(config->owner, "rights.user"), complaints,
		    "rights: there is no user %s", config->rights.user);
	if (config->rights.gate_group != NULL && getgrnam(config->rights.gate_group) == NULL)
		conf_complain(config->file, conf_line(config->owner, "rights.gate_group"), complaints,
		    "rights: there is no group %s", config->rights.gate_group);
}

static void
check_rest(const struct config *config, struct bytes *complaints)
{
	const char *origin = config->service.origin;
	size_t len = strlen(origin);

	if (strncmp(origin, "https://", 8) != 0 || strchr(origin + 8, '/') != NULL || len == 8)
		conf_complain(config->file, conf_line(config->owner, "service.origin"), complaints,
		    "service.origin must be https://host or https://host:port");
	if (strpbrk(config->ledger_origin, " +\t") != NULL)
		conf_complain(config->file, conf_line(config->owner, "ledger_origin"), complaints,
		    "ledger_origin must be without blanks and plus signs");
	if (config->routes.n == 0)
		conf_complain(config->file, conf_line(config->owner, "routes"), complaints,
		    "there is no route: nothing could be served");
}

/* Numbers for a check without a store: they only have to differ. */
static enum err
count_up(void *context, enum store_name_kind kind, const char *name, uint32_t *ret_number)
{
	uint32_t *last = context;

	(void)name;
	/* Namespaces repeat and have few numbers: a small hash is enough to tell whether too many are named. */
	if (kind == STORE_NAME_SPACE) {
		uint32_t sum = 0;

		for (size_t i = 0; name[i] != '\0'; i++)
			sum = sum * 31 + (uint8_t)name[i];
		*ret_number = sum % 251 + 1;
		return ERR_NONE;
	}
	*ret_number = ++*last;
	return ERR_NONE;
}

static enum err
check_rules(const struct config *config, struct bytes *complaints)
{
	uint32_t last = 0;
	struct rules_numbers numbers = { .number = count_up, .context = &last };
	struct rules *rules = malloc(sizeof(*rules));
	enum err err;

	if (rules == NULL)
		return ERR_NOMEM;
	err = rules_build(config, &numbers, rules, complaints);
	free(rules);
	return err;
}

static enum err
check(const struct config *config, struct bytes *complaints)
{
	size_t before = complaints->len;
	enum err err;

	check_paths(config, complaints);
	check_rights(config, complaints);
	check_budgets(config, complaints);
	check_rest(config, complaints);
	err = check_rules(config, complaints);
	if (err != ERR_NONE)
		return err;
	return complaints->len == before ? ERR_NONE : ERR_FORMAT;
}

enum err
config_load(const char *path, struct config **ret_config, struct bytes *complaints)
{
	struct config *config = calloc(1, sizeof(*config));
	enum err err;

	if (config == NULL)
		return ERR_NOMEM;
	(void)snprintf(config->file, sizeof(config->file), "%s", path);
	err = conf_read(path, config_keys, config, &config->owner, complaints);
	if (err == ERR_NONE)
		err = check(config, complaints);
	if (err != ERR_NONE) {
		config_free(config);
		return err;
	}
	*ret_config = config;
	return ERR_NONE;
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	conf_free(config->owner);
	free(config);
}

enum err
config_path(const struct config *config, const char *name, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s/%s", config->data, name);

	return n > 0 && n < PATH_MAX ? ERR_NONE : ERR_RANGE;
}

bool
config_journal_dir(const struct config *config, size_t i, char out[PATH_MAX])
{
	const char *name = config->journals.n > i ? config->journals.text[i] : "journal";

	if (i > 0 && config->journals.n <= i)
		return false;
	if (name[0] != '/')
		return config_path(config, name, out) == ERR_NONE;
	return snprintf(out, PATH_MAX, "%s", name) < PATH_MAX;
}
