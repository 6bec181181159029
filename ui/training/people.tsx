/* The list of job seekers: search, pages, export. */
import { useEffect, useState } from "preact/hooks";
import { Field } from "../shared/form";
import { useAction, useGet } from "../shared/hooks";
import { download, query as queryOf } from "../shared/http";
import { useFormat } from "../shared/i18n";
import { Heading, Status } from "../shared/layout";
import type { People, Person } from "./api";
import { Loading, Refusal, personHref, useWords } from "./common";
import { go, type Route } from "./router";

const SIZE = 50;

function Search({ query }: { query: string }) {
	const t = useWords();
	const [text, setText] = useState(query);
	useEffect(() => setText(query), [query]);
	const submit = (event: Event) => {
		event.preventDefault();
		go("people", { query: text.trim() });
	};
	return (
		<form role="search" class="card" onSubmit={submit}>
			<div class="row">
				<Field
					label={t("searchLabel")}
					hint={t("searchHint")}
					name="query"
					type="search"
					value={text}
					onValue={setText}
					optional
					maxLength={60}
					autoComplete="off"
				/>
				<button type="submit" class="primary">
					{t("search")}
				</button>
				{query !== "" && (
					<a class="button" href="#/people">
						{t("clear")}
					</a>
				)}
			</div>
		</form>
	);
}

function Row({ person }: { person: Person }) {
	const t = useWords();
	const format = useFormat();
	return (
		<tr>
			<th scope="row">
				<a href={personHref(person.id)}>
					{person.family_name} {person.given_name}
				</a>
			</th>
			<td class="figure">{person.id}</td>
			<td>{format.day(person.birth_date)}</td>
			<td>
				{person.address.street}, {person.address.postal_code} {person.address.city}
			</td>
			<td>{person.telephone ?? t("none")}</td>
			<td>{person.email ?? t("none")}</td>
			<td>{t(`status.${person.status}`)}</td>
		</tr>
	);
}

function Table({ list }: { list: People }) {
	const t = useWords();
	return (
		<div class="scroll" role="region" aria-label={t("people")} tabIndex={0}>
			<table>
				<caption>{t("pageOf", { page: list.page, pages: list.pages })}</caption>
				<thead>
					<tr>
						<th scope="col">{t("name")}</th>
						<th scope="col">{t("identifier")}</th>
						<th scope="col">{t("birth")}</th>
						<th scope="col">{t("home")}</th>
						<th scope="col">{t("telephone")}</th>
						<th scope="col">{t("email")}</th>
						<th scope="col">{t("status")}</th>
					</tr>
				</thead>
				<tbody>
					{list.people.map((person) => (
						<Row key={person.id} person={person} />
					))}
				</tbody>
			</table>
		</div>
	);
}

function Pager({ list, query }: { list: People; query: string }) {
	const t = useWords();
	const [wanted, setWanted] = useState("");
	if (list.pages <= 1) return null;
	const to = (page: number) => go("people", { query, page });
	const jump = (event: Event) => {
		event.preventDefault();
		const page = Number(wanted);
		if (page >= 1 && page <= list.pages) to(page);
	};
	return (
		<nav class="pager" aria-label={t("pages")}>
			<button type="button" disabled={list.page <= 1} onClick={() => to(list.page - 1)}>
				{t("previous")}
			</button>
			<button type="button" disabled={list.page >= list.pages} onClick={() => to(list.page + 1)}>
				{t("next")}
			</button>
			<form onSubmit={jump}>
				<label for="wanted-page">{t("goTo")}</label>
				<input
					id="wanted-page"
					type="number"
					min={1}
					max={list.pages}
					value={wanted}
					onInput={(event) => setWanted(event.currentTarget.value)}
				/>
				<button type="submit">{t("go")}</button>
			</form>
		</nav>
	);
}

function Found({ list }: { list: People }) {
	const t = useWords();
	const format = useFormat();
	if (list.total === 0) return <p role="status">{t("foundNone")}</p>;
	return <p role="status">{list.total === 1 ? t("foundOne") : t("found", { n: format.number(list.total) })}</p>;
}

export function PeoplePage({ route }: { route: Route }) {
	const t = useWords();
	const query = route.query.get("query") ?? "";
	const page = Math.max(1, Number(route.query.get("page") ?? "1") || 1);
	const { data, problem, busy, reload } = useGet<People>(`/api/people${queryOf({ query, page, size: SIZE })}`);
	const saving = useAction();
	const [said, setSaid] = useState("");
	const save = async () => {
		setSaid("");
		if (await saving.run(() => download(`/api/people.csv${queryOf({ query })}`, "people.csv")))
			setSaid(t("exported"));
	};
	return (
		<>
			<Heading title={t("people")} brand={t("brand")} />
			<Status text={said} />
			<Search query={query} />
			<Refusal problem={problem} retry={reload} />
			<Refusal problem={saving.problem} />
			{data === null && <Loading busy={busy} />}
			{data !== null && (
				<>
					<div class="toolbar">
						<Found list={data} />
						<button type="button" aria-disabled={saving.busy} onClick={save}>
							{saving.busy ? t("exporting") : t("exportCsv")}
						</button>
					</div>
					{data.total > 0 && <Table list={data} />}
					<Pager list={data} query={query} />
				</>
			)}
		</>
	);
}
