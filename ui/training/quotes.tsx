/* Quotes: the table, and what the profile may do with each of them. */
import { useState } from "preact/hooks";
import { useAction, useGet } from "../shared/hooks";
import { post, query } from "../shared/http";
import { useFormat } from "../shared/i18n";
import { Heading, Status } from "../shared/layout";
import type { Me, Quote, Quotes } from "./api";
import { Loading, Refusal, StateTag, personHref, personName, useWords } from "./common";

interface QuoteTableProps {
	me: Me | null; /* null: the job seeker's own view */
	quotes: Quote[];
	done: (words: string) => void;
}

interface Step {
	label: string;
	words: string;
	run: () => Promise<unknown>;
	primary?: boolean;
}

/* What may be done next with a quote, for this profile. */
function useSteps(me: Me | null) {
	const t = useWords();
	return (quote: Quote): Step[] => {
		const path = `/api/quotes/${quote.number}`;
		const staff = me?.profile === "partner" || me?.profile === "manager";
		if (me === null && quote.state === "sent")
			return [
				{
					label: t("accept"),
					words: t("accepted"),
					run: () => post(`${path}/accept`),
					primary: true,
				},
				{ label: t("refuse"), words: t("refused"), run: () => post(`${path}/refuse`) },
			];
		if (staff && quote.state === "draft")
			return [{ label: t("send"), words: t("sent"), run: () => post(`${path}/send`) }];
		if (staff && quote.state === "accepted" && quote.entry === null) {
			const entry = { quote: quote.number, starts_on: quote.starts_on };
			return [{ label: t("declare"), words: t("declared"), run: () => post("/api/entries", entry) }];
		}
		return [];
	};
}

function Steps({ quote, steps, act }: { quote: Quote; steps: Step[]; act: (step: Step) => void }) {
	const t = useWords();
	if (steps.length === 0) return <>{quote.entry !== null ? t("entered") : ""}</>;
	return (
		<div class="acts">
			{steps.map((step) => (
				<button
					type="button"
					class={step.primary === true ? "primary" : ""}
					aria-label={t("actFor", {
						action: step.label,
						training: quote.training.title,
						name: personName(quote.person),
					})}
					onClick={() => act(step)}
				>
					{step.label}
				</button>
			))}
		</div>
	);
}

function Row({ me, quote, act }: { me: Me | null; quote: Quote; act: (step: Step) => void }) {
	const format = useFormat();
	const steps = useSteps(me);
	return (
		<tr>
			<th scope="row">{quote.training.title}</th>
			{me !== null && (
				<td>
					<a href={personHref(quote.person.id)}>{personName(quote.person)}</a>
				</td>
			)}
			{me?.organisation == null && <td>{quote.body.name}</td>}
			<td class="figure">{format.number(quote.hours)}</td>
			<td class="figure">{format.euros(quote.amount_cents)}</td>
			<td>{format.day(quote.starts_on)}</td>
			<td>
				<StateTag state={quote.state} />
			</td>
			<td>
				<Steps quote={quote} steps={steps(quote)} act={act} />
			</td>
		</tr>
	);
}

export function QuoteTable({ me, quotes, done }: QuoteTableProps) {
	const t = useWords();
	const action = useAction();
	const act = async (step: Step) => {
		if (await action.run(step.run)) done(step.words);
	};
	if (quotes.length === 0) return <p>{t("noneYet")}</p>;
	return (
		<>
			<Refusal problem={action.problem} />
			<div class="scroll" role="region" aria-label={t("quotes")} tabIndex={0}>
				<table>
					<caption class="hidden">{t("quotes")}</caption>
					<thead>
						<tr>
							<th scope="col">{t("training")}</th>
							{me !== null && <th scope="col">{t("name")}</th>}
							{me?.organisation == null && <th scope="col">{t("body")}</th>}
							<th scope="col">{t("hours")}</th>
							<th scope="col">{t("amount")}</th>
							<th scope="col">{t("starts")}</th>
							<th scope="col">{t("state")}</th>
							<th scope="col">{t("action")}</th>
						</tr>
					</thead>
					<tbody>
						{quotes.map((quote) => (
							<Row key={quote.number} me={me} quote={quote} act={act} />
						))}
					</tbody>
				</table>
			</div>
		</>
	);
}

/* Quotes one under the other, for the job seeker who answers them, also on a telephone. */
export function QuoteCards({ quotes, done }: Omit<QuoteTableProps, "me">) {
	const t = useWords();
	const format = useFormat();
	const action = useAction();
	const steps = useSteps(null);
	const act = async (step: Step) => {
		if (await action.run(step.run)) done(step.words);
	};
	if (quotes.length === 0) return <p>{t("noneYet")}</p>;
	return (
		<>
			<Refusal problem={action.problem} />
			{quotes.map((quote) => (
				<article class="card" key={quote.number}>
					<h3>{quote.training.title}</h3>
					<p>
						{quote.body.name}
						<br />
						{format.number(quote.hours)} h · {format.euros(quote.amount_cents)} ·{" "}
						{t("starts").toLowerCase()} {format.day(quote.starts_on)}
					</p>
					<Steps quote={quote} steps={steps(quote)} act={act} />
				</article>
			))}
		</>
	);
}

export function QuotesPage({ me }: { me: Me }) {
	const t = useWords();
	const [before, setBefore] = useState<number | undefined>(undefined);
	const [said, setSaid] = useState("");
	const { data, problem, busy, reload } = useGet<Quotes>(`/api/quotes${query({ before, size: 50 })}`);
	const done = (words: string) => {
		setSaid(words);
		reload();
	};
	return (
		<>
			<Heading title={t("quotes")} brand={t("brand")} />
			<Status text={said} />
			<Refusal problem={problem} retry={reload} />
			{data === null && <Loading busy={busy} />}
			{data !== null && <QuoteTable me={me} quotes={data.quotes} done={done} />}
			{data?.next != null && (
				<p>
					<button type="button" onClick={() => setBefore(data.next ?? undefined)}>
						{t("earlier")}
					</button>
				</p>
			)}
		</>
	);
}
