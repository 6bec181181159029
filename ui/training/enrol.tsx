/* Enrol a job seeker in one of the trainings of a body. */
import { useEffect, useState } from "preact/hooks";
import { Choice, Field, Submit } from "../shared/form";
import { useAction, useGet } from "../shared/hooks";
import { post } from "../shared/http";
import { Heading, Status } from "../shared/layout";
import type { Body, Enrolment, Me, Training } from "./api";
import { Refusal, personHref, personName, useWords } from "./common";

/* The first option, once there are any, when what was chosen is none of them. */
function useChoice(options: { value: string }[]) {
	const [value, setValue] = useState("");
	const first = options[0]?.value ?? "";
	const valid = options.some((option) => option.value === value);
	useEffect(() => {
		if (!valid) setValue(first);
	}, [valid, first]);
	return [valid ? value : first, setValue] as const;
}

function useBodies(me: Me) {
	const { data } = useGet<{ bodies: Body[] }>(me.organisation === null ? "/api/bodies" : null);
	return (data?.bodies ?? []).map((one) => ({ value: one.key, label: one.name }));
}

function useTrainings(body: string) {
	const { data } = useGet<{ trainings: Training[] }>(
		body === "" ? null : `/api/trainings?body=${encodeURIComponent(body)}`,
	);
	return (data?.trainings ?? []).map((one) => ({ value: String(one.number), label: one.title }));
}

function EnrolForm({ me, done }: { me: Me; done: (enrolment: Enrolment) => void }) {
	const t = useWords();
	const action = useAction();
	const bodies = useBodies(me);
	const [body, setBody] = useChoice(bodies);
	const trainings = useTrainings(me.organisation?.key ?? body);
	const [training, setTraining] = useChoice(trainings);
	const [person, setPerson] = useState("");
	const [birth, setBirth] = useState("");
	const submit = async (event: Event) => {
		event.preventDefault();
		const request = {
			person: person.trim().toUpperCase(),
			training: Number(training),
			...(birth === "" ? {} : { birth_date: birth }),
		};
		await action.run(async () => done(await post<Enrolment>("/api/enrolments", request)));
	};
	return (
		<form class="card" onSubmit={submit}>
			<Refusal problem={action.problem} />
			<p>{t("enrolHelp")}</p>
			<Field
				label={t("identifier")}
				name="person"
				value={person}
				onValue={setPerson}
				pattern="[0-9]{7}[A-Za-z]"
				autoComplete="off"
				hint="1234567A"
			/>
			<Field label={t("birth")} name="birth_date" type="date" value={birth} onValue={setBirth} optional />
			{me.organisation === null && (
				<Choice label={t("chooseBody")} name="body" value={body} onValue={setBody} options={bodies} />
			)}
			<Choice
				label={t("training")}
				name="training"
				value={training}
				onValue={setTraining}
				options={trainings}
			/>
			<Submit busy={action.busy}>{t("enrolButton")}</Submit>
		</form>
	);
}

export function EnrolPage({ me }: { me: Me }) {
	const t = useWords();
	const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
	return (
		<>
			<Heading title={t("enrolTitle")} brand={t("brand")} />
			<Status text={enrolment === null ? "" : t("enrolled", { name: personName(enrolment.person) })} />
			{enrolment !== null && (
				<p>
					<a href={personHref(enrolment.person.id)}>{personName(enrolment.person)}</a>
				</p>
			)}
			<EnrolForm me={me} done={setEnrolment} />
		</>
	);
}
