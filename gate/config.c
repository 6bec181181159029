/*
 * config: the directives.
 *
 *	tourniquet on | off;              http, server, location; off by default
 *	tourniquet_map DIR;               http; where state.map and budgets.map are
 *	tourniquet_journal DIR [DIR2];    http; where to write ahead, and where if that fails
 */
#include "gate/gate.h"

void *
gate_main_conf_create(ngx_conf_t *cf)
{
	return ngx_pcalloc(cf->pool, sizeof(struct gate_main_conf));
}

void *
gate_loc_conf_create(ngx_conf_t *cf)
{
	struct gate_loc_conf *conf = ngx_palloc(cf->pool, sizeof(*conf));

	if (conf != NULL)
		conf->on = NGX_CONF_UNSET;
	return conf;
}

char *
gate_loc_conf_merge(ngx_conf_t *cf, void *parent, void *child)
{
	struct gate_main_conf *main = ngx_http_conf_get_module_main_conf(cf, ngx_http_tourniquet_module);
	const struct gate_loc_conf *outer = parent;
	struct gate_loc_conf *conf = child;

	if (conf->on == NGX_CONF_UNSET)
		conf->on = outer->on == NGX_CONF_UNSET ? 0 : outer->on;
	if (!conf->on)
		return NGX_CONF_OK;
	main->guarded = true;
	if (main->map_dir.len == 0 || main->journal[0].len == 0) {
		ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
		    "\"tourniquet on\" needs \"tourniquet_map\" and \"tourniquet_journal\" in http{}");
		return NGX_CONF_ERROR;
	}
	return NGX_CONF_OK;
}

/* Directories, relative to nginx's prefix; each argument to one string. */
static const char *
set_dirs(ngx_conf_t *cf, ngx_str_t *dirs)
{
	ngx_str_t *value = cf->args->elts;

	if (dirs->len != 0)
		return "is duplicate";
	for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
		dirs[i - 1] = value[i];
		if (ngx_conf_full_name(cf->cycle, &dirs[i - 1], 0) != NGX_OK)
			return NGX_CONF_ERROR;
		if (dirs[i - 1].len == 0 || dirs[i - 1].len > NGX_MAX_PATH - sizeof("/budgets.map"))
			return "has a directory that is empty or too long";
	}
	return NGX_CONF_OK;
}

/* Commands answer with text that nginx prints and never changes. */
static char *
answer_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

static char *
set_map(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
	struct gate_main_conf *main = conf;

	(void)command;
	return answer_of(set_dirs(cf, &main->map_dir));
}

static char *
set_journal(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
	struct gate_main_conf *main = conf;

	(void)command;
	return answer_of(set_dirs(cf, main->journal));
}

ngx_command_t gate_commands[] = {
	{ ngx_string("tourniquet"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
	    ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(struct gate_loc_conf, on), NULL },
	{ ngx_string("tourniquet_map"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, set_map, NGX_HTTP_MAIN_CONF_OFFSET, 0,
	    NULL },
	{ ngx_string("tourniquet_journal"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE12, set_journal,
	    NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL },
	ngx_null_command
};
