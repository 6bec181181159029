/* The form of a new quote for one of a job seeker's enrolments. */
import { useId, useState } from "preact/hooks";
import { Choice, Field, Submit } from "../shared/form";
import { useAction } from "../shared/hooks";
import { post } from "../shared/http";
import type { Enrolment } from "./api";
import { Refusal, useWords } from "./common";

/* "1250,50" or "1250.50" in cents; NaN where it is neither. */
export function cents(text: string): number {
	const match = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.trim());
	return match === null ? NaN : Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
}

interface NewQuoteProps {
	enrolments: Enrolment[];
	done: (words: string) => void;
}

export function NewQuote({ enrolments, done }: NewQuoteProps) {
	const t = useWords();
	const check = useId();
	const action = useAction();
	const [enrolment, setEnrolment] = useState(String(enrolments[0]?.number ?? ""));
	const [hours, setHours] = useState("");
	const [amount, setAmount] = useState("");
	const [starts, setStarts] = useState("");
	const [send, setSend] = useState(true);
	const submit = async (event: Event) => {
		event.preventDefault();
		const body = {
			enrolment: Number(enrolment),
			hours: Number(hours),
			amount_cents: cents(amount),
			starts_on: starts,
			send,
		};
		if (await action.run(() => post("/api/quotes", body))) done(t("quoteCreated"));
	};
	const choices = enrolments.map((one) => ({ value: String(one.number), label: one.training.title }));
	return (
		<section class="card" aria-labelledby="new-quote">
			<h2 id="new-quote">{t("newQuote")}</h2>
			<Refusal problem={action.problem} />
			<form onSubmit={submit}>
				<Choice
					label={t("quoteFor")}
					name="enrolment"
					value={enrolment}
					onValue={setEnrolment}
					options={choices}
				/>
				<Field
					label={t("hours")}
					name="hours"
					type="number"
					min={1}
					max={5000}
					value={hours}
					onValue={setHours}
				/>
				<Field
					label={t("amountEuros")}
					hint={t("amountHint")}
					name="amount"
					inputMode="decimal"
					pattern="[0-9]{1,6}([.,][0-9]{1,2})?"
					value={amount}
					onValue={setAmount}
				/>
				<Field label={t("starts")} name="starts_on" type="date" value={starts} onValue={setStarts} />
				<div class="check">
					<input
						id={check}
						type="checkbox"
						checked={send}
						onChange={(e) => setSend(e.currentTarget.checked)}
					/>
					<label for={check}>{t("sendNow")}</label>
				</div>
				<Submit busy={action.busy}>{t("createQuote")}</Submit>
			</form>
		</section>
	);
}
