/* Where one is signed in; end one, end all others, sign out. */
import { useRef, useState } from "preact/hooks";
import { useAction, useGet } from "../shared/hooks";
import { post } from "../shared/http";
import { useFormat } from "../shared/i18n";
import { Heading, Status } from "../shared/layout";
import { Notice, Page, api, isSignedOut, refusalWords, start, useService, type Me } from "./common";
import { useWords, type Word } from "./words";

interface Session {
	session: number;
	current: boolean;
	created_us: number;
	last_seen_us: number;
	address: string;
	user_agent: string;
	amr: ("pwd" | "otp" | "hwk" | "fed")[];
	ends_us: number;
}

function SessionCard({ session, onEnd }: { session: Session; onEnd: (device: string) => void }) {
	const t = useWords();
	const { time } = useFormat();
	const at = (us: number) => time(new Date(us / 1000).toISOString());
	const device = session.user_agent || t("unknownDevice");
	return (
		<li class="card">
			<h2>
				{device}
				{session.current && <span class="tag good">{t("current")}</span>}
			</h2>
			<dl class="facts">
				<dt>{t("created")}</dt>
				<dd>{at(session.created_us)}</dd>
				<dt>{t("seen")}</dt>
				<dd>{at(session.last_seen_us)}</dd>
				<dt>{t("ends")}</dt>
				<dd>{at(session.ends_us)}</dd>
				<dt>{t("address")}</dt>
				<dd>{session.address}</dd>
				<dt>{t("how")}</dt>
				<dd>{session.amr.map((one) => t(`amr.${one}` as Word)).join(" + ")}</dd>
			</dl>
			{!session.current && (
				<button
					type="button"
					aria-label={t("endThis", { device, time: at(session.created_us) })}
					onClick={() => onEnd(device)}
				>
					{t("end")}
				</button>
			)}
		</li>
	);
}

/* The current one first, then those active most recently. */
function inOrder(sessions: Session[]): Session[] {
	return [...sessions].sort((a, b) => Number(b.current) - Number(a.current) || b.last_seen_us - a.last_seen_us);
}

function Sessions() {
	const t = useWords();
	const brand = useService();
	const me = useGet<Me>(`${api}/me`);
	const { data, problem, busy, reload } = useGet<{ sessions: Session[] }>(`${api}/sessions`);
	const action = useAction();
	const [said, setSaid] = useState("");
	const list = useRef<HTMLUListElement>(null);
	const name = me.data?.name ?? "";
	const sessions = inOrder(data?.sessions ?? []);
	const refused = action.problem ?? problem;

	const end = async (body: { session: number } | { others: true }, words: (n: number) => string) => {
		setSaid("");
		await action.run(async () => {
			const { revoked } = await post<{ revoked: number }>(`${api}/sessions/revoke`, body);
			setSaid(words(revoked));
			reload();
			/* The button that had the focus goes away. */
			list.current?.focus();
		});
	};
	const signOut = () =>
		action.run(async () => {
			await post(`${api}/sign-out`);
			location.replace("/.tourniquet/sign-in");
		});

	return (
		<Page brand={brand} account={name}>
			<Heading title={t("sessions")} brand={brand} focus={false} />
			{name !== "" && <p class="lead">{t("sessionsLead", { name })}</p>}
			<Status text={said} />
			<Notice text={refusalWords(refused, "other", t)}>
				{isSignedOut(refused) && (
					<a class="button" href={`/.tourniquet/sign-in?next=${encodeURIComponent(location.pathname)}`}>
						{t("signIn")}
					</a>
				)}
			</Notice>
			{busy && data === null && <p role="status">{t("loading")}</p>}
			{data !== null && (
				<>
					<div class="acts toolbar">
						{sessions.length > 1 && (
							<button type="button" onClick={() => end({ others: true }, (n) => t("endedOthers", { n }))}>
								{t("endOthers")}
							</button>
						)}
						<button type="button" onClick={signOut}>
							{t("signOut")}
						</button>
						<a href="/">{t("back")}</a>
					</div>
					<ul class="sessions" ref={list} tabIndex={-1} aria-label={t("sessions")}>
						{sessions.map((session) => (
							<SessionCard
								key={session.session}
								session={session}
								onEnd={(device) => end({ session: session.session }, () => t("ended", { device }))}
							/>
						))}
					</ul>
				</>
			)}
		</Page>
	);
}

start(<Sessions />);
