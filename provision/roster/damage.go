package roster

import (
	"cmp"
	"fmt"
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
	first, size := utf8.DecodeRuneInString(cell)
	switch {
	case inQuotes(cell):
		return quote(cell) + " has quotes around it: give the bare value"
	case strings.ContainsRune("'’‘＇", first) && len(cell) > size:
		return quote(cell) + " begins with an apostrophe, which spreadsheets put in front of text: give the bare value"
	case isPlaceholder(cell):
		return quote(cell) + " is a placeholder, not a subject: where it is right, create this user by hand"
	case isSpreadsheetNumber(cell):
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

// inQuotes reports whether a value stands in quotes of any kind, or has a double quote at one end.
func inQuotes(v string) bool {
	const double, single = "\"„“”«»‟＂", "'`´‚‘’‛‹›＇「」『』"
	first, _ := utf8.DecodeRuneInString(v)
	last, _ := utf8.DecodeLastRuneInString(v)
	if utf8.RuneCountInString(v) < 2 {
		return false // it is a placeholder
	}
	return strings.ContainsRune(double, first) || strings.ContainsRune(double, last) ||
		strings.ContainsRune(single, first) && strings.ContainsRune(single, last)
}

// isErrorValue reports whether a cell is an error value, as spreadsheets in any language write them: #REF!, #¡VALOR!,
// #N/A, Err:502, and #### for a column that is too narrow.
func isErrorValue(v string) bool {
	return v != "" && (v[0] == '#' || strings.Contains(v, ":")) && errorValue.MatchString(v) || v == "Loading..."
}

// errorValue is read only. The names without ! are German, Turkish, Hungarian and Excel's own for data that has not come
// yet.
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

// isSpreadsheetNumber reports whether a value is a number as a spreadsheet shortens it or makes it
// of digits: 1.23E+11, 1,23e+11, 417.0.
func isSpreadsheetNumber(v string) bool {
	return v[0] <= '9' && strings.ContainsAny(v, ".,eE") && spreadsheetNumber.MatchString(v)
}

// spreadsheetNumber is read only. 1E5 is none: an ID may look like that.
var spreadsheetNumber = regexp.MustCompile(
	`^[+-]?((\d|\d{1,3}[.,]\d+)[eE][+-]\d+|\d[.,]\d+[eE]\d+|\d+[.,]0+|\d{1,3}([,.' ]\d{3})+[.,]0+)$`)
