/* entries: declarations that a job seeker has entered the training, and attendance. */
#ifndef SERVICES_TRAINING_ENTRIES_H
#define SERVICES_TRAINING_ENTRIES_H

struct http_call;

void entries_list(struct http_call *call);              /* GET /api/entries */
void entries_create(struct http_call *call);            /* POST /api/entries */
void entries_attendance(struct http_call *call);        /* GET /api/entries/{number}/attendance */
void entries_attendance_record(struct http_call *call); /* POST, the same */

#endif
