/* population: see the header. Shares are rounded from published orders of magnitude. */
#include "services/training/population.h"

#include <stdio.h>
#include <string.h>

#include "services/training/fold.h"

#define PERIOD 10000000u

void
population_identifier(const struct population *p, uint64_t index, char out[9])
{
	/* 7368787 shares no factor with 10^7: each block of 10^7 visits every number once. */
	uint64_t shift = prng_mix(p->seed + 17) % PERIOD;
	uint64_t digits = (index % PERIOD * 7368787 + shift) % PERIOD;
	unsigned letter = (unsigned)((prng_mix(digits + p->seed) + index / PERIOD) % 26);

	(void)snprintf(out, 9, "%07u%c", (unsigned)digits, (char)('A' + letter));
}

/* An age between 16 and 64, young adults more often. */
static unsigned
draw_age(struct prng *prng)
{
	static const struct {
		unsigned percent;
		unsigned from;
		unsigned years;
	} bands[] = {{1, 16, 2}, {15, 18, 7}, {26, 25, 10}, {24, 35, 10}, {20, 45, 10}, {14, 55, 10}};
	unsigned drawn = prng_below(prng, 100);
	size_t i = 0;

	while (drawn >= bands[i].percent)
		drawn -= bands[i++].percent;
	return bands[i].from + prng_below(prng, bands[i].years);
}

/* 28 days a month: every date exists. */
static void
draw_date(struct prng *prng, unsigned year, char out[11])
{
	unsigned month = 1 + prng_below(prng, 12);
	unsigned day = 1 + prng_below(prng, 28);

	(void)snprintf(out, 11, "%04u-%02u-%02u", year % 10000, month, day);
}

/* Letters and digits of a folded name, in small letters. */
static void
mail_part(const char *name, char *out, size_t size)
{
	char key[64];
	size_t len = 0;

	fold_text(name, key, sizeof(key));
	for (size_t i = 0; key[i] != '\0' && len + 1 < size; i++)
		if (key[i] != ' ')
			out[len++] = (char)(key[i] >= 'A' ? key[i] + 32 : key[i]);
	out[len] = '\0';
}

static void
draw_email(struct prng *prng, const char *given, const char *family, char out[96])
{
	static const char *const domains[] = {"courrier.example", "poste.example", "boite.example",
	    "messagerie.example", "maboite.example"};
	char left[32];
	char right[32];
	unsigned number = prng_below(prng, 10000);
	const char *domain = domains[prng_below(prng, 5)];

	mail_part(given, left, sizeof(left));
	mail_part(family, right, sizeof(right));
	(void)snprintf(out, 96, "%s.%s%u@%s", left, right, number, domain);
}

/* Ranges that nobody can be given: ARCEP decision 2018-0881, annex, audiovisual works. */
static void
draw_telephone(struct prng *prng, unsigned region, char out[16])
{
	const char *range = "06 39 98";
	unsigned a = prng_below(prng, 100);
	unsigned b = prng_below(prng, 100);

	if (prng_below(prng, 100) < 20 && region >= 11) {
		if (region == 11)
			range = "01 99 00";
		else if (region == 24 || region == 28 || region == 52 || region == 53)
			range = "02 61 91";
		else if (region == 27 || region == 32 || region == 44)
			range = "03 53 01";
		else if (region == 75 || region == 76)
			range = "05 36 49";
		else
			range = "04 65 71";
	}
	(void)snprintf(out, 16, "%s %02u %02u", range, a, b);
}

static void
draw_home(const struct population *p, struct prng *prng, struct population_person *person)
{
	const struct reference_commune *commune = reference_commune(p->reference, prng);
	const char *street = reference_street(p->reference, prng);
	unsigned number = 1 + prng_below(prng, prng_below(prng, 4) == 0 ? 180 : 40);
	const char *suffix = prng_below(prng, 25) == 0 ? " bis" : "";

	person->city = commune->name;
	person->city_code = commune->code;
	person->postal_code = commune->postal[prng_below(prng, (uint32_t)commune->postal_count)];
	(void)snprintf(person->street, sizeof(person->street), "%u%s %s", number, suffix, street);
	person->telephone[0] = '\0';
	if (prng_below(prng, 100) < 96)
		draw_telephone(prng, commune->region, person->telephone);
}

static void
draw_registration(struct prng *prng, struct population_person *person)
{
	unsigned drawn = prng_below(prng, 100);

	person->status = drawn < 80 ? "registered" : drawn < 90 ? "in-training" : "left";
	person->category[0] = "AAAAABBCCE"[prng_below(prng, 10)];
	if (drawn >= 80 && drawn < 90)
		person->category[0] = 'D';
	person->category[1] = '\0';
	draw_date(prng, POPULATION_YEAR - 1 - prng_below(prng, 3), person->registered_on);
}

static void
draw_guardian(const struct population *p, struct prng *prng, struct population_person *person)
{
	char sex = prng_below(prng, 2) == 0 ? 'f' : 'm';
	unsigned year = POPULATION_YEAR - 38 - prng_below(prng, 20);
	const char *given = reference_given_name(p->reference, prng, sex, year);

	(void)snprintf(person->guardian_name, sizeof(person->guardian_name), "%s %s", given,
	    person->family_name);
	draw_email(prng, given, person->family_name, person->guardian_email);
}

void
population_person(const struct population *p, uint64_t index, struct population_person *ret_person)
{
	struct prng prng = prng_stream(p->seed, POPULATION_PERSON, index);
	struct population_person *person = ret_person;
	unsigned age = draw_age(&prng);
	char sex = prng_below(&prng, 2) == 0 ? 'f' : 'm';

	population_identifier(p, index, person->id);
	person->family_name = reference_family_name(p->reference, &prng);
	person->given_name = reference_given_name(p->reference, &prng, sex, POPULATION_YEAR - age);
	draw_date(&prng, POPULATION_YEAR - age, person->birth_date);
	draw_home(p, &prng, person);
	draw_registration(&prng, person);
	person->email[0] = '\0';
	if (prng_below(&prng, 100) < 96)
		draw_email(&prng, person->given_name, person->family_name, person->email);
	person->guardian_name[0] = '\0';
	person->guardian_email[0] = '\0';
	if (age < 18)
		draw_guardian(p, &prng, person);
}

/* The Luhn sum of nine digits; every real SIREN has one that ends in 0. */
static unsigned
luhn(const char digits[9])
{
	unsigned sum = 0;

	for (size_t i = 0; i < 9; i++) {
		unsigned digit = (unsigned)(digits[i] - '0') * (i % 2 == 1 ? 2u : 1u);
		sum += digit > 9 ? digit - 9 : digit;
	}
	return sum % 10;
}

void
population_body(const struct population *p, size_t index, struct population_body *ret_body)
{
	struct prng prng = prng_stream(p->seed, POPULATION_BODY, index);
	const struct reference_commune *commune = reference_commune(p->reference, &prng);
	struct population_body *body = ret_body;

	(void)snprintf(body->key, sizeof(body->key), "body-%03zu", (index + 1) % 1000000);
	(void)snprintf(body->name, sizeof(body->name), "%s, %s",
	    reference_body_name(p->reference, index + p->seed % 30), commune->name);
	(void)snprintf(body->siret, sizeof(body->siret), "9%08u%05u",
	    prng_below(&prng, 100000000), 10 + prng_below(&prng, 80));
	/* One off a valid check digit is never valid: the number can be nobody's. */
	if (luhn(body->siret) == 0)
		body->siret[8] = (char)('0' + (body->siret[8] - '0' + 1) % 10);
	body->city = commune->name;
	body->postal_code = commune->postal[0];
}

void
population_account(
    const struct population *p, size_t body, size_t at, struct population_account *ret_account)
{
	struct prng prng = prng_stream(p->seed, POPULATION_BODY, (body + 1) << 20 | (at + 1));
	struct population_account *account = ret_account;
	char sex = prng_below(&prng, 2) == 0 ? 'f' : 'm';
	unsigned year = POPULATION_YEAR - 25 - prng_below(&prng, 35);
	const char *given = reference_given_name(p->reference, &prng, sex, year);
	const char *family = reference_family_name(p->reference, &prng);

	if (at == 0)
		(void)snprintf(account->login, sizeof(account->login), "manager-%03zu", body + 1);
	else
		(void)snprintf(account->login, sizeof(account->login), "partner-%03zu-%zu", body + 1, at);
	(void)snprintf(account->name, sizeof(account->name), "%s %s", given, family);
	(void)snprintf(account->email, sizeof(account->email), "%s@body-%03zu.example",
	    account->login, body + 1);
	account->role = at == 0 ? "manager" : "partner";
}
