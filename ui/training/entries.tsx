/* Declared entries into training, and the hours attended week by week. */
import { useState } from "preact/hooks";
import { Field, Submit } from "../shared/form";
import { useAction, useGet } from "../shared/hooks";
import { post, query } from "../shared/http";
import { useFormat } from "../shared/i18n";
import { Heading, Status } from "../shared/layout";
import type { Attendance, Entries, Entry, Me } from "./api";
import { Loading, Refusal, personHref, personName, useWords } from "./common";

function WeekForm({ entry, done }: { entry: number; done: () => void }) {
	const t = useWords();
	const action = useAction();
	const [week, setWeek] = useState("");
	const [hours, setHours] = useState("");
	const submit = async (event: Event) => {
		event.preventDefault();
		const body = { week, hours: Number(hours) };
		if (await action.run(() => post(`/api/entries/${entry}/attendance`, body))) done();
	};
	return (
		<form class="row" onSubmit={submit}>
			<Refusal problem={action.problem} />
			<Field label={t("week")} name="week" type="date" step={7} min={0} value={week} onValue={setWeek} />
			<Field label={t("hours")} name="hours" type="number" min={0} max={48} value={hours} onValue={setHours} />
			<Submit busy={action.busy}>{t("record")}</Submit>
		</form>
	);
}

function Weeks({ me, entry }: { me: Me; entry: Entry }) {
	const t = useWords();
	const format = useFormat();
	const [said, setSaid] = useState("");
	const { data, problem, busy, reload } = useGet<Attendance>(`/api/entries/${entry.number}/attendance`);
	return (
		<div class="card">
			<h2>
				{t("attendance")}: {personName(entry.person)}, {entry.training.title}
			</h2>
			<Status text={said} />
			<Refusal problem={problem} retry={reload} />
			{data === null && <Loading busy={busy} />}
			{data?.weeks.length === 0 && <p>{t("noneYet")}</p>}
			<ul>
				{data?.weeks.map((one) => (
					<li key={one.week}>
						{format.day(one.week)}: {one.hours} h
					</li>
				))}
			</ul>
			{me.profile !== "agent" && (
				<WeekForm
					entry={entry.number}
					done={() => {
						setSaid(t("recorded"));
						reload();
					}}
				/>
			)}
		</div>
	);
}

function Row({ entry, open }: { entry: Entry; open: () => void }) {
	const t = useWords();
	const format = useFormat();
	return (
		<tr>
			<th scope="row">
				<a href={personHref(entry.person.id)}>{personName(entry.person)}</a>
			</th>
			<td>{entry.training.title}</td>
			<td>{entry.body.name}</td>
			<td>{format.day(entry.starts_on)}</td>
			<td>{format.time(entry.declared_at)}</td>
			<td>
				<button
					type="button"
					onClick={open}
					aria-label={t("actFor", {
						action: t("attendance"),
						training: entry.training.title,
						name: personName(entry.person),
					})}
				>
					{t("attendance")}
				</button>
			</td>
		</tr>
	);
}

function Table({ entries, open }: { entries: Entry[]; open: (entry: Entry) => void }) {
	const t = useWords();
	if (entries.length === 0) return <p>{t("noneYet")}</p>;
	return (
		<div class="scroll" role="region" aria-label={t("entries")} tabIndex={0}>
			<table>
				<caption class="hidden">{t("entries")}</caption>
				<thead>
					<tr>
						<th scope="col">{t("name")}</th>
						<th scope="col">{t("training")}</th>
						<th scope="col">{t("body")}</th>
						<th scope="col">{t("starts")}</th>
						<th scope="col">{t("declaredAt")}</th>
						<th scope="col">{t("action")}</th>
					</tr>
				</thead>
				<tbody>
					{entries.map((entry) => (
						<Row key={entry.number} entry={entry} open={() => open(entry)} />
					))}
				</tbody>
			</table>
		</div>
	);
}

export function EntriesPage({ me }: { me: Me }) {
	const t = useWords();
	const [before, setBefore] = useState<number | undefined>(undefined);
	const [opened, setOpened] = useState<Entry | null>(null);
	const { data, problem, busy, reload } = useGet<Entries>(`/api/entries${query({ before, size: 50 })}`);
	return (
		<>
			<Heading title={t("entries")} brand={t("brand")} />
			<Refusal problem={problem} retry={reload} />
			{opened !== null && <Weeks key={opened.number} me={me} entry={opened} />}
			{data === null && <Loading busy={busy} />}
			{data !== null && <Table entries={data.entries} open={setOpened} />}
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
