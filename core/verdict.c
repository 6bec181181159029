/*
 * verdict: the words of each reason. Pure table; any thread.
 *
 * The person stopped reads title, text and next: plain words, no blame (who is
 * stopped may be the victim), and what to do. Status codes: RFC 9110, RFC 6585
 * (429), RFC 9470 (step-up answers 401).
 */
#include "core/verdict.h"

#include <stddef.h>

static const struct verdict_words words[REASON_MAX] = {
	[REASON_NONE] = {
		"none", "about:blank", 0, "nothing to remark",
		{"All is well", "Tout va bien"}, {"", ""}, {"", ""},
	},
	[REASON_SESSION_MISSING] = {
		"session-missing", "urn:tourniquet:problem:session-missing", 401, "no session, or none that is known",
		{"Please sign in", "Veuillez vous connecter"},
		{"You are not signed in, or your session has ended.",
		 "Vous n'êtes pas connecté, ou votre session est terminée."},
		{"Sign in, then try again.", "Connectez-vous, puis recommencez."},
	},
	[REASON_SESSION_EXPIRED] = {
		"session-expired", "urn:tourniquet:problem:session-expired", 401, "the session has expired",
		{"Your session has expired", "Votre session a expiré"},
		{"For your safety a session ends after some time.",
		 "Par sécurité, une session prend fin au bout d'un certain temps."},
		{"Sign in again.", "Reconnectez-vous."},
	},
	[REASON_ORDER_OBSERVE] = {
		"order-observe", "urn:tourniquet:problem:order-observe", 0, "an order watches this request",
		{"All is well", "Tout va bien"}, {"", ""}, {"", ""},
	},
	[REASON_ORDER_SLOW] = {
		"order-slow", "urn:tourniquet:problem:order-slow", 0, "an order slows this request down",
		{"Answers take longer", "Les réponses sont ralenties"},
		{"Answers are slowed down for a while.", "Les réponses sont ralenties pour un temps."},
		{"Nothing to do: the service goes on.", "Rien à faire : le service continue."},
	},
	[REASON_ORDER_STEP_UP] = {
		"order-step-up", "urn:tourniquet:problem:order-step-up", 401, "an order asks for the second factor",
		{"Please confirm that it is you", "Veuillez confirmer votre identité"},
		{"After unusual activity, your second factor is asked for again.",
		 "À la suite d'une activité inhabituelle, votre second facteur est de nouveau demandé."},
		{"Confirm with your second factor, then go on.", "Confirmez avec votre second facteur, puis continuez."},
	},
	[REASON_ORDER_READ_ONLY] = {
		"order-read-only", "urn:tourniquet:problem:order-read-only", 403, "an order allows reading only",
		{"Reading only for now", "Lecture seule pour le moment"},
		{"Changes and messages are suspended for a while; you can still read.",
		 "Les modifications et les envois sont suspendus pour un temps ; la consultation reste possible."},
		{"Try again later, or ask support.", "Réessayez plus tard ou contactez l'assistance."},
	},
	[REASON_ORDER_DENY] = {
		"order-deny", "urn:tourniquet:problem:order-deny", 403, "an order stops this request",
		{"Suspended for now", "Suspendu pour le moment"},
		{"This action is suspended as a precaution. Other users are not affected.",
		 "Cette action est suspendue par précaution. Les autres utilisateurs ne sont pas concernés."},
		{"Contact support if you need it now.", "Contactez l'assistance si vous en avez besoin maintenant."},
	},
	[REASON_BUDGET_SOFT] = {
		"budget-soft", "urn:tourniquet:problem:budget-soft", 401, "the identity is over its soft limit of persons",
		{"Please confirm that it is you", "Veuillez confirmer votre identité"},
		{"You have opened more people's records than usual.",
		 "Vous avez consulté les dossiers de plus de personnes que d'habitude."},
		{"Confirm with your second factor, then go on.", "Confirmez avec votre second facteur, puis continuez."},
	},
	[REASON_BUDGET_HARD] = {
		"budget-hard", "urn:tourniquet:problem:budget-hard", 429, "the identity is over its hard limit of persons",
		{"Limit reached", "Limite atteinte"},
		{"This account has reached the number of people whose records it may open in this period. "
		 "Records already opened stay available.",
		 "Ce compte a atteint le nombre de personnes dont il peut consulter le dossier sur cette période. "
		 "Les dossiers déjà consultés restent accessibles."},
		{"Try again later, ask for fewer records at once, or ask support to raise the limit.",
		 "Réessayez plus tard, demandez moins de dossiers à la fois, ou faites relever la limite par l'assistance."},
	},
	[REASON_ORGANISATION_SOFT] = {
		"organisation-soft", "urn:tourniquet:problem:organisation-soft", 401,
		"the organisation is over its soft limit of persons",
		{"Please confirm that it is you", "Veuillez confirmer votre identité"},
		{"Your organisation has opened more people's records than usual.",
		 "Votre organisme a consulté les dossiers de plus de personnes que d'habitude."},
		{"Confirm with your second factor, then go on.", "Confirmez avec votre second facteur, puis continuez."},
	},
	[REASON_ORGANISATION_HARD] = {
		"organisation-hard", "urn:tourniquet:problem:organisation-hard", 429,
		"the organisation is over its hard limit and this session has not stepped up",
		{"Confirmation needed", "Confirmation nécessaire"},
		{"Your organisation has reached the number of people whose records it may open in this period. "
		 "Only members who confirm their identity can go on.",
		 "Votre organisme a atteint le nombre de personnes dont il peut consulter le dossier sur cette période. "
		 "Seuls les membres qui confirment leur identité peuvent continuer."},
		{"Confirm with your second factor and try again, or ask support.",
		 "Confirmez avec votre second facteur et recommencez, ou contactez l'assistance."},
	},
	[REASON_BUDGET_OBSERVED] = {
		"budget-observed", "urn:tourniquet:problem:budget-observed", 0,
		"over a limit; handed all the same, because limits are only observed",
		{"All is well", "Tout va bien"}, {"", ""}, {"", ""},
	},
	[REASON_ORGANISATION_PASSED] = {
		"organisation-passed", "urn:tourniquet:problem:organisation-passed", 0,
		"over the organisation's hard limit; passed because the session has stepped up",
		{"All is well", "Tout va bien"}, {"", ""}, {"", ""},
	},
	[REASON_ROUTE_UNDECLARED] = {
		"route-undeclared", "urn:tourniquet:problem:route-undeclared", 403, "no route of the configuration matches",
		{"This page is not open", "Cette page n'est pas ouverte"},
		{"This address is not among those that this service offers.",
		 "Cette adresse ne fait pas partie de celles que ce service propose."},
		{"Check the address; if it should work, tell support.",
		 "Vérifiez l'adresse ; si elle devrait fonctionner, prévenez l'assistance."},
	},
	[REASON_ROUTE_LEVEL] = {
		"route-level", "urn:tourniquet:problem:route-level", 401, "the route wants a second factor",
		{"Please confirm that it is you", "Veuillez confirmer votre identité"},
		{"This action always asks for your second factor.", "Cette action demande toujours votre second facteur."},
		{"Confirm with your second factor, then go on.", "Confirmez avec votre second facteur, puis continuez."},
	},
	[REASON_RESPONSE_UNREADABLE] = {
		"response-unreadable", "urn:tourniquet:problem:response-unreadable", 502,
		"the meter could not read the platform's response",
		{"Answer withheld", "Réponse retenue"},
		{"The answer could not be checked, so it was not sent.",
		 "La réponse n'a pas pu être contrôlée ; elle n'a donc pas été transmise."},
		{"Try again; if it happens again, tell support.",
		 "Recommencez ; si cela se reproduit, prévenez l'assistance."},
	},
	[REASON_RESPONSE_TOO_LARGE] = {
		"response-too-large", "urn:tourniquet:problem:response-too-large", 502,
		"the response is larger than may be held",
		{"Answer too large", "Réponse trop volumineuse"},
		{"The answer is too large to be checked, so it was not sent.",
		 "La réponse est trop volumineuse pour être contrôlée ; elle n'a pas été transmise."},
		{"Ask for less at once, with a filter or smaller pages.",
		 "Demandez-en moins à la fois, avec un filtre ou des pages plus courtes."},
	},
	[REASON_REQUEST_AMBIGUOUS] = {
		"request-ambiguous", "urn:tourniquet:problem:request-ambiguous", 400,
		"a path or header that servers could read in two ways",
		{"Request not understood", "Requête incomprise"},
		{"The request can be read in more than one way.", "La requête peut être lue de plusieurs façons."},
		{"Use the links and forms of the service.", "Utilisez les liens et formulaires du service."},
	},
	[REASON_RANGE] = {
		"range", "urn:tourniquet:problem:range", 416, "part of a metered response was asked for",
		{"Only whole answers here", "Réponses entières uniquement"},
		{"This content is not given in parts.", "Ce contenu n'est pas fourni par morceaux."},
		{"Ask for all of it.", "Demandez-le en entier."},
	},
	[REASON_JOURNAL] = {
		"journal", "urn:tourniquet:problem:journal", 503, "what would leave cannot be written down",
		{"Not available right now", "Indisponible pour le moment"},
		{"Records cannot be opened just now. Other functions go on.",
		 "Les dossiers ne peuvent pas être consultés pour l'instant. Les autres fonctions continuent."},
		{"Try again in a few minutes.", "Réessayez dans quelques minutes."},
	},
	[REASON_NOT_OPEN] = {
		"not-open", "urn:tourniquet:problem:not-open", 503, "budgets are being counted anew after a restart",
		{"Available again shortly", "Bientôt de nouveau disponible"},
		{"The service is starting. Records can be opened again in a moment.",
		 "Le service démarre. Les dossiers seront de nouveau accessibles dans un instant."},
		{"Try again in a minute.", "Réessayez dans une minute."},
	},
	[REASON_MAP] = {
		"map", "urn:tourniquet:problem:map", 503, "the shared maps are missing, busy or of another version",
		{"Not available right now", "Indisponible pour le moment"},
		{"Access cannot be checked just now.", "Les accès ne peuvent pas être contrôlés pour l'instant."},
		{"Try again in a few minutes.", "Réessayez dans quelques minutes."},
	},
	[REASON_SCOPE_STALE] = {
		"scope-stale", "urn:tourniquet:problem:scope-stale", 503, "the session names a budget that is gone",
		{"Please try again", "Veuillez recommencer"},
		{"Your session is being renewed.", "Votre session est en cours de renouvellement."},
		{"Try again; if it happens again, sign in anew.", "Recommencez ; si cela se reproduit, reconnectez-vous."},
	},
	[REASON_BUDGET_BROKEN] = {
		"budget-broken", "urn:tourniquet:problem:budget-broken", 503, "a budget cannot be charged",
		{"Not available right now", "Indisponible pour le moment"},
		{"Records cannot be opened just now. Other functions go on.",
		 "Les dossiers ne peuvent pas être consultés pour l'instant. Les autres fonctions continuent."},
		{"Try again in a few minutes.", "Réessayez dans quelques minutes."},
	},
	[REASON_WEIGHT] = {
		"weight", "urn:tourniquet:problem:weight", 0, "could not be read; its declared weight was charged",
		{"All is well", "Tout va bien"}, {"", ""}, {"", ""},
	},
	[REASON_SIGN_IN] = {
		"sign-in", "urn:tourniquet:problem:sign-in", 403, "an order closes sign-in for this scope",
		{"Sign-in is suspended", "Connexion suspendue"},
		{"Signing in is suspended for this account as a precaution.",
		 "La connexion à ce compte est suspendue par précaution."},
		{"Contact support.", "Contactez l'assistance."},
	},
	[REASON_PLATFORM] = {
		"platform", "urn:tourniquet:problem:platform", 502, "the platform does not answer, or outside its contract",
		{"The service does not answer", "Le service ne répond pas"},
		{"The service behind this page does not answer as it should.",
		 "Le service derrière cette page ne répond pas comme il le devrait."},
		{"Try again in a few minutes.", "Réessayez dans quelques minutes."},
	},
};

const struct verdict_words *
verdict_words(enum verdict_reason reason)
{
	if ((unsigned)reason >= REASON_MAX || words[reason].name == NULL)
		return &words[REASON_MAP];
	return &words[reason];
}

const char *
verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICT_MAX] = {
		[VERDICT_UNAVAILABLE] = "unavailable",
		[VERDICT_REFUSE] = "refuse",
		[VERDICT_STEP_UP] = "step-up",
		[VERDICT_SLOW] = "slow",
		[VERDICT_ALLOW] = "allow",
	};

	return (unsigned)verdict < VERDICT_MAX ? names[verdict] : names[VERDICT_UNAVAILABLE];
}
