package roster

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// badAddress is why a value is not one bare address, "" where it is one. Internationalized
// addresses are.
func badAddress(v string) string {
	if plainAddress(v) {
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
	if strings.Count(v, "@") > 1 && severalAddresses(v) {
		return quote(v) + " is more than one address"
	}
	if why := namedAddress(v); why != "" {
		return quote(v) + why
	}
	if a, err := mail.ParseAddress(v); err == nil && "<"+v+">" == a.String() && strings.ContainsAny(v, `"[`) {
		return "" // a local part in quotes, or an IP address for a domain
	}
	why := ""
	if i := strings.LastIndexByte(v, '@'); i > 0 {
		why = strangeCharacter(v[:i], v[i+1:])
		if why == "" && dotted(v[:i]) && dotted(v[i+1:]) {
			return ""
		}
	}
	return quote(v) + " is not an address" + why
}

// severalAddresses reports whether a value is addresses with something between them.
func severalAddresses(v string) bool {
	parts := strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(",;/|", r) || unicode.IsSpace(r) })
	n := 0
	for _, p := range parts {
		if strings.Contains(strings.Trim(p, "@"), "@") {
			n++
		}
	}
	return n > 1
}

// namedAddress tells what a value has besides an address: a name, brackets or a scheme; "" where it
// has none of these.
func namedAddress(v string) string {
	if rest, found := strings.CutPrefix(strings.ToLower(v), "mailto:"); found && badAddress(rest) == "" {
		return " begins with mailto: " + giveBare(v[len("mailto:"):])
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
func giveBare(address string) string {
	const longest = 254 // of an address
	if !plainAddress(address) || len(address) > longest {
		return "give the bare address"
	}
	return "give the bare address, " + address
}

// strangeCharacter names a character that no mailbox has, "" where there is none.
func strangeCharacter(local, domain string) string {
	for i, r := range local {
		quoting := r == '\'' && (i == 0 || i == len(local)-1) // O'Brien has one inside
		if quoting || r < utf8.RuneSelf && r != '.' && !atom[r] || r >= utf8.RuneSelf && !isWordRune(r) {
			return fmt.Sprintf(": no mailbox has %s there", quote(string(r)))
		}
	}
	for _, label := range strings.Split(domain, ".") {
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

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// dotted reports whether s has words with single dots between.
func dotted(s string) bool {
	return s != "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}

// atom marks the ASCII characters that RFC 5322 calls atext. It is read only.
var atom = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c < utf8.RuneSelf && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", byte(c)) >= 0
	}
	return t
}()

// plainAddress reports whether a value is an ASCII address of the usual kind: letters, digits and
// .+-_ before the @, labels of letters, digits and - behind it. Nearly all are, and this is fast.
func plainAddress(v string) bool {
	at, length := -1, 0
	for i := range len(v) {
		c := v[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
			length++
		case at < 0 && (c == '-' || c == '_' || c == '+'):
			length++
		case c == '-' && length > 0 && i+1 < len(v) && v[i+1] != '.':
			length++
		case c == '.' && length > 0:
			length = 0
		case c == '@' && length > 0 && at < 0:
			at, length = i, 0
		default:
			return false
		}
	}
	return at > 0 && length > 0
}
