/* ngx: the one place where nginx's headers are included. */
#ifndef GATE_NGX_H
#define GATE_NGX_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include <nginx.h>

/* nginx's string functions take `u_char *` where they only read. */
static inline u_char *
gate_bytes(const void *text)
{
	return (u_char *)(uintptr_t)text;
}

#endif
