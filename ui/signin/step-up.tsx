/* One more proof in the middle of a session; afterwards back to where one was. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Submit } from "../shared/form";
import { useAction, useGet } from "../shared/hooks";
import { post } from "../shared/http";
import { Heading } from "../shared/layout";
import {
	CodeField,
	Notice,
	Page,
	api,
	digits,
	goOn,
	isAboutInput,
	isSignedOut,
	nextPath,
	refusalWords,
	start,
	useService,
	withNext,
	type Me,
} from "./common";
import { useWords } from "./words";

function SignInLink() {
	const t = useWords();
	return (
		<a class="button" href={withNext("sign-in")}>
			{t("signIn")}
		</a>
	);
}

function ConfirmForm({ me }: { me: Me }) {
	const t = useWords();
	const [code, setCode] = useState("");
	const [missing, setMissing] = useState(false);
	const input = useRef<HTMLInputElement>(null);
	const { busy, problem, run } = useAction();
	const about = isAboutInput(problem);
	const refused = refusalWords(problem, "wrong.code", t);

	useEffect(() => input.current?.focus(), [problem]);

	const submit = async (event: Event) => {
		event.preventDefault();
		setMissing(digits(code).length !== 6);
		if (digits(code).length !== 6) {
			input.current?.focus();
			return;
		}
		await run(async () => {
			const body = { code: digits(code), next: nextPath() };
			goOn((await post<{ next: string }>(`${api}/step-up`, body).finally(() => setCode(""))).next);
		});
	};

	return (
		<form noValidate onSubmit={submit}>
			<p class="lead">{t("stepUpLead", { name: me.name })}</p>
			<Notice text={about || missing ? "" : refused}>{isSignedOut(problem) && <SignInLink />}</Notice>
			<CodeField
				value={code}
				onValue={setCode}
				error={missing ? t("missing.code") : about ? refused : ""}
				inputRef={input}
			/>
			<Submit busy={busy}>{t("confirm")}</Submit>
		</form>
	);
}

function StepUp() {
	const t = useWords();
	const brand = useService();
	const { data: me, problem, busy } = useGet<Me>(`${api}/me`);
	return (
		<Page brand={brand}>
			<div class="narrow">
				<div class="card">
					<Heading title={t("stepUpTitle")} brand={brand} focus={false} />
					{busy && <p role="status">{t("loading")}</p>}
					<Notice text={refusalWords(problem, "other", t)}>{isSignedOut(problem) && <SignInLink />}</Notice>
					{me !== null && (me.has_totp ? <ConfirmForm me={me} /> : <Notice text={t("noFactor")} />)}
				</div>
			</div>
		</Page>
	);
}

start(<StepUp />);
