/* One job seeker's record, with enrolments, quotes and what can be done next. */
import { useState } from "preact/hooks";
import { useGet } from "../shared/hooks";
import { useFormat } from "../shared/i18n";
import { Heading, Status } from "../shared/layout";
import type { Enrolments, Me, PersonRecord, Quotes } from "./api";
import { Loading, Refusal, personName, useWords } from "./common";
import { NewQuote } from "./quote-form";
import { QuoteTable } from "./quotes";

export function Facts({ person }: { person: PersonRecord }) {
	const t = useWords();
	const format = useFormat();
	return (
		<dl class="facts card">
			<dt>{t("identifier")}</dt>
			<dd>{person.id}</dd>
			<dt>{t("birth")}</dt>
			<dd>{format.day(person.birth_date)}</dd>
			<dt>{t("home")}</dt>
			<dd>
				{person.address.street}, {person.address.postal_code} {person.address.city}
			</dd>
			<dt>{t("email")}</dt>
			<dd>{person.email ?? t("none")}</dd>
			<dt>{t("telephone")}</dt>
			<dd>{person.telephone ?? t("none")}</dd>
			<dt>{t("status")}</dt>
			<dd>
				{t(`status.${person.status}`)}, {t("category").toLowerCase()} {person.category}
			</dd>
			<dt>{t("registered")}</dt>
			<dd>{format.day(person.registered_on)}</dd>
			{person.guardian !== null && (
				<>
					<dt>{t("guardian")}</dt>
					<dd>
						{person.guardian.name}
						{person.guardian.email !== null && <> · {person.guardian.email}</>}
					</dd>
				</>
			)}
		</dl>
	);
}

export function EnrolmentList({ enrolments }: { enrolments: Enrolments }) {
	const t = useWords();
	const format = useFormat();
	if (enrolments.enrolments.length === 0) return <p>{t("noneYet")}</p>;
	return (
		<ul>
			{enrolments.enrolments.map((one) => (
				<li key={one.number}>
					{one.training.title}, {one.body.name} ({t("since").toLowerCase()} {format.day(one.enrolled_on)})
				</li>
			))}
		</ul>
	);
}

export function RecordPage({ me, id }: { me: Me; id: string }) {
	const t = useWords();
	const [said, setSaid] = useState("");
	const person = useGet<PersonRecord>(`/api/people/${encodeURIComponent(id)}`);
	const found = person.data !== null ? `?person=${encodeURIComponent(id)}` : null;
	const enrolments = useGet<Enrolments>(found && `/api/enrolments${found}`);
	const quotes = useGet<Quotes>(found && `/api/quotes${found}`);
	const staff = me.profile === "partner" || me.profile === "manager";
	const done = (words: string) => {
		setSaid(words);
		quotes.reload();
	};
	return (
		<>
			<p>
				<a href="#/people">{t("back")}</a>
			</p>
			<Heading key={person.data?.id} title={person.data ? personName(person.data) : id} brand={t("brand")} />
			<Status text={said} />
			{person.data === null && <Loading busy={person.busy} />}
			<Refusal problem={person.problem} retry={person.reload} />
			{person.data !== null && <Facts person={person.data} />}
			<Refusal problem={enrolments.problem ?? quotes.problem} />
			{enrolments.data !== null && (
				<section>
					<h2>{t("enrolments")}</h2>
					<EnrolmentList enrolments={enrolments.data} />
				</section>
			)}
			{quotes.data !== null && (
				<section>
					<h2>{t("quotes")}</h2>
					<QuoteTable me={me} quotes={quotes.data.quotes} done={done} />
				</section>
			)}
			{staff && enrolments.data !== null && enrolments.data.enrolments.length > 0 && (
				<NewQuote enrolments={enrolments.data.enrolments} done={done} />
			)}
		</>
	);
}
