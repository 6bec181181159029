/*
 * Labelled fields. Every field has a visible label, says whether it must be filled and how, and
 * links hint and label to the control (RGAA 11.1, 11.10).
 */
import type { ComponentChildren, Ref } from "preact";
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
	spellcheck?: boolean;
	autoCapitalize?: "none" | "words" | "sentences";
	/* What is wrong with the value; read out when it appears. Empty: nothing. */
	error?: string;
	inputRef?: Ref<HTMLInputElement>;
}

export function Field(props: FieldProps) {
	const { label, hint, value, onValue, optional = false, type = "text", error = "", inputRef, ...rest } = props;
	const t = useMessages(messages);
	const id = useId();
	const described = [hint !== undefined && `${id}-hint`, error !== "" && `${id}-error`].filter(Boolean).join(" ");
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
				aria-describedby={described || undefined}
				aria-invalid={error !== "" || undefined}
				onInput={(event) => onValue(event.currentTarget.value)}
				{...rest}
				{...(inputRef === undefined ? {} : { ref: inputRef })}
			/>
			{error !== "" && (
				<p class="error" id={`${id}-error`} role="alert">
					{error}
				</p>
			)}
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
