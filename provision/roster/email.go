package roster

import (
	"cmp"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"qlik-provision/provision/text"
)

// badEmail is why a value is not one bare address, "" where it is one. Internationalized addresses
// are.
func badEmail(v string) string {
	if why := cmp.Or(formula(v), hiddenCharacter(v)); why != "" {
		return why
	}
	at := max(strings.LastIndexByte(v, '@'), 0)
	local, domain := v[:at], strings.TrimPrefix(v[at:], "@")
	strange := strangeCharacter(local, domain)
	switch {
	case isDotted(local) && isDotted(domain) && strange == "":
		return ""
	case isPlaceholder(v):
		return quote(v) + " is not an address: leave the cell empty where there is none"
	case severalEmails.MatchString(v):
		return quote(v) + " is more than one address"
	}
	if why := namedEmail(v); why != "" {
		return quote(v) + why
	}
	if a, err := mail.ParseAddress(v); err == nil && "<"+v+">" == a.String() && strings.ContainsAny(v, `"[`) {
		return "" // a local part in quotes, or an IP address for a domain
	}
	if at == 0 {
		strange = ""
	}
	return quote(v) + " is not an address" + strange
}

// severalEmails finds addresses with something between them. It is read only.
var severalEmails = regexp.MustCompile(`[^,;/|\s]@[^,;/|\s]+[,;/|\s]+[^,;/|\s]+@`)

// namedEmail tells what a value has besides an address: a name, brackets or a scheme; "" where it has
// none of these.
func namedEmail(v string) string {
	const scheme = "mailto:"
	if len(v) > len(scheme) && strings.EqualFold(v[:len(scheme)], scheme) && badEmail(v[len(scheme):]) == "" {
		return " begins with mailto: " + giveBare(v[len(scheme):])
	}
	if a, err := mail.ParseAddress(v); err == nil && a.Address != v && "<"+v+">" != a.String() {
		if strings.HasPrefix(v, "<") {
			return " is an address in brackets: " + giveBare(a.Address)
		}
		return " is an address with a name: " + giveBare(a.Address)
	}
	_, bracketed, _ := strings.Cut(v, "<")
	if inner, closed := strings.CutSuffix(bracketed, ">"); closed && strings.Contains(inner, "@") {
		return " is an address with a name: " + giveBare(inner)
	}
	return ""
}

// giveBare asks for an address without anything around it, and shows it.
func giveBare(email string) string {
	if badEmail(email) != "" {
		return "give the bare address"
	}
	return "give the bare address, " + text.Clip(email, 254)
}

// strangeCharacter names a character that no mailbox has, "" where there is none.
func strangeCharacter(local, domain string) string {
	for i, r := range local {
		quoting := r == '\'' && (i == 0 || i == len(local)-1) // O'Brien has one inside
		if quoting || !isWordRune(r) && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r) {
			return fmt.Sprintf(": no mailbox has %s there", quote(string(r)))
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		for i, r := range label {
			if inside := i > 0 && i < len(label)-1; r == ',' && inside {
				return ": there is a comma where a dot belongs"
			} else if !isWordRune(r) && (r != '-' || !inside) {
				return fmt.Sprintf(": no domain has %s there", quote(string(r)))
			}
		}
	}
	return ""
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.In(r, unicode.Nd, unicode.M) }

// isDotted reports whether s has words with single dots between.
func isDotted(s string) bool {
	return s != "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}
