/* The job seeker's own view: quotes to answer, trainings, and the record. */
import { useState } from "preact/hooks";
import { useGet } from "../shared/hooks";
import { Heading, Status } from "../shared/layout";
import type { Enrolments, PersonRecord, Quotes } from "./api";
import { Loading, Refusal, useWords } from "./common";
import { QuoteCards, QuoteTable } from "./quotes";
import { EnrolmentList, Facts } from "./record";

export function MinePage({ person }: { person: string }) {
	const t = useWords();
	const [said, setSaid] = useState("");
	const record = useGet<PersonRecord>(`/api/people/${encodeURIComponent(person)}`);
	const enrolments = useGet<Enrolments>("/api/enrolments");
	const quotes = useGet<Quotes>("/api/quotes");
	const all = (quotes.data?.quotes ?? []).filter((quote) => quote.state !== "draft");
	const waiting = all.filter((quote) => quote.state === "sent");
	const answered = all.filter((quote) => quote.state !== "sent");
	const done = (words: string) => {
		setSaid(words);
		quotes.reload();
	};
	return (
		<>
			<Heading title={t("mine")} brand={t("brand")} />
			<Status text={said} />
			<Refusal problem={record.problem ?? quotes.problem ?? enrolments.problem} retry={record.reload} />
			{record.data === null && <Loading busy={record.busy} />}
			{quotes.data !== null && (
				<section>
					<h2>{t("toAnswer")}</h2>
					<QuoteCards quotes={waiting} done={done} />
				</section>
			)}
			{enrolments.data !== null && (
				<section>
					<h2>{t("myTrainings")}</h2>
					<EnrolmentList enrolments={enrolments.data} />
				</section>
			)}
			{answered.length > 0 && (
				<section>
					<h2>{t("myQuotes")}</h2>
					<QuoteTable me={null} quotes={answered} done={done} />
				</section>
			)}
			{record.data !== null && (
				<section>
					<h2>{t("myData")}</h2>
					<Facts person={record.data} />
				</section>
			)}
		</>
	);
}
