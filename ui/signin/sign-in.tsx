/* Signing in: login and password, then a code where the account has a second factor. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Field, Submit } from "../shared/form";
import { useAction } from "../shared/hooks";
import { Problem, post } from "../shared/http";
import { Heading } from "../shared/layout";
import {
	CodeField,
	Notice,
	Page,
	api,
	digits,
	goOn,
	isAboutInput,
	nextPath,
	refusalWords,
	start,
	useService,
} from "./common";
import { useWords, type Word } from "./words";

type Answer = { ticket: string } | { next: string };

interface PasswordProps {
	brand: string;
	/* What happened to the sign-in before, in words. */
	notice: string;
	onTicket: (ticket: string) => void;
}

function PasswordStep({ brand, notice, onTicket }: PasswordProps) {
	const t = useWords();
	const [login, setLogin] = useState("");
	const [password, setPassword] = useState("");
	const [missing, setMissing] = useState<"" | "login" | "password">("");
	const loginInput = useRef<HTMLInputElement>(null);
	const passwordInput = useRef<HTMLInputElement>(null);
	const { busy, problem, run } = useAction();
	const about = isAboutInput(problem);

	useEffect(() => loginInput.current?.focus(), []);
	useEffect(() => {
		if (problem !== null) passwordInput.current?.focus();
	}, [problem]);

	const submit = async (event: Event) => {
		event.preventDefault();
		const empty = login.trim() === "" ? "login" : password === "" ? "password" : "";
		setMissing(empty);
		if (empty !== "") {
			(empty === "login" ? loginInput : passwordInput).current?.focus();
			return;
		}
		await run(async () => {
			const body = { login: login.trim(), password, next: nextPath() };
			const answer = await post<Answer>(`${api}/sign-in`, body).finally(() => setPassword(""));
			if ("ticket" in answer) onTicket(answer.ticket);
			else goOn(answer.next);
		});
	};

	const error = (field: "login" | "password") => (missing === field ? t(`missing.${field}` as Word) : "");
	const refused = missing === "" ? refusalWords(problem, "wrong.password", t) : "";
	return (
		<form class="card" noValidate onSubmit={submit}>
			<Heading title={t("signIn")} brand={brand} focus={false} />
			<Notice text={problem === null ? notice : about ? "" : refused} />
			<Field
				label={t("login")}
				name="login"
				value={login}
				onValue={setLogin}
				autoComplete="username"
				autoCapitalize="none"
				spellcheck={false}
				error={error("login")}
				inputRef={loginInput}
			/>
			<Field
				label={t("password")}
				name="password"
				type="password"
				value={password}
				onValue={setPassword}
				autoComplete="current-password"
				error={error("password") || (about ? refused : "")}
				inputRef={passwordInput}
			/>
			<Submit busy={busy}>{t("signIn")}</Submit>
		</form>
	);
}

interface CodeProps {
	brand: string;
	ticket: string;
	onAgain: (expired: boolean) => void;
}

function CodeStep({ brand, ticket, onAgain }: CodeProps) {
	const t = useWords();
	const [code, setCode] = useState("");
	const [missing, setMissing] = useState(false);
	const input = useRef<HTMLInputElement>(null);
	const { busy, problem, run } = useAction();
	const about = isAboutInput(problem);
	const refused = refusalWords(problem, "wrong.code", t);

	useEffect(() => input.current?.focus(), [problem]);

	const send = async () => {
		try {
			const body = { ticket, code: digits(code), next: nextPath() };
			goOn((await post<{ next: string }>(`${api}/second-factor`, body)).next);
		} catch (error) {
			setCode("");
			if (error instanceof Problem && error.status === 410) onAgain(true);
			else throw error;
		}
	};
	const submit = async (event: Event) => {
		event.preventDefault();
		setMissing(digits(code).length !== 6);
		if (digits(code).length === 6) await run(send);
		else input.current?.focus();
	};

	return (
		<form class="card" noValidate onSubmit={submit}>
			<Heading title={t("codeTitle")} brand={brand} focus={false} />
			<p class="lead">{t("codeLead")}</p>
			<Notice text={about || missing ? "" : refused} />
			<CodeField
				value={code}
				onValue={setCode}
				error={missing ? t("missing.code") : about ? refused : ""}
				inputRef={input}
			/>
			<div class="acts">
				<Submit busy={busy}>{t("confirm")}</Submit>
				<button type="button" onClick={() => onAgain(false)}>
					{t("otherAccount")}
				</button>
			</div>
		</form>
	);
}

function SignIn() {
	const t = useWords();
	const brand = useService();
	const [ticket, setTicket] = useState("");
	const [expired, setExpired] = useState(false);
	const again = (late: boolean) => {
		setTicket("");
		setExpired(late);
	};
	return (
		<Page brand={brand}>
			<div class="narrow">
				{ticket === "" ? (
					<PasswordStep brand={brand} notice={expired ? t("expired") : ""} onTicket={setTicket} />
				) : (
					<CodeStep brand={brand} ticket={ticket} onAgain={again} />
				)}
			</div>
		</Page>
	);
}

start(<SignIn />);
