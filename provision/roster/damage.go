package roster

import (
	"cmp"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"qlik-provision/provision/text"
)

// damagedSubject is why a cell cannot be (a part of) a subject, "" where it can.
func damagedSubject(cell string) string {
	if why := cmp.Or(formula(cell), hiddenCharacter(cell)); why != "" {
		return why
	}
	const double, single = "\"„“”«»‟＂", "'`´‚‘’‛‹›＇「」『』"
	first, _ := utf8.DecodeRuneInString(cell)
	last, _ := utf8.DecodeLastRuneInString(cell)
	switch {
	case isPlaceholder(cell):
		return quote(cell) + " is a placeholder, not a subject: where it is right, create this user by hand"
	case strings.ContainsRune(double+single, first), strings.ContainsRune(double, last):
		return quote(cell) + " has a quote at one end, as spreadsheets and exporters add them: give the bare value"
	case strings.ContainsAny(cell, ".,eE") && spreadsheetNumber.MatchString(cell):
		return quote(cell) + " looks like a number that a spreadsheet changed: export the column as text"
	}
	return ""
}

// formula is why a value that begins with an equals sign cannot be sent: it names the value where
// the formula is a text.
func formula(v string) string {
	if v == "" || v[0] != '=' {
		return ""
	}
	if inner := v[1:]; len(inner) > 2 && inner[0] == '"' && inner[len(inner)-1] == '"' {
		value := strings.ReplaceAll(inner[1:len(inner)-1], `""`, `"`)
		return fmt.Sprintf("%s is a formula of a spreadsheet: give its value, %s", v, quote(value))
	}
	return quote(v) + " is a formula of a spreadsheet: give its value"
}

// hiddenCharacter names a control, invisible or bidirectional character inside a value, "" where there is none.
func hiddenCharacter(v string) string {
	for _, r := range v {
		if r >= ' ' && r < 0x7f {
			continue
		}
		switch {
		case strings.ContainsRune("\n\r\u2028\u2029", r):
			return "a line break in " + quote(v)
		case text.IsControl(r),
			unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
			return fmt.Sprintf("a control or invisible character (%U) in %s", r, quote(v))
		}
	}
	return ""
}

// isErrorValue reports whether a cell is an error value, as spreadsheets in any language write them: #REF!, #¡VALOR!,
// #N/A, Err:502, and #### for a column that is too narrow.
func isErrorValue(v string) bool {
	return v != "" && (v[0] == '#' || strings.Contains(v, ":")) && errorValue.MatchString(v) || v == "Loading..."
}

// errorValue is read only. The names without ! are German, Turkish, Hungarian and Excel's own for data that is to come.
var errorValue = regexp.MustCompile(
	`^(##+|#([\p{Lu}\d/_¡¿.]+[!?]|\p{Lu}/\p{L}( N/A)?|NV|YOK|HIÁNYZIK|GETTING_DATA)|` +
		`(Err|Fehler|Erreur|Errore|Error|Fout|Ошибка|错误|錯誤|エラー|오류):\s?\d{3})$`)

// isPlaceholder reports whether a value stands for one that is missing.
func isPlaceholder(v string) bool {
	switch v {
	case "0", "NaN", "TBA", "TBC": // in lower case they may be logins
		return true
	}
	if last := v[len(v)-1]; last >= '0' && last <= '9' {
		return false
	}
	const longest = 24
	return len(v) <= longest && means(strings.ToLower(v), placeholder) ||
		strings.IndexFunc(v, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) < 0
}

// spreadsheetNumber is a number as a spreadsheet shortens it or makes it of digits: 1.23E+11, 1,23e+11, 417.0. 1E5 is
// none: an ID may look like that. It is read only.
var spreadsheetNumber = regexp.MustCompile(
	`^[+-]?((\d|\d{1,3}[.,]\d+)[eE][+-]\d+|\d[.,]\d+[eE]\d+|\d+[.,]0+|\d{1,3}([,.' ]\d{3})+[.,]0+)$`)

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
	}
	a, err := mail.ParseAddress(strings.TrimPrefix(v, "mailto:"))
	switch {
	case err == nil && a.String() == "<"+v+">" && strings.ContainsAny(v, `"[`):
		return "" // a local part in quotes, or an IP address for a domain
	case err == nil && a.Address != v:
		return quote(v) + " is more than an address: give the bare address, " + text.Clip(a.Address, 254)
	case strings.Count(v, "@") > 1:
		return quote(v) + " is not an address, or more than one"
	case at == 0 || strange == "":
		return quote(v) + " is not an address"
	}
	return quote(v) + " is not an address: " + strange
}

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
