/* The accounts of the own training body, for its account manager. */
import { useState } from "preact/hooks";
import { Choice, Field, Submit } from "../shared/form";
import { useAction, useGet } from "../shared/hooks";
import { post } from "../shared/http";
import { useFormat } from "../shared/i18n";
import { Heading, Status } from "../shared/layout";
import type { Account } from "./api";
import { Loading, Refusal, useWords } from "./common";

const empty = { login: "", given_name: "", family_name: "", email: "", role: "partner", password: "" };

function NewAccount({ done }: { done: (account: Account) => void }) {
	const t = useWords();
	const action = useAction();
	const [values, setValues] = useState(empty);
	const field = (name: keyof typeof empty) => ({
		name,
		value: values[name],
		onValue: (value: string) => setValues((before) => ({ ...before, [name]: value })),
	});
	const submit = async (event: Event) => {
		event.preventDefault();
		const created = await action.run(async () => done(await post<Account>("/api/accounts", values)));
		if (created) setValues(empty);
	};
	const roles = [
		{ value: "partner", label: t("role.partner") },
		{ value: "manager", label: t("role.manager") },
	];
	return (
		<section class="card" aria-labelledby="new-account">
			<h2 id="new-account">{t("newAccount")}</h2>
			<p>{t("accountHelp")}</p>
			<Refusal problem={action.problem} />
			<form onSubmit={submit}>
				<Field {...field("given_name")} label={t("givenName")} maxLength={60} autoComplete="off" />
				<Field {...field("family_name")} label={t("familyName")} maxLength={60} autoComplete="off" />
				<Field {...field("email")} label={t("email")} type="email" maxLength={120} autoComplete="off" />
				<Field
					{...field("login")}
					label={t("login")}
					hint={t("loginHint")}
					pattern="[a-z0-9][a-z0-9._\-]{2,62}"
					autoComplete="off"
				/>
				<Choice {...field("role")} label={t("role")} options={roles} />
				<Field
					{...field("password")}
					label={t("password")}
					hint={t("passwordHint")}
					type="password"
					minLength={12}
					maxLength={128}
					autoComplete="new-password"
				/>
				<Submit busy={action.busy}>{t("createAccount")}</Submit>
			</form>
		</section>
	);
}

function Row({ account }: { account: Account }) {
	const t = useWords();
	const format = useFormat();
	return (
		<tr>
			<th scope="row">{account.login}</th>
			<td>{account.name}</td>
			<td>{account.email}</td>
			<td>
				{t(`role.${account.role}`)}
				{account.state === "pending" && <> ({t("pending")})</>}
			</td>
			<td>{account.created_by ?? ""}</td>
			<td>{format.time(account.created_at)}</td>
		</tr>
	);
}

export function AccountsPage() {
	const t = useWords();
	const [said, setSaid] = useState("");
	const { data, problem, busy, reload } = useGet<{ accounts: Account[] }>("/api/accounts");
	const created = (account: Account) => {
		setSaid(t("accountCreated", { login: account.login }));
		reload();
	};
	return (
		<>
			<Heading title={t("accounts")} brand={t("brand")} />
			<Status text={said} />
			<Refusal problem={problem} retry={reload} />
			{data === null && <Loading busy={busy} />}
			{data !== null && (
				<div class="scroll" role="region" aria-label={t("accounts")} tabIndex={0}>
					<table>
						<caption class="hidden">{t("accounts")}</caption>
						<thead>
							<tr>
								<th scope="col">{t("login")}</th>
								<th scope="col">{t("name")}</th>
								<th scope="col">{t("email")}</th>
								<th scope="col">{t("role")}</th>
								<th scope="col">{t("createdBy")}</th>
								<th scope="col">{t("createdAt")}</th>
							</tr>
						</thead>
						<tbody>
							{data.accounts.map((account) => (
								<Row key={account.login} account={account} />
							))}
						</tbody>
					</table>
				</div>
			)}
			<NewAccount done={created} />
		</>
	);
}
