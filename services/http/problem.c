/* problem: fills the answer of a call. No I/O but a log line in http_fail(). */
#include "services/http/problem.h"

#include "base/log.h"
#include "services/http/internal.h"
#include "services/http/json_out.h"

void
http_problem(struct http_call *call, unsigned status, const char *name, const char *title,
    const char *detail)
{
	struct http_reply *reply = &call->reply;
	struct json_out out;

	bytes_clear(&reply->body);
	reply->status = status;
	reply->type = "application/problem+json";
	json_out_init(&out, &reply->body);
	json_out_open(&out, '{');
	json_out_key(&out, "type");
	json_out_textf(&out, "tag:%s.example,2026:%s", http_server_name(call->server), name);
	json_out_member(&out, "title", title);
	json_out_key(&out, "status");
	json_out_number(&out, status);
	json_out_member(&out, "detail", detail);
	json_out_close(&out, '}');
	if (out.err != ERR_NONE)
		bytes_clear(&reply->body);
}

void
http_fail(struct http_call *call, enum err err, const char *what)
{
	log_error("%s %s: %s: %s", call->method, call->path, what, err_text(err));
	if (err == ERR_BUSY || err == ERR_SPACE || err == ERR_NOMEM)
		http_problem(call, 503, "overloaded", "The service cannot answer right now",
		    "Try again in a moment.");
	else
		http_problem(call, 500, "internal", "The service failed",
		    "Nothing was changed. The failure has been logged.");
}

void
http_bad_request(struct http_call *call, const char *detail)
{
	http_problem(call, 400, "bad-request", "The request cannot be understood", detail);
}

void
http_not_found(struct http_call *call, const char *detail)
{
	http_problem(call, 404, "not-found", "There is nothing here", detail);
}

void
http_forbidden(struct http_call *call, const char *name, const char *detail)
{
	http_problem(call, 403, name, "This account may not do that", detail);
}
