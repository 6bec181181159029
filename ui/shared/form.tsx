/*
 * Labelled fields. Every field has a visible label, says whether it must be filled and how, and
 * links hint and label to the control (RGAA 11.1, 11.10).
 */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { defineMessages, useMessages } from "./i18n";

const messages = defineMessages({
	en: { optional: "optional", working: "Please wait…" },
	fr: { optional: "facultatif", working: "Veuillez patienter…" },
});

interface FieldProps {
	label: string;
	name: string;
	value: string;
	onValue: (value: string) => void;
	hint?: string;
	type?: "text" | "search" | "date" | "email" | "password" | "number";
	optional?: boolean;
	autoComplete?: string;
	pattern?: string;
	min?: number;
	max?: number;
	step?: number;
	minLength?: number;
	maxLength?: number;
	inputMode?: "text" | "numeric" | "decimal" | "email";
}

export function Field({ label, hint, value, onValue, optional = false, type = "text", ...rest }: FieldProps) {
	const t = useMessages(messages);
	const id = useId();
	return (
		<div class="field">
			<label for={id}>
				{label}
				{optional && <span class="optional"> ({t("optional")})</span>}
			</label>
			{hint !== undefined && (
				<p class="hint" id={`${id}-hint`}>
					{hint}
				</p>
			)}
			<input
				id={id}
				type={type}
				value={value}
				required={!optional}
				aria-describedby={hint !== undefined ? `${id}-hint` : undefined}
				onInput={(event) => onValue(event.currentTarget.value)}
				{...rest}
			/>
		</div>
	);
}

interface ChoiceProps {
	label: string;
	name: string;
	value: string;
	onValue: (value: string) => void;
	options: { value: string; label: string }[];
}

export function Choice({ label, name, value, onValue, options }: ChoiceProps) {
	const id = useId();
	return (
		<div class="field">
			<label for={id}>{label}</label>
			<select
				id={id}
				name={name}
				value={value}
				required
				onChange={(event) => onValue(event.currentTarget.value)}
			>
				{options.map((option) => (
					<option value={option.value}>{option.label}</option>
				))}
			</select>
		</div>
	);
}

export function Submit({ busy, children }: { busy: boolean; children: ComponentChildren }) {
	const t = useMessages(messages);
	return (
		<button type="submit" class="primary" aria-disabled={busy}>
			{busy ? t("working") : children}
		</button>
	);
}
