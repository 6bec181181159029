/* scim: see the header. One request per call, no connection is kept. */
#include "services/training/scim.h"

#include <curl/curl.h>
#include <stdio.h>

#include "services/http/fields.h"
#include "services/http/json_out.h"

#define ANSWER_MAX (64 * 1024)
#define TIMEOUT_S 5L
#define CORE "urn:ietf:params:scim:schemas:core:2.0:User"
#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

static void
write_name(struct json_out *out, const struct scim_user *user)
{
	json_out_key(out, "name");
	json_out_open(out, '{');
	json_out_member(out, "givenName", user->given_name);
	json_out_member(out, "familyName", user->family_name);
	json_out_close(out, '}');
	json_out_key(out, "displayName");
	json_out_textf(out, "%s %s", user->given_name, user->family_name);
}

static void
write_enterprise(struct json_out *out, const struct scim_user *user)
{
	json_out_key(out, ENTERPRISE);
	json_out_open(out, '{');
	json_out_member(out, "organization", user->organisation);
	json_out_key(out, "manager");
	json_out_open(out, '{');
	json_out_member(out, "value", user->created_by);
	json_out_close(out, '}');
	json_out_close(out, '}');
}

enum err
scim_write_user(struct bytes *bytes, const struct scim_user *user)
{
	struct json_out out;

	json_out_init(&out, bytes);
	json_out_open(&out, '{');
	json_out_key(&out, "schemas");
	json_out_open(&out, '[');
	json_out_text(&out, CORE);
	json_out_text(&out, ENTERPRISE);
	json_out_close(&out, ']');
	json_out_member(&out, "userName", user->login);
	write_name(&out, user);
	json_out_key(&out, "emails");
	json_out_open(&out, '[');
	json_out_open(&out, '{');
	json_out_member(&out, "value", user->email);
	json_out_key(&out, "primary");
	json_out_bool(&out, true);
	json_out_close(&out, '}');
	json_out_close(&out, ']');
	json_out_member(&out, "userType", user->role);
	json_out_member(&out, "password", user->password);
	json_out_key(&out, "active");
	json_out_bool(&out, true);
	write_enterprise(&out, user);
	json_out_close(&out, '}');
	return out.err;
}

static size_t
collect(char *data, size_t size, size_t count, void *context)
{
	struct bytes *answer = context;

	return bytes_append(answer, data, size * count) == ERR_NONE ? size * count : 0;
}

static struct curl_slist *
make_headers(const struct scim_target *target)
{
	char authorization[512];
	struct curl_slist *list = NULL;
	struct curl_slist *more;
	const char *const lines[] = {"Content-Type: application/scim+json",
	    "Accept: application/scim+json", "Expect:", authorization};

	(void)snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", target->token);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		more = curl_slist_append(list, lines[i]);
		if (more == NULL) {
			curl_slist_free_all(list);
			list = NULL;
			break;
		}
		list = more;
	}
	bytes_zero(authorization, sizeof(authorization));
	return list;
}

static enum err
post(CURL *curl, const struct scim_target *target, const struct bytes *body, struct bytes *answer,
    long *ret_status)
{
	struct curl_slist *headers = make_headers(target);
	char url[512];
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (headers == NULL)
		return ERR_NOMEM;
	(void)snprintf(url, sizeof(url), "http://localhost%s", target->path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, target->socket_path);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)body->data);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->len);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_slist_free_all(headers);
	return code == CURLE_OK ? ERR_NONE : ERR_IO;
}

static enum err
judge(long status)
{
	switch (status) {
	case 200:
	case 201:
		return ERR_NONE;
	case 409:
		return ERR_EXISTS;
	case 400:
	case 422:
		return ERR_USAGE;
	case 401:
	case 403:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

enum err
scim_create(const struct scim_target *target, const struct scim_user *user,
    char ret_detail[SCIM_DETAIL_MAX])
{
	struct bytes body;
	struct bytes answer;
	long status = 0;
	CURL *curl = curl_easy_init();
	enum err err;

	if (curl == NULL)
		return ERR_NOMEM;
	bytes_init(&body, HTTP_BODY_MAX);
	bytes_init(&answer, ANSWER_MAX);
	err = scim_write_user(&body, user);
	if (err == ERR_NONE)
		err = post(curl, target, &body, &answer, &status);
	if (err == ERR_NONE)
		err = judge(status);
	ret_detail[0] = '\0';
	if (err == ERR_USAGE)
		http_find_text(&answer, "detail", ret_detail, SCIM_DETAIL_MAX);
	curl_easy_cleanup(curl);
	bytes_wipe(&body);
	bytes_wipe(&answer);
	return err;
}
