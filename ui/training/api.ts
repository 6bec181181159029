/* The service's answers, as services/training/openapi.json describes them. */
export type Profile = "agent" | "partner" | "manager" | "jobseeker";

export interface Me {
	login: string;
	name: string;
	profile: Profile;
	organisation: { key: string; name: string } | null;
	person: string | null;
	access: "caseload" | "open";
}

export interface Person {
	id: string;
	family_name: string;
	given_name: string;
	birth_date: string;
	address: { street: string; postal_code: string; city: string; city_code: string };
	email: string | null;
	telephone: string | null;
	status: "registered" | "in-training" | "left";
	category: string;
}

export interface PersonRecord extends Person {
	registered_on: string;
	guardian: { name: string; email: string | null } | null;
}

export interface People {
	people: Person[];
	page: number;
	pages: number;
	total: number;
}

export interface Mention {
	id: string;
	family_name: string;
	given_name: string;
}

interface Followed {
	number: number;
	person: Mention;
	body: { key: string; name: string };
	training: { number: number; title: string };
}

export interface Enrolment extends Followed {
	enrolled_on: string;
}

export type QuoteState = "draft" | "sent" | "accepted" | "refused";

export interface Quote extends Followed {
	hours: number;
	amount_cents: number;
	starts_on: string;
	state: QuoteState;
	created_at: string;
	sent_at: string | null;
	answered_at: string | null;
	entry: number | null;
}

export interface Entry extends Followed {
	quote: number;
	starts_on: string;
	declared_at: string;
}

export interface Attendance {
	entry: number;
	weeks: { week: string; hours: number }[];
}

export interface Training {
	number: number;
	title: string;
	hours: number;
	price_cents: number;
	body: string;
}

export interface Body {
	key: string;
	name: string;
	siret: string;
	postal_code: string;
	city: string;
}

export interface Account {
	login: string;
	name: string;
	email: string;
	role: "partner" | "manager";
	state: "pending" | "active";
	created_at: string;
	created_by: string | null;
}

export type Enrolments = { enrolments: Enrolment[]; next: number | null };
export type Quotes = { quotes: Quote[]; next: number | null };
export type Entries = { entries: Entry[]; next: number | null };
