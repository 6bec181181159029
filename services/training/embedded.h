/* embedded: files of this folder that are compiled in, see embed.py. */
#ifndef SERVICES_TRAINING_EMBEDDED_H
#define SERVICES_TRAINING_EMBEDDED_H

extern const char embedded_communes[];
extern const char embedded_family_names[];
extern const char embedded_given_names[];
extern const char embedded_streets[];
extern const char embedded_trainings[];
extern const char embedded_body_names[];
extern const char embedded_openapi[];

#endif
