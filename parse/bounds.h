/* bounds: what the scanners promise to those who keep what they find. */
#ifndef PARSE_BOUNDS_H
#define PARSE_BOUNDS_H

/* Longest canonical identifier of a person, in bytes. */
#define PERSON_ID_MAX 64

/* Most fields that one meter may name; bit i of a mask is the meter's field i. */
#define METER_FIELDS_MAX 32

#endif
