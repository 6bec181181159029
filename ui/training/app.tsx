/* The frame, the menu of the profile, and which page is shown. */
import { Frame, Heading, type NavigationLink } from "../shared/layout";
import { useGet } from "../shared/hooks";
import { AccountsPage } from "./accounts";
import type { Me, Profile } from "./api";
import { Loading, Refusal, useWords } from "./common";
import { EnrolPage } from "./enrol";
import { EntriesPage } from "./entries";
import { MinePage } from "./mine";
import { PeoplePage } from "./people";
import { QuotesPage } from "./quotes";
import { RecordPage } from "./record";
import { useRoute, type Route } from "./router";
import type { Word } from "./words";

const menus: Record<Profile, Word[]> = {
	agent: ["people", "quotes", "entries", "enrol"],
	partner: ["people", "quotes", "entries", "enrol"],
	manager: ["people", "quotes", "entries", "enrol", "accounts"],
	jobseeker: ["mine"],
};

function Page({ me, route }: { me: Me; route: Route }) {
	const t = useWords();
	const page = route.page === "" ? menus[me.profile][0] : route.page;
	if (page === "people" && me.profile !== "jobseeker")
		return route.id === "" ? <PeoplePage route={route} /> : <RecordPage key={route.id} me={me} id={route.id} />;
	if (page === "quotes" && me.profile !== "jobseeker") return <QuotesPage me={me} />;
	if (page === "entries" && me.profile !== "jobseeker") return <EntriesPage me={me} />;
	if (page === "enrol" && me.profile !== "jobseeker") return <EnrolPage me={me} />;
	if (page === "accounts" && me.profile === "manager") return <AccountsPage />;
	if (page === "mine" && me.person !== null) return <MinePage person={me.person} />;
	return (
		<>
			<Heading title={t("brand")} brand={t("brand")} />
			<p>{t("notFound")}</p>
		</>
	);
}

function menu(me: Me, route: Route, t: ReturnType<typeof useWords>): NavigationLink[] {
	const here = route.page === "" ? menus[me.profile][0] : route.page;
	return menus[me.profile].map((page) => ({ href: `#/${page}`, label: t(page), current: page === here }));
}

export function App() {
	const t = useWords();
	const route = useRoute();
	const { data: me, problem, busy, reload } = useGet<Me>("/api/me");
	const account = me !== null && (
		<>
			{me.name}
			{me.organisation !== null && <> · {me.organisation.name}</>} ·{" "}
			<a href="/.tourniquet/sessions">{t("sessions")}</a>
		</>
	);
	return (
		<Frame
			brand={t("brand")}
			home="#/"
			links={me === null ? [] : menu(me, route, t)}
			account={account}
			footer={t("footer")}
		>
			{me === null && <Heading title={t("brand")} brand={t("brand")} focus={false} />}
			{me === null && <Loading busy={busy} />}
			<Refusal problem={problem} retry={reload} />
			{me?.access === "open" && me.organisation !== null && <p class="open-access">{t("access.open")}</p>}
			{me !== null && <Page me={me} route={route} />}
		</Frame>
	);
}
