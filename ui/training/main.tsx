/* Start of the training pages. */
import { render } from "preact";
import { LanguageProvider } from "../shared/i18n";
import "../shared/base.css";
import "./training.css";
import { App } from "./app";

const root = document.getElementById("app");
if (root !== null) {
	root.textContent = "";
	render(
		<LanguageProvider>
			<App />
		</LanguageProvider>,
		root,
	);
}
