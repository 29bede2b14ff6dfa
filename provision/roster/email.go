package roster

import (
	"cmp"
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"qlik-provision/provision/text"
)

// badEmail is why a value is not one bare address, "" where it is one. Internationalized addresses are.
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
	if a, err := mail.ParseAddress(v); err == nil && "<"+v+">" == a.String() && strings.ContainsAny(v, `"[`) {
		return "" // a local part in quotes, or an IP address for a domain
	}
	if m := namedEmail.FindStringSubmatch(v); m != nil && m[1] != v && badEmail(m[1]) == "" {
		return quote(v) + " is more than an address: give the bare address, " + text.Clip(m[1], 254)
	}
	if at == 0 || strange == "" {
		return quote(v) + " is not an address"
	}
	return quote(v) + " is not an address: " + strange
}

// They are read only. severalEmails finds addresses with something between them, namedEmail an address with a name, in
// brackets, or behind mailto:.
var (
	severalEmails = regexp.MustCompile(`[^,;/|\s]@[^,;/|\s]+[,;/|\s]+[^,;/|\s]+@`)
	namedEmail    = regexp.MustCompile(`(?i)^(?:mailto:|[^@]*<)?([^@<>()\s:]+@[^@<>()\s]+)(?:>|\s*\(|$)`)
)

// strangeCharacter names a character that no mailbox has, "" where there is none.
func strangeCharacter(local, domain string) string {
	for i, r := range local {
		quoting := r == '\'' && (i == 0 || i == len(local)-1) // O'Brien has one inside
		if quoting || !isWordRune(r) && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r) {
			return "no mailbox has " + quote(string(r)) + " there"
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		for i, r := range label {
			if inside := i > 0 && i < len(label)-1; !isWordRune(r) && (r != '-' || !inside) {
				return "no domain has " + quote(string(r)) + " there"
			}
		}
	}
	return ""
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// isDotted reports whether s has words with single dots between.
func isDotted(s string) bool {
	return s != "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}
