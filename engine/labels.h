/*
 * labels: numbers of the index back to names, as pieces of JSON text, each
 * looked up once. Private to engine/; on the loop's thread only.
 */
#ifndef ENGINE_LABELS_H
#define ENGINE_LABELS_H

#include "base/bytes.h"
#include "engine/engine.h"

struct labels;

MUST_CHECK enum err labels_open(struct engine *engine, struct labels **ret_labels);
void labels_free(struct labels *labels);

/* "space":"jobseeker","person":"P1" */
MUST_CHECK enum err labels_append_person(struct labels *labels, uint8_t space, const uint8_t *id, uint8_t id_len,
    struct bytes *out);
/* ,"identity":7,"login":"lea" */
MUST_CHECK enum err labels_append_identity(struct labels *labels, uint32_t identity, struct bytes *out);
/* ,"route":"person.show","meter":"person","fields":["name"] */
MUST_CHECK enum err labels_append_place(struct labels *labels, uint16_t route, uint16_t meter, uint32_t fields,
    struct bytes *out);

#endif
