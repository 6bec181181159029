/*
 * A refusal, in words and with what to do next: prove who you are again, wait, sign in, retry.
 */
import { defineMessages, useMessages } from "./i18n";
import type { Problem } from "./http";

const messages = defineMessages({
	en: {
		"status.0": "No answer",
		"detail.0":
			"The service could not be reached, or the connection was cut. Check your connection and try again.",
		"status.401": "You are signed out",
		"detail.401": "Sign in to go on. What you had typed may have to be typed again.",
		"status.403": "This is not allowed",
		"detail.403": "This account may not do that.",
		"status.404": "Not found",
		"detail.404": "There is nothing here, or not for this account.",
		"status.429": "That is a lot at once",
		"detail.429": "This account has reached what may be read for now.",
		"status.503": "Not available right now",
		"detail.503": "The rest of the service goes on. Try again later.",
		"status.other": "Something went wrong",
		"detail.other": "Try again; if it lasts, tell the support.",
		stepUp: "Confirm it is you",
		stepUpDetail: "One more proof is needed to go on. You come back here afterwards.",
		stepUpLink: "Confirm now",
		signIn: "Sign in",
		support: "Help: {whom}",
		retry: "Try again",
		"wait.seconds": "You can try again in {n} s.",
		"wait.minutes": "You can try again in {n} min.",
		"wait.hours": "You can try again in {n} h.",
	},
	fr: {
		"status.0": "Pas de réponse",
		"detail.0":
			"Le service est injoignable, ou la connexion a été coupée. Vérifiez votre connexion et réessayez.",
		"status.401": "Vous êtes déconnecté",
		"detail.401": "Connectez-vous pour continuer. Il faudra peut-être saisir à nouveau ce que vous aviez écrit.",
		"status.403": "Ce n’est pas autorisé",
		"detail.403": "Ce compte n’y a pas droit.",
		"status.404": "Introuvable",
		"detail.404": "Il n’y a rien ici, ou pas pour ce compte.",
		"status.429": "C’est beaucoup à la fois",
		"detail.429": "Ce compte a atteint ce qu’il peut consulter pour le moment.",
		"status.503": "Indisponible pour le moment",
		"detail.503": "Le reste du service continue. Réessayez plus tard.",
		"status.other": "Un problème est survenu",
		"detail.other": "Réessayez ; si cela dure, prévenez l’assistance.",
		stepUp: "Confirmez que c’est bien vous",
		stepUpDetail: "Une preuve de plus est nécessaire pour continuer. Vous reviendrez ici ensuite.",
		stepUpLink: "Confirmer maintenant",
		signIn: "Se connecter",
		support: "Aide : {whom}",
		retry: "Réessayer",
		"wait.seconds": "Vous pourrez réessayer dans {n} s.",
		"wait.minutes": "Vous pourrez réessayer dans {n} min.",
		"wait.hours": "Vous pourrez réessayer dans {n} h.",
	},
});

type Known = 0 | 401 | 403 | 404 | 429 | 503;

function known(status: number): Known | "other" {
	return ([0, 401, 403, 404, 429, 503] as number[]).includes(status) ? (status as Known) : "other";
}

function useWait(seconds: number): string {
	const t = useMessages(messages);
	if (seconds === 0) return "";
	if (seconds < 120) return t("wait.seconds", { n: seconds });
	if (seconds < 7200) return t("wait.minutes", { n: Math.ceil(seconds / 60) });
	return t("wait.hours", { n: Math.ceil(seconds / 3600) });
}

/* The address of this page, for coming back. */
function here(): string {
	return encodeURIComponent(location.pathname + location.search + location.hash);
}

interface ProblemBoxProps {
	problem: Problem | null;
	retry?: () => void;
	/* Own words for a kind of problem, instead of what the service said. */
	words?: (kind: string) => string | undefined;
}

export function ProblemBox({ problem, retry, words }: ProblemBoxProps) {
	const t = useMessages(messages);
	const wait = useWait(problem?.retryAfter ?? 0);
	if (problem === null) return null;
	const own = words?.(problem.kind);
	const kind = known(problem.status);
	const title = problem.stepUp ? t("stepUp") : problem.title || t(`status.${kind}`);
	const detail = problem.detail || (problem.stepUp ? t("stepUpDetail") : t(`detail.${kind}`));
	return (
		<div class={problem.stepUp ? "problem asks" : "problem"} role="alert">
			<p class="title">{own ?? title}</p>
			{own === undefined && <p>{detail}</p>}
			{own === undefined && problem.next !== "" && <p>{problem.next}</p>}
			{wait !== "" && <p>{wait}</p>}
			{problem.support !== "" && <p>{t("support", { whom: problem.support })}</p>}
			{problem.stepUp && (
				<a class="button" href={`/.tourniquet/step-up?next=${here()}`}>
					{t("stepUpLink")}
				</a>
			)}
			{problem.status === 401 && !problem.stepUp && (
				<a class="button" href={`/.tourniquet/sign-in?next=${here()}`}>
					{t("signIn")}
				</a>
			)}
			{retry !== undefined && (problem.status === 0 || problem.status >= 500) && (
				<button type="button" onClick={retry}>
					{t("retry")}
				</button>
			)}
		</div>
	);
}
