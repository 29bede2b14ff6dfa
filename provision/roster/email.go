package roster

import (
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
	if isUsualEmail(v) {
		return ""
	}
	if why := formula(v); why != "" {
		return why
	}
	if why := hiddenCharacter(v); why != "" {
		return why
	}
	if isPlaceholder(v) {
		return quote(v) + " is not an address: leave the cell empty where there is none"
	}
	if severalEmails.MatchString(v) {
		return quote(v) + " is more than one address"
	}
	if why := namedEmail(v); why != "" {
		return quote(v) + why
	}
	if a, err := mail.ParseAddress(v); err == nil && "<"+v+">" == a.String() && strings.ContainsAny(v, `"[`) {
		return "" // a local part in quotes, or an IP address for a domain
	}
	why := ""
	if i := strings.LastIndexByte(v, '@'); i > 0 {
		why = strangeCharacter(v[:i], v[i+1:])
		if why == "" && isDotted(v[:i]) && isDotted(v[i+1:]) {
			return ""
		}
	}
	return quote(v) + " is not an address" + why
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
	_, bracketed, found := strings.Cut(v, "<")
	if inner, closed := strings.CutSuffix(bracketed, ">"); found && closed && strings.Contains(inner, "@") {
		return " is an address with a name: " + giveBare(inner)
	}
	return ""
}

// giveBare asks for an address without anything around it, and shows it where it is a usual one.
func giveBare(email string) string {
	if !isUsualEmail(email) {
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

func isWordRune(r rune) bool { return unicode.In(r, unicode.L, unicode.Nd, unicode.M) }

// isDotted reports whether s has words with single dots between.
func isDotted(s string) bool {
	return s != "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}

// isUsualEmail reports whether a value is ASCII letters, digits and .+-_ before the @, and labels of
// letters, digits and - behind it. Nearly all addresses are, and this is fast.
func isUsualEmail(v string) bool {
	local, domain, _ := strings.Cut(v, "@")
	return isDotted(local) && isDotted(domain) && strings.IndexFunc(local, isUnusual) < 0 &&
		strings.IndexFunc(domain, isUnusual) < 0 && !strings.ContainsAny(domain, "_+") &&
		!strings.HasPrefix(domain, "-") && !strings.HasSuffix(domain, "-") &&
		!strings.Contains(domain, "-.") && !strings.Contains(domain, ".-")
}

func isUnusual(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_+", r)
}
