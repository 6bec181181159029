/* module: hangs the gate into nginx. */
#include "gate/gate.h"

#include "gate/worker.h"

#define EXPORTED __attribute__((visibility("default")))

static ngx_int_t
before_configuration(ngx_conf_t *cf)
{
	return gate_variables_add(cf);
}

static ngx_int_t
after_configuration(ngx_conf_t *cf)
{
	ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
	ngx_http_handler_pt *handler = ngx_array_push(&core->phases[NGX_HTTP_PREACCESS_PHASE].handlers);

	if (handler == NULL)
		return NGX_ERROR;
	*handler = gate_arrive;
	gate_filters_install();
	return NGX_OK;
}

static ngx_http_module_t context = {
	.preconfiguration = before_configuration,
	.postconfiguration = after_configuration,
	.create_main_conf = gate_main_conf_create,
	.create_loc_conf = gate_loc_conf_create,
	.merge_loc_conf = gate_loc_conf_merge,
};

ngx_module_t ngx_http_tourniquet_module = {
	NGX_MODULE_V1,
	&context,
	gate_commands,
	NGX_HTTP_MODULE,
	NULL,
	NULL,
	gate_worker_init,
	NULL,
	NULL,
	gate_worker_exit,
	NULL,
	NGX_MODULE_V1_PADDING,
};

/*
 * What nginx looks up in a dynamic module. The order puts the filters where
 * auxiliary filters go: they see the platform's bytes before compression, SSI
 * and substitutions.
 */
extern ngx_module_t *ngx_modules[];
extern char *ngx_module_names[];
extern char *ngx_module_order[];
extern const char tourniquet_gate_version[];

EXPORTED ngx_module_t *ngx_modules[] = { &ngx_http_tourniquet_module, NULL };
EXPORTED char *ngx_module_names[] = { (char *)(uintptr_t) "ngx_http_tourniquet_module", NULL };
EXPORTED char *ngx_module_order[] = { (char *)(uintptr_t) "ngx_http_tourniquet_module",
	(char *)(uintptr_t) "ngx_http_copy_filter_module", NULL };
EXPORTED const char tourniquet_gate_version[] = TOURNIQUET_VERSION;
